"""Files of exports, by a link that the API has handed out: `GET /exports/<id>?token=...`."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from backend.kit.ids import parse_published
from backend.leaving import open_export


async def download_export(request: Request) -> Response:
    """The same answer for a link that is too old, was made up, or belongs to somebody who may not have the file any
    more."""
    parsed = parse_published(request.path_params["id"])
    found = None
    if parsed is not None and parsed[0] == "export":
        found = await open_export(parsed[1], request.query_params.get("token", ""))
    if found is None:
        return PlainTextResponse("This link opens nothing (any more): ask for a new one.", status_code=404)
    headers = {
        "Content-Length": str(found.byte_count),
        "Content-Disposition": f'attachment; filename="{found.name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Encoding": "identity",  # what is packed is not packed again
    }
    return StreamingResponse(found.chunks, media_type=found.media_type, headers=headers)
