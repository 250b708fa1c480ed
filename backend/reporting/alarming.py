"""Whoever reports says that somebody is in danger: then it is an escalation at once, and not only a complaint."""

from uuid import UUID

from backend.communities import Post
from backend.moderation import About, Report, raise_danger
from backend.reporting.models import PublicNotice
from backend.safety import Danger, Escalation
from tenants.scope import current


async def raise_alarm(notice: PublicNotice, *, post: Post | None = None, report_id: UUID | None = None) -> None:
    """About the post where that is known, and else about what they wrote; nothing where they see no danger. How grave it is
    nobody knows yet, so it counts as the gravest."""
    if notice.danger is None:
        return
    about = About(workspace_id=notice.workspace_id)
    if post is not None and report_id is not None:
        case_id = (await Report.get(id=report_id, workspace_id=notice.workspace_id)).case_id
        # Of whoever is suspended for unfounded notices the report is in no case; a danger is heard all the same.
        about = About(member_id=post.member_id) if case_id is None else About(case_id=case_id)
    summary = notice.reason if post is not None else f"{notice.reason}\n\n{notice.location}"
    danger = Danger(notice.danger, summary[:5_000], is_from_outside=True, told_as=notice.escalation_id)
    escalation_id, _ = await raise_danger(current().actor, about, danger)
    # Of one that was found later, the first, if it goes on: its own words are what that one is about.
    told_as = await Escalation.get_or_none(id=notice.escalation_id) if notice.escalation_id is not None else None
    if told_as is None or told_as.joined_to_id is not None:
        await PublicNotice.filter(id=notice.id, workspace_id=notice.workspace_id).update(escalation_id=escalation_id)
