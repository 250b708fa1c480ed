from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.acting.ending import fail
from backend.acting.giving_way import take_the_place
from backend.acting.models import Action
from backend.acting.platforms import KINDS, OF_POSTS
from backend.acting.reaching import why_not
from backend.acting.thresholds import LONGEST_MESSAGE
from backend.communities import Connection, Member, Post
from backend.kit.errors import Invalid
from backend.kit.texts import clean
from backend.outbox import enqueue
from tenants.scope import current


async def order_action(
    *,
    workspace_id: UUID,
    case_id: UUID,
    post_id: UUID | None,
    member_id: UUID | None,
    kind: str,
    decision_id: UUID | None = None,
    until: datetime | None = None,
    message: str | None = None,
    reverses_id: UUID | None = None,
) -> Action:
    """Promised in the scope's transaction, on behalf of whoever acts in it. Without a decision it is a precaution. What
    Tend cannot do there has failed at once, and is for a human. Raises Invalid.

    The caller has asked for the right, and journals what it decided.
    """
    message = _checked(kind, post_id=post_id, member_id=member_id, message=message)
    connection = await connection_of(workspace_id, post_id=post_id, member_id=member_id)
    action = await Action.create(
        workspace_id=workspace_id,
        case_id=case_id,
        decision_id=decision_id,
        connection_id=None if connection is None else connection.id,
        post_id=post_id,
        member_id=member_id,
        kind=kind,
        until_at=until,
        message=message,
        reverses_id=reverses_id,
        ordered_by_id=current().actor.membership_id,
    )
    await take_the_place(action)
    problem = await why_not(connection, kind)
    if problem is None:
        await enqueue("carry_out_actions", {"action_id": str(action.id)}, workspace_id=workspace_id)
    else:
        await fail(action, problem, tries=0)
    return action


async def can_order(workspace_id: UUID, kind: str, *, member_id: UUID) -> bool:
    """Whether Tend can do it to this member by itself, as things are."""
    return await why_not(await connection_of(workspace_id, post_id=None, member_id=member_id), kind) is None


async def connection_of(workspace_id: UUID, *, post_id: UUID | None, member_id: UUID | None) -> Connection | None:
    """That of the community where the member is, or the post."""
    whose: Any = Post if member_id is None else Member
    found: Sequence[Any] = await whose.filter(id=post_id if member_id is None else member_id, workspace_id=workspace_id)
    if not found:
        return None
    return await Connection.get_or_none(workspace_id=workspace_id, community_id=found[0].community_id)


def _checked(kind: str, *, post_id: UUID | None, member_id: UUID | None, message: str | None) -> str | None:
    if kind not in KINDS:
        raise Invalid("There is no such action.", path=("input", "actions"))
    if (post_id if kind in OF_POSTS else member_id) is None:
        raise Invalid("It has to say what it is done to.", path=("input", "actions"))
    if message is None:
        return None
    return clean(message, field="message", longest=LONGEST_MESSAGE, may_be_empty=True) or None
