"""From an investigation to whoever can act on it: moderation judges posts, safety looks after danger."""

from collections.abc import Sequence
from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.integrity.models import InvestigationSubject
from backend.integrity.opening import note_entry, open_one
from backend.kit.errors import Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation import About, raise_danger, report_post
from backend.safety import Danger
from tenants.actor import Actor
from tenants.rights import Right


async def refer_to_moderation(
    actor: Actor, investigation_id: UUID, subject_ids: Sequence[UUID], *, reason: str, policy_id: UUID | None = None
) -> UUID:
    """The posts among the subjects are reported by the actor, who thereby judges none of them; the open cases about them become
    subjects as well. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=2_000)
    investigation = await open_one(investigation_id)
    subjects = await InvestigationSubject.filter(
        id__in=subject_ids, investigation_id=investigation.id, workspace_id=investigation.workspace_id
    )
    if not subject_ids or len(subjects) < len(set(subject_ids)):
        raise NotFound(path=("input", "subjectIds"))
    if any(each.post_id is None for each in subjects):
        raise Invalid("Moderation judges posts: name subjects of that kind.", path=("input", "subjectIds"))
    posts = await Post.filter(id__in=[each.post_id for each in subjects], workspace_id=investigation.workspace_id)
    for post in sorted(posts, key=lambda each: each.id):  # in one order, so that two at once wait for each other
        await report_post(actor, post.id, reason=reason, policy_id=policy_id)
    await note_entry(actor, investigation, "referred", reason)
    await journal.record(
        "investigation.referred",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        to="moderation",
        posts=len(posts),
    )
    return investigation.id


async def refer_to_safety(actor: Actor, investigation_id: UUID, subject_id: UUID, danger: Danger) -> UUID:
    """A member, post or case among the subjects is somebody's danger, or is in danger: whoever is on call is paged. The id of
    the escalation. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    investigation = await open_one(investigation_id)
    subject = await InvestigationSubject.get_or_none(id=subject_id, investigation_id=investigation.id)
    if subject is None:
        raise NotFound(path=("input", "investigationSubjectId"))
    if subject.value is not None:
        raise Invalid(
            "Safety looks after people: name a member, a post or a case.", path=("input", "investigationSubjectId")
        )
    about = About(case_id=subject.case_id, post_id=subject.post_id, member_id=subject.member_id)
    escalation_id, _ = await raise_danger(actor, about, danger)
    await note_entry(actor, investigation, "referred", "safety")
    await journal.record(
        "investigation.referred",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        to="safety",
        escalation=str(escalation_id),
    )
    return escalation_id
