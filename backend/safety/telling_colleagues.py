"""Notices about an escalation: to colleagues, without a word of what it is about, and a drill says that it is one."""

from collections.abc import Iterable
from uuid import UUID

from backend.notices import Recipient, tell
from backend.safety.models import Escalation


async def tell_colleagues(
    memberships: Iterable[UUID], escalation: Escalation, *, kind: str, text: str, occasion: str, **facts: str
) -> None:
    await tell(
        [Recipient(membership_id=each) for each in memberships],
        kind=kind,
        subject_id=escalation.id,
        workspace_id=escalation.workspace_id,
        text=f"Drill: {text}" if escalation.is_drill else text,
        occasion=occasion,
        facts={"drill": "drill" if escalation.is_drill else "real", **facts},
    )
