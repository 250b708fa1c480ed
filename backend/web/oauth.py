"""OAuth 2 for machines: a client secret buys access tokens (RFC 6749, 7009, 7662, 8414).

The rules are Authlib's, which is synchronous and would ask the database in the middle. So everything a request could be
about is read before, Authlib decides over it, and what it has decided is written after; nothing is answered before that.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qsl

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from backend import people
from backend.kit.ids import published
from tenants.database import is_busy, is_outage
from tenants.rights import MACHINE_RIGHTS

LONGEST_BODY: Final = 10_000
_METHODS: Final = ["client_secret_basic", "client_secret_post"]
_NOT_KEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

# At DEBUG Authlib writes the tokens it issues.
logging.getLogger("authlib").setLevel(logging.INFO)

Answer = tuple[int, Any, list[tuple[str, str]]]
# How many seconds a machine has to wait, None if it has not asked too much.
WaitOf = Callable[[str], Awaitable[str | None]]


class OAuth:
    """`issuer` is where this installation is served."""

    def __init__(self, *, issuer: str, wait_of: WaitOf) -> None:
        self._issuer, self._wait_of = issuer, wait_of

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/introspect", self.introspect, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
            Route("/.well-known/oauth-authorization-server", self.metadata),
        ]

    async def token(self, request: Request) -> Response:
        return await self._answered(request, lambda server: server.create_token_response())

    async def introspect(self, request: Request) -> Response:
        """Of the machine's own tokens; any other is inactive."""
        return await self._answered(request, lambda server: server.create_endpoint_response("introspection"))

    async def revoke(self, request: Request) -> Response:
        """Of the machine's own tokens; any other stays as it is, and the answer is the same."""
        return await self._answered(request, lambda server: server.create_endpoint_response("revocation"))

    async def metadata(self, _request: Request) -> Response:
        found = {
            "issuer": self._issuer,
            "token_endpoint": f"{self._issuer}/oauth/token",
            "introspection_endpoint": f"{self._issuer}/oauth/introspect",
            "revocation_endpoint": f"{self._issuer}/oauth/revoke",
            "grant_types_supported": [ClientCredentialsGrant.GRANT_TYPE],
            # Required, and may not be empty; there is no authorization endpoint that anything could be asked of.
            "response_types_supported": ["none"],
            "scopes_supported": sorted(MACHINE_RIGHTS),
            "service_documentation": f"{self._issuer}/docs/workspaces",
        } | {f"{name}_endpoint_auth_methods_supported": _METHODS for name in ("token", "introspection", "revocation")}
        return JSONResponse(found, headers={"Cache-Control": "public, max-age=300"})

    async def _answered(self, request: Request, ask: Callable[["_Server"], Answer]) -> Response:
        try:
            return await self._decided(request, ask)
        except OAuth2Error as error:
            return _response(error())
        except Exception as problem:
            if not (is_outage(problem) or is_busy(problem)):
                raise
            return _later("5", 503)

    async def _decided(self, request: Request, ask: Callable[["_Server"], Answer]) -> Response:
        """Raises OAuth2Error."""
        form = await _form(request)
        client_id, secret = _shown(request.headers, form)
        machine = await people.machine_with(secret)
        if machine is not None and not compare_digest(_client_id(machine).encode(), client_id.encode()):
            machine = None
        if machine is not None and (wait := await self._wait_of(client_id)) is not None:
            return _later(wait, 429)
        token = await people.token_of(machine, form["token"]) if machine is not None and "token" in form else None
        server = _Server(request, form, machine, token, issuer=self._issuer)
        answer = ask(server)
        if server.granted is not None:
            assert machine is not None
            scopes = [scope for scope in machine.scopes if scope in server.granted["scope"].split()]
            await people.grant_token(machine, server.granted["access_token"], scopes=scopes)
        if server.revoked is not None:
            assert machine is not None
            await people.revoke_token(machine, server.revoked.id)
        return _response(answer)


class _Server(AuthorizationServer):
    """For one request. `granted` and `revoked` are what is to be written."""

    def __init__(
        self,
        request: Request,
        form: Mapping[str, str],
        machine: people.Machine | None,
        token: people.GrantedToken | None,
        *,
        issuer: str,
    ) -> None:
        super().__init__()
        self.machine, self.token, self.issuer = machine, token, issuer
        self.granted: dict[str, Any] | None = None
        self.revoked: people.GrantedToken | None = None
        self._asked = _Asked(request, form)
        self.register_grant(_Grant)
        self.register_endpoint(_Introspection)
        self.register_endpoint(_Revocation)
        self.register_token_generator("default", BearerTokenGenerator(_new_token, expires_generator=_seconds_of))

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return self._asked

    def query_client(self, client_id: str) -> "_Client":
        """Somebody in any case: an unknown client and a wrong secret are answered alike."""
        return _Client(self.machine)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.granted = token

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return status, body, headers


