"""Two members are made known to each other, if both want it; each learns how to reach the other only then."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.texts import clean, clean_line
from backend.stories.consenting import link_to
from backend.stories.models import Introduction, IntroductionSide
from backend.stories.thresholds import EXPIRED_AT_ONCE, LONGEST_CONTACT, OPEN_FOR
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

STATES: Final = MappingProxyType(
    {
        "proposed": frozenset({"both_accepted", "declined"}),
        "both_accepted": frozenset({"made", "declined"}),
        "made": frozenset({"followed_up", "declined"}),
        "followed_up": frozenset[str](),
        "declined": frozenset[str](),
    }
)


async def propose_introduction(
    actor: Actor, workspace_id: UUID, *, first_id: UUID, second_id: UUID, reason: str
) -> tuple[Introduction, tuple[str, str]]:
    """`reason` is what both read. The addresses where the first and the second answer: each is theirs alone. Raises NotAllowed,
    NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    reason = clean(reason, field="reason", longest=2_000)
    if first_id == second_id:
        raise Invalid("Nobody is introduced to themselves.", path=("input", "secondMemberId"))
    for member_id, field in ((first_id, "firstMemberId"), (second_id, "secondMemberId")):
        if not await Member.exists(id=member_id, workspace_id=workspace_id, erased_at=None):
            raise NotFound(path=("input", field))
    introduction = await Introduction.create(workspace_id=workspace_id, reason=reason, open_until=now() + OPEN_FOR)
    sides = [
        await IntroductionSide.create(workspace_id=workspace_id, introduction_id=introduction.id, member_id=member_id)
        for member_id in (first_id, second_id)
    ]
    await _note("proposed", introduction)
    first, second = [await link_to("introduction", side.id) for side in sides]
    return introduction, (first, second)


async def respond_to_introduction(
    actor: Actor, introduction_id: UUID, *, member_id: UUID, accepts: bool, contact: str
) -> Introduction:
    """By a machine on behalf of one of the two; staff may write down a no, and never a yes. `contact` as in `answer`. Raises
    NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEARN)
    introduction = await held_introduction(introduction_id)
    side = await _side(introduction, member_id)
    if accepts and actor.api_client_id is None:
        raise NotAllowed("They accept themselves: on their page, or by a machine on their behalf.")
    await answer(introduction, side, accepts=accepts, contact=contact)
    return introduction


async def answer(introduction: Introduction, side: IntroductionSide, *, accepts: bool, contact: str) -> None:
    """`contact`: how the other one may reach them; needed to accept. Who has accepted may still decline. Raises Invalid,
    Conflict. Call while holding the row lock on the introduction."""
    if "declined" not in STATES[introduction.state] or is_over(introduction):
        raise Conflict("This introduction is over.", path=("input", "introductionId"))
    if accepts and introduction.state != "proposed":
        raise Conflict("Both have accepted.", path=("input", "introductionId"))
    contact = clean_line(contact, field="contact", longest=LONGEST_CONTACT) if accepts else ""
    side.update_from_dict({"answer": "accepted" if accepts else "declined", "contact": contact, "answered_at": now()})
    await side.save(update_fields=["answer", "contact", "answered_at"])
    await _note("answered", introduction, side=f"introductionside_{side.id}")
    if not accepts:
        await _end(introduction, "declined")
        return
    sides = await IntroductionSide.filter(introduction_id=introduction.id, workspace_id=introduction.workspace_id)
    if all(each.answer == "accepted" for each in sides):
        await _move(introduction, "both_accepted")


async def make_introduction(actor: Actor, introduction_id: UUID) -> Introduction:
    """The two know of each other. Raises NotAllowed, NotFound, and Conflict before both have accepted."""
    actor.must_hold(Right.TEACH)
    introduction = await held_introduction(introduction_id)
    await _move(introduction, "made", made_at=now())
    return introduction


async def follow_up_introduction(actor: Actor, introduction_id: UUID, *, outcome: str) -> Introduction:
    """What came of it; how they are reached is forgotten with that. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    outcome = clean(outcome, field="outcome", longest=2_000)
    introduction = await held_introduction(introduction_id)
    await _end(introduction, "followed_up", outcome=outcome)
    return introduction


async def contact_of_other(actor: Actor, introduction_id: UUID, member_id: UUID) -> str | None:
    """For the member, by a machine on their behalf: how they reach the other one; None until both have accepted, and once it is
    over. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.LEARN)
    if actor.api_client_id is None:
        raise NotAllowed("Only they are told, on their page or by a machine on their behalf.")
    introduction = await Introduction.get_or_none(id=introduction_id)
    if introduction is None:
        raise NotFound(path=("introductionId",))
    return await contact_for(introduction, await _side(introduction, member_id))


async def contact_for(introduction: Introduction, side: IntroductionSide) -> str | None:
    """What the other side gave; None unless both have accepted and neither is forgotten or has declined."""
    if introduction.state not in ("both_accepted", "made"):
        return None
    other = await IntroductionSide.exclude(id=side.id).get(
        introduction_id=introduction.id, workspace_id=introduction.workspace_id
    )
    return other.contact or None


async def end_introductions(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: what nobody has answered in time comes to nothing."""
    rows = await current().fetch(
        """select i.id from introductions i
            where i.agency_id = $1 and ($2 or i.workspace_id = any($3)) and i.state = 'proposed' and i.open_until <= now()
            order by i.open_until, i.id limit $4""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
        EXPIRED_AT_ONCE,
    )
    for row in rows:
        introduction = await held_introduction(row["id"])
        if introduction.state == "proposed":
            await _end(introduction, "declined")


def is_over(introduction: Introduction) -> bool:
    """Also before the job has noticed."""
    return introduction.state == "proposed" and introduction.open_until <= now()


async def held_introduction(introduction_id: UUID) -> Introduction:
    """Locked. Raises NotFound."""
    introduction = await Introduction.filter(id=introduction_id).select_for_update().first()
    if introduction is None:
        raise NotFound(path=("input", "introductionId"))
    return introduction


async def _side(introduction: Introduction, member_id: UUID) -> IntroductionSide:
    side = await IntroductionSide.get_or_none(
        introduction_id=introduction.id, workspace_id=introduction.workspace_id, member_id=member_id
    )
    if side is None:
        raise NotFound(path=("input", "memberId"))
    return side


async def _end(introduction: Introduction, to: str, *, outcome: str = "") -> None:
    await _move(introduction, to, ended_at=now(), outcome=outcome)
    await IntroductionSide.filter(introduction_id=introduction.id, workspace_id=introduction.workspace_id).update(
        contact=""
    )


async def _move(introduction: Introduction, to: str, **columns: str | datetime) -> None:
    if to not in STATES[introduction.state]:
        raise Conflict(f"An introduction that is {introduction.state.replace('_', ' ')} cannot be {to.replace('_', ' ')}.", path=("input", "introductionId"))  # fmt: skip
    await Introduction.filter(id=introduction.id, workspace_id=introduction.workspace_id).update(state=to, **columns)
    introduction.update_from_dict({"state": to, **columns})
    await _note(to, introduction)


async def _note(verb: str, introduction: Introduction, **detail: Any) -> None:
    await journal.record(
        f"introduction.{verb}",
        subject_kind="introduction",
        subject_id=introduction.id,
        workspace_id=introduction.workspace_id,
        **detail,
    )
