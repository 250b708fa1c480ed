"""Who looks twice (F10), and which decisions wait for a second person."""

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Final
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid
from backend.moderation.models import Case
from backend.moderation.queue_models import QualityPlan
from backend.moderation.thresholds import NEWCOMER_REVIEWS, PENALTY, SANCTIONS_WITH_DAYS
from backend.policies import PolicyVersion
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

if TYPE_CHECKING:
    from backend.moderation.deciding import Verdict

_HOLDABLE: Final = frozenset({"hide_post", "delete_post", "silence_member", "suspend_member"})


async def set_quality_plan(
    actor: Actor,
    workspace_id: UUID,
    *,
    expected_version: int,
    second_review_severities: Collection[str],
    newcomer_reviews: int,
    sampled_share: float,
    golden_share: float,
    held_actions: Collection[str],
    held_from_days: int,
) -> UUID:
    """Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if not set(second_review_severities) <= set(PENALTY):
        raise Invalid("There is no such severity.", path=("input", "secondReviewSeverities"))
    if not 0 <= newcomer_reviews <= NEWCOMER_REVIEWS:
        raise Invalid(f"At most {NEWCOMER_REVIEWS:,} reviews.", path=("input", "newcomerReviews"))
    for name, share, most in (("sampledShare", sampled_share, 1.0), ("goldenShare", golden_share, 0.5)):
        if not 0 <= share <= most:
            raise Invalid(f"A share is between 0 and {most:g}.", path=("input", name))
    if not set(held_actions) <= _HOLDABLE:
        raise Invalid("Only what restricts somebody can be held.", path=("input", "heldActions"))
    if not 1 <= held_from_days <= 36_500:
        raise Invalid("Between a day and a hundred years.", path=("input", "heldFromDays"))
    await QualityPlan.get_or_create(workspace_id=workspace_id, defaults={"version": 0})
    plan = await QualityPlan.filter(workspace_id=workspace_id).select_for_update().get()
    if plan.version != expected_version:
        raise Conflict("Somebody has changed the plan since you read it.", path=("input", "expectedVersion"))
    await plan.update_from_dict(
        {
            "second_review_severities": sorted(second_review_severities),
            "newcomer_reviews": newcomer_reviews,
            "sampled_share": sampled_share,
            "golden_share": golden_share,
            "held_actions": sorted(held_actions),
            "held_from_days": held_from_days,
            "version": plan.version + 1,
        }
    ).save()
    await journal.record(
        "quality_plan.set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        version=plan.version,
    )
    return plan.id


async def plan_of(workspace_id: UUID) -> QualityPlan:
    """Where nobody has set one, nobody looks twice, since some clients have one moderator; but a suspension without an end
    is no single person's to decide."""
    usual = QualityPlan(workspace_id=workspace_id, held_actions=["suspend_member"], held_from_days=36_500)
    return await QualityPlan.get_or_none(workspace_id=workspace_id) or usual


async def why_a_second(
    case: Case, verdict: "Verdict", membership_id: UUID, *, plan: QualityPlan, policy_id: UUID | None
) -> str:
    """One word why somebody else has to look as well; empty where one review is enough, and for a second or a last one."""
    if case.slot > 1 or case.kind != "moderation":
        return ""
    if grave := await why_always_two(case, verdict, plan=plan):
        return grave
    if plan.newcomer_reviews and await _is_newcomer(case, membership_id, policy_id, most=plan.newcomer_reviews):
        return "newcomer"
    return "sample" if is_sampled(case.id, plan.sampled_share) else ""


async def why_always_two(case: Case, verdict: "Verdict", *, plan: QualityPlan) -> str:
    """One word why no single person decides it, whoever they are; empty where one may."""
    if case.severity in plan.second_review_severities:
        return "severity"
    if verdict.policy_version_id is not None and await PolicyVersion.exists(
        id=verdict.policy_version_id, workspace_id=case.workspace_id, needs_second_review=True
    ):
        return "policy"
    return ""


def is_sampled(case_id: UUID, share: float) -> bool:
    """The same answer whenever it is asked, and nothing that anybody could see in advance from the case itself."""
    drawn = int.from_bytes(hashlib.sha256(b"sample" + case_id.bytes).digest()[:8]) / 2**64
    return drawn < share


def is_high_impact(actions: Collection[str], days: int | None, *, plan: QualityPlan) -> bool:
    """Whether the plan holds one of the actions: of those that may last, from a length on; without an end counts as the
    longest."""
    lasts = days is None or days >= plan.held_from_days
    return any(kind in plan.held_actions and (lasts or kind not in SANCTIONS_WITH_DAYS) for kind in actions)


async def _is_newcomer(case: Case, membership_id: UUID, policy_id: UUID | None, *, most: int) -> bool:
    """Whether they have given fewer reviews under the policy (or, of no violation, at all) in this client."""
    given: int = await current().fetchval(
        """select count(*) from (
               select from reviews r left join policy_versions v
                        on v.agency_id = $1 and v.workspace_id = $2 and v.id = r.policy_version_id
                where r.agency_id = $1 and r.workspace_id = $2 and r.membership_id = $3
                  and ($4::uuid is null or v.policy_id = $4) limit $5) given""",
        current().actor.agency_id,
        case.workspace_id,
        membership_id,
        policy_id,
        most,
    )
    return given < most
