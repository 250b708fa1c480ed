"""What every change of a membership brings: its row, a line of the journal, word to whoever holds it."""

from typing import Any

from backend import journal
from backend.kit.texts import clean
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from tenants.models import Membership
from tenants.rights import Role
from tenants.scope import current


async def write(membership: Membership, change: str, *values: Any) -> None:
    await current().execute(
        f"update memberships set {change}, version = version + 1 where agency_id = $1 and id = $2",
        membership.agency_id,
        membership.id,
        *values,
    )


async def record(verb: str, membership: Membership, **detail: Any) -> None:
    await journal.record(
        f"membership.{verb}", subject_kind="staff", subject_id=membership.id, workspace_id=None, **detail
    )


async def tell_holder(membership: Membership, role: Role) -> None:
    if membership.person_id is not None:
        await tell(
            [Recipient(membership_id=membership.id)],
            kind="membership_changed",
            subject_id=membership.id,
            workspace_id=None,
            text="Your membership was changed: your role, your clients or your time.",
            occasion=str(membership.version + 1),
            facts={"role": role.value},
        )


async def hand_over(membership: Membership) -> None:
    """What they hold goes back to whoever comes next: a job, since those who gave it stand above."""
    await enqueue("hand_over", {"membership_id": str(membership.id)}, dedupe_key=f"hand_over:{membership.id}")


def grounds_of(grounds: str) -> str | None:
    """Raises Invalid."""
    return clean(grounds, field="grounds", longest=2_000, may_be_empty=True) or None
