"""Reading a report: signed in, or by a link; and who has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend.client_reports.composing import compose
from backend.client_reports.hiding import Sight, seen
from backend.client_reports.models import (
    ClientReport,
    ClientReportLink,
    ClientReportSnapshot,
    ClientReportView,
)
from backend.client_reports.moving import PUBLISHED
from backend.client_reports.sharing import DOOR, is_password
from backend.client_reports.thresholds import FORGIVEN, TRIES, TRIES_WITHIN
from backend.kit.clock import now
from backend.kit.errors import Refusal
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import agency_scope, current

_DRAFTS = frozenset({"draft", "in_review"})  # what a lead may look at


class WrongPassword(Refusal):
    code = "WRONG_PASSWORD"


class TooManyTries(Refusal):
    code = "TOO_MANY_TRIES"


@dataclass(frozen=True, slots=True)
class Shown:
    """A report as somebody sees it. `later`: the version that has taken its place; `earlier`: the one it corrects."""

    report: ClientReport
    document: Mapping[str, Any]
    sight: Sight
    earlier: UUID | None = None
    later: UUID | None = None

    @property
    def is_draft(self) -> bool:
        return self.report.state not in PUBLISHED


@dataclass(frozen=True, slots=True)
class Listed:
    id: UUID
    workspace_id: UUID
    name: str
    language: str
    kind: str
    start: date
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class SharedLink:
    """What stands behind a code that opens something now."""

    agency_id: UUID
    link_id: UUID
    language: str
    has_password: bool
    mark: str  # of the password: what was passed before it was changed, or another link's, opens nothing


async def document_of(actor: Actor, report_id: UUID) -> Shown | None:
    """None for one that is not there for this actor: drafts are for who leads. Call in the actor's scope."""
    if not actor.holds(Right.READ_WORKSPACE):
        return None
    report = await ClientReport.get_or_none(id=report_id)
    if report is None:
        return None
    if report.state in PUBLISHED:
        return await _shown(report, Sight())
    if report.state in _DRAFTS and actor.holds(Right.LEAD_QUEUE):
        return Shown(report, seen(await compose(report), Sight()), Sight())
    return None


async def clients_of(actor: Actor) -> dict[UUID, str]:
    """Names of those whose reports the actor may read. Call in the actor's scope."""
    if not actor.holds(Right.READ_WORKSPACE):
        return {}
    return {row.id: row.name for row in await Workspace.filter(deleted_at=None)}


async def reports_of(actor: Actor, workspaces: Collection[UUID], *, most: int = 200) -> Sequence[Listed]:
    """Of these clients, the latest first; drafts for who leads. Call in the actor's scope."""
    states = [*PUBLISHED, *(_DRAFTS if actor.holds(Right.LEAD_QUEUE) else ())]
    rows = ClientReport.filter(state__in=states, workspace_id__in=list(workspaces))
    return [
        Listed(
            row.id, row.workspace_id, row.definition["name"], row.definition["language"], row.definition["period"],
            date.fromisoformat(row.period_start), row.version, row.state,
        )
        for row in await rows.order_by("-period_start", "-version", "-id").limit(most)
    ]  # fmt: skip


async def note_view(shown: Shown, form: str, *, link_id: UUID | None = None) -> None:
    """One line in the log for a reader and a form within FORGIVEN; none for drafts, and none for machines. Call in a scope
    that may write."""
    reader = None if link_id is not None else current().actor.membership_id
    if shown.is_draft or (reader is None and link_id is None):
        return
    report = shown.report
    seen_before = ClientReportView.filter(workspace_id=report.workspace_id, report_id=report.id, form=form)
    seen_lately = seen_before.filter(link_id=link_id, membership_id=reader, at__gt=now() - FORGIVEN)
    if not await seen_lately.exists():
        await ClientReportView.create(
            workspace_id=report.workspace_id, report_id=report.id, form=form, link_id=link_id, membership_id=reader
        )


