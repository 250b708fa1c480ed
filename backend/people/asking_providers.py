"""Signing in with an agency's OpenID provider: authorisation code with PKCE, and nothing taken on trust.

OpenID Connect Core 1.0, RFC 9700 (best practice), RFC 9207 (who answers the callback). Authlib writes what is asked and its joserfc
checks signatures; what they leave open is checked here (reference/reliability.md, section 7).
"""

import asyncio
import secrets
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.kit.errors import Invalid, Refusal
from backend.outside import Unreachable, fetch, is_askable
from backend.people.inviting import address
from tenants.tokens import new_link_token

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")  # never what the provider or the token wishes
LEEWAY_SECONDS: Final = 60  # between the provider's clock and ours
FRESH_SECONDS: Final = 600  # what a provider says about itself, and its keys
AGAIN_SECONDS: Final = 30  # an unknown key makes us look again, and nobody makes us look all the time
MOST_KEYS: Final = 100
_SCOPE: Final = "openid email profile"


class SignInFailed(Refusal):
    """The provider did not say who it is in a way that can be believed. The message is for the person."""

    code = "SIGN_IN_FAILED"


@dataclass(frozen=True, slots=True)
class Provider:
    """Of one agency, as configured. `secret` is None for a public client."""

    agency_id: UUID
    issuer: str
    client_id: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser keeps, sealed, until the provider has answered; `url` is where it goes meanwhile."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Told:
    """Who the provider says it is. `email` is in lower case, and not said to be unverified."""

    issuer: str
    subject: str
    email: str
    name: str


@dataclass(slots=True)
class _Known:
    metadata: dict[str, Any]
    keys: KeySet
    read_at: float


_failed: OrderedDict[tuple[UUID, str], tuple[float, str]] = OrderedDict()
_known: OrderedDict[tuple[UUID, str], _Known] = OrderedDict()
_asking: WeakValueDictionary[tuple[UUID, str], asyncio.Lock] = WeakValueDictionary()
_MOST_KNOWN: Final = 1_000


async def ask(provider: Provider, *, redirect_uri: str) -> Asked:
    """Raises SignInFailed."""
    metadata = (await _about(provider)).metadata
    state, nonce, verifier = new_link_token(), new_link_token(), secrets.token_urlsafe(48)
    url = prepare_grant_uri(
        metadata["authorization_endpoint"],
        provider.client_id,
        "code",
        redirect_uri,
        _SCOPE,
        state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return Asked(url, state, nonce, verifier)


async def hear(provider: Provider, asked: Asked, answer: Mapping[str, str], *, redirect_uri: str) -> Told:
    """`answer` is what the callback was given. Raises SignInFailed."""
    known = await _about(provider)
    if not _is_same(answer.get("state", ""), asked.state):
        raise SignInFailed("This answer belongs to another attempt to sign in. Please start again.")
    announced = bool(known.metadata.get("authorization_response_iss_parameter_supported"))
    if ("iss" in answer or announced) and answer.get("iss") != provider.issuer:
        raise SignInFailed("Another provider has answered than the one that was asked.")
    if "error" in answer:
        raise SignInFailed("The provider did not sign you in.")
    if not answer.get("code"):
        raise SignInFailed("The provider has answered without a code.")
    tokens = await _tokens(provider, known.metadata, asked, answer["code"], redirect_uri)
    claims = await _claims(provider, known, tokens, nonce=asked.nonce)
    if "email" not in claims:
        claims = {**claims, **await _userinfo(provider, known.metadata, tokens, subject=claims["sub"])}
    return _told(provider, claims)


def _told(provider: Provider, claims: Mapping[str, Any]) -> Told:
    try:
        email = address(str(claims.get("email")))
    except Invalid:
        raise SignInFailed("The provider does not say which e-mail address is yours.") from None
    # Some providers never say it; they answer for the domains that the agency has given them.
    if claims.get("email_verified", True) not in (True, "true"):
        raise SignInFailed("The provider says that your e-mail address is not verified.")
    said = claims.get("name")
    name = "".join(c for c in said if c.isprintable()) if isinstance(said, str) else ""
    return Told(
        issuer=provider.issuer,
        subject=claims["sub"],
        email=email,
        name=(name.strip() or email.partition("@")[0])[:200],
    )


async def _about(provider: Provider, *, anew: bool = False) -> _Known:
    """What the provider says about itself, and its keys: fresh enough. Raises SignInFailed."""
    key = (provider.agency_id, provider.issuer)
    # One at a time: whoever calls the sign-in page a hundred times at once makes us ask once.
    async with _asking.setdefault(key, asyncio.Lock()):
        return _remembered(key, anew=anew) or await _read_and_remember(key, provider)


def _remembered(key: tuple[UUID, str], *, anew: bool) -> _Known | None:
    """Raises SignInFailed where it has just failed."""
    known = _known.get(key)
    if known is not None and time.monotonic() - known.read_at < (AGAIN_SECONDS if anew else FRESH_SECONDS):
        return known
    failed_at, problem = _failed.get(key, (0.0, None))
    if problem is not None and time.monotonic() - failed_at < AGAIN_SECONDS:
        raise SignInFailed(
            problem
        )  # whoever calls the sign-in page does not make us ask a server that is down again and again
    return None


async def _read_and_remember(key: tuple[UUID, str], provider: Provider) -> _Known:
    try:
        made = await _read(provider)
    except SignInFailed as failure:
        _failed[key] = time.monotonic(), failure.message
        if len(_failed) > _MOST_KNOWN:
            _failed.popitem(last=False)
        raise
    _failed.pop(key, None)
    _known[key] = made
    _known.move_to_end(key)
    if len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)
    return made


