"""Whoever reported a post is told what was found: the outcome, and nothing of what was done to anybody.

Those without an account are told by a job of backend/reporting, which knows their addresses.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from backend.acting import can_order, order_action
from backend.communities import Community, Member, Post
from backend.moderation.decision_models import Decision
from backend.moderation.models import Case, Report
from backend.moderation.thresholds import REPORTERS_WRITTEN_TO
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from backend.statements import with_link, worded

ANSWERS: Final = {
    "violation": "You reported a post. We looked at it and found that it breaks the rules of the community. Thank you.",
    "no_violation": "You reported a post. We looked at it and found that it does not break the rules of the community.",
}
OF_NO_MEMBER: Final = frozenset({"form", "legal", "trusted"})


async def answer_reporters(case: Case, decision: Decision, reports: Sequence[Report]) -> None:
    """All get a notice; members are written to where they are, with the link behind which they appeal. Call in the
    transaction of the decision."""
    await tell(
        (
            Recipient(member_id=report.member_id, membership_id=report.membership_id)
            for report in reports
            if report.member_id or report.membership_id
        ),
        kind="report_decided",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        text=ANSWERS[decision.outcome],
        occasion="" if decision.supersedes_id is None else str(decision.id),
        facts={"outcome": decision.outcome},
    )
    if "suspend_member" in decision.actions or any(report.channel in OF_NO_MEMBER for report in reports):
        await enqueue("follow_decision", {"decision_id": str(decision.id)}, workspace_id=case.workspace_id)
    await _write(case, decision, {report.member_id: report for report in reports if report.member_id is not None})


async def _write(case: Case, decision: Decision, reports: Mapping[UUID, Report]) -> None:
    """To the first ones, where Tend can: what it cannot would be before a human as often as there are reporters."""
    there = await Member.filter(id__in=list(reports), workspace_id=case.workspace_id, erased_at=None)
    told = sorted((reports[member.id] for member in there), key=lambda report: report.created_at)
    if not there or not await can_order(case.workspace_id, "tell_member", member_id=there[0].id):
        return
    post = await Post.get(id=case.post_id, workspace_id=case.workspace_id)
    community = await Community.get(id=post.community_id, workspace_id=case.workspace_id)
    for report in told[:REPORTERS_WRITTEN_TO]:
        said = {
            "reported_at": report.created_at,
            "community": community.name,
            "outcome": decision.outcome,
            "is_again": decision.supersedes_id is not None,
        }
        text = worded(f"{community.language}/reported.txt", community.language, said)
        await order_action(
            workspace_id=case.workspace_id,
            case_id=case.id,
            post_id=None,
            member_id=report.member_id,
            kind="tell_member",
            decision_id=decision.id,
            message=await with_link(text, "report", report.id, language=community.language),
        )
