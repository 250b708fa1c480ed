"""Where the links lead by which members consent to a story, take it back, and answer to an introduction; and the page of a
story that may be told on one. Without an account, without a script."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import stories
from backend.kit.errors import Invalid, Refusal
from backend.statements import day_of
from backend.web.reading_forms import read_form
from backend.web.showing import page
from tenants.presenting import is_from_here
from tenants.tokens import hash_of

_WORDS: Final = {
    (kind, language): json.loads((Path(__file__).parent / "pages" / f"{kind}.{language}.json").read_text())
    for kind in ("consent", "introduction")
    for language in ("en", "de")
}
_OPEN: Final[dict[str, Callable[[str], Awaitable[Any]]]] = {
    "consent": stories.asked_behind,
    "introduction": stories.introduction_behind,
}


@dataclass(frozen=True, slots=True)
class TellingStories:
    """`wait_of_link`: how many seconds a link has to rest, where too many forms came by it; None otherwise."""

    wait_of_link: Callable[[str], Awaitable[str | None]]

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/story/{token}", show_story, methods=["GET"]),
            *(
                Route(f"/{kind}/{{token}}", partial(handler, kind), methods=[method])
                for kind in _OPEN
                for method, handler in (("GET", self.show), ("POST", self.hear))
            ),
        ]

    async def show(self, kind: str, request: Request) -> Response:
        """Changes nothing: programs that look into messages open links as well."""
        found = await _OPEN[kind](request.path_params["token"])
        return page("nothing", status=404) if found is None else _page(kind, found)

    async def hear(self, kind: str, request: Request) -> Response:
        token = request.path_params["token"]
        found = await _OPEN[kind](token)
        if found is None:
            return page("nothing", status=404)
        if not is_from_here(request.headers):
            return _page(kind, found, problem="elsewhere", status=403)
        wait = await self.wait_of_link(hash_of(token).hex())
        if wait is not None:
            response = _page(kind, found, problem="too_many", status=429)
            response.headers["Retry-After"] = wait
            return response
        try:
            form = await read_form(request)
            await (_consent if kind == "consent" else _answer)(token, form)
        except Invalid as refusal:
            return _page(kind, found, problem="unfit", why=refusal.message, status=400)
        except Refusal:  # somebody was faster, or the page was old
            now = await _OPEN[kind](token)
            return page("nothing", status=404) if now is None else _page(kind, now, problem="changed", status=409)
        return RedirectResponse(request.url.path, 303, headers={"Referrer-Policy": "no-referrer"})


async def show_story(request: Request) -> Response:
    """`GET /story/<token>`: what may be told there now, and otherwise what stands at an address that nobody has."""
    found = await stories.story_behind(request.path_params["token"])
    return page("nothing", status=404) if found is None else page("story", it=found)


async def _consent(token: str, form: dict[str, str]) -> None:
    """Raises Refusal."""
    if form.get("act") == "withdraw" and form.get("sure"):
        await stories.withdraw_behind(token)
        return
    version = form.get("version", "")
    if form.get("act") != "agree" or not (version.isascii() and version.isdigit() and len(version) < 9):
        raise Invalid("This form cannot be read.")
    await stories.consent_behind(
        token,
        version=int(version),
        uses=[use for use in stories.USES if form.get(f"use_{use}")],
        channels=[channel for channel in stories.CHANNELS if form.get(f"channel_{channel}")],
        expires_at=_end_of(form.get("until", "")),
    )


async def _answer(token: str, form: dict[str, str]) -> None:
    """Raises Refusal."""
    if form.get("act") not in ("accept", "decline"):
        raise Invalid("This form cannot be read.")
    await stories.answer_behind(token, accepts=form["act"] == "accept", contact=form.get("contact", ""))


def _end_of(day: str) -> datetime | None:
    """The last moment of a day in UTC. Raises Invalid."""
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid("This is no day.") from None


def _page(kind: str, found: Any, *, problem: str | None = None, why: str = "", status: int = 200) -> Response:
    return page(
        kind,
        status=status,
        it=found,
        words=_WORDS[kind, found.language],
        day=lambda moment: day_of(moment, found.language),
        problem=problem,
        why=why,
        uses=stories.USES,
        channels=stories.CHANNELS,
        longest=stories.LONGEST_CONTACT,
    )