async def _read(provider: Provider) -> _Known:
    metadata = await _json(provider, "GET", f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if metadata.get("issuer") != provider.issuer:
        raise SignInFailed("The provider calls itself by another name than the agency does.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(metadata.get(name), str) or not is_askable(metadata[name]):
            raise SignInFailed(f"The provider has no usable {name}.")
    keys = (await _json(provider, "GET", metadata["jwks_uri"])).get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise SignInFailed("The provider's keys cannot be read.")
    usable = [each for each in keys if isinstance(each, dict) and each.get("kty") in ("RSA", "EC", "OKP")]
    try:
        return _Known(metadata, KeySet.import_key_set({"keys": usable}), time.monotonic())
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignInFailed("The provider's keys cannot be read.") from None


async def _tokens(
    provider: Provider, metadata: Mapping[str, Any], asked: Asked, code: str, redirect_uri: str
) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": asked.verifier,
        "client_id": provider.client_id,
    }
    headers = {"Accept": "application/json"}
    if provider.secret is not None:
        methods = metadata.get("token_endpoint_auth_methods_supported")
        if not isinstance(methods, list) or "client_secret_basic" in methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(provider.secret, safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_secret"] = provider.secret
    tokens = await _json(provider, "POST", metadata["token_endpoint"], headers=headers, data=form)
    if not isinstance(tokens.get("id_token"), str):
        raise SignInFailed("The provider has not said who you are.")
    return tokens


async def _claims(provider: Provider, known: _Known, tokens: Mapping[str, Any], *, nonce: str) -> Mapping[str, Any]:
    """Of a token that is signed by the provider, for us, now, and for this attempt."""
    try:
        token = jwt.decode(tokens["id_token"], known.keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError):
        # Keys change; a provider that has just changed them is asked once more.
        fresh = await _about(provider, anew=True)
        if fresh is known:
            raise SignInFailed("The provider's word is not signed by it.") from None
        try:
            token = jwt.decode(tokens["id_token"], fresh.keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            raise SignInFailed("The provider's word is not signed by it.") from None
    claims, moment = token.claims, time.time()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    fine = {
        "issuer": claims.get("iss") == provider.issuer,
        # A token for several is for us only if it was made for us (azp): another client could hand on its own.
        "audience": provider.client_id in audiences
        and (len(audiences) == 1 or claims.get("azp") == provider.client_id)
        and claims.get("azp", provider.client_id) == provider.client_id,
        "nonce": isinstance(claims.get("nonce"), str) and _is_same(claims["nonce"], nonce),
        "end": _is_number(claims.get("exp")) and claims["exp"] > moment - LEEWAY_SECONDS,
        "beginning": _is_number(claims.get("iat"))
        and claims["iat"] < moment + LEEWAY_SECONDS
        and (claims.get("nbf") is None or (_is_number(claims["nbf"]) and claims["nbf"] < moment + LEEWAY_SECONDS)),
        # OpenID Connect Core, section 2: at most 255 ASCII characters.
        "subject": isinstance(claims.get("sub"), str)
        and 0 < len(claims["sub"]) <= 255
        and claims["sub"].isascii()
        and claims["sub"].isprintable(),
    }
    wrong = [name for name, is_fine in fine.items() if not is_fine]
    if wrong:
        raise SignInFailed(f"The provider's word is not for this attempt to sign in ({', '.join(wrong)}).")
    return claims


async def _userinfo(
    provider: Provider, metadata: Mapping[str, Any], tokens: Mapping[str, Any], *, subject: str
) -> dict[str, Any]:
    url, access = metadata.get("userinfo_endpoint"), tokens.get("access_token")
    if not isinstance(url, str) or not isinstance(access, str) or not access.isascii():
        return {}
    found = await _json(provider, "GET", url, headers={"Authorization": f"Bearer {access}"})
    if found.get("sub") != subject:
        raise SignInFailed("The provider tells of somebody else.")
    return {name: found[name] for name in ("email", "email_verified", "name") if name in found}


async def _json(
    provider: Provider,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Raises SignInFailed."""
    try:
        answer = await fetch(method, url, headers=headers, data=data, agency_id=provider.agency_id)
        found = orjson.loads(answer.body)
    except Unreachable as problem:
        raise SignInFailed(f"The provider cannot be asked. {problem.message}") from None
    except orjson.JSONDecodeError:
        raise SignInFailed("The provider's answer cannot be read.") from None
    if answer.status != 200 or not isinstance(found, dict):
        raise SignInFailed("The provider's answer cannot be read.")
    return found


def _is_same(one: str, other: str) -> bool:
    """In as much time wherever they differ. As bytes: of texts the library takes ASCII only."""
    return secrets.compare_digest(one.encode(errors="surrogatepass"), other.encode())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
