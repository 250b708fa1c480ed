"""A notice finds the post it is about, and becomes a report; or there is nothing it could be about."""

from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean
from backend.moderation import Reporter, file_report
from backend.outbox import enqueue
from backend.reporting.alarming import raise_alarm
from backend.reporting.areas import area_of, least_tier_of
from backend.reporting.models import PublicNotice
from backend.reporting.thresholds import LONGEST_TEXT
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def attach_notice(moderator: Actor, notice_id: UUID, *, post_id: UUID) -> UUID:
    """The id of the report: that of the notice, or of the first one by the same person. Raises NotAllowed, NotFound,
    Conflict."""
    moderator.must_hold(Right.WORK_QUEUE)
    notice = await _waiting(notice_id)
    # As reporting does: whoever had the post before an escalation hid it can still say that this is about it.
    async with current().past_restrictions():
        post = await Post.get_or_none(id=post_id, community_id=notice.community_id, workspace_id=notice.workspace_id)
        if post is None:
            raise NotFound(path=("input", "postId"))
        return await become_report(notice, post, by=moderator)


async def reject_notice(moderator: Actor, notice_id: UUID, *, reason: str) -> None:
    """It is out of scope; its notifier is told the `reason`. Raises NotAllowed, NotFound, Invalid, Conflict."""
    moderator.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=LONGEST_TEXT)
    notice = await _waiting(notice_id)
    await PublicNotice.filter(id=notice.id, workspace_id=notice.workspace_id).update(
        state="rejected", rejection=reason, rejected_at=now(), closed_by_id=moderator.membership_id
    )
    await journal.record(
        "notice.rejected", subject_kind="publicnotice", subject_id=notice.id, workspace_id=notice.workspace_id
    )
    if notice.email is not None:
        payload = {"notice_id": str(notice.id), "about": "rejected"}
        await enqueue("mail_notifier", payload, workspace_id=notice.workspace_id)


async def become_report(notice: PublicNotice, post: Post, *, by: Actor | None = None) -> UUID:
    """Of channel form, or legal where it is about the law; of a trusted flagger trusted."""
    at = now()
    await PublicNotice.filter(id=notice.id, workspace_id=notice.workspace_id).update(
        state="attached",
        post_id=post.id,
        attached_at=at,
        # Article 16(3): from here on it can be said that the client knows of it.
        actual_knowledge_at=at if notice.kind == "illegal" else None,
        closed_by_id=None if by is None else by.membership_id,
    )
    await journal.record(
        "notice.attached",
        subject_kind="publicnotice",
        subject_id=notice.id,
        workspace_id=notice.workspace_id,
        post=str(post.id),
    )
    reporter = Reporter(
        "legal" if notice.kind == "illegal" else "form",
        given_key=notice.reporter_key,
        trusted_flagger_id=notice.trusted_flagger_id,
        origin=notice.origin,
        area=area_of(notice.taxonomy_code),
        least_tier=None if notice.policy_id is not None else least_tier_of(notice.taxonomy_code),
    )
    report_id = await file_report(post, reporter, reason=notice.reason, policy_id=notice.policy_id, report_id=notice.id)
    await raise_alarm(notice, post=post, report_id=report_id)
    return report_id


async def _waiting(notice_id: UUID) -> PublicNotice:
    """Locked. Raises NotFound, Conflict."""
    notice = await PublicNotice.filter(id=notice_id).select_for_update().get_or_none()
    if notice is None:
        raise NotFound(path=("input", "noticeId"))
    if notice.state != "received":
        raise Conflict("Somebody has seen to this notice already.", path=("input", "noticeId"))
    return notice
