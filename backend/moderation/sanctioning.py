"""What strikes add to a decision: the sanction of the threshold that the member reaches by it."""

from typing import TYPE_CHECKING

from backend.moderation.models import Case
from backend.moderation.striking import strikes_for
from backend.moderation.thresholds import SANCTIONS_WITH_DAYS
from backend.policies import PolicyVersion

if TYPE_CHECKING:
    from backend.moderation.deciding import Verdict


async def with_sanction(case: Case, verdict: "Verdict") -> tuple[tuple[str, ...], int | None]:
    """What is done, and for how many days: what was judged, and beside it what the client's thresholds say. Where somebody
    has chosen a silence or a suspension already, theirs counts."""
    if verdict.policy_version_id is None or not SANCTIONS_WITH_DAYS.isdisjoint(verdict.actions):
        return verdict.actions, verdict.days
    version = await PolicyVersion.get(id=verdict.policy_version_id, workspace_id=case.workspace_id)
    strikes = await strikes_for(case.member_id, [version], workspace_id=case.workspace_id)
    if strikes.needs_takedown:
        return tuple(sorted({*verdict.actions, "suspend_member"})), None
    if strikes.threshold is None or strikes.threshold.action is None:
        return verdict.actions, verdict.days
    return tuple(sorted({*verdict.actions, strikes.threshold.action})), strikes.threshold.days
