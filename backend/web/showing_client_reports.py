"""Reports that stakeholders read: signed in, and by links that somebody of the agency made."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import client_reports
from backend.kit.errors import Invalid
from backend.kit.ids import parse_published
from backend.outside import open_from_browser, seal_for_browser
from backend.web.cookies import Cookies
from backend.web.reading_forms import read_form
from backend.web.showing import asked_for_in, page
from tenants.actor import Actor
from tenants.admitting import admit
from tenants.doors import Caller, knock
from tenants.entering import NotAdmitted
from tenants.presenting import is_from_here
from tenants.scope import NoLongerAdmitted, agency_scope
from tenants.tokens import hash_of

_STYLE: Final = Path(__file__).parent / "pages" / "reports.css"
_CACHED: Final = {"Cache-Control": "public, max-age=300"}
_COLOUR: Final = re.compile(r"[0-9a-f]{6}")
_PASSED: Final = "tend_shared"  # a cookie: this browser has given the password
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_WORDS: Final = {language: client_reports.Wording(language).words for language in client_reports.LANGUAGES}


@dataclass(frozen=True, slots=True)
class ShowingClientReports:
    cookies: Cookies

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/pages/reports.css", _style),
            Route("/pages/brand-{colour}.css", _brand),
            Route("/client-reports", self.list, methods=["GET"]),
            Route("/client-reports/{id}", self.show, methods=["GET"]),
            Route("/client-reports/{id}/file", _open_file, methods=["GET"]),
            Route("/client-reports/{id}/report.{form}", self.download, methods=["GET"]),
            Route("/shared/{code}", self.show_shared, methods=["GET"]),
            Route("/shared/{code}", self.take_password, methods=["POST"]),
            Route("/shared/{code}/report.{form}", self.download_shared, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """Of all clients of the person, or of the one that is chosen."""
        caller = await self._caller(request)
        if caller is None:
            return _sign_in(request)
        clients = await self._clients(request, caller)
        chosen = request.query_params.get("client")
        chosen = chosen if chosen in clients else None
        language = asked_for_in(request, _WORDS)
        by_client: dict[str, list[dict[str, Any]]] = defaultdict(list)
        async for actor in self._actors(request, caller):
            wanted = [id for id in clients if chosen in (None, id)]
            for each in await _reports(actor, wanted):
                by_client[clients[f"workspace_{each.workspace_id}"]].append(_line(each, _WORDS[language]["list"]))
        return page(
            "client_reports",
            language=language,
            words=_WORDS[language],
            clients=_by_name(clients),
            chosen=chosen,
            by_client=sorted(by_client.items()),
        )

    async def show(self, request: Request) -> Response:
        caller = await self._caller(request)
        if caller is None:
            return _sign_in(request)
        async with self._found(request, caller, "page") as shown:
            if shown is None:
                return _gone(request)
        clients = _by_name(await self._clients(request, caller))
        client_id = f"workspace_{shown.report.workspace_id}"
        return _report_page(shown, path=request.url.path, clients=clients, client_id=client_id)

    async def download(self, request: Request) -> Response:
        form, caller = request.path_params["form"], await self._caller(request)
        if caller is None:
            return _sign_in(request)
        if form not in client_reports.FORMS:
            return _gone(request)
        async with self._found(request, caller, form) as shown:
            return _gone(request) if shown is None else _file(await client_reports.file_of(shown, form))

    async def show_shared(self, request: Request) -> Response:
        link = await client_reports.link_behind(request.path_params["code"])
        if link is None:
            return _gone(request)
        if not self._has_passed(request, link):
            return _ask_password(link)
        shown = await client_reports.document_behind(link, "page")
        return _gone(request) if shown is None else _report_page(shown, path=request.url.path)

    async def take_password(self, request: Request) -> Response:
        link = await client_reports.link_behind(request.path_params["code"])
        if link is None:
            return _gone(request)
        if not is_from_here(request.headers):
            return _ask_password(link, problem="elsewhere", status=403)
        try:
            await client_reports.try_password(link, (await read_form(request)).get("password", ""))
        except client_reports.TooManyTries:
            return _ask_password(link, problem="too_many", status=429)
        except (client_reports.WrongPassword, Invalid):
            return _ask_password(link, problem="wrong", status=403)
        response = RedirectResponse(request.url.path, status_code=303, headers=_HEADERS)
        kept = seal_for_browser(
            {"link": str(link.link_id), "mark": link.mark}, purpose=_PASSED, seconds=client_reports.PASSED_FOR
        )
        self.cookies.keep(response, self._cookie(link), kept, seconds=client_reports.PASSED_FOR)
        return response

    async def download_shared(self, request: Request) -> Response:
        form, link = request.path_params["form"], await client_reports.link_behind(request.path_params["code"])
        if link is None or form not in client_reports.FORMS:
            return _gone(request)
        if not self._has_passed(request, link):
            return RedirectResponse(request.url.path.rpartition("/")[0], status_code=303, headers=_HEADERS)
        shown = await client_reports.document_behind(link, form)
        return _gone(request) if shown is None else _file(await client_reports.file_of(shown, form))

    def _has_passed(self, request: Request, link: client_reports.SharedLink) -> bool:
        if not link.has_password:
            return True
        kept = open_from_browser(request.cookies.get(self._cookie(link), ""), purpose=_PASSED)
        return kept == {"link": str(link.link_id), "mark": link.mark}

    def _cookie(self, link: client_reports.SharedLink) -> str:
        """One for each link: a browser reads several."""
        return self.cookies.named(f"{_PASSED}_{hash_of(str(link.link_id)).hex()[:12]}")

    async def _caller(self, request: Request) -> Caller | None:
        token = self.cookies.session_of(request)
        caller = await knock(token) if token else None
        return caller if caller is not None and caller.person_id is not None else None

    async def _actors(self, request: Request, caller: Caller) -> AsyncIterator[Actor]:
        """As whom the person may read, agency by agency."""
        token = self.cookies.session_of(request)
        assert token is not None
        for entrance in caller.entrances:
            try:
                _, actor = await admit(token, agency=entrance.slug, workspace=None)
            except NotAdmitted:
                continue
            if actor is not None:
                yield actor

    @asynccontextmanager
    async def _found(self, request: Request, caller: Caller, form: str) -> AsyncIterator[client_reports.Shown | None]:
        """The report in the address, in the scope of whoever reads it, and noted; None for one that is not theirs."""
        parsed = parse_published(request.path_params["id"])
        if parsed is not None and parsed[0] == "clientreport":
            async for actor in self._actors(request, caller):
                try:
                    async with agency_scope(actor):
                        shown = await client_reports.document_of(actor, parsed[1])
                        if shown is not None:
                            await client_reports.note_view(shown, form)
                            yield shown
                            return
                except NoLongerAdmitted:
                    continue
        yield None

    async def _clients(self, request: Request, caller: Caller) -> dict[str, str]:
        """Of all agencies of the person, by id."""
        found: dict[str, str] = {}
        async for actor in self._actors(request, caller):
            with suppress(NoLongerAdmitted):
                async with agency_scope(actor, read_only=True):
                    found |= {f"workspace_{id}": name for id, name in (await client_reports.clients_of(actor)).items()}
        return found


async def _reports(actor: Actor, clients: Sequence[str]) -> Sequence[client_reports.Listed]:
    try:
        async with agency_scope(actor, read_only=True):
            return await client_reports.reports_of(actor, [UUID(id.removeprefix("workspace_")) for id in clients])
    except NoLongerAdmitted:
        return ()


def _by_name(clients: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(clients.items(), key=lambda client: client[1].casefold())


def _report_page(
    shown: client_reports.Shown,
    *,
    path: str,
    clients: Sequence[tuple[str, str]] | None = None,
    client_id: str | None = None,
) -> Response:
    """Without `clients` it is read by a link, which leads to no other report."""

    def link_to(report_id: UUID | None) -> str | None:
        return None if clients is None or report_id is None else f"/client-reports/clientreport_{report_id}"

    colour = shown.document["colour"]
    return page(
        "client_report",
        has_pictures=True,
        it=client_reports.present(shown.document),
        colour=None if colour is None else colour.removeprefix("#"),
        logo=shown.document["logo"],
        path=path,
        clients=clients,
        client_id=client_id,
        is_draft=shown.is_draft,
        later=shown.later,
        later_link=link_to(shown.later),
        earlier_link=link_to(shown.earlier),
    )


def _line(each: client_reports.Listed, words: Mapping[str, str]) -> dict[str, Any]:
    notes = [words["version"].format(version=each.version)] if each.version > 1 else []
    notes += [words["superseded"]] if each.state == "superseded" else []
    notes += [words["draft"]] if each.state in ("draft", "in_review") else []
    period = client_reports.Wording(each.language).period(each.kind, each.start.isoformat())
    return {"id": each.id, "name": each.name, "period": period, "notes": notes}


async def _open_file(request: Request) -> Response:
    """`GET /client-reports/<id>/file?token=...`: by a link that the API has handed out."""
    parsed = parse_published(request.path_params["id"])
    found = None
    if parsed is not None and parsed[0] == "clientreport":
        found = await client_reports.open_client_report_file(parsed[1], request.query_params.get("token", ""))
    if found is None:
        return _gone(request)
    return _file(found)


def _file(found: client_reports.ReportFile) -> Response:
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)


def _ask_password(link: client_reports.SharedLink, *, problem: str | None = None, status: int = 200) -> Response:
    return page(
        "shared_report", status=status, language=link.language, words=_WORDS[link.language]["link"], problem=problem
    )


def _gone(request: Request) -> Response:
    """The same for what was never there: in the reader's language, since nothing says which one it had."""
    language = asked_for_in(request, _WORDS)
    return page("shared_gone", status=404, language=language, words=_WORDS[language]["link"])


def _sign_in(request: Request) -> Response:
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", status_code=303)


async def _style(_request: Request) -> Response:
    return Response(_STYLE.read_text(), media_type="text/css", headers=_CACHED)


async def _brand(request: Request) -> Response:
    """A colour, and nothing else: pages have no style of their own."""
    colour = request.path_params["colour"]
    if not _COLOUR.fullmatch(colour):
        return PlainTextResponse("", status_code=404)
    return Response(f":root {{ --brand: #{colour}; }}\n", media_type="text/css", headers=_CACHED)
