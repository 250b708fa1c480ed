"""The page on which anybody reports what happens in a community: no account, no script, no captcha. At `/embedded` it may be
shown within the pages of sites that a lead named."""

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backend import reporting
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import parse_published
from backend.outside import public_address
from backend.safety import KINDS as DANGERS
from backend.web.reading_forms import read_form
from backend.web.showing import page
from backend.web.strangers import address_of
from tenants.doors import target_of
from tenants.presenting import is_from_here
from tenants.tokens import hash_of

# Per page; per address it is a setting. Source: none; a wave of members is some hundred.
FORMS_PER_PAGE: Final = 300
REPORTS_WITHIN: Final = timedelta(minutes=10)
_LARGEST_FORM: Final = 12 * (reporting.LONGEST_LOCATION + reporting.LONGEST_REASON + 1_000) + 2_000  # bytes, %-encoded
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,100}")
_WORDS: Final = {
    language: json.loads((Path(__file__).parent / "pages" / f"reporting.{language}.json").read_text())
    for language in ("en", "de")
}
_FIELDS: Final = ("kind", "location", "reason", "topic", "name", "email", "child", "faith", "danger", "danger_kind")
# What the domain calls the fields of the form.
_OF_PATH: Final = {"isInGoodFaith": "faith", "policyId": "topic", "taxonomyCode": "topic"}


@dataclass(frozen=True, slots=True)
class HearingReporters:
    """`wait_of_address`, `wait_of_page`: how many seconds an address or a page has to rest; None for not at all. `proxies`:
    how many in front of Tend are ours."""

    wait_of_address: Callable[[str], Awaitable[str | None]]
    wait_of_page: Callable[[str], Awaitable[str | None]]
    proxies: int

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = []
        for ending in ("", "/embedded"):
            found += [
                Route(f"/report-to/{{token}}{ending}", self.show, methods=["GET"]),
                Route(f"/report-to/{{token}}{ending}", self.hear, methods=["POST"]),
                Route(f"/report-to/{{token}}{ending}/thanks", self.thank, methods=["GET"]),
                Route(f"/report-to/{{token}}{ending}/thanks/{{link}}", self.thank, methods=["GET"]),
            ]
        return found

    async def show(self, request: Request) -> Response:
        found = await reporting.page_behind(request.path_params["token"])
        return _nothing() if found is None else _form(request, found)

    async def hear(self, request: Request) -> Response:
        found = await reporting.page_behind(request.path_params["token"])
        if found is None:
            return _nothing()
        if not is_from_here(request.headers):
            return _form(request, found, problem="elsewhere", status=403)
        address = address_of(request.scope, request.headers, proxies=self.proxies)
        wait = await self.wait_of_address(hash_of(address).hex()) or await self.wait_of_page(str(found.page_id))
        if wait is not None:
            response = _form(request, found, problem="too_many", status=429)
            response.headers["Retry-After"] = wait
            return response
        try:
            form = await read_form(request, largest=_LARGEST_FORM)
        except Invalid:
            return _form(request, found, problems={"reason": "too_long"}, status=400)
        here = request.url.path.rstrip("/")
        if form.get("website"):  # no person sees this field; what filled it in is thanked and forgotten
            return _see_other(f"{here}/thanks", request, found)
        try:
            said = _said(form, language=_language(request, found), address=address)
            link = await reporting.hear_notice(found, said)
        except (Invalid, NotFound) as refusal:
            return _form(request, found, form=form, problems=_problem_of(refusal, form), status=400)
        except Conflict:  # somebody has just closed it
            return _nothing()
        return _see_other(f"{here}/thanks/{link.rpartition('/')[2]}", request, found)

    async def thank(self, request: Request) -> Response:
        """Changes nothing, and can be loaded again."""
        found = await reporting.page_behind(request.path_params["token"])
        if found is None:
            return _nothing()
        link = request.path_params.get("link")
        if link is not None and (not _TOKEN.fullmatch(link) or await target_of("report", link) is None):
            return _nothing()
        language = _language(request, found)
        return page(
            "report_thanks",
            shown_within=_sites(request, found),
            language=language,
            words=_WORDS[language],
            link=None if link is None else f"{public_address()}/report/{link}",
        )


def _said(form: Mapping[str, str], *, language: str, address: str) -> reporting.Said:
    """Raises Invalid."""
    topic = form.get("topic", "")
    policy = parse_published(topic)
    if form.get("kind") not in ("rules", "illegal"):
        raise Invalid("Choose one.", path=("input", "kind"))
    return reporting.Said(
        kind=form["kind"],
        # A form sends two characters where the person saw one.
        location=form.get("location", "").replace("\r\n", "\n"),
        reason=form.get("reason", "").replace("\r\n", "\n"),
        policy_id=policy[1] if policy is not None and policy[0] == "policy" else None,
        taxonomy_code=topic if topic and policy is None else None,
        name=form.get("name", ""),
        email=form.get("email", ""),
        is_in_good_faith=form.get("faith") == "yes",
        is_about_child_abuse=form.get("child") == "yes",
        danger=_danger(form),
        language=language,
        network=_block_of(address),
    )


def _danger(form: Mapping[str, str]) -> str | None:
    """Which one somebody is in; of another one where they do not say, or something that is none."""
    if form.get("danger") != "yes":
        return None
    kind = form.get("danger_kind", "")
    return kind if kind in DANGERS else "other"


def _block_of(address: str) -> str | None:
    """The block that an address is in: 256 of IPv4; of IPv6 it is one already."""
    try:
        return str(
            ipaddress.ip_network(
                f"{address}/24" if "/" not in address and ":" not in address else address, strict=False
            )
        )
    except ValueError:
        return None


def _problem_of(refusal: Invalid | NotFound, form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the field that it stands beside."""
    name = refusal.path[-1] if refusal.path else "reason"
    field = _OF_PATH.get(name, name)
    if isinstance(refusal, reporting.Missing):
        said = "missing"
    elif field == "kind":
        said = "choose"
    elif field == "topic":
        said = "gone"
    elif field == "email":
        said = "no_email"
    else:
        said = "too_long" if form.get(field, "").strip() else "missing"
    return {field if field in _FIELDS else "reason": said}


def _form(
    request: Request,
    found: reporting.PageShown,
    *,
    form: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """`form`: what was sent and not taken stays to be mended."""
    language = _language(request, found)
    return page(
        "report_to",
        status=status,
        shown_within=_sites(request, found),
        it=found,
        language=language,
        words=_WORDS[language],
        dangers=DANGERS,
        areas=[
            (code, german if language == "de" else english) for code, (_, english, german) in reporting.AREAS.items()
        ],
        form={name: (form or {}).get(name, "") for name in _FIELDS},
        problems=problems or {},
        problem=problem,
        longest_location=reporting.LONGEST_LOCATION,
        longest_reason=reporting.LONGEST_REASON,
        longest_name=reporting.LONGEST_NAME,
    )


def _language(request: Request, found: reporting.PageShown) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in _WORDS else found.language


def _sites(request: Request, found: reporting.PageShown) -> tuple[str, ...]:
    return found.origins if "/embedded" in request.url.path else ()


def _see_other(path: str, request: Request, found: reporting.PageShown) -> Response:
    where = f"{path}?lang={_language(request, found)}"
    return RedirectResponse(where, 303, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})


def _nothing() -> Response:
    return page("nothing", status=404)
