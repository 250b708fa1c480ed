"""Signing in with an agency's OpenID provider: with one that does it right, and with one that tells every lie we know.

OpenID Connect Core 1.0, section 3.1; RFC 9700; RFC 9207; reference/reliability.md, sections 6 and 7.
"""

import asyncio
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import OctKey, OKPKey, RSAKey
from people.hostile_provider import GONE, Claims, HostileProvider, encoded, hostile_provider, serving
from people.signers import DOMAIN, Signers, found_signers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from backend import people
from backend.outside import allow_origins, fetch
from backend.people import asking_providers
from tenants.doors import COOKIE
from tenants.models import Identity, Membership
from tenants.scope import agency_scope
from tenants.sessions import open_session

ATTEMPT = "__Host-tend_sign_in"


class Canary:
    """A server that nobody may ask: what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.origin = ""

    def app(self) -> Starlette:
        async def sing(request: Request) -> Response:
            self.asked.append(f"{request.method} {request.url.path}")
            return JSONResponse({"keys": [], "secret": "of the cloud"})

        return Starlette(routes=[Route("/{path:path}", sing, methods=["GET", "POST"])])


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as found:
        allow_origins([found.issuer])
        yield found
        allow_origins([])


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    canary = Canary()
    with serving(canary.app()) as origin:
        canary.origin = origin
        yield canary


@pytest.fixture(scope="module")
async def signers(secure_app: Starlette, provider: HostileProvider) -> Signers:
    found = await found_signers(secure_app)
    await found.use(provider.issuer)
    return found


@pytest.fixture
async def browser(signers: Signers) -> AsyncIterator[httpx.AsyncClient]:
    async with signers.browser() as client:
        yield client


@pytest.fixture(autouse=True)
async def honest(provider: HostileProvider, signers: Signers) -> None:
    """Nothing is remembered of the test before."""
    provider.behave()
    provider.rotate()
    forget()
    await signers.use(provider.issuer)


def forget() -> None:
    """What we know of providers."""
    asking_providers._known.clear()
    asking_providers._failed.clear()


# What is right


@pytest.mark.parametrize("kind", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_whom_the_provider_names_is_in(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, kind: str
) -> None:
    provider.rotate(kind)
    answer = await signers.sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-in")
    member = await signers.membership_of(browser)
    assert (member["email"], member["agencySlug"], member["role"]) == (
        provider.account["email"],
        signers.slug,
        "SUPPORT",
    )
    async with agency_scope(signers.actor):
        identity = await Identity.get(subject=provider.account["sub"])
        found = await Membership.get(id=identity.membership_id)
    assert (identity.issuer, found.name, f"staff_{found.id}") == (
        provider.issuer,
        provider.account["name"],
        member["id"],
    )


async def test_what_is_asked_is_a_code_with_pkce_state_and_nonce(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    await signers.sign_in(browser)
    await signers.sign_in(browser)
    one, two = provider.authorization_requests
    assert {name: one[name] for name in ("response_type", "client_id", "redirect_uri", "code_challenge_method")} == {
        "response_type": "code",
        "client_id": "tend",
        "redirect_uri": signers.callback,
        "code_challenge_method": "S256",
    }
    assert "openid" in one["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) >= 43
        assert one[name] != two[name]


async def test_the_attempt_is_kept_where_no_script_and_no_other_site_reads_or_writes_it(
    signers: Signers, browser: httpx.AsyncClient
) -> None:
    asked = await signers.ask(browser)
    [cookie] = [each for each in asked.headers.get_list("set-cookie") if each.startswith(ATTEMPT)]
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()
    sent = parse_qs(urlsplit(asked.headers["location"]).query)
    for name in ("state", "nonce"):
        assert sent[name][0] not in cookie
    done = await signers.sign_in(browser)
    assert any(each.startswith(f'{ATTEMPT}=""') for each in done.headers.get_list("set-cookie"))


async def test_the_session_is_a_new_one_and_opens_this_agency_alone(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, acme: Any
) -> None:
    await signers.sign_in(browser)
    async with agency_scope(signers.actor) as scope:
        person_id = await scope.fetchval("select id from persons where email = $1", provider.account["email"])
    before = await open_session(person_id, method="mail")
    browser.cookies.clear()
    browser.cookies.set(COOKIE, before, domain="tend.test")
    await signers.sign_in(browser)
    after = browser.cookies[COOKIE]
    assert after != before
    question = {"query": "{ viewer { memberships { agencySlug } } }"}
    dead = await browser.post("/graphql", json=question, headers={"Authorization": f"Bearer {before}"})
    assert dead.status_code == 401
    other = await browser.post(
        "/graphql", json=question, headers={"Authorization": f"Bearer {after}", "X-Agency-Id": acme.slug}
    )
    assert other.status_code == 403


async def test_somebody_stays_who_they_are_whatever_their_address_becomes(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    await signers.sign_in(browser)
    before = await signers.membership_of(browser)
    provider.account["email"] = f"married-{provider.account['email']}"
    await signers.sign_in(browser)
    assert (await signers.membership_of(browser))["id"] == before["id"]


async def test_an_address_that_has_gone_to_somebody_else_opens_nothing_of_whom_it_was(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    await signers.sign_in(browser)
    provider.account["sub"] = "another"
    browser.cookies.clear()
    await refused(signers, browser, lambda: signers.sign_in(browser))


async def test_who_is_invited_is_in_and_nobody_else_where_nobody_is_let_in_anew(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    await signers.use(provider.issuer, first_role=None)
    await refused(signers, browser, lambda: signers.sign_in(browser))
    async with agency_scope(signers.actor):
        made = await Membership.create(role="lead", name="Invited", email=provider.account["email"])
    await signers.sign_in(browser)
    assert (await signers.membership_of(browser)) | {"email": ""} == {
        "email": "",
        "id": f"staff_{made.id}",
        "agencySlug": signers.slug,
        "role": "LEAD",
    }


async def test_a_client_with_a_secret_shows_it(provider: HostileProvider, signers: Signers) -> None:
    other = await found_signers(signers.app)  # a secret that is kept stays
    async with other.browser() as browser:
        provider.client_secret = "a secret/with:signs"
        await other.use(provider.issuer, secret="another")
        await refused(other, browser, lambda: other.sign_in(browser))
        await other.use(provider.issuer, secret=provider.client_secret)
        assert (await other.sign_in(browser)).status_code == 303


ALLOWED: dict[str, Callable[[HostileProvider], object]] = {
    "a clock that is half a minute ahead": lambda p: p.claims.update(iat=int(time.time()) + 30),
    "a clock that is half a minute behind": lambda p: p.claims.update(exp=int(time.time()) - 30),
    "our own name as one of several, and the token made for us": lambda p: p.claims.update(
        aud=["tend", "other"], azp="tend"
    ),
    "our own name in a list": lambda p: p.claims.update(aud=["tend"]),
    "a verified address in a word": lambda p: p.account.update(email_verified="true"),
    "an address in capitals": lambda p: p.account.update(email=p.account["email"].upper()),
    "the address only from userinfo": lambda p: setattr(p, "says_email_in_token", False),
    "a provider that knows nothing of RFC 9207": lambda p: (
        p.metadata.update(authorization_response_iss_parameter_supported=GONE),
        p.callback.update(iss=GONE),
    ),
    "keys of kinds that nobody here knows": lambda p: setattr(
        p,
        "keys",
        lambda: {"keys": [{"kty": "XYZ", "kid": "x"}, {"kty": "oct", "k": "AAAA"}, *p.published_keys()["keys"]]},
    ),
    "a token without the name of its key": lambda p: setattr(p, "sign", lambda c: p.signed(c, header={"kid": GONE})),
}


@pytest.mark.parametrize("what", ALLOWED)
async def test_what_honest_providers_do_is_let_through(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, what: str
) -> None:
    ALLOWED[what](provider)
    answer = await signers.sign_in(browser)
    assert answer.status_code == 303, answer.text
    assert COOKIE in browser.cookies


async def test_a_provider_that_has_changed_its_key_signs_in_at_once(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signers.sign_in(browser)
    provider.rotate()
    monkeypatch.setattr(asking_providers, "AGAIN_SECONDS", 0)  # as if half a minute had passed
    browser.cookies.clear()
    assert (await signers.sign_in(browser)).status_code == 303
    assert provider.seen.count("GET /keys") == 2


async def test_keys_nobody_has_do_not_make_us_ask_for_keys_all_the_time(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    provider.sign = lambda claims: provider.signed(claims, key=RSAKey.generate_key(2048, {"kid": "nobody's"}))
    for _ in range(4):
        await refused(signers, browser, lambda: signers.sign_in(browser))
    assert provider.seen.count("GET /keys") == 1


# Lies in the id token


def none_of(claims: Claims) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}."


def by_public_key(provider: HostileProvider, claims: Claims, *, of: str) -> str:
    """HS256, with what everybody knows as its secret."""
    key = provider.key
    secret = {
        "pem": key.as_pem(private=False),
        "der": key.as_der(private=False),
        "jwk": json.dumps(key.as_dict(private=False)).encode(),
    }[of]
    head = f"{encoded({'alg': 'HS256', 'kid': key.kid})}.{encoded(claims)}"
    return f"{head}.{encoded(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def by_symmetric_key_in_the_set(provider: HostileProvider) -> Callable[[Claims], str]:
    key = OctKey.generate_key(256, {"kid": "oct"})
    keys = {"keys": [key.as_dict(private=True), *provider.published_keys()["keys"]]}
    provider.keys = lambda: keys
    return lambda claims: provider.signed(claims, key=key, header={"alg": "HS256"})


def by_another_algorithm(provider: HostileProvider) -> Callable[[Claims], str]:
    """Sound, but not one that we have chosen."""
    keys = {"keys": [provider.key.as_dict(private=False)]}  # does not say what it is for
    provider.keys = lambda: keys
    return lambda claims: provider.signed(claims, header={"alg": "RS512"})


def by_a_key_in_the_header(provider: HostileProvider, claims: Claims) -> str:
    mine = RSAKey.generate_key(2048, {"kid": provider.key.kid})
    head = {"alg": "RS256", "kid": provider.key.kid, "jwk": mine.as_dict(private=False)}
    text = f"{encoded(head)}.{encoded(claims)}"
    return f"{text}.{encoded(_rs256(mine, text))}"


def _rs256(key: Any, text: str) -> bytes:
    return key.private_key.sign(text.encode(), PKCS1v15(), SHA256())


def with_header(provider: HostileProvider, claims: Claims, **header: Any) -> str:
    """Signed by the right key, whatever the header says."""
    text = f"{encoded({'alg': 'RS256', 'kid': provider.key.kid, **header})}.{encoded(claims)}"
    return f"{text}.{encoded(_rs256(provider.key, text))}"


SIGNATURES: dict[str, Callable[[HostileProvider], Callable[[Claims], str]]] = {
    "none": lambda _p: none_of,
    "none, in another spelling": lambda _p: lambda c: f"{encoded({'alg': 'nOnE'})}.{encoded(c)}.",
    "no signature": lambda p: lambda c: p.signed(c).rpartition(".")[0] + ".",
    "no signature and no dot": lambda p: lambda c: p.signed(c).rpartition(".")[0],
    "another token's signature": lambda p: (
        lambda c: f"{p.signed(c).rpartition('.')[0]}.{p.signed({'a': 1}).rpartition('.')[2]}"
    ),
    "HS256 with the public key as PEM": lambda p: lambda c: by_public_key(p, c, of="pem"),
    "HS256 with the public key as DER": lambda p: lambda c: by_public_key(p, c, of="der"),
    "HS256 with the public key as JWK": lambda p: lambda c: by_public_key(p, c, of="jwk"),
    "HS256 with a key that the provider publishes": by_symmetric_key_in_the_set,
    "RS512": by_another_algorithm,
    "a key in the header": lambda p: lambda c: by_a_key_in_the_header(p, c),
    "another key under the same name": lambda p: (
        lambda c: p.signed(c, key=RSAKey.generate_key(2048, {"kid": p.key.kid}))
    ),
    "an unknown key": lambda p: lambda c: p.signed(c, key=RSAKey.generate_key(2048, {"kid": "unknown"})),
    "a word in its header that must be understood": lambda p: lambda c: with_header(p, c, crit=["exp"]),
    "a header that is a list": lambda p: lambda c: f"{encoded(['RS256'])}.{encoded(c)}.{encoded(b'x')}",
    "claims that are a list": lambda p: lambda _c: f"{p.signed({}).partition('.')[0]}.{encoded([1])}.{encoded(b'x')}",
    "claims that are a list, signed": lambda p: lambda _c: _signed_text(p, [1, 2]),
    "claims that are null, signed": lambda p: lambda _c: _signed_text(p, None),
    "claims that are nothing, signed": lambda p: lambda _c: _signed_text(p, b""),
    "nonsense": lambda _p: lambda _c: "a.b.c",
    "five parts": lambda _p: lambda _c: "a.b.c.d.e",
    "an empty token": lambda _p: lambda _c: "",
    "a token of a megabyte": lambda _p: lambda _c: "a" * (1 << 20),
}


def _signed_text(provider: HostileProvider, payload: Any) -> str:
    text = f"{encoded({'alg': 'RS256', 'kid': provider.key.kid})}.{encoded(payload)}"
    return f"{text}.{encoded(_rs256(provider.key, text))}"


def moment(seconds: int) -> int:
    return int(time.time()) + seconds


CLAIMS: dict[str, Callable[[], Claims]] = {
    "another issuer": lambda: {"iss": "https://other.example"},
    "no issuer": lambda: {"iss": GONE},
    "no audience": lambda: {"aud": GONE},
    "another audience": lambda: {"aud": "other"},
    "another audience, made for us": lambda: {"aud": "other", "azp": "tend"},
    "several audiences, made for another": lambda: {"aud": ["tend", "other"], "azp": "other"},
    "several audiences, made for nobody": lambda: {"aud": ["tend", "other"]},
    "our audience, made for another": lambda: {"aud": "tend", "azp": "other"},
    "no audience in a list": lambda: {"aud": []},
    "an audience that is an object": lambda: {"aud": {"tend": 1}},
    "no nonce": lambda: {"nonce": GONE},
    "another nonce": lambda: {"nonce": "another"},
    "a nonce that is a number": lambda: {"nonce": 1},
    "a nonce that is null": lambda: {"nonce": None},
    "a nonce with letters that no nonce has": lambda: {"nonce": "\u00e9"},
    "it has ended": lambda: {"exp": moment(-120)},
    "no end": lambda: {"exp": GONE},
    "an end in words": lambda: {"exp": "tomorrow"},
    "an end that is true": lambda: {"exp": True},
    "an end that is no number": lambda: {"exp": float("nan")},
    "no beginning": lambda: {"iat": GONE},
    "it was made tomorrow": lambda: {"iat": moment(86_400)},
    "it begins tomorrow": lambda: {"nbf": moment(86_400)},
    "it begins in words": lambda: {"nbf": "now"},
    "no subject": lambda: {"sub": GONE},
    "an empty subject": lambda: {"sub": ""},
    "a subject that is a number": lambda: {"sub": 1},
    "a subject of a thousand letters": lambda: {"sub": "a" * 1_000},
    "a subject with a NUL": lambda: {"sub": "a\x00b"},
    "a subject with letters that no subject has": lambda: {"sub": "\u00e9"},
    "a subject with half a letter": lambda: {"sub": "\ud800"},
    "an unverified address": lambda: {"email_verified": False},
    "an unverified address in a word": lambda: {"email_verified": "false"},
    "a verification that is null": lambda: {"email_verified": None},
    "an address of another domain": lambda: {"email": "a@evil.example"},
    "an address of a domain below": lambda: {"email": f"a@sub.{DOMAIN}"},
    "an address of a domain beside": lambda: {"email": f"a@{DOMAIN}.evil.example"},
    "an address of a domain that ends alike": lambda: {"email": f"a@evil-{DOMAIN}"},
    "an address of a domain with a dot": lambda: {"email": f"a@{DOMAIN}."},
    "an address with two domains": lambda: {"email": f"a@evil.example@{DOMAIN}"},
    "an address without a name": lambda: {"email": f"@{DOMAIN}"},
    "an address that only looks like the domain": lambda: {"email": "a@\u0455igners.example"},
    "an address in a list": lambda: {"email": [f"a@{DOMAIN}"]},
    "an address with a NUL": lambda: {"email": f"a\x00b@{DOMAIN}"},
    "an address with a line break": lambda: {"email": f"a\r\nBcc: b@{DOMAIN}"},
    "an address with a blank": lambda: {"email": f"a b@{DOMAIN}"},
    "an address with half a letter": lambda: {"email": f"\ud800@{DOMAIN}"},
}


async def refused(
    signers: Signers, browser: httpx.AsyncClient, attempt: Callable[[], Awaitable[httpx.Response]]
) -> str:
    """A page that says so, no session, and nothing changed. What the page says."""
    before = await signers.rows()
    answer = await attempt()
    assert answer.status_code in (403, 404), (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert COOKIE not in browser.cookies
    assert not [each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE)]
    assert await signers.rows() == before
    return answer.text


@pytest.mark.parametrize("what", SIGNATURES)
async def test_a_token_that_the_provider_has_not_signed_is_not_believed(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, what: str
) -> None:
    provider.sign = SIGNATURES[what](provider)
    await refused(signers, browser, lambda: signers.sign_in(browser))
    assert provider.tokens_out, "refused before it came to that"


@pytest.mark.parametrize("what", CLAIMS)
async def test_a_token_that_says_something_else_is_not_believed(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, what: str
) -> None:
    provider.claims = CLAIMS[what]()
    provider.sign = lambda claims: _signed_text(provider, claims)  # the library would not write some of them
    await refused(signers, browser, lambda: signers.sign_in(browser))
    assert provider.tokens_out, "refused before it came to that"


@pytest.mark.parametrize("said", ["a\x00b", "\ud800", " ", "\u202e", 7, None, "x" * 3_000])
async def test_a_name_that_cannot_be_kept_is_another_and_keeps_nobody_out(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, said: Any
) -> None:
    provider.claims = {"name": said}
    provider.sign = lambda claims: _signed_text(provider, claims)
    answer = await signers.sign_in(browser)
    assert answer.status_code == 303, answer.text
    async with agency_scope(signers.actor):
        identity = await Identity.get(subject=provider.account["sub"])
        found = await Membership.get(id=identity.membership_id)
    assert 0 < len(found.name) <= 200
    assert "\x00" not in found.name


async def test_a_token_of_an_earlier_attempt_is_not_believed(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    kept: list[str] = []

    def remember(claims: Claims) -> str:
        kept.append(provider.signed(claims))
        return kept[0]

    provider.sign = remember
    await signers.sign_in(browser)
    browser.cookies.clear()
    await refused(signers, browser, lambda: signers.sign_in(browser))


@pytest.mark.parametrize(
    "tokens", [{"id_token": GONE}, {"id_token": None}, {"id_token": 7}, {"id_token": ["a"]}, {"id_token": {"a": "b"}}]
)
async def test_without_an_id_token_nobody_is_anybody(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, tokens: Claims
) -> None:
    provider.tokens = tokens
    await refused(signers, browser, lambda: signers.sign_in(browser))


@pytest.mark.parametrize(
    "userinfo",
    [{"sub": "another"}, {"sub": GONE}, {"email": GONE}, {"email_verified": False}, {"email": "a@evil.example"}],
)
async def test_what_userinfo_says_of_somebody_else_is_not_believed(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, userinfo: Claims
) -> None:
    provider.says_email_in_token, provider.userinfo = False, userinfo
    await refused(signers, browser, lambda: signers.sign_in(browser))
    assert "GET /userinfo" in provider.seen


# Lies in the callback


@pytest.mark.parametrize(
    "callback",
    [
        {"iss": "https://other.example"},
        {"iss": GONE},
        {"iss": ""},
        {"state": GONE},
        {"state": ""},
        {"state": "another"},
        {"state": "\u00e9"},
        {"code": GONE},
        {"code": ""},
        {"code": "another"},
        {"error": "access_denied", "code": GONE},
        {"error": "access_denied"},
        {"iss": ["https://other.example", "https://again.example"]},
    ],
)
async def test_an_answer_that_is_not_that_of_this_attempt_opens_nothing(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, callback: Claims
) -> None:
    provider.callback = callback
    await refused(signers, browser, lambda: signers.sign_in(browser))


async def test_who_names_another_provider_is_not_believed_although_nobody_has_to_name_any(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": GONE}
    provider.callback = {"iss": "https://other.example"}
    await refused(signers, browser, lambda: signers.sign_in(browser))


async def test_what_is_said_twice_is_not_believed(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    for name in ("state", "code", "iss"):
        address = await signers.answer_for(browser)
        value = parse_qs(urlsplit(address).query)[name][0]
        again = httpx.QueryParams({name: value})
        await refused(signers, browser, partial(signers.come_back, browser, f"{address}&{again}"))


async def test_an_attempt_of_another_browser_opens_nothing(signers: Signers, browser: httpx.AsyncClient) -> None:
    address = await signers.answer_for(browser)
    async with signers.browser() as other:
        await refused(signers, other, lambda: signers.come_back(other, address))  # it has begun nothing
        await signers.ask(other)
        await refused(signers, other, lambda: signers.come_back(other, address))  # it has begun something else
    assert (await signers.come_back(browser, address)).status_code == 303


async def test_an_answer_works_once(provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient) -> None:
    address = await signers.answer_for(browser)
    assert (await signers.come_back(browser, address)).status_code == 303
    browser.cookies.delete(COOKIE)
    await refused(signers, browser, lambda: signers.come_back(browser, address))


async def test_an_attempt_at_one_agency_is_none_at_another(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    other = await found_signers(signers.app)
    await other.use(provider.issuer)
    provider.takes_any_code = True
    address = await signers.answer_for(browser)
    elsewhere = address.replace(signers.slug, other.slug)
    await refused(other, browser, lambda: other.come_back(browser, elsewhere))


async def test_an_attempt_that_somebody_has_changed_is_none(signers: Signers, browser: httpx.AsyncClient) -> None:
    address = await signers.answer_for(browser)
    kept = browser.cookies[ATTEMPT]
    for wrong in ("", "x", kept[:-2], kept[:10] + ("A" if kept[10] != "A" else "B") + kept[11:]):
        browser.cookies.clear()
        browser.cookies.set(ATTEMPT, wrong, domain="tend.test")
        await refused(signers, browser, lambda: signers.come_back(browser, address))


async def test_a_provider_that_is_changed_meanwhile_lets_nobody_in(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody is there, and at the last moment."""
    address = await signers.answer_for(browser)
    await signers.use(provider.issuer, client_id="another")
    await refused(signers, browser, lambda: signers.come_back(browser, address))
    await signers.use(provider.issuer)
    address, hear = await signers.answer_for(browser), people.hear

    async def hear_and_change(*args: Any, **more: Any) -> Any:
        told = await hear(*args, **more)
        await signers.use(provider.issuer, client_id="another")
        return told

    monkeypatch.setattr(people, "hear", hear_and_change)
    answer = await signers.come_back(browser, address)
    assert answer.status_code == 403
    assert "has changed its provider meanwhile" in answer.text
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
        *("/a\r\nSet-Cookie: a=b", "/\t/evil.example", "x", "", "/" + "a" * 1_000),
    ],
)
async def test_nobody_is_sent_on_to_another_site(signers: Signers, browser: httpx.AsyncClient, wanted: str) -> None:
    assert (await signers.sign_in(browser, next=wanted)).headers["location"] == "/signed-in"


