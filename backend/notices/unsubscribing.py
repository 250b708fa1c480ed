"""The link at the end of a mail: it stops mails of these kinds to this person, and opens nothing else."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from backend.notices.preferring import never_again
from backend.notices.thresholds import UNSUBSCRIBE_SECONDS
from backend.outside import open_from_browser, public_address, seal_for_browser
from tenants.actor import system
from tenants.scope import agency_scope

_PURPOSE: Final = "unsubscribe"


def unsubscribe_address(agency_id: UUID, membership_id: UUID, kinds: Sequence[str]) -> str:
    token = seal_for_browser(
        {"agency": str(agency_id), "membership": str(membership_id), "kinds": list(kinds)},
        purpose=_PURPOSE,
        seconds=UNSUBSCRIBE_SECONDS,
    )
    return f"{public_address()}/notices/unsubscribe?token={token}"


def can_unsubscribe(token: str) -> bool:
    return open_from_browser(token, purpose=_PURPOSE) is not None


async def unsubscribe(token: str) -> bool:
    """Whether the link was one. Call outside any scope. Again it changes nothing."""
    opened = open_from_browser(token, purpose=_PURPOSE)
    if opened is None:
        return False
    async with agency_scope(system(UUID(opened["agency"]))):
        await never_again(UUID(opened["membership"]), opened["kinds"], channel="mail")
    return True
