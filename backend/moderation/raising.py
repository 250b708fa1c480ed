"""Somebody is in danger: what safety needs to know of the case, the post or the member it is about."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import safety
from backend.communities import Member
from backend.kit.errors import Invalid, NotFound
from backend.moderation.leasing import give_back
from backend.moderation.reporting import report_post
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class About:
    """Exactly one of the four; a client alone is for drills, orders and what is said from outside."""

    case_id: UUID | None = None
    post_id: UUID | None = None
    member_id: UUID | None = None
    workspace_id: UUID | None = None


async def raise_danger(actor: Actor, about: About, danger: safety.Danger) -> tuple[UUID, bool]:
    """As `safety.raise_escalation`. A post without an open case gets one, since evidence belongs to a case; whoever has
    claimed the case loses it, for its readers to claim. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.REPORT)
    named = [id for id in (about.case_id, about.post_id, about.member_id, about.workspace_id) if id is not None]
    if len(named) != 1:
        raise Invalid("Say what it is about: a case, a post or a member.", path=("input",))
    scope = current()
    async with scope.past_restrictions():
        if about.workspace_id is not None:
            return await safety.raise_escalation(actor, safety.Subject(about.workspace_id), danger)
        if about.member_id is not None:
            member = await Member.get_or_none(id=about.member_id)
            if member is None:
                raise NotFound(path=("input", "memberId"))
            subject = safety.Subject(member.workspace_id, member_id=member.id)
            return await safety.raise_escalation(actor, subject, danger)
        case = await _case(actor, about, danger)
        subject = safety.Subject(case["workspace_id"], case["member_id"], case["post_id"], case["id"])
        raised = await safety.raise_escalation(actor, subject, danger)
        if case["state"] == "in_review" and not danger.is_drill:
            await give_back(case["id"], workspace_id=case["workspace_id"], by="handed_over")
        return raised


async def _case(actor: Actor, about: About, danger: safety.Danger) -> Any:
    """Locked, and before anything of the escalation is."""
    scope = current()
    column = "id" if about.case_id is not None else "post_id"
    if about.post_id is not None and not danger.is_drill:
        await report_post(actor, about.post_id, reason=danger.summary[:2_000])
    # Golden cases are nobody's: for whoever finds danger in one it is the case it repeats that counts.
    row = await scope.fetchrow(
        f"""select id, workspace_id, member_id, post_id, state from cases
             where agency_id = $1 and ($2 or workspace_id = any($3)) and {column} = $4
               and (only_for_id is null or only_for_id = $5)
             order by state = 'closed', kind <> 'moderation', opened_at desc, id limit 1 for update""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        about.case_id or about.post_id,
        actor.membership_id,
    )
    if row is None:
        raise NotFound(path=("input", "caseId" if about.case_id is not None else "postId"))
    return row