async def test_somebody_is_sent_on_to_where_they_wanted(signers: Signers, browser: httpx.AsyncClient) -> None:
    assert (await signers.sign_in(browser, next="/docs/start?x=1")).headers["location"] == "/docs/start?x=1"


# Lies in the metadata: nothing inside is asked, and nothing is waited for


METADATA: dict[str, Callable[[HostileProvider, Canary], Claims]] = {
    "another issuer": lambda _p, _c: {"issuer": "https://other.example"},
    "its issuer with a slash": lambda p, _c: {"issuer": f"{p.issuer}/"},
    "no issuer": lambda _p, _c: {"issuer": GONE},
    "no authorization endpoint": lambda _p, _c: {"authorization_endpoint": GONE},
    "a script for an authorization endpoint": lambda _p, _c: {"authorization_endpoint": "javascript:alert(1)"},
    "an authorization endpoint inside": lambda _p, c: {"authorization_endpoint": f"{c.origin}/authorize"},
    "keys inside": lambda _p, c: {"jwks_uri": f"{c.origin}/keys"},
    "keys inside, over TLS": lambda _p, _c: {"jwks_uri": "https://127.0.0.1/keys"},
    "keys inside, by a name": lambda _p, _c: {"jwks_uri": "https://localhost/keys"},
    "keys inside, in a number": lambda _p, _c: {"jwks_uri": "https://2130706433/keys"},
    "keys inside, over IPv6": lambda _p, _c: {"jwks_uri": "https://[::1]/keys"},
    "keys of the cloud": lambda _p, _c: {"jwks_uri": "http://169.254.169.254/latest/meta-data/"},
    "keys of the cloud, over TLS": lambda _p, _c: {"jwks_uri": "https://169.254.169.254/latest/meta-data/"},
    "keys in a file": lambda _p, _c: {"jwks_uri": "file:///etc/passwd"},
    "keys with a password": lambda p, _c: {"jwks_uri": p.issuer.replace("//", "//a:b@") + "/keys"},
    "a token endpoint inside": lambda _p, c: {"token_endpoint": f"{c.origin}/token"},
    "a token endpoint inside, over TLS": lambda _p, _c: {"token_endpoint": "https://127.0.0.1/token"},
    "a token endpoint of the cloud": lambda _p, _c: {"token_endpoint": "https://169.254.169.254/token"},
    "a token endpoint that is a number": lambda _p, _c: {"token_endpoint": 7},
}


