"""A decision is followed by what it means for those who handed in a notice, and for whoever it suspends."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.moderation import Case, Decision
from backend.outbox import enqueue
from backend.policies import PolicyVersion
from backend.reporting.models import MisuseMeasure
from backend.reporting.thresholds import COUNTED_WITHIN
from tenants.actor import Actor
from tenants.scope import current


async def follow_decision(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: stamp the notices that the decision answers, and promise their mails. Of a decision that is not in force any
    more nothing follows: another one took its place, with a job of its own."""
    decision = await Decision.get_or_none(id=UUID(payload["decision_id"]))
    if decision is None:
        return
    case = await Case.filter(id=decision.case_id, workspace_id=decision.workspace_id).select_for_update().get()
    if case.state != "closed" or case.decision_id != decision.id:
        return
    version = await PolicyVersion.get_or_none(id=decision.policy_version_id, workspace_id=case.workspace_id)
    is_illegal = version is not None and version.ground == "illegal"
    ground = None if version is None else "law" if is_illegal else "terms"
    for answered in await _stamp(case, decision, ground=ground):
        if answered["has_address"]:
            await enqueue(
                "mail_notifier",
                {
                    "notice_id": str(answered["id"]),
                    "about": "decided",
                    "decision_id": str(decision.id),
                    "is_again": answered["is_again"],
                },
                workspace_id=case.workspace_id,
            )
    if is_illegal and "suspend_member" in decision.actions:
        await _note_suspension(case, decision)


async def _stamp(case: Case, decision: Decision, *, ground: str | None) -> Sequence[Any]:
    """The first decision says when; the last one says what."""
    rows: Sequence[Any] = await current().fetch(
        """with answered as (
               select n.id, n.decision_id is not null as is_again from public_notices n
                where n.agency_id = $1 and n.workspace_id = $2 and n.post_id = $3 and n.state = 'attached'
                  and n.decision_id is distinct from $4
                  and exists (select from reports r where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = $5
                                 and r.reporter_key = n.reporter_key)
                  for update)
           update public_notices n
              set decision_id = $4, outcome = $6, ground = $7, implemented_at = null,
                  decided_at = coalesce(n.decided_at, greatest($8, n.attached_at))
             from answered a where n.agency_id = $1 and n.workspace_id = $2 and n.id = a.id
        returning n.id, a.is_again, n.email is not null as has_address""",
        current().actor.agency_id,
        case.workspace_id,
        case.post_id,
        decision.id,
        case.id,
        decision.outcome,
        ground,
        case.closed_at or decision.decided_at,
    )
    return rows


async def _note_suspension(case: Case, decision: Decision) -> None:
    """Article 23(1) of the DSA: for what was found illegal, with how much of it there was among what they wrote."""
    if await MisuseMeasure.exists(decision_id=decision.id, workspace_id=case.workspace_id):
        return
    scope, since = current(), now() - COUNTED_WITHIN
    row = await scope.fetchrow(
        """with found as (
               select distinct on (c.post_id) d.id, c.post_id from cases c
                 join decisions d on d.agency_id = $1 and d.workspace_id = $2 and d.id = c.decision_id
                 join policy_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.id = d.policy_version_id
                where c.agency_id = $1 and c.workspace_id = $2 and c.member_id = $3 and c.state = 'closed'
                  and c.kind = 'moderation' and d.outcome = 'violation' and d.decided_at >= $4 and v.ground = 'illegal')
           select array(select id::text from found order by id) as proof,
                  (select count(*) from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = $3
                      and (p.posted_at >= $4 or p.id in (select post_id from found))) as written""",
        scope.actor.agency_id,
        case.workspace_id,
        case.member_id,
        since,
    )
    measure = await MisuseMeasure.create(
        workspace_id=case.workspace_id,
        kind="suspension",
        because="illegal_content",
        member_id=case.member_id,
        decision_id=decision.id,
        filed_count=max(row["written"], len(row["proof"])),
        unfounded_count=len(row["proof"]),
        counted_since=since,
        proof=list(row["proof"]),
        reason=decision.explanation,
        until=None if decision.days is None else now() + timedelta(days=decision.days),
        imposed_by_id=decision.membership_id,
        told_at=now(),  # by the statement of reasons of the decision
    )
    await journal.record(
        "misuse.suspended",
        subject_kind="member",
        subject_id=case.member_id,
        workspace_id=case.workspace_id,
        because="illegal_content",
        measure=str(measure.id),
    )
