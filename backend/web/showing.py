"""Pages for people who have no frontend yet: signing in, joining, the demo."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_PAGES: Final = Path(__file__).parent / "pages"
_templates: Final = Environment(
    loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
# Forms may end at an agency's provider, so they may lead to any site; nothing else of another site is here.
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors {}"
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY.format("'none'"),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",  # addresses that open something stand in no search engine
    "Cache-Control": "no-store",
}


def page(
    name: str, *, status: int = 200, shown_within: Sequence[str] = (), has_pictures: bool = False, **values: Any
) -> HTMLResponse:
    """`name` of a file in `pages/`, without its ending. `shown_within`: sites whose pages may frame it. `has_pictures`:
    pictures stand in the page itself; none comes from anywhere else."""
    headers = dict(_HEADERS)
    if shown_within:
        sites = " ".join(shown_within)
        headers["Content-Security-Policy"] = _POLICY.format(f"'self' {sites}")
    if has_pictures:
        headers["Content-Security-Policy"] += "; img-src data:"
    return HTMLResponse(_templates.get_template(f"{name}.html").render(values), status, headers=headers)


def asked_for_in(request: Request, spoken: Collection[str]) -> str:
    """The first language that is `spoken` here, in the order the browser names them; else English."""
    for part in request.headers.get("accept-language", "").split(","):
        language = part.partition(";")[0].strip().lower()[:2]
        if language in spoken:
            return language
    return "en"


async def page_style(_request: Request) -> Response:
    return Response(
        (_PAGES / "style.css").read_text(), media_type="text/css", headers={"Cache-Control": "public, max-age=300"}
    )
