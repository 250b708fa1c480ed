"""Where the links lead by which members show evidence: without an account, without a script; and badges, for anybody."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import verification
from backend.kit.errors import Invalid, Refusal
from backend.outside import Mail, MessageDelayed, MessageRefused, send_mail
from backend.statements import day_of
from backend.web.reading_forms import USUAL_FORM, read_form
from backend.web.reading_uploads import is_upload, read_upload
from backend.web.showing import page
from tenants.presenting import is_from_here
from tenants.tokens import hash_of

log = structlog.get_logger()
_WORDS: Final = {
    language: json.loads((Path(__file__).parent / "pages" / f"verify.{language}.json").read_text())
    for language in ("en", "de")
}


@dataclass(frozen=True, slots=True)
class VerifyingMembers:
    """`wait_of_link`: how many seconds a link has to rest, where too many forms came by it; None otherwise."""

    wait_of_link: Callable[[str], Awaitable[str | None]]

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/verify/{token}", self.show, methods=["GET"]),
            Route("/verify/{token}", self.take, methods=["POST"]),
            Route("/badge/{token}", show_badge, methods=["GET"]),
            Route("/receipts/{token}", download_receipt, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        found = await verification.open_page(request.path_params["token"])
        return page("nothing", status=404) if found is None else _page(found)

    async def take(self, request: Request) -> Response:
        token = request.path_params["token"]
        found = await verification.open_page(token)
        if found is None:
            return page("nothing", status=404)
        if not is_from_here(request.headers):
            return _page(found, problem="elsewhere", status=403)
        wait = await self.wait_of_link(hash_of(token).hex())
        if wait is not None:
            response = _page(found, problem="too_many", status=429)
            response.headers["Retry-After"] = wait
            return response
        try:
            shown = await _take(token, request)
        except Invalid as refusal:
            return _page(found, problem="unfit", why=refusal.message, status=400)
        except Refusal:
            now = await verification.open_page(token)
            return page("nothing", status=404) if now is None else _page(now, problem="changed", status=409)
        task = None if shown.letter is None else BackgroundTask(_mail, shown.letter)
        return RedirectResponse(request.url.path, 303, headers={"Referrer-Policy": "no-referrer"}, background=task)


async def show_badge(request: Request) -> Response:
    """For pages of others: whatever it says is so now, and no name is in it."""
    badge = await verification.open_badge(request.path_params["token"])
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if badge is None:
        return JSONResponse({"error": "not_found"}, 404, headers)
    told = {
        "claim": badge.claim,
        "community": badge.community,
        "isVerified": badge.is_verified,
        "verifiedAt": None if badge.verified_at is None else badge.verified_at.isoformat(),
        "validUntil": None if badge.valid_until is None else badge.valid_until.isoformat(),
    }
    return JSONResponse(told, headers=headers)


async def download_receipt(request: Request) -> Response:
    """For staff, by a link that the API has handed out. Never shown in the page of this site: it came from a stranger."""
    found = await verification.open_receipt(request.path_params["token"])
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    if found is None:
        return PlainTextResponse("This link opens nothing (any more): ask for a new one.", 404, headers)
    headers |= {
        "Content-Disposition": f'attachment; filename="receipt.{found.content_type.rpartition("/")[2]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(found.data, media_type=found.content_type, headers=headers)


async def _take(token: str, request: Request) -> verification.Shown:
    """Raises Refusal."""
    if is_upload(request):
        data = await read_upload(request, field="file", largest=verification.LARGEST_RECEIPT)
        return await verification.show_receipt(token, data=data)
    form = await read_form(request, largest=USUAL_FORM)
    kind = form.get("kind", "")
    if kind == "booking":
        return await verification.show_booking(
            token, reference=form.get("reference", ""), contact=form.get("contact", "")
        )
    if kind == "site_code":
        return await verification.show_site_code(token, code=form.get("code", ""))
    if kind == "mail_domain":
        return await verification.ask_for_mail(token, address=form.get("address", ""))
    if kind == "mailed_code":
        return await verification.show_mailed_code(token, code=form.get("code", ""))
    if kind == "link":
        return await verification.show_link(token, url=form.get("url", ""))
    raise Invalid("This form cannot be read.")


async def _mail(letter: verification.Letter) -> None:
    """Once the answer has gone: whoever gets none asks again, and the address was kept nowhere."""
    words = _WORDS[letter.language]
    try:
        await send_mail(Mail(to=letter.to, subject=words["subject"], text=words["letter"].format(code=letter.code)))
    except (MessageRefused, MessageDelayed) as problem:
        log.warning("verification.code_not_mailed", why=type(problem).__name__)


def _page(found: verification.Opened, *, problem: str | None = None, why: str = "", status: int = 200) -> Response:
    return page(
        "verify",
        status=status,
        it=found,
        words=_WORDS[found.language],
        day=partial(_day, found.language),
        problem=problem,
        why=why,
    )


def _day(language: str, moment: Any) -> str:
    return day_of(moment, language)