@pytest.mark.parametrize("what", METADATA)
async def test_endpoints_that_lead_inside_are_not_asked(
    provider: HostileProvider, canary: Canary, signers: Signers, browser: httpx.AsyncClient, what: str
) -> None:
    provider.metadata = METADATA[what](provider, canary)

    async def attempt() -> httpx.Response:
        asked = await signers.ask(browser)
        return asked if asked.status_code != 303 else await signers.sign_in(browser)

    text = await refused(signers, browser, attempt)
    assert canary.asked == []
    assert "of the cloud" not in text


async def test_userinfo_that_leads_inside_is_not_asked(
    provider: HostileProvider, canary: Canary, signers: Signers, browser: httpx.AsyncClient
) -> None:
    provider.says_email_in_token = False
    for url in (f"{canary.origin}/userinfo", "https://127.0.0.1/userinfo", "https://169.254.169.254/", 7):
        provider.metadata = {"userinfo_endpoint": url}
        forget()
        await refused(signers, browser, lambda: signers.sign_in(browser))
    assert canary.asked == []


def many_keys(provider: HostileProvider) -> Any:
    """Less than a megabyte of them, and the right one."""
    small = OKPKey.generate_key("Ed25519").as_dict(private=False)
    return {"keys": [*({**small, "kid": str(n)} for n in range(9_000)), *provider.published_keys()["keys"]]}


