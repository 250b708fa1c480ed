"""What colleagues can judge and bear: skills are given by leads, the rest anybody says about themselves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend import journal
from backend.communities import Community, Member
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.texts import clean
from backend.moderation.leasing import reviewer
from backend.moderation.queue_models import ConflictOfInterest, Reviewer
from backend.moderation.setting_queues import words
from backend.moderation.thresholds import HARD_LIMIT, SOFT_LIMIT
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import Membership
from tenants.rights import Right


async def set_skills(actor: Actor, membership_id: UUID, *, skills: Sequence[str]) -> UUID:
    """What queues may ask of them. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    if not await Membership.exists(id=membership_id):
        raise NotFound(path=("input", "staffId"))
    row = await _row(membership_id)
    row.skills = words(skills, field="skills")
    await row.save(update_fields=("skills",))
    await journal.record(
        "reviewer.skills_set", subject_kind="staff", subject_id=membership_id, workspace_id=None, skills=row.skills
    )
    return membership_id


async def set_own_limits(
    actor: Actor,
    *,
    languages: Sequence[str],
    avoids_severe: bool,
    soft_limit: int | None = None,
    hard_limit: int | None = None,
) -> UUID:
    """What the actor reads and can bear; limits in weighted seconds per shift, only ever below the usual ones. Nobody
    else is told but who plans their shifts. Raises NotAllowed, Invalid."""
    membership_id = reviewer(actor)
    for name, limit, usual in (("softLimit", soft_limit, SOFT_LIMIT), ("hardLimit", hard_limit, HARD_LIMIT)):
        if limit is not None and not 0 < limit <= usual:
            raise Invalid(f"A limit of your own is 1 to {usual:,}.", path=("input", name))
    if (soft_limit or SOFT_LIMIT) > (hard_limit or HARD_LIMIT):
        raise Invalid("The soft limit comes before the hard one.", path=("input", "softLimit"))
    row = await _row(membership_id)
    row.languages, row.avoids_severe = _languages(languages), avoids_severe
    row.soft_limit, row.hard_limit = soft_limit, hard_limit
    await row.save(update_fields=("languages", "avoids_severe", "soft_limit", "hard_limit"))
    await journal.record("reviewer.limits_set", subject_kind="staff", subject_id=membership_id, workspace_id=None)
    return membership_id


async def declare_conflict(
    actor: Actor,
    workspace_id: UUID,
    *,
    member_id: UUID | None = None,
    community_id: UUID | None = None,
    reason: str = "",
) -> UUID:
    """From now on the actor is offered no case of this member, of this community or, without either, of this client; one
    already claimed is to be skipped. Raises NotAllowed, NotFound, Invalid, and Conflict where it was declared before."""
    membership_id = reviewer(actor)
    await find_workspace(workspace_id)
    reason = clean(reason, field="reason", longest=2_000, may_be_empty=True)
    if member_id is not None and community_id is not None:
        raise Invalid("Name a member or a community, not both.", path=("input", "communityId"))
    if member_id is not None and not await Member.exists(id=member_id, workspace_id=workspace_id):
        raise NotFound(path=("input", "memberId"))
    if community_id is not None and not await Community.exists(id=community_id, workspace_id=workspace_id):
        raise NotFound(path=("input", "communityId"))
    named: dict[str, Any] = {
        "membership_id": membership_id,
        "member_id": member_id,
        "community_id": community_id,
        "ended_at": None,
    }
    if await ConflictOfInterest.exists(workspace_id=workspace_id, **named):
        raise Conflict("You have declared this before.")
    declared = await ConflictOfInterest.create(workspace_id=workspace_id, reason=reason, **named)
    await journal.record("conflict.declared", subject_kind="staff", subject_id=membership_id, workspace_id=workspace_id)
    return declared.id


async def end_conflict(actor: Actor, conflict_id: UUID) -> UUID:
    """One's own; a lead ends anybody's. Raises NotAllowed, NotFound, Conflict."""
    membership_id = reviewer(actor)
    found = await ConflictOfInterest.filter(id=conflict_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound(path=("input", "conflictId"))
    if found.membership_id != membership_id and not actor.holds(Right.LEAD_QUEUE):
        raise NotAllowed
    if found.ended_at is not None:
        raise Conflict("It has ended before.", path=("input", "conflictId"))
    await ConflictOfInterest.filter(id=conflict_id, workspace_id=found.workspace_id).update(ended_at=now())
    await journal.record(
        "conflict.ended", subject_kind="staff", subject_id=found.membership_id, workspace_id=found.workspace_id
    )
    return conflict_id


def _languages(given: Sequence[str]) -> list[str]:
    found = sorted({language.strip().lower() for language in given})
    if len(found) > 50 or not all(len(code) in (2, 3) and code.isascii() and code.isalpha() for code in found):
        raise Invalid("Languages are codes of two or three letters, such as en or de.", path=("input", "languages"))
    return found


async def _row(membership_id: UUID) -> Reviewer:
    await Reviewer.get_or_create(membership_id=membership_id)
    return await Reviewer.filter(membership_id=membership_id).select_for_update().get()
