"""What whoever handed in a notice reads of it, before it is a report, and where it never becomes one of its own."""

from dataclasses import dataclass
from datetime import datetime

from backend.communities import Community
from backend.reporting.models import PublicNotice
from tenants.actor import system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.scope import agency_scope


@dataclass(frozen=True, slots=True)
class NoticeShown:
    """`outcome` is None until it is decided; `rejection` unless it was out of scope."""

    language: str
    client: str
    community: str
    received_at: datetime
    location: str
    reason: str
    rejection: str | None
    outcome: str | None


async def notice_behind(token: str) -> NoticeShown | None:
    """None for a link that was made up, a client that is closed, words that are gone. Call outside any scope."""
    found = await target_of("report", token)
    if found is None:
        return None
    agency_id, notice_id = found
    async with agency_scope(system(agency_id), read_only=True):
        notice = await PublicNotice.exclude(reason="").get_or_none(id=notice_id)
        workspace = None if notice is None else await Workspace.get(id=notice.workspace_id)
        if notice is None or workspace is None or workspace.deletes_at is not None:
            return None
        community = await Community.get(id=notice.community_id, workspace_id=notice.workspace_id)
        return NoticeShown(
            language=notice.language,
            client=workspace.brand_name or workspace.name,
            community=community.name,
            received_at=notice.received_at,
            location=notice.location,
            reason=notice.reason,
            rejection=notice.rejection,
            outcome=notice.outcome,
        )
