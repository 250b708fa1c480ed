"""A community's page for reports: published by the client, for people without an account."""

import base64
import ipaddress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from backend import journal
from backend.communities import Community
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.outside import NoInstallationKey, public_address, sign
from backend.policies import Policy
from backend.reporting.models import ReportPage, TrustedFlagger
from backend.reporting.thresholds import MOST_ORIGINS
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of

_DOOR: Final = "report_page"


@dataclass(frozen=True, slots=True)
class PageShown:
    """What whoever has the page's address may know. `policies`: the client's, by id and title."""

    agency_id: UUID
    workspace_id: UUID
    page_id: UUID
    community_id: UUID
    community: str
    client: str
    language: str
    allows_anonymous: bool
    flagger: str | None
    origins: tuple[str, ...]
    policies: tuple[tuple[UUID, str], ...]


async def open_report_page(
    actor: Actor,
    community_id: UUID,
    *,
    allows_anonymous: bool,
    origins: list[str],
    trusted_flagger_id: UUID | None = None,
) -> UUID:
    """The page's id. One that is open takes what is said now. `origins`: sites that may show it within their own pages.

    Raises NotAllowed, NotFound, Invalid, and Conflict where the installation has no key to make addresses with.
    """
    actor.must_hold(Right.LEAD_QUEUE)
    community = await Community.get_or_none(id=community_id)
    if community is None:
        raise NotFound(path=("input", "communityId"))
    if trusted_flagger_id is not None and not await TrustedFlagger.exists(
        id=trusted_flagger_id, workspace_id=community.workspace_id
    ):
        raise NotFound(path=("input", "trustedFlaggerId"))
    kept = sorted({_origin(origin) for origin in origins})
    if len(kept) > MOST_ORIGINS:
        raise Invalid(f"At most {MOST_ORIGINS} sites.", path=("input", "origins"))
    # NO KEY: posts and members of the community go on being written.
    await Community.filter(id=community.id, workspace_id=community.workspace_id).select_for_update(no_key=True).get()
    page = await ReportPage.get_or_none(
        community_id=community.id,
        workspace_id=community.workspace_id,
        trusted_flagger_id=trusted_flagger_id,
        closed_at=None,
    )
    page_id = new_id() if page is None else page.id
    said: dict[str, Any] = {"allows_anonymous": allows_anonymous, "origins": kept, "url": await _address(page_id)}
    if page is None:
        await ReportPage.create(
            id=page_id,
            workspace_id=community.workspace_id,
            community_id=community.id,
            trusted_flagger_id=trusted_flagger_id,
            opened_by_id=actor.membership_id,
            **said,
        )
    else:
        await ReportPage.filter(id=page_id, workspace_id=page.workspace_id).update(version=page.version + 1, **said)
    await _record("opened", community, page_id, origins=kept, anonymous=allows_anonymous)
    return page_id


async def close_report_page(actor: Actor, page_id: UUID) -> None:
    """Its address leads nowhere from now on; what was handed in stays. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    page = await ReportPage.filter(id=page_id).select_for_update().get_or_none()
    if page is None:
        raise NotFound(path=("input", "pageId"))
    if page.closed_at is not None:
        raise Conflict("This page is closed.", path=("input", "pageId"))
    await ReportPage.filter(id=page.id, workspace_id=page.workspace_id).update(
        closed_at=now(), version=page.version + 1
    )
    community = await Community.get(id=page.community_id, workspace_id=page.workspace_id)
    await _record("closed", community, page.id)


async def page_behind(token: str) -> PageShown | None:
    """None for an address that was made up, a page that is closed, a client that is. Call outside any scope."""
    found = await target_of(_DOOR, token)
    if found is None:
        return None
    agency_id, page_id = found
    async with agency_scope(system(agency_id), read_only=True):
        page = await ReportPage.get_or_none(id=page_id, closed_at=None)
        if page is None:
            return None
        workspace = await Workspace.get(id=page.workspace_id)
        if workspace.deletes_at is not None:
            return None
        community = await Community.get(id=page.community_id, workspace_id=page.workspace_id)
        flagger = await TrustedFlagger.get_or_none(id=page.trusted_flagger_id, workspace_id=page.workspace_id)
        policies = Policy.filter(workspace_id=page.workspace_id, archived_at=None).order_by("title", "id")
        return PageShown(
            agency_id=agency_id,
            workspace_id=page.workspace_id,
            page_id=page.id,
            community_id=community.id,
            community=community.name,
            client=workspace.brand_name or workspace.name,
            language=community.language,
            allows_anonymous=page.allows_anonymous,
            flagger=None if flagger is None else flagger.entity,
            origins=tuple(page.origins),
            policies=tuple([(policy.id, policy.title) for policy in await policies]),
        )


async def _address(page_id: UUID) -> str:
    """The same as long as the installation's key is. Raises Conflict."""
    scope = current()
    agency_id = scope.actor.agency_id
    try:
        signature = sign(agency_id.bytes + page_id.bytes, purpose=_DOOR)
    except NoInstallationKey:
        raise Conflict("Without TEND_INSTALLATION_KEY there are no addresses for pages.") from None
    token = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    await scope.execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4) on conflict do nothing",
        _DOOR,
        hash_of(token),
        agency_id,
        page_id,
    )
    return f"{public_address()}/report-to/{token}"


def _origin(text: str) -> str:
    """As browsers write it: a header is made of it, so nothing else may be in it. Raises Invalid."""
    wrong = Invalid("A site is given as https://forum.example, without a path.", path=("input", "origins"))
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if (
        parts.scheme != "https"
        or parts.path
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or not _is_name(host)
    ):
        raise wrong
    return f"https://{host}" + ("" if port in (None, 443) else f":{port}")


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        parts = host.split(".")
        return len(parts) >= 2 and all(
            part.isascii() and part.replace("-", "").isalnum() and not part.startswith("-") for part in parts
        )
    return False


async def _record(verb: str, community: Community, page_id: UUID, **detail: Any) -> None:
    await journal.record(
        f"report_page.{verb}",
        subject_kind="community",
        subject_id=community.id,
        workspace_id=community.workspace_id,
        page=str(page_id),
        **detail,
    )
