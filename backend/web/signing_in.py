"""Signing in and out with a browser: by mail, with an agency's provider, by invitation; and as anybody in the demo."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import people
from backend.kit.errors import Invalid, Refusal
from backend.outside import MessageDelayed, MessageRefused, open_from_browser, public_address, seal_for_browser
from backend.web.cookies import Cookies, local_path
from backend.web.reading_forms import read_form
from backend.web.showing import asked_for_in, page, page_style
from backend.web.speaking import WORDS, refused_page, speaking_page, words_for
from tenants.belonging import own_memberships, own_name
from tenants.doors import Caller, knock, person_with
from tenants.presenting import bearer_of, is_from_here
from tenants.provisioning import is_slug
from tenants.rights import CLIENT_ROLES
from tenants.sessions import open_session, renew_session, revoke_session

log = structlog.get_logger()

SIGNED_IN: Final = "/signed-in"
PROVIDER_SECONDS: Final = 600  # to sign in at the provider
_BROWSER: Final = "tend_browser"
_ATTEMPT: Final = "tend_sign_in"

Handler = Callable[["SigningIn", Request], Awaitable[Response]]


def _told_plainly(handler: Handler) -> Handler:
    """A refusal is a page for the person."""

    @wraps(handler)
    async def answer(self: "SigningIn", request: Request) -> Response:
        try:
            return await handler(self, request)
        except Refusal as refusal:
            return refused_page(request, "refused", refusal.message)

    return answer


@dataclass(frozen=True, slots=True)
class SigningIn:
    """`wait_of_attempt` is None the first time it is asked about an attempt to sign in. `demo_people`: whom anybody may be, by name, in a demo; None everywhere else. In `development` the page of a
    signed-in person leads to GraphiQL, and an address may carry a token."""

    cookies: Cookies
    wait_of_attempt: Callable[[str], Awaitable[str | None]]
    development: bool = False
    demo_people: Callable[[], Mapping[str, Mapping[str, Any]]] | None = None

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = [
            Route("/pages/style.css", page_style),
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.send_link, methods=["POST"]),
            Route("/sign-in/{agency}", self.ask_provider, methods=["GET"]),
            Route("/sign-in/{agency}/callback", self.hear_provider, methods=["GET"]),
            Route("/mail-link", self.use_link, methods=["GET"]),
            Route("/join", self.show_invitation, methods=["GET"]),
            Route("/join", self.join, methods=["POST"]),
            Route(SIGNED_IN, self.signed_in, methods=["GET"]),
            Route("/session/renew", self.renew, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]
        if self.demo_people is not None:
            found += [
                Route("/demo", self.show_demo, methods=["GET"]),
                Route("/demo", self.be_somebody, methods=["POST"]),
            ]
        if self.development:
            found.append(Route("/dev/sign-in", self.take_token, methods=["GET"]))
        return found

    async def show(self, request: Request) -> Response:
        agency, wanted = request.query_params.get("agency", "").strip().lower(), request.query_params.get("next")
        if agency and is_slug(agency):
            query = f"?{urlencode({'next': wanted})}" if wanted else ""
            return RedirectResponse(f"/sign-in/{agency}{query}", status_code=303)
        problem = words_for(request)["short_name"] if agency else None
        return self._sign_in_page(request, problem, status=400 if agency else 200)

    @_told_plainly
    async def send_link(self, request: Request) -> Response:
        """The same answer, as fast, whoever is known here."""
        form = await read_form(request)
        if not is_from_here(request.headers):
            return self._sign_in_page(request, words_for(request)["from_here"], status=403)
        try:
            email = people.address(form.get("email", ""))
        except Invalid as refusal:
            return self._sign_in_page(request, refusal.message, status=400)
        browser = request.cookies.get(self.cookies.named(_BROWSER)) or secrets.token_urlsafe(32)
        response = speaking_page(request, "mailed", email=email)
        response.background = BackgroundTask(_mail, email, browser, asked_for_in(request, WORDS))
        self.cookies.keep(
            response, self.cookies.named(_BROWSER), browser, seconds=int(people.BROWSERS_REMEMBERED.total_seconds())
        )
        return response

    @_told_plainly
    async def use_link(self, request: Request) -> Response:
        browser = request.cookies.get(self.cookies.named(_BROWSER), "")
        person_id = await people.use_link(request.query_params.get("token", ""), browser=browser)
        if person_id is None:
            return refused_page(request, "dead", words_for(request)["dead_since"])
        return await self._signed_in(request, await open_session(person_id, method="mail", device=_device(request)))

    @_told_plainly
    async def ask_provider(self, request: Request) -> Response:
        slug = request.path_params["agency"]
        found = await people.provider_called(slug) if is_slug(slug) else None
        if found is None:
            return self._sign_in_page(request, words_for(request)["no_provider"], status=404)
        _name, provider = found
        asked = await people.ask(provider, redirect_uri=_callback(slug))
        wanted = local_path(request.query_params.get("next"), otherwise=SIGNED_IN)
        kept = seal_for_browser(
            {"state": asked.state, "nonce": asked.nonce, "verifier": asked.verifier, "agency": slug, "next": wanted},
            purpose=_ATTEMPT,
            seconds=PROVIDER_SECONDS,
        )
        response = RedirectResponse(asked.url, status_code=303, headers={"Referrer-Policy": "no-referrer"})
        self.cookies.keep(response, self.cookies.named(_ATTEMPT), kept, seconds=PROVIDER_SECONDS)
        return response

    @_told_plainly
    async def hear_provider(self, request: Request) -> Response:
        slug = request.path_params["agency"]
        kept = open_from_browser(request.cookies.get(self.cookies.named(_ATTEMPT), ""), purpose=_ATTEMPT)
        found = await people.provider_called(slug) if is_slug(slug) else None
        if kept is None or kept["agency"] != slug or found is None:
            raise people.SignInFailed("This attempt to sign in has ended, or began in another browser.")
        _name, provider = found
        asked = people.Asked("", kept["state"], kept["nonce"], kept["verifier"])
        answer = dict(request.query_params)
        if len(answer) != len(request.query_params.multi_items()):
            raise people.SignInFailed("The provider says the same thing twice.")  # RFC 6749, 3.1
        # Once, and before the provider is asked: whoever has a cookie could have the agency's secret sent for ever.
        if answer.get("state") == kept["state"] and await self.wait_of_attempt(kept["state"]) is not None:
            raise people.SignInFailed("This attempt to sign in was used before. Please start again.")
        told = await people.hear(provider, asked, answer, redirect_uri=_callback(slug))
        token = await people.arrive(provider, told, device=_device(request))
        response = await self._signed_in(request, token, to=kept["next"])
        self.cookies.drop(response, self.cookies.named(_ATTEMPT))
        return response

    @_told_plainly
    async def show_invitation(self, request: Request) -> Response:
        return await self._invitation_page(request, request.query_params.get("token", ""), problem=None)

    @_told_plainly
    async def join(self, request: Request) -> Response:
        token = (await read_form(request)).get("token", "")
        if not is_from_here(request.headers):
            return await self._invitation_page(request, token, problem=words_for(request)["from_here"], status=403)
        session = self.cookies.session_of(request)
        caller = await _person(session)
        try:
            fresh = await people.accept(
                token, caller=caller, session=session if caller is not None else None, device=_device(request)
            )
        except people.AnotherAddress as refusal:
            return await self._invitation_page(request, token, problem=refusal.message, status=403)
        return await self._signed_in(request, fresh)

    async def signed_in(self, request: Request) -> Response:
        caller = await _person(self.cookies.session_of(request))
        if caller is None:
            return RedirectResponse("/sign-in", status_code=303)
        memberships = await own_memberships(caller)
        if memberships and all(membership.role in CLIENT_ROLES for membership in memberships):
            return RedirectResponse("/client-reports", status_code=303)  # what they are here for
        return page(
            "signed_in",
            person=own_name(caller, memberships),
            email=caller.person_email,
            memberships=memberships,
            has_graphiql=self.development,
        )

    async def renew(self, request: Request) -> Response:
        """The same session under a new token, in the way the old one came: a header or a cookie."""
        bearer = bearer_of(request.headers)
        if bearer is not None:
            fresh = await renew_session(bearer)
            return JSONResponse({"token": fresh}, headers=_KEEP_NOWHERE) if fresh is not None else _unauthenticated()
        old = self.cookies.session_of(request) if is_from_here(request.headers) else None
        fresh = None if old is None else await renew_session(old)
        if fresh is None:
            return _unauthenticated()
        response = Response(status_code=204, headers=_KEEP_NOWHERE)
        self.cookies.keep_session(response, fresh)
        return response

    async def sign_out(self, request: Request) -> Response:
        bearer = bearer_of(request.headers)
        if bearer is not None:
            await revoke_session(bearer)
            return Response(status_code=204)
        response = RedirectResponse("/sign-in", status_code=303)
        token = self.cookies.session_of(request)
        if token is not None and is_from_here(request.headers):
            await revoke_session(token)
            self.cookies.drop(response, self.cookies.session)
        return response

    async def show_demo(self, _request: Request) -> Response:
        assert self.demo_people is not None
        return page("demo", people=self.demo_people())

    @_told_plainly
    async def be_somebody(self, request: Request) -> Response:
        assert self.demo_people is not None
        who = (await read_form(request)).get("who", "")
        somebody = self.demo_people().get(who)
        person_id = None if somebody is None else await person_with(somebody["email"])
        if person_id is None or not is_from_here(request.headers):
            return speaking_page(
                request, "refused", status=403, headline="Nobody", problem="The demo has no such person."
            )
        return await self._signed_in(request, await open_session(person_id, method="demo", device=_device(request)))

    async def take_token(self, request: Request) -> Response:
        """A token in the address becomes a cookie, and the browser goes on to GraphiQL."""
        token = request.query_params.get("token", "")
        if await _person(token) is None:
            return speaking_page(request, "refused", status=401, headline="No such token", problem="It may have ended.")
        response = RedirectResponse("/graphql", status_code=303, headers={"Referrer-Policy": "no-referrer"})
        self.cookies.keep_session(response, token)
        return response

    async def _signed_in(self, request: Request, token: str, *, to: str = SIGNED_IN) -> Response:
        """Under a new token, whatever the browser had before: that one opens nothing any more."""
        before = self.cookies.session_of(request)
        if before is not None:
            await revoke_session(before)
        response = RedirectResponse(to, status_code=303, headers={"Referrer-Policy": "no-referrer", **_KEEP_NOWHERE})
        self.cookies.keep_session(response, token)
        return response

    async def _invitation_page(
        self, request: Request, token: str, *, problem: str | None, status: int = 200
    ) -> Response:
        opened = await people.invitation(token)
        return speaking_page(
            request,
            "join",
            status=status,
            agency=opened.agency_name,
            email=opened.email,
            token=token,
            problem=problem,
            provider_slug=opened.agency_slug if opened.needs_provider else None,
        )

    def _sign_in_page(self, request: Request, problem: str | None, *, status: int = 200) -> Response:
        wanted = local_path(request.query_params.get("next"), otherwise=SIGNED_IN)
        return speaking_page(
            request, "sign_in", status=status, problem=problem, next=wanted, has_demo=self.demo_people is not None
        )


_KEEP_NOWHERE: Final = {"Cache-Control": "no-store"}


def _unauthenticated() -> Response:
    return JSONResponse({"code": "UNAUTHENTICATED"}, 401, headers={"WWW-Authenticate": "Bearer", **_KEEP_NOWHERE})


async def _person(token: str | None) -> Caller | None:
    caller = await knock(token) if token else None
    return caller if caller is not None and caller.person_id is not None else None


async def _mail(email: str, browser: str, language: str) -> None:
    try:
        await people.mail_link(email, browser=browser, language=language)
    except (MessageRefused, MessageDelayed) as problem:
        log.warning("sign_in.not_mailed", problem=str(problem))  # nobody waits for it; they ask again


def _callback(slug: str) -> str:
    """One address for each provider, so that none can answer for another."""
    return f"{public_address()}/sign-in/{slug}/callback"


def _device(request: Request) -> str:
    return "".join(c for c in request.headers.get("user-agent", "") if c.isprintable())
