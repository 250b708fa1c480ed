"""Golden cases: what is decided already, and rightly so, is now and then offered again as if it were new, and what a
reviewer says of it is compared. They cannot tell; nothing is done, and nobody is told."""

import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.moderation.decision_models import Decision, GoldenAnswer, GoldenItem, Review
from backend.moderation.leasing import end_claim, reviewer
from backend.moderation.models import Case
from backend.moderation.moving import let_golden_go, moved
from backend.moderation.thresholds import LEASE
from backend.policies import PolicyVersion
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_DICE: Final = secrets.SystemRandom()


async def make_golden(lead: Actor, case_id: UUID, *, note: str = "") -> UUID:
    """The closed case's decision is right: others are measured by it from now on. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    lead.must_hold(Right.LEAD_QUEUE)
    reviewer(lead)
    note = clean(note, field="note", longest=2_000, may_be_empty=True)
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None or case.kind == "golden":
        raise NotFound(path=("input", "caseId"))
    if case.state != "closed" or case.kind != "moderation" or case.decision_id is None:
        raise Conflict("Only the decision about a closed case can be the right one.", path=("input", "caseId"))
    try:
        item = await GoldenItem.create(
            workspace_id=case.workspace_id,
            case_id=case.id,
            decision_id=case.decision_id,
            note=note,
            made_by_id=lead.membership_id,
        )
    except IntegrityError:
        raise Conflict("This case is golden already.", path=("input", "caseId")) from None
    await _record("made", item)
    return item.id


async def retire_golden(lead: Actor, item_id: UUID) -> UUID:
    """Nobody is offered it any more; what was said of it stays. Raises NotAllowed, NotFound, Conflict."""
    lead.must_hold(Right.LEAD_QUEUE)
    item = await GoldenItem.filter(id=item_id).select_for_update().get_or_none()
    if item is None:
        raise NotFound(path=("input", "goldenItemId"))
    if item.retired_at is not None:
        raise Conflict("It was retired before.", path=("input", "goldenItemId"))
    await GoldenItem.filter(id=item.id, workspace_id=item.workspace_id).update(retired_at=now())
    await _record("retired", item)
    return item.id


async def golden_instead(case: Any, *, membership_id: UUID) -> Any:
    """In place of a case that was just claimed, and goes back, one whose answer is known: as often as the client's plan
    says, and never twice to the same person. None for the case itself."""
    workspace_id = case["workspace_id"]
    # Every claim asks this: not by the whole row of a model, which takes three times as long.
    share = await current().fetchval(
        "select golden_share from quality_plans where agency_id = $1 and workspace_id = $2",
        current().actor.agency_id,
        workspace_id,
    )
    if share is None or _DICE.random() >= share:
        return None
    item = await _unseen(workspace_id, membership_id)
    if item is None:
        return None
    scope = current()
    agency_id = scope.actor.agency_id
    await scope.execute(
        """update cases set state = 'queued', claimed_by_id = null, claimed_until = null
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        agency_id,
        workspace_id,
        case["id"],
    )
    made = await _made_to_look_new(item, case, membership_id=membership_id)
    await GoldenAnswer.create(
        workspace_id=workspace_id, golden_item_id=item["id"], case_id=made["id"], membership_id=membership_id
    )
    return made


async def answer_golden(case: Case, review: Review, *, claim_id: UUID, policy_id: UUID | None) -> None:
    """Compare, and let the case go. Call while holding the lock on it."""
    answer = await GoldenAnswer.get(case_id=case.id, workspace_id=case.workspace_id)
    item = await GoldenItem.get(id=answer.golden_item_id, workspace_id=case.workspace_id)
    right = await Decision.get(id=item.decision_id, workspace_id=case.workspace_id)
    right_policy = None
    if right.policy_version_id is not None:
        version = await PolicyVersion.get(id=right.policy_version_id, workspace_id=case.workspace_id)
        right_policy = version.policy_id
    await GoldenAnswer.filter(id=answer.id, workspace_id=case.workspace_id).update(
        review_id=review.id, is_right=review.outcome == right.outcome and policy_id == right_policy
    )
    await end_claim(claim_id, workspace_id=case.workspace_id, by="decided")
    await let_golden_go(case.id, workspace_id=case.workspace_id)


async def _unseen(workspace_id: UUID, membership_id: UUID) -> Any:
    """One about a post that they have never had before their eyes, as this one or as another case; at random."""
    return await current().fetchrow(
        """select g.id, g.case_id from golden_items g
             join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = g.case_id
            where g.agency_id = $1 and g.workspace_id = $2 and g.retired_at is null
              and not exists (select from claims k join cases o
                                on o.agency_id = $1 and o.workspace_id = $2 and o.id = k.case_id and o.post_id = c.post_id
                               where k.agency_id = $1 and k.workspace_id = $2 and k.membership_id = $3)
            order by random() limit 1""",
        current().actor.agency_id,
        workspace_id,
        membership_id,
    )


async def _made_to_look_new(item: Any, like: Any, *, membership_id: UUID) -> Any:
    """With the reports of the old case, and the queue and times of the one in whose place it is offered."""
    scope, case_id = current(), new_id()
    agency_id, workspace_id = scope.actor.agency_id, like["workspace_id"]
    made = await scope.fetchrow(
        """insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, kind, only_for_id, state, tier, severity, risk,
                              report_count, language, is_at_risk, opened_at, due_at, virtual_deadline, first_touch_due_at,
                              first_touched_at, claimed_by_id, claimed_until)
           select $1, $2, $3, l.queue_id, g.post_id, g.member_id, 'golden', $6, 'in_review', g.tier, g.severity, g.risk,
                  g.report_count, g.language, g.is_at_risk, l.opened_at, l.due_at, l.virtual_deadline,
                  l.first_touch_due_at, now(), $6, now() + $7::interval
             from cases g join cases l on l.agency_id = $1 and l.workspace_id = $2 and l.id = $5
            where g.agency_id = $1 and g.workspace_id = $2 and g.id = $4
           returning workspace_id, id, severity, claimed_until, kind, opened_at""",
        agency_id,
        workspace_id,
        case_id,
        item["case_id"],
        like["id"],
        membership_id,
        LEASE,
    )
    reports = await scope.fetch(
        "select * from reports where agency_id = $1 and workspace_id = $2 and case_id = $3",
        agency_id,
        workspace_id,
        item["case_id"],
    )
    for place, report in enumerate(reports):
        values = {
            **report,
            "id": new_id(),
            "case_id": case_id,
            "created_at": made["opened_at"] + timedelta(seconds=place),
        }
        await scope.execute(
            f"""insert into reports ({", ".join(values)})
                values ({", ".join(f"${number}" for number in range(1, len(values) + 1))})""",
            *values.values(),
        )
    named: dict[str, Any] = {"workspace_id": workspace_id, "is_tallied": False}
    await moved(case_id, of=None, to="queued", because="reported", at=made["opened_at"], **named)
    return made


async def _record(verb: str, item: GoldenItem) -> None:
    """About the client: in the journal of the case everybody who is to be measured by it would read it."""
    await journal.record(
        f"golden.{verb}",
        subject_kind="workspace",
        subject_id=item.workspace_id,
        workspace_id=item.workspace_id,
        item=str(item.id),
    )
