"""From an investigation to whoever can act on it: its posts become cases of moderation."""

from collections.abc import Sequence
from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.integrity.models import InvestigationSubject
from backend.integrity.opening import note_entry, open_one
from backend.kit.errors import Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation import report_post
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
