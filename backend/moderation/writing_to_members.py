"""What is written to a member about a case: in their community's language, and without who complained."""

from backend.communities import Community, Post
from backend.moderation.models import Case, Report
from backend.statements import Complaint, keep_reporters_out


async def language_of(case: Case) -> str:
    post = await Post.get(id=case.post_id, workspace_id=case.workspace_id)
    return (await Community.get(id=post.community_id, workspace_id=case.workspace_id)).language


async def keep_complaints_out(text: str, case: Case, *, field: str) -> None:
    """Raises Invalid for a `text` to the author that names or quotes whoever has ever complained about the post."""
    reports = await Report.filter(post_id=case.post_id, workspace_id=case.workspace_id)
    complaints = [Complaint(each.channel, each.reason, each.member_id) for each in reports]
    await keep_reporters_out(text, complaints, workspace_id=case.workspace_id, field=field)
