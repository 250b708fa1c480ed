"""Pictures of articles and lessons: sent by a link of the API, seen by readers and by whoever writes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backend import education
from backend.kit.errors import Invalid
from backend.kit.ids import published
from backend.web.reading_uploads import is_upload, read_upload
from tenants.tokens import hash_of

# Shown by pages of any site, since it is their readers who see them; run by none, whatever somebody would make of the bytes.
_HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Encoding": "identity",  # what is packed is not packed again
}
_KEPT_SECONDS: Final = 300  # by a browser, before it asks whether readers still have it


@dataclass(frozen=True, slots=True)
class ShowingPictures:
    """`wait_of_link`: how many seconds a link has to rest, where too much came by it; None otherwise."""

    wait_of_link: Callable[[str], Awaitable[str | None]]

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/pictures/upload/{token}", self.take, methods=["POST"]),
            Route("/pictures/link/{token}", show_to_writers, methods=["GET"]),
            Route("/pictures/{code}", show_to_readers, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        token = request.path_params["token"]
        wait = await self.wait_of_link(hash_of(token).hex())
        if wait is not None:
            return _refused("TOO_MANY", "Too much came by this link.", 429, {"Retry-After": wait})
        try:
            picture = await education.take_picture(token, partial(_file_in, request))
        except Invalid as refusal:
            return _refused("INVALID", refusal.message, 400)
        if picture is None:
            return _refused("NOT_FOUND", "This link takes nothing (any more): ask for a new one.", 404)
        told = {
            "id": published("picture", picture.id),
            "contentType": picture.content_type,
            "width": picture.width,
            "height": picture.height,
            "byteCount": picture.byte_count,
        }
        return JSONResponse(told, 201, {"Cache-Control": "no-store"})


async def show_to_readers(request: Request) -> Response:
    """The same answer for one that was made up, and for one that stands in nothing that readers have."""
    found = await education.picture_behind(request.path_params["code"])
    return await _shown(request, found, kept=f"private, max-age={_KEPT_SECONDS}")


async def show_to_writers(request: Request) -> Response:
    found = await education.picture_of_link(request.path_params["token"])
    return await _shown(request, found, kept="no-store")


async def _shown(request: Request, found: education.Shown | None, *, kept: str) -> Response:
    data = tag = None
    if found is not None:
        tag = f'"{found.sha256}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": kept})
        data = await found.data()
    if found is None or tag is None or data is None:
        return PlainTextResponse("There is no such picture (any more).", 404, {"Cache-Control": "no-store"})
    return Response(data, media_type=found.content_type, headers={**_HEADERS, "ETag": tag, "Cache-Control": kept})


async def _file_in(request: Request) -> bytes:
    """Raises Invalid."""
    if is_upload(request):
        return await read_upload(request, field="file", largest=education.LARGEST_PICTURE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > education.LARGEST_PICTURE:
            break  # it says how much is too much
    return bytes(body)


def _refused(code: str, message: str, status: int, more: dict[str, str] | None = None) -> Response:
    error = {"code": code, "message": message}
    return JSONResponse({"error": error}, status, {"Cache-Control": "no-store", **(more or {})})
