"""What frontend teams read without a token: the schema's text, and the pages of `graphql_schema/docs`."""

import re
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from graphql_schema import needing_attention, reading_metrics
from graphql_schema.error_codes import status_of
from graphql_schema.permissions import fields_table, roles_table
from graphql_schema.projection import declaring, pricing
from graphql_schema.schema import COMMITTED, schema
from graphql_schema.transport import (
    admitting,
    asking,
    documents,
    endpoint,
    event_streams,
    executing,
    rates,
    sizing,
    sockets,
    trusting,
)

DOCS: Final = Path(__file__).parent.parent / "docs"
PAGES: Final = (
    *(
        "start",
        "signing_in",
        "workspaces",
        "people",
        "rights",
        "directory",
        "leaving",
        "intake",
        "moderation",
        "acting",
        "statements",
        "appeals",
        "reporting",
        "filing",
        "safety",
        "education",
        "stories",
        "rules",
        "investigations",
        "verification",
        "customers",
        "client_metrics",
        "client_reports",
        "webhooks",
        "notices",
    ),
    *("pages", "errors", "limits"),
    *("mutations", "subscriptions", "uploads", "documents", "changes"),
)
# `{{pricing.COUNT_PRICE}}` in a page is the value of that constant: no page knows a number that the code knows better.
_KNOWN: Final = (
    *(declaring, pricing, admitting, asking, documents, endpoint, event_streams),
    *(executing, sizing, rates, sockets, trusting, reading_metrics, needing_attention),
)
_CODES_TABLE: Final = "error codes"
_USER_CODES_TABLE: Final = "user error codes"
_ROLES_TABLE: Final = "roles and rights"
_FIELDS_TABLE: Final = "fields and rights"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=300",
}


async def schema_text(_request: Request) -> Response:
    """For code generators."""
    return Response(COMMITTED.read_text(), media_type="application/graphql; charset=utf-8")


async def docs_page(request: Request) -> Response:
    name = request.path_params.get("page") or PAGES[0]
    if name not in PAGES:
        return HTMLResponse(_missing(), status_code=404, headers=_HEADERS)
    return HTMLResponse(_page(name), headers=_HEADERS)


async def docs_style(_request: Request) -> Response:
    return Response((DOCS / "style.css").read_text(), media_type="text/css", headers=_HEADERS)


def markdown_of(page: str) -> str:
    """Its text, with the values of the code where it names them."""
    return re.sub(r"\{\{([\w. ]+)\}\}", lambda found: _fact(found[1]), (DOCS / f"{page}.md").read_text())


@cache
def _page(name: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _code)
    markdown.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens = markdown.parse(markdown_of(name))
    for token, inline in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and token.tag != "h1" and inline is not None:
            token.attrs["id"] = _anchor(inline.content)
            link = Token("link_open", "a", 1, attrs={"href": f"#{_anchor(inline.content)}"})
            inline.children = [link, *(inline.children or ()), Token("link_close", "a", -1)]
        elif token.type == "th_open":
            token.attrs["scope"] = "col"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrs["href"] = _address(str(child.attrs["href"]))
    return _framed(_titles()[name], markdown.renderer.render(tokens, markdown.options, {}), current=name)


@cache
def _missing() -> str:
    title = "There is no such page"
    return _framed(title, f"<h1>{title}</h1><p>Those that there are stand in the list.</p>", current=None)


def _framed(title: str, content: str, *, current: str | None) -> str:
    here = ' aria-current="page"'
    links = "\n".join(
        f'<li><a href="{_address(f"{page}.md")}"{here if page == current else ""}>{escape(text)}</a></li>'
        for page, text in _titles().items()
    )
    return Template((DOCS / "page.html").read_text()).substitute(title=escape(title), links=links, content=content)


@cache
def _titles() -> dict[str, str]:
    """A page begins with `# Title`."""
    return {page: (DOCS / f"{page}.md").read_text().partition("\n")[0].removeprefix("# ") for page in PAGES}


def _address(link: str) -> str:
    """Pages link to each other's files, so that the links work in the repository too."""
    return re.sub(r"^(\w+)\.md(?=#|$)", r"/docs/\1", link)


def _anchor(heading: str) -> str:
    """As the repository's host makes them."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _code(_renderer: Any, tokens: list[Token], index: int, _options: Any, _environment: Any) -> str:
    """What stands beside the language (`answer`, `error=CODE`) is shown above the code."""
    language, _, note = tokens[index].info.partition(" ")
    noted = f' data-note="{escape(note)}"' if note else ""
    code = f'<code class="language-{escape(language)}">{escape(tokens[index].content)}</code>'
    return f'<pre tabindex="0"{noted}>{code}</pre>\n'


def _fact(name: str) -> str:
    """Raises AttributeError for a name that nothing has."""
    if name == _CODES_TABLE:
        return _table("ErrorCode", ("application/graphql-response+json", "application/json"))
    if name == _USER_CODES_TABLE:
        return _table("UserErrorCode", ())
    if name == _ROLES_TABLE:
        return roles_table()
    if name == _FIELDS_TABLE:
        return fields_table(schema._schema)
    module_name, _, constant = name.partition(".")
    module = next((each for each in _KNOWN if each.__name__.endswith(f".{module_name}")), None)
    return f"{getattr(module, constant):,.15g}"


def _table(enum: str, media_types: tuple[str, ...]) -> str:
    """Of the codes of an enum, with the statuses of a request that ends with them."""
    rows = [["Code", *(f"`{each}`" for each in media_types), "Meaning"], ["---"] * (len(media_types) + 2)]
    values: Any = schema._schema.type_map[enum]
    for code, value in values.values.items():
        statuses = [str(status_of(code, is_plain_json=each == "application/json")) for each in media_types]
        rows.append([f"`{code}`", *statuses, value.description])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
