"""One span for each request over HTTP, below the one that its `traceparent` names.

Neither its address nor who asks is in it: addresses hold links that sign people in. The route stands for the address.
"""

from typing import Final

from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kit import spans

GRAPHQL: Final = "/graphql"  # names itself, once it knows what is asked
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


class Traced:
    """Around everything, where spans are made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "HTTP"
        facts = {
            "http.request.method": method if method in _METHODS else "_OTHER",
            "network.protocol.version": scope["http_version"],
            "url.scheme": scope["scheme"],
        }

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                spans.describe({"http.response.status_code": message["status"]})
                if message["status"] >= 500:
                    spans.fail()
            await send(message)

        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        within = spans.continued(given[0].decode("latin-1") if len(given) == 1 else None)
        name = f"{method} {GRAPHQL}" if scope["path"] == GRAPHQL else method
        with spans.span(name, spans.SpanKind.SERVER, facts, within=within):
            try:
                await self._app(scope, receive, noted)
            finally:
                route = _route(scope)
                spans.describe({"http.route": route})
                if route is not None and route != GRAPHQL:
                    spans.rename(f"{method} {route}")


def _route(scope: Scope) -> str | None:
    """As it is written in the code; None where nothing is."""
    found = scope.get("route")
    if found is None:
        return None
    above: str = scope.get("root_path", "")
    return above if isinstance(found, Mount) else f"{above}{found.path}"
