"""An OpenID provider on a port of its own. By default it does everything right; told to, it lies."""

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

Claims = dict[str, Any]
GONE = object()  # in place of a value: leave the member out


def encoded(value: Any) -> str:
    """One part of a token, from bytes or from what becomes JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def changed(value: Claims, changes: Claims) -> Claims:
    return {name: each for name, each in {**value, **changes}.items() if each is not GONE}


@dataclass
class Asked:
    """One attempt, as the browser brought it."""

    client_id: str
    redirect_uri: str
    nonce: str | None
    challenge: str
    is_used: bool = False


@dataclass
class HostileProvider:
    """`account` is who is signed in there. The rest are its lies: each is taken back by `behave`.

    `claims`, `metadata`, `userinfo`, `callback` and `tokens` change what is said there, member by member. `sign` makes
    the id token from its claims; `keys` answers for the keys. `answers` are whole responses by path. `slow` is by path,
    in seconds. `takes_any_code`: twice, and for another address than it was given for.
    """

    issuer: str = ""
    client_id: str = "tend"
    client_secret: str | None = None
    account: Claims = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    metadata: Claims = field(default_factory=dict)
    userinfo: Claims = field(default_factory=dict)
    callback: Claims = field(default_factory=dict)
    tokens: Claims = field(default_factory=dict)
    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    sign: Callable[[Claims], str] | None = None
    keys: Callable[[], Any] | None = None
    takes_any_code: bool = False
    says_email_in_token: bool = True
    key: Any = None
    attempts: dict[str, Asked] = field(default_factory=dict)
    tokens_out: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # method and path of every request
    authorization_requests: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rotate()
        self.behave()

    def behave(self) -> None:
        """No lie any more, and a new account."""
        subject = secrets.token_hex(8)
        self.account = {
            "sub": subject,
            "email": f"{subject}@signers.example",
            "email_verified": True,
            "name": f"Somebody {subject}",
        }
        self.claims, self.metadata, self.userinfo, self.callback, self.tokens = {}, {}, {}, {}, {}
        self.answers, self.slow, self.sign, self.keys = {}, {}, None, None
        self.takes_any_code, self.says_email_in_token, self.client_secret = False, True, None
        self.attempts.clear()
        self.tokens_out.clear()
        self.seen.clear()
        self.authorization_requests.clear()

    def rotate(self, kind: str = "RS256") -> None:
        """Another key from now on; the old one is gone."""
        named = {"kid": secrets.token_hex(4)}
        made: dict[str, Callable[[], Any]] = {
            "RS256": lambda: RSAKey.generate_key(2048, named),
            "PS256": lambda: RSAKey.generate_key(2048, named),
            "ES256": lambda: ECKey.generate_key("P-256", named),
            "EdDSA": lambda: OKPKey.generate_key("Ed25519", named),
        }
        self.key, self.algorithm = made[kind](), kind

    def signed(self, claims: Claims, *, key: Any = None, header: Claims | None = None) -> str:
        """As it should be, with what the header is to have besides."""
        key = key or self.key
        protected = changed({"alg": self.algorithm, "kid": key.kid}, header or {})
        return jwt.encode(protected, claims, key, algorithms=[protected["alg"]])

    def id_token(self, attempt: Asked) -> str:
        moment = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": self.account["sub"],
            "iat": moment,
            "exp": moment + 300,
            "nonce": attempt.nonce,
        }
        if self.says_email_in_token:
            claims |= self.account
        claims = changed(claims, self.claims)
        return self.signed(claims) if self.sign is None else self.sign(claims)

    def published_keys(self) -> Any:
        return {"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": self.algorithm}]}

    # Its endpoints

    async def show_metadata(self, _request: Request) -> Response:
        return JSONResponse(
            changed(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "jwks_uri": f"{self.issuer}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": [self.algorithm],
                    "authorization_response_iss_parameter_supported": True,
                },
                self.metadata,
            )
        )

    async def show_keys(self, _request: Request) -> Response:
        return JSONResponse(self.published_keys() if self.keys is None else self.keys())

    async def authorize(self, request: Request) -> Response:
        """The account is signed in already, so the browser goes straight back."""
        asked = dict(request.query_params)
        self.authorization_requests.append(asked)
        code = secrets.token_urlsafe(16)
        self.attempts[code] = Asked(
            asked["client_id"], asked["redirect_uri"], asked.get("nonce"), asked["code_challenge"]
        )
        answer = changed({"code": code, "state": asked["state"], "iss": self.issuer}, self.callback)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer, doseq=True)}", status_code=302)

    async def give_tokens(self, request: Request) -> Response:
        form: Claims = dict(parse_qsl((await request.body()).decode()))
        attempt = self.attempts.get(str(form.get("code")))
        verifier = str(form.get("code_verifier", "")).encode()
        if (
            attempt is None
            or (attempt.is_used and not self.takes_any_code)
            or form.get("grant_type") != "authorization_code"
            or (form.get("redirect_uri") != attempt.redirect_uri and not self.takes_any_code)
            or encoded(hashlib.sha256(verifier).digest()) != attempt.challenge
            or not self._is_client(request, form)
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        attempt.is_used = True
        access = secrets.token_urlsafe(16)
        given = {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token(attempt)}
        self.tokens_out[access] = self.account["sub"]
        return JSONResponse(changed(given, self.tokens))

    def _is_client(self, request: Request, form: Claims) -> bool:
        if self.client_secret is None:
            return form.get("client_id") == self.client_id and "authorization" not in request.headers
        pair = base64.b64encode(f"{self.client_id}:{quote(self.client_secret, safe='')}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    async def tell_about(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens_out:
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse(changed(self.account, self.userinfo))

    def app(self) -> Starlette:
        def answering(path: str, handler: Any, *methods: str) -> Route:
            async def answer(request: Request) -> Response:
                self.seen.append(f"{request.method} {path}")
                await asyncio.sleep(self.slow.get(path, 0))
                return self.answers[path]() if path in self.answers else await handler(request)

            return Route(path, answer, methods=list(methods))

        return Starlette(
            routes=[
                answering("/.well-known/openid-configuration", self.show_metadata, "GET"),
                answering("/keys", self.show_keys, "GET"),
                answering("/authorize", self.authorize, "GET"),
                answering("/token", self.give_tokens, "POST"),
                answering("/userinfo", self.tell_about, "GET"),
            ]
        )


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application on a port of its own, in a thread of its own: however slow it is, nobody else is. Its origin."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "The provider does not start."
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    provider = HostileProvider()
    with serving(provider.app()) as origin:
        provider.issuer = origin
        yield provider
