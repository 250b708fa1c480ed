"""The providers of these tests are providers: a client of somebody else's makes signs in with them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet
from people.hostile_provider import HostileProvider, hostile_provider

CALLBACK = "https://client.example/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as found:
        yield found


def sign_in(provider: HostileProvider, **secret: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Authlib's client, through all of it: the claims of the id token, and the userinfo."""
    with OAuth2Client(
        "tend", **secret, scope="openid email", redirect_uri=CALLBACK, code_challenge_method="S256"
    ) as client:
        metadata = httpx.get(f"{provider.issuer}/.well-known/openid-configuration").json()
        verifier = "v" * 50
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce="a nonce"
        )
        answer = httpx.get(url).headers["location"]
        assert parse_qs(urlsplit(answer).query)["iss"] == [provider.issuer]
        tokens = client.fetch_token(
            metadata["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256", "PS256", "ES256", "EdDSA"]).claims
        return claims, client.get(metadata["userinfo_endpoint"]).json()


@pytest.mark.parametrize("kind", ["RS256", "PS256", "ES256", "EdDSA"])
def test_it_does_everything_right_by_default(provider: HostileProvider, kind: str) -> None:
    provider.rotate(kind)
    claims, told = sign_in(provider, token_endpoint_auth_method="none")
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider.issuer, "tend", "a nonce")
    assert told == provider.account
    assert claims["sub"] == told["sub"]


def test_it_takes_a_code_once_and_only_with_its_verifier(provider: HostileProvider) -> None:
    asked = {"client_id": "tend", "redirect_uri": CALLBACK, "state": "s", "code_challenge": "x" * 43}
    answer = httpx.get(f"{provider.issuer}/authorize", params=asked).headers["location"]
    code = parse_qs(urlsplit(answer).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "tend"}
    response = httpx.post(f"{provider.issuer}/token", data=form | {"code_verifier": "another"})
    assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"})


def test_it_wants_its_secret_where_it_has_given_one(provider: HostileProvider) -> None:
    provider.client_secret = "a-secret"
    claims, _ = sign_in(provider, client_secret="a-secret")
    assert claims["sub"] == provider.account["sub"]
    with pytest.raises(Exception, match="invalid_grant"):
        sign_in(provider, client_secret="another")
    provider.behave()
