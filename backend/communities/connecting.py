"""What Tend itself shows of what was done to a post or told to a member: all of it where the community lives in Tend."""

from uuid import UUID

from backend.communities.models import MemberWarning, Post
from backend.kit.clock import now


async def hide_post(post_id: UUID, *, workspace_id: UUID) -> None:
    """Members no longer see the post. Hiding it again changes nothing."""
    await Post.filter(id=post_id, workspace_id=workspace_id, hidden_at=None).update(hidden_at=now())


async def show_post(post_id: UUID, *, workspace_id: UUID) -> None:
    """Members see the post again."""
    await Post.filter(id=post_id, workspace_id=workspace_id).update(hidden_at=None)


async def is_hidden(post_id: UUID, *, workspace_id: UUID) -> bool:
    return await Post.filter(id=post_id, workspace_id=workspace_id, hidden_at__not_isnull=True).exists()


async def is_removed(post_id: UUID, *, workspace_id: UUID) -> bool:
    return await Post.filter(id=post_id, workspace_id=workspace_id, removed_at__not_isnull=True).exists()


async def warn_member(member_id: UUID, *, workspace_id: UUID, action_id: UUID, text: str) -> None:
    """Tell the member, once per action."""
    if not await is_warned(action_id, workspace_id=workspace_id):
        await MemberWarning.create(workspace_id=workspace_id, member_id=member_id, action_id=action_id, text=text)


async def is_warned(action_id: UUID, *, workspace_id: UUID) -> bool:
    return await MemberWarning.filter(workspace_id=workspace_id, action_id=action_id).exists()
