"""Requests are counted and timed, and `/metrics` shows it to whoever has the installation's token for it."""

import time
from collections.abc import Sequence
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.measuring import REQUEST_SECONDS, REQUESTS, shown
from tenants.presenting import bearer_of


class Measured:
    """Around everything, so that what other middleware answers counts as well. Counted by the first part of a path of
    `routes`; whatever else somebody makes up is counted together."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._places = {_first(getattr(route, "path", "")) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            first = _first(scope["path"])
            place = first if first in self._places else "other"
            REQUESTS.labels(place, str(status) if status else "left").inc()
            REQUEST_SECONDS.labels(place).observe(time.perf_counter() - began)


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""


class Metrics:
    """`token` is None where nobody may look: then there is no such page."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def show(self, request: Request) -> Response:
        given = bearer_of(request.headers)
        if self._token is None or given is None or not compare_digest(given.encode(), self._token.encode()):
            return PlainTextResponse("Not Found", status_code=404)
        text, media_type = shown()
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
