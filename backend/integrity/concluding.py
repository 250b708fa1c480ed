"""The end of an investigation: what was found, and whoever waits for it is told."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.acting import can_order, order_action
from backend.communities import Community, Member
from backend.integrity.models import Investigation, InvestigationSubject
from backend.integrity.opening import note_entry, open_one
from backend.integrity.thresholds import REPORTERS_TOLD
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.notices import Recipient, tell
from backend.statements import names_one_of, worded
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

SAID: Final = {
    "confirmed": "What we looked into was confirmed.",
    "unfounded": "What we looked into was not confirmed.",
    "inconclusive": "What we looked into could not be decided.",
}


async def conclude(
    actor: Actor,
    investigation_id: UUID,
    *,
    outcome: str,
    finding: str,
    client_summary: str = "",
    expected_version: int | None = None,
) -> UUID:
    """`finding` is for colleagues. With a `client_summary` the client's own people are told and read it; members who reported
    one of its cases hear what came of it. Raises NotAllowed, NotFound, Conflict, and Invalid also for a summary that names
    one of the members it is about."""
    actor.must_hold(Right.LEAD_QUEUE)
    finding = clean(finding, field="finding", longest=20_000)
    client_summary = clean(client_summary, field="clientSummary", longest=5_000, may_be_empty=True)
    investigation = await open_one(investigation_id)
    if expected_version is not None and investigation.version != expected_version:
        raise Conflict("The investigation has changed since you read it.", path=("input", "expectedVersion"))
    if names_one_of(client_summary, await _names(investigation)):
        raise Invalid("The client reads this: it names a member it is about.", path=("input", "clientSummary"))
    investigation.state, investigation.outcome, investigation.finding = "concluded", outcome, finding
    investigation.client_summary = client_summary or None
    investigation.concluded_at, investigation.concluded_by_id = now(), actor.membership_id
    investigation.version += 1
    await investigation.save()
    await note_entry(actor, investigation, "concluded", outcome)
    await journal.record(
        "investigation.concluded",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        outcome=outcome,
    )
    if client_summary:
        await _tell_client(investigation)
    await _tell_reporters(investigation)
    return investigation.id


async def reopen(actor: Actor, investigation_id: UUID, *, reason: str) -> UUID:
    """Something new came up; what was found is not shown to the client until it is concluded again. Raises NotAllowed,
    NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    reason = clean(reason, field="reason", longest=2_000)
    investigation = await Investigation.filter(id=investigation_id).select_for_update().get_or_none()
    if investigation is None:
        raise NotFound(path=("input", "investigationId"))
    if investigation.state == "open":
        raise Conflict("This investigation is open.", path=("input", "investigationId"))
    investigation.state, investigation.outcome = "open", None
    investigation.concluded_at = investigation.concluded_by_id = None
    investigation.version += 1
    await investigation.save()
    await note_entry(actor, investigation, "reopened", reason)
    await journal.record(
        "investigation.reopened",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
    )
    return investigation.id


async def _names(investigation: Investigation) -> list[str]:
    async with current().past_restrictions():  # the client reads it, whoever writes it
        rows = await current().fetch(
            """select distinct m.handle from investigation_subjects s
                 left join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = s.post_id
                 left join cases k on k.agency_id = $1 and k.workspace_id = $2 and k.id = s.case_id
                 join members m on m.agency_id = $1 and m.workspace_id = $2
                  and m.id in (s.member_id, p.member_id, k.member_id)
                where s.agency_id = $1 and s.workspace_id = $2 and s.investigation_id = $3""",
            current().actor.agency_id,
            investigation.workspace_id,
            investigation.id,
        )
    return [row["handle"] for row in rows]


async def _tell_client(investigation: Investigation) -> None:
    rows = await current().fetch(
        """select m.id from memberships m join assignments a on a.agency_id = $1 and a.membership_id = m.id
            where m.agency_id = $1 and a.workspace_id = $2 and m.role in ('stakeholder', 'client_contributor')""",
        current().actor.agency_id,
        investigation.workspace_id,
    )
    assert investigation.outcome is not None
    await tell(
        [Recipient(membership_id=row["id"]) for row in rows],
        kind="investigation_concluded",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        text=SAID[investigation.outcome],
        occasion=str(investigation.version),
        facts={"outcome": investigation.outcome},
    )


async def _tell_reporters(investigation: Investigation) -> None:
    """Members, where they are and in their language: that it was looked into, and what came of it."""
    for report in await _reports(investigation):
        if not await can_order(investigation.workspace_id, "tell_member", member_id=report["member_id"]):
            continue
        member = await Member.get(id=report["member_id"], workspace_id=investigation.workspace_id)
        community = await Community.get(id=member.community_id, workspace_id=investigation.workspace_id)
        said = {
            "outcome": investigation.outcome,
            "community": community.name,
            "reported_at": report["created_at"],
        }
        await order_action(
            workspace_id=investigation.workspace_id,
            case_id=report["case_id"],
            post_id=None,
            member_id=member.id,
            kind="tell_member",
            message=worded(f"{community.language}/investigated.txt", community.language, said),
        )


async def _reports(investigation: Investigation) -> Sequence[Any]:
    """The first of each member who is no subject: who is looked into hears nothing."""
    subjects = await InvestigationSubject.filter(
        investigation_id=investigation.id, workspace_id=investigation.workspace_id
    )
    found: Sequence[Any] = await current().fetch(
        """select distinct on (r.member_id) r.member_id, r.case_id, r.created_at from reports r
             join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = r.member_id and m.erased_at is null
            where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = any($3) and not r.member_id = any($4)
            order by r.member_id, r.created_at limit $5""",
        current().actor.agency_id,
        investigation.workspace_id,
        [each.case_id for each in subjects if each.case_id is not None],
        [each.member_id for each in subjects if each.member_id is not None],
        REPORTERS_TOLD,
    )
    return found
