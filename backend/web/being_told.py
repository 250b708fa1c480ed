"""Where the links in messages lead: to a notice, and to an end of mails of its kind."""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import notices
from backend.kit.errors import NotAllowed
from backend.kit.ids import parse_published
from backend.web.cookies import Cookies
from backend.web.showing import page
from tenants.actor import Actor
from tenants.admitting import admit
from tenants.entering import NotAdmitted
from tenants.scope import NoLongerAdmitted, agency_scope


@dataclass(frozen=True, slots=True)
class BeingTold:
    cookies: Cookies

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/notices/unsubscribe", self.ask, methods=["GET"]),
            Route("/notices/unsubscribe", self.stop, methods=["POST"]),
            Route("/notices/{agency}/{id}", self.show, methods=["GET"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Changes nothing: programs that look into mails open links as well."""
        token = request.query_params.get("token", "")
        return page("unsubscribe", token=token) if notices.can_unsubscribe(token) else _refused()

    async def stop(self, request: Request) -> Response:
        """Needs no cookie and no page of ours before it: mail programs press the button themselves (RFC 8058)."""
        if not await notices.unsubscribe(request.query_params.get("token", "")):
            return _refused()
        return page("unsubscribed")

    async def show(self, request: Request) -> Response:
        parsed = parse_published(request.path_params["id"])
        actor = await self._actor(request)
        if actor is None:
            return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", status_code=303)
        notice = None
        if parsed is not None and parsed[0] == "notice":
            try:
                async with agency_scope(actor, read_only=True):
                    notice = await notices.own_notice(actor, parsed[1])
            except (NoLongerAdmitted, NotAllowed):
                notice = None
        if notice is None:
            problem = "It is not there, or not yours."
            return page("refused", status=404, headline="There is nothing to read", problem=problem)
        # Of what has a page of ours.
        link = f"/client-reports/clientreport_{notice.subject_id}" if notice.subject_kind == "clientreport" else None
        return page("notice", text=notice.text, at=notice.created_at, link=link)

    async def _actor(self, request: Request) -> Actor | None:
        token = self.cookies.session_of(request)
        if token is None:
            return None
        try:
            _, actor = await admit(token, agency=request.path_params["agency"], workspace=None)
        except NotAdmitted:
            return None
        return actor


def _refused() -> Response:
    problem = "The link is too old or not complete. Sign in, and say in your settings how you want to be told."
    return page("refused", status=403, headline="This link stops nothing", problem=problem)
