"""Where the links lead that members are sent: whoever has one reads what was decided, appeals and answers, without an
account. Nothing on these pages needs a script."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import moderation, reporting
from backend.kit.errors import Invalid, Refusal
from backend.kit.ids import parse_published
from backend.statements import LinkKind, day_of, sections
from backend.web.reading_forms import read_form
from backend.web.showing import page
from tenants.presenting import is_from_here
from tenants.tokens import hash_of

# Each can be of use once, and people correct themselves a few times; ours.
FORMS_PER_LINK: Final = 10
FORMS_WITHIN: Final = timedelta(minutes=10)
_LARGEST_FORM: Final = 12 * moderation.LONGEST_LETTER + 1_000  # bytes: %-encoded, a character takes up to twelve
_WORDS: Final = {
    language: json.loads((Path(__file__).parent / "pages" / f"words.{language}.json").read_text())
    for language in ("en", "de")
}


@dataclass(frozen=True, slots=True)
class HearingMembers:
    """`wait_of_link`: how many seconds a link has to rest, where too many forms came by it; None otherwise."""

    wait_of_link: Callable[[str], Awaitable[str | None]]

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"/{kind}/{{token}}", partial(handler, kind), methods=[method])
            for kind in get_args(LinkKind)
            for method, handler in (("GET", self.show), ("POST", self.hear))
        ]

    async def show(self, kind: LinkKind, request: Request) -> Response:
        """Changes nothing: programs that look into messages open links as well."""
        token = request.path_params["token"]
        found = await moderation.correspondence_behind(kind, token)
        if found is not None:
            return _page(kind, found)
        notice = await reporting.notice_behind(token) if kind == "report" else None
        return _nothing() if notice is None else _page_of_notice(notice)

    async def hear(self, kind: LinkKind, request: Request) -> Response:
        token = request.path_params["token"]
        found = await moderation.correspondence_behind(kind, token)
        if found is None:
            return _nothing()
        if not is_from_here(request.headers):
            return _page(kind, found, problem="elsewhere", status=403)
        wait = await self.wait_of_link(
            hash_of(token).hex()
        )  # not the token: nothing that opens something lies in Redis
        if wait is not None:
            response = _page(kind, found, problem="too_many", status=429)
            response.headers["Retry-After"] = wait
            return response
        form: dict[str, str] = {}
        try:
            form = await read_form(request, largest=_LARGEST_FORM)
            await _take(kind, token, form)
        except Invalid:
            return _page(kind, found, problem="unfit", status=400, form=form)
        except Refusal:  # somebody was faster, or the page was old
            now = await moderation.correspondence_behind(kind, token)
            return _nothing() if now is None else _page(kind, now, problem="changed", status=409)
        return RedirectResponse(request.url.path, 303, headers={"Referrer-Policy": "no-referrer"})


async def _take(kind: LinkKind, token: str, form: dict[str, str]) -> None:
    """Raises Refusal."""
    question = parse_published(form.get("question", ""))
    text = form.get("text", "").replace("\r\n", "\n")  # a form sends two characters where the person saw one
    if question is None:
        await moderation.appeal_behind(kind, token, text=text)
    else:
        await moderation.answer_behind(kind, token, question[1], answer=text)


def _page(
    kind: LinkKind,
    found: moderation.Correspondence,
    *,
    problem: str | None = None,
    status: int = 200,
    form: dict[str, str] | None = None,
) -> Response:
    """`form`: what was sent and not taken stays to be mended."""
    return page(
        kind,
        status=status,
        it=found,
        sections=() if found.statement is None else sections(found.statement.text),
        words=_WORDS[found.language],
        day=partial(_day, found.language),
        problem=problem,
        form=form or {},
        longest=moderation.LONGEST_LETTER,
    )


def _page_of_notice(notice: reporting.NoticeShown) -> Response:
    """Before it is a report, and where it never becomes one of its own."""
    day = partial(_day, notice.language)
    return page("notice_shown", it=notice, words=_WORDS[notice.language], day=day)


def _day(language: str, moment: Any) -> str:
    return day_of(moment, language)


def _nothing() -> Response:
    return page("nothing", status=404)
