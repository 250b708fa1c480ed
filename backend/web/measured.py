"""Requests are counted and timed, and `/metrics` shows it to whoever has the installation's token for it."""

import time
from hmac import compare_digest
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.measuring import REQUEST_SECONDS, REQUESTS, shown

# The first part of a path; whatever else somebody makes up is counted together.
_PLACES: Final = frozenset(
    {
        *(
            "graphql",
            "scim",
            "oauth",
            "sign-in",
            "mail-link",
            "join",
            "signed-in",
            "session",
            "sign-out",
            "exports",
            "in",
        ),
        *("docs", "schema.graphql", "health", "pages", "metrics", "demo", "dev", ".well-known"),
    }
)


class Measured:
    """Around everything, so that what other middleware answers counts as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
            place = first if first in _PLACES else "other"
            REQUESTS.labels(place, str(status) if status else "left").inc()
            REQUEST_SECONDS.labels(place).observe(time.perf_counter() - began)


class Metrics:
    """`token` is None where nobody may look: then there is no such page."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def show(self, request: Request) -> Response:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if (
            self._token is None
            or kind.lower() != "bearer"
            or not compare_digest(given.strip().encode(), self._token.encode())
        ):
            return PlainTextResponse("Not Found", status_code=404)
        text, media_type = shown()
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