def dripping() -> Response:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(600):
            yield b" "
            await asyncio.sleep(0.1)

    return StreamingResponse(drops(), media_type="application/json")


def packed_zeros() -> Response:
    body = gzip.compress(b" " * (64 << 20))
    return Response(body, media_type="application/json", headers={"Content-Encoding": "gzip"})


WELL_KNOWN = "/.well-known/openid-configuration"
ANSWERS: dict[str, tuple[str, Callable[[], Response]]] = {
    "metadata of two megabytes": (WELL_KNOWN, lambda: Response(b" " * (2 << 20), media_type="application/json")),
    "metadata that unpacks to 64 megabytes": (WELL_KNOWN, packed_zeros),
    "metadata that drips": (WELL_KNOWN, dripping),
    "metadata elsewhere": (WELL_KNOWN, lambda: RedirectResponse("/elsewhere")),
    "metadata that is a list": (WELL_KNOWN, lambda: JSONResponse([])),
    "metadata that is null": (WELL_KNOWN, lambda: JSONResponse(None)),
    "metadata that is a page": (WELL_KNOWN, lambda: Response("<html>", media_type="text/html")),
    "metadata nested too deep": (WELL_KNOWN, lambda: Response(b"[" * 100_000)),
    "metadata that is not there": (WELL_KNOWN, lambda: JSONResponse({}, 404)),
    "keys of two megabytes": ("/keys", lambda: Response(b" " * (2 << 20))),
    "keys that drip": ("/keys", dripping),
    "keys that are none": ("/keys", lambda: JSONResponse({"keys": []})),
    "keys that are words": ("/keys", lambda: JSONResponse({"keys": ["a", 1, None]})),
    "keys that are broken": ("/keys", lambda: JSONResponse({"keys": [{"kty": "RSA", "n": "AQ", "e": 7}]})),
    "keys that are no list": ("/keys", lambda: JSONResponse({"keys": {"a": 1}})),
    "tokens of two megabytes": ("/token", lambda: Response(b" " * (2 << 20))),
    "tokens that drip": ("/token", dripping),
    "tokens elsewhere": ("/token", lambda: RedirectResponse("/elsewhere", status_code=307)),
    "tokens that are a list": ("/token", lambda: JSONResponse([])),
    "an error for tokens": ("/token", lambda: JSONResponse({"error": "invalid_grant"}, 400)),
    "a failure for tokens": ("/token", lambda: Response("boom", 500)),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_answers_that_no_provider_gives_are_refused_within_seconds(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(asking_providers, "fetch", partial(fetch, within_seconds=1))
    path, answer = ANSWERS[what]
    provider.answers = {path: answer}

    async def attempt() -> httpx.Response:
        asked = await signers.ask(browser)
        return asked if asked.status_code != 303 else await signers.sign_in(browser)

    begun = time.monotonic()
    await refused(signers, browser, attempt)
    assert time.monotonic() - begun < 5
    assert "GET /elsewhere" not in provider.seen


async def test_nine_thousand_keys_are_refused_at_once(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient
) -> None:
    keys = many_keys(provider)
    provider.keys = lambda: keys
    begun = time.monotonic()
    await refused(signers, browser, lambda: signers.ask(browser))
    assert time.monotonic() - begun < 5


async def test_a_slow_provider_keeps_nobody_else_waiting(
    provider: HostileProvider, signers: Signers, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_providers, "fetch", partial(fetch, within_seconds=1))
    provider.slow = {WELL_KNOWN: 3}
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waiting = group.create_task(signers.ask(browser))
        begun = time.monotonic()
        assert (await browser.get("/health/live")).status_code == 200
        assert time.monotonic() - begun < 2
    assert waiting.result().status_code == 403


async def test_an_agency_without_a_provider_and_one_that_is_not_there_answer_alike(
    signers: Signers, browser: httpx.AsyncClient
) -> None:
    other = await found_signers(signers.app)
    texts = set()
    for slug in (other.slug, "nobody-at-all", "-", "a" * 100, "a_b"):
        answer = await browser.get(f"/sign-in/{slug}")
        texts.add((answer.status_code, answer.text))
    assert len(texts) == 1
    assert texts.pop()[0] == 404
