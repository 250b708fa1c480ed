from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Member, Post
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.outside import NoInstallationKey
from backend.statements import address_of
from backend.verification.designing import held_programme
from backend.verification.models import VerificationTask
from backend.verification.thresholds import OPEN_FOR
from tenants.actor import Actor
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Invited:
    """`address` is the member's alone: whoever has it shows evidence in their name. `badge_address` says to anybody whether
    it is verified."""

    task: VerificationTask
    address: str
    badge_address: str


async def invite(actor: Actor, programme_id: UUID, member_id: UUID, *, post_id: UUID | None = None) -> Invited:
    """Ask a member to show that the claim is true, of a post of theirs where one is named. Whoever is asked already keeps
    their task and their address. Raises NotAllowed, NotFound, and Conflict for whoever is verified."""
    programme = await held_programme(actor, programme_id, needs=Right.REPORT)
    member = await Member.get_or_none(
        id=member_id, workspace_id=programme.workspace_id, community_id=programme.community_id
    )
    if member is None or member.erased_at is not None:
        raise NotFound(path=("input", "memberId"))
    if post_id is not None and not await Post.exists(
        id=post_id, member_id=member.id, workspace_id=programme.workspace_id
    ):
        raise NotFound(path=("input", "postId"))
    # The programme is held: of two who invite at once, the second finds what the first has made.
    which: dict[str, Any] = {
        "programme_id": programme.id,
        "member_id": member.id,
        "workspace_id": programme.workspace_id,
    }
    tasks = await VerificationTask.filter(**which, ended_at=None, post_id=post_id)
    if tasks:
        return await _with_addresses(tasks[0])
    try:
        task = await VerificationTask.create(
            **which, post_id=post_id, programme_version=programme.version, open_until=now() + OPEN_FOR
        )
    except IntegrityError:
        raise Conflict("This is verified already.", path=("input", "memberId")) from None
    await journal.record(
        "verification.invited", subject_kind="verification", subject_id=task.id, workspace_id=task.workspace_id
    )
    return await _with_addresses(task)


async def _with_addresses(task: VerificationTask) -> Invited:
    try:
        return Invited(task, await address_of("verify", task.id), await address_of("badge", task.id))
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one there are no links.") from None
