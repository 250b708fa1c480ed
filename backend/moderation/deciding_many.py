from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.kit.errors import Invalid, NotFound
from backend.moderation.checking_quality import plan_of, why_always_two
from backend.moderation.claiming import claim_this
from backend.moderation.deciding import checked, judge, policy_of
from backend.moderation.decision_models import Decision
from backend.moderation.models import Case
from backend.moderation.thresholds import CASES_AT_ONCE
from tenants.actor import Actor
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Previewed:
    """A case as it was when somebody looked at the list."""

    case_id: UUID
    version: int


async def decide_many(
    lead: Actor,
    cases: Sequence[Previewed],
    *,
    outcome: str,
    reason: str,
    policy_version_id: UUID | None = None,
    actions: Collection[str] = (),
    days: int | None = None,
) -> tuple[list[Decision], list[UUID]]:
    """One decision with one reason over waiting cases of one client, as they were previewed; those that have changed since,
    that somebody has, that two people have to look at, or that are not for `lead` are left out, and their ids told. High
    impact is held here as well; newcomers and samples are not asked about. Raises NotAllowed, NotFound for a case that is not there, Invalid."""
    lead.must_hold(Right.LEAD_QUEUE)
    verdict = checked(outcome=outcome, reason=reason, policy_version_id=policy_version_id, actions=actions, days=days)
    wanted = {previewed.case_id: previewed.version for previewed in cases}
    if not 1 <= len(wanted) <= CASES_AT_ONCE:
        raise Invalid(f"Between 1 and {CASES_AT_ONCE} cases.", path=("input", "cases"))
    # In order of their ids: two leads at once wait for each other, and never both.
    found = await Case.filter(id__in=list(wanted)).order_by("id").select_for_update()
    if len(found) < len(wanted):
        raise NotFound(path=("input", "cases"))
    if len({case.workspace_id for case in found}) > 1:
        raise Invalid("All of the cases are of one client.", path=("input", "cases"))
    policy_id = await policy_of(verdict, workspace_id=found[0].workspace_id)
    plan = await plan_of(found[0].workspace_id)
    decisions, left_out = [], []
    for case in found:
        if (
            case.version != wanted[case.id]
            or case.state == "closed"
            or case.slot == 2  # whoever looks second looks at that one case, and may differ
            or (case.slot == 1 and await why_always_two(case, verdict, plan=plan))
            or (claim_id := await claim_this(lead, case) if case.kind == "moderation" else None) is None
        ):
            left_out.append(case.id)
        else:
            await case.refresh_from_db(fields=("state",))
            judged = await judge(lead, case, verdict, claim_id=claim_id, policy_id=policy_id, purpose="bulk")
            assert judged.decision is not None
            decisions.append(judged.decision)
    return decisions, left_out