async def link_behind(code: str) -> SharedLink | None:
    """None for a code that opens nothing (any more). Call outside any scope."""
    found = await target_of(DOOR, code)
    if found is None:
        return None
    agency_id, link_id = found
    async with agency_scope(system(agency_id), read_only=True):
        link = await _open_link(link_id)
    if link is None:
        await _note_refusal(agency_id, link_id, "late_visit_count")
        return None
    async with agency_scope(system(agency_id), read_only=True):
        report = await ClientReport.get(id=link.report_id, workspace_id=link.workspace_id)
        return SharedLink(
            agency_id,
            link.id,
            report.definition["language"],
            link.password_hash is not None,
            (link.password_hash or "")[:32],
        )


async def try_password(link: SharedLink, password: str) -> None:
    """Each try is counted before it is made: whoever tries many at once has no more of them. Call outside any scope. Raises
    WrongPassword, TooManyTries."""
    actor = system(link.agency_id)
    async with agency_scope(actor) as scope:
        row = await scope.fetchrow(
            """update client_report_links
                  set tries = case when tries_since > now() - $3::interval then tries + 1 else 1 end,
                      tries_since = case when tries_since > now() - $3::interval then tries_since else now() end
                where agency_id = $1 and id = $2 and revoked_at is null and expires_at > now()
                returning tries, password_hash""",
            link.agency_id,
            link.link_id,
            TRIES_WITHIN,
        )
    if row is None or row["password_hash"] is None:
        raise WrongPassword("This is not the password.")
    if row["tries"] > TRIES:
        await _note_refusal(link.agency_id, link.link_id, "wrong_password_count")
        raise TooManyTries("That was wrong too often.")
    if not await is_password(password, row["password_hash"]):
        await _note_refusal(link.agency_id, link.link_id, "wrong_password_count")
        raise WrongPassword("This is not the password.")
    async with agency_scope(actor) as scope:
        await scope.execute(
            "update client_report_links set tries = 0, tries_since = null where agency_id = $1 and id = $2",
            link.agency_id,
            link.link_id,
        )


async def document_behind(link: SharedLink, form: str) -> Shown | None:
    """As the link shows it, and noted in its log; None where it has just been taken back. Call outside any scope, and for a
    link with a password once it was given."""
    async with agency_scope(system(link.agency_id)):
        row = await _open_link(link.link_id)
        if row is None:
            return None
        report = await ClientReport.get(id=row.report_id, workspace_id=row.workspace_id)
        shown = await _shown(report, Sight(row.shows_staff, row.shows_words, tuple(row.hidden_sections)))
        if shown is not None:
            await note_view(shown, form, link_id=row.id)
        return shown


async def _note_refusal(agency_id: UUID, link_id: UUID, count: str) -> None:
    """`count`: the column of how often."""
    async with agency_scope(system(agency_id)) as scope:
        await scope.execute(
            f"""update client_report_links set {count} = {count} + 1, last_refused_at = now()
                 where agency_id = $1 and id = $2""",
            agency_id,
            link_id,
        )


async def _open_link(link_id: UUID) -> ClientReportLink | None:
    link = await ClientReportLink.get_or_none(id=link_id)
    if link is None or link.revoked_at is not None or link.expires_at <= now():
        return None
    workspace = await Workspace.get_or_none(id=link.workspace_id)
    return link if workspace is not None and workspace.deletes_at is None else None


async def _shown(report: ClientReport, sight: Sight) -> Shown | None:
    snapshot = await ClientReportSnapshot.get_or_none(report_id=report.id, workspace_id=report.workspace_id)
    if snapshot is None:
        return None
    later = await ClientReport.get_or_none(
        corrects_id=report.id, workspace_id=report.workspace_id, published_at__not_isnull=True
    )
    return Shown(report, seen(snapshot.document, sight), sight, report.corrects_id, None if later is None else later.id)
