"""Whoever guesses: failed attempts to be let in count by the address they come from, and those that succeed never do."""

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REMEMBERED: Final = 10_000  # credentials that were let in lately, by this process
# As _PAGES, and refuse with 404.
_LINKS: Final = (
    "/statement/",
    "/report/",
    "/question/",
    "/report-to/",
    "/verify/",
    "/badge/",
    "/certificate/",
    "/shared/",
)
_PATHS: Final = (
    *("/graphql", "/scim/", "/oauth/", "/sign-in", "/mail-link", "/join", "/session/", "/exports/"),
    *_LINKS,
)
_PAGES: Final = ("/sign-in/", "/mail-link", "/join")  # they open by a secret in the address, and refuse with 403
_PROVING: Final = ("/graphql", "/scim/")  # nobody is answered there before they are known
_SOCKET_REFUSED: Final = 4403

# How many seconds an address has to wait, having failed once more; None if it has not failed too often.
Fail = Callable[[str], Awaitable[str | None]]


class Strangers:
    """Once an address has failed too often it is refused for the rest of the minute, before anything is looked up; but
    for credentials that were let in lately: people behind the address of one office are not locked out by others there.

    `proxies`: how many in front of Tend are ours, and each adds where a request came to it from to X-Forwarded-For.
    What stands there before is the client's own word and counts for nothing.
    """

    def __init__(self, app: ASGIApp, *, fail: Fail, now: Callable[[], float], proxies: int) -> None:
        self._app, self._fail, self._now, self._proxies = app, fail, now, proxies
        self._refused_until: OrderedDict[str, float] = OrderedDict()
        self._welcome: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address, shown = address_of(scope, headers, proxies=self._proxies), _shown(headers)
        wait = self._refused_until.get(address, 0.0) - self._now()
        if wait > 0 and shown not in self._welcome:
            await _refusal(scope, str(int(wait) + 1))(scope, receive, send)
            return
        answered: Message = {}

        async def noted(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.close"):
                answered.update(message)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if _is_failure(scope, answered, is_shown=shown is not None):
                self._welcome.pop(shown or b"", None)
                await self._count(address)
            elif shown is not None and scope["path"].startswith(_PROVING) and answered.get("status", 500) < 400:
                _keep(self._welcome, shown, None)

    async def _count(self, address: str) -> None:
        wait = await self._fail(address)
        if wait is not None:
            _keep(self._refused_until, address, self._now() + int(wait))


def address_of(scope: Scope, headers: Headers, *, proxies: int) -> str:
    """Where somebody comes from; of IPv6 the network: whoever has one address has all of it."""
    came = [part.strip() for line in headers.getlist("x-forwarded-for") for part in line.split(",")]
    socket = scope["client"][0] if scope.get("client") else ""
    chain = [*came, socket]
    text = chain[max(0, len(chain) - 1 - proxies)]
    try:
        address = ipaddress.ip_address(_without_port(text))
    except ValueError:
        return socket
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def _without_port(text: str) -> str:
    """Some proxies write `198.51.100.7:4711` and `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _shown(headers: Headers) -> bytes | None:
    shown = f"{headers.get('authorization', '')}\n{headers.get('cookie', '')}"
    return hashlib.sha256(shown.encode()).digest() if shown != "\n" else None


def _is_failure(scope: Scope, answered: Message, *, is_shown: bool) -> bool:
    """An answer that nobody was known, where something was shown that could have been somebody's; and each mail that is
    asked for, since nobody may learn from this count whose address is known here."""
    path, status = scope["path"], answered.get("status")
    if scope["type"] == "websocket":
        return answered.get("code") == _SOCKET_REFUSED
    if path == "/sign-in":
        return bool(scope["method"] == "POST")
    if path.startswith(_PAGES):
        return bool(status == 403)
    if path.startswith(_LINKS):
        return bool(status == 404 or (status == 403 and path.startswith("/shared/")))  # a wrong password
    return bool(status == 401) and (is_shown or path.startswith("/oauth/"))


def _refusal(scope: Scope, seconds: str) -> Any:
    """In the form of what was asked."""
    if scope["type"] == "websocket":
        return _close
    said = f"Too many failed attempts come from your address. Try again in {seconds} s."
    headers = {"Retry-After": seconds, "Cache-Control": "no-store"}
    path = scope["path"]
    body: dict[str, Any] | None = None
    if path == "/graphql":
        extensions = {"code": "RATE_LIMITED", "retryAfter": int(seconds)}
        body = {"errors": [{"message": said, "extensions": extensions}]}
    elif path.startswith("/scim/"):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "429", "detail": said}
    elif path.startswith("/oauth/"):
        body = {"error": "temporarily_unavailable", "error_description": said}
    response: Response = PlainTextResponse(said, 429, headers) if body is None else JSONResponse(body, 429, headers)
    return response


async def _close(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": _SOCKET_REFUSED})


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)
