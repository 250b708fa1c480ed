"""Published transparency reports, for everybody; and files of statements, by a link that the API has handed out."""

from collections import defaultdict
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from backend.filing import open_batch, page_behind, part_behind
from backend.kit.ids import parse_published
from backend.web.showing import page

_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


async def show_reports(request: Request) -> Response:
    """`GET /transparency/<token>`: every version that was published about a service, with what has changed."""
    found = await page_behind(request.path_params["token"])
    if found is None:
        return page("nothing", status=404)
    by_period: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for each in found.reports:
        by_period[each.report.period_start, each.report.period_end].append(each)
    response = page("transparency", it=found, periods=by_period.items(), path=request.url.path)
    del response.headers["X-Robots-Tag"]  # these are to be found
    return response


async def download_part(request: Request) -> Response:
    """`GET /transparency/<token>/<report>/part_<number>.csv`."""
    parsed = parse_published(request.path_params["report"])
    found = None
    if parsed is not None and parsed[0] == "transparencyreport":
        found = await part_behind(request.path_params["token"], parsed[1], request.path_params["part"])
    if found is None:
        return page("nothing", status=404)
    return Response(
        found.content.encode(),
        media_type="text/csv; charset=utf-8",
        headers={**_HEADERS, "Content-Disposition": f'attachment; filename="Part_{found.part}_{found.name}.csv"'},
    )


async def download_batch(request: Request) -> Response:
    """`GET /filings/<batch>?token=...`. The same answer for a link that is too old, was made up, or belongs to somebody
    who may not have the file any more."""
    parsed = parse_published(request.path_params["id"])
    found = None
    if parsed is not None and parsed[0] == "filingbatch":
        found = await open_batch(parsed[1], request.query_params.get("token", ""))
    if found is None:
        return PlainTextResponse("This link opens nothing (any more): ask for a new one.", status_code=404)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={**_HEADERS, "Content-Disposition": f'attachment; filename="{found.name}"'},
    )