class _Asked(OAuth2Request):
    def __init__(self, request: Request, form: Mapping[str, str]) -> None:
        # Whether the way here was encrypted is known to the proxy in front; Authlib would refuse plain http.
        super().__init__(request.method, f"https://tend{request.url.path}", headers=request.headers)
        self.payload = BasicOAuth2Payload(form)
        self._form = form

    @property
    def form(self) -> Mapping[str, str]:
        return self._form


class _Client(ClientMixin):
    """An API client, or nobody."""

    def __init__(self, machine: people.Machine | None) -> None:
        self.machine = machine

    def check_client_secret(self, client_secret: str) -> bool:
        """It was found by its secret, or not at all."""
        return self.machine is not None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in _METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == ClientCredentialsGrant.GRANT_TYPE)

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """All that is asked for, all there is where nothing is; None where one of them is not the machine's."""
        assert self.machine is not None
        asked = self.machine.scopes if scope is None else set(scope.split())
        return " ".join(sorted(asked)) if asked and self.machine.scopes.issuperset(asked) else None


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS


class _Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = _METHODS
    server: _Server

    def query_token(self, token_string: str, token_type_hint: str | None) -> "_Token | None":
        return _Token.of(self.server.token)

    def check_permission(self, token: "_Token", client: _Client, request: OAuth2Request) -> bool:
        return True  # only the machine's own was looked for

    def introspect_token(self, token: "_Token") -> dict[str, Any]:
        machine, granted = self.server.machine, token.granted
        assert machine is not None
        found = {
            "active": True,
            "token_type": "Bearer",
            "client_id": _client_id(machine),
            "sub": _client_id(machine),
            "iss": self.server.issuer,
            "scope": " ".join(sorted(granted.scopes)),
            "iat": int(granted.created_at.timestamp()),
            "exp": int(granted.expires_at.timestamp()),
            "agency_id": published("agency", machine.agency_id),
        }
        return (
            found
            if machine.workspace_id is None
            else found | {"workspace_id": published("workspace", machine.workspace_id)}
        )


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = _METHODS
    server: _Server

    def query_token(self, token_string: str, token_type_hint: str | None) -> "_Token | None":
        return _Token.of(self.server.token)

    def revoke_token(self, token: "_Token", request: OAuth2Request) -> None:
        self.server.revoked = token.granted


class _Token:
    """One of the machine's own that opens something: any other was not found."""

    def __init__(self, granted: people.GrantedToken) -> None:
        self.granted = granted

    @classmethod
    def of(cls, granted: people.GrantedToken | None) -> "_Token | None":
        return None if granted is None else cls(granted)

    def check_client(self, client: _Client) -> bool:
        return client.machine is not None

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


def _new_token(**_facts: Any) -> str:
    return people.new_access_token()


def _seconds_of(client: _Client, _grant_type: str) -> int:
    assert client.machine is not None
    return max(1, int(people.lifetime_of_token(client.machine).total_seconds()))


def _client_id(machine: people.Machine) -> str:
    return published("apiclient", machine.api_client_id)


async def _form(request: Request) -> dict[str, str]:
    """Raises OAuth2Error for a body that is no form, too long, or says something twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise InvalidRequestError("Send application/x-www-form-urlencoded.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise InvalidRequestError("The request is too long.", status_code=413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise InvalidRequestError("The request cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequestError("A parameter is there twice.")
    form.pop("token_type_hint", None)  # tokens are told apart by what they look like
    return form


def _shown(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, where Authlib will look for them; empty where they are missing. Raises OAuth2Error for
    what cannot be read, or is shown in both ways."""
    try:
        client_id, secret = extract_basic_authorization(headers)
    except ValueError:
        raise InvalidClientError("The Authorization header cannot be read.", status_code=401) from None
    if client_id is not None and "client_secret" in form:
        raise InvalidRequestError("Authenticate in one way, not in two.")
    if client_id is None:
        client_id, secret = form.get("client_id"), form.get("client_secret")
    return client_id or "", secret or ""


def _response(answer: Answer) -> Response:
    status, body, headers = answer
    return JSONResponse(body, status, headers={**dict(headers), **_NOT_KEPT})


def _later(seconds: str, status: int) -> Response:
    body = {"error": "temporarily_unavailable", "error_description": "Try again after Retry-After seconds."}
    return JSONResponse(body, status, headers={"Retry-After": seconds, **_NOT_KEPT})
