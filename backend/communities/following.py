"""What a platform goes on to tell of a post: its words are those shown there now, whatever they once were.

An import takes words that any version had for known, since an older file may come again. A platform tells when a text
became what it is, so here an edit back to earlier words counts, and what comes late changes nothing.
"""

from datetime import datetime
from uuid import UUID

from backend.communities.models import Member
from backend.communities.taking_in import IncomingPost, add_version, lock_community, take_in
from backend.evidence import note_attachments
from backend.kit.ids import new_id
from backend.leaving import kept_out
from tenants.scope import current


async def follow_post(workspace_id: UUID, community_id: UUID, post: IncomingPost) -> None:
    """A new post, or the words of a known one as they are since `post.revised_at`. What somebody wrote who was erased is
    not taken in. Raises NotFound for a community that is not there. Locks the community until the scope ends."""
    assert post.revised_at is not None
    await lock_community(workspace_id, community_id)
    scope = current()
    known = await scope.fetchrow(
        """select id, version, text, revised_at from posts
            where agency_id = $1 and workspace_id = $2 and community_id = $3 and external_id = $4""",
        scope.actor.agency_id,
        workspace_id,
        community_id,
        post.external_id,
    )
    if known is None:
        await take_in(workspace_id, community_id, [post])
        return
    if known["revised_at"] is not None and known["revised_at"] >= post.revised_at:
        return
    if known["text"] != post.text:
        await add_version(workspace_id, known["id"], version=known["version"] + 1, text=post.text)
    await note_attachments(workspace_id, known["id"], post.attachments)
    await scope.execute(
        """update posts set revised_at = $4, thread = coalesce($5, thread)
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        scope.actor.agency_id,
        workspace_id,
        known["id"],
        post.revised_at,
        post.thread,
    )


async def note_removal(workspace_id: UUID, post_id: UUID, *, at: datetime) -> None:
    """The post is gone from its platform since `at`, unless it was recovered later than that."""
    await current().execute(
        """update posts set removed_at = $4
            where agency_id = $1 and workspace_id = $2 and id = $3
              and coalesce(recovered_at < $4, true) and coalesce(removed_at < $4, true)""",
        current().actor.agency_id,
        workspace_id,
        post_id,
        at,
    )


async def note_recovery(workspace_id: UUID, post_id: UUID, *, at: datetime) -> None:
    """The post is back on its platform since `at`, unless it was removed later than that."""
    await current().execute(
        """update posts set recovered_at = $4, removed_at = case when removed_at > $4 then removed_at end
            where agency_id = $1 and workspace_id = $2 and id = $3 and coalesce(recovered_at < $4, true)""",
        current().actor.agency_id,
        workspace_id,
        post_id,
        at,
    )


async def note_thread_removal(workspace_id: UUID, community_id: UUID, thread: str, *, at: datetime) -> int:
    """Of everything in it that is there; how many posts are known of it."""
    scope = current()
    return int(
        await scope.fetchval(
            """with gone as (
                 update posts set removed_at = $5, thread_removed_at = $5
                  where agency_id = $1 and workspace_id = $2 and community_id = $3 and thread = $4 and removed_at is null
                    and coalesce(recovered_at < $5, true))
               select count(*) from posts
                where agency_id = $1 and workspace_id = $2 and community_id = $3 and thread = $4""",
            scope.actor.agency_id,
            workspace_id,
            community_id,
            thread,
            at,
        )
    )


async def note_thread_recovery(workspace_id: UUID, community_id: UUID, thread: str, *, at: datetime) -> int:
    """Of everything that went with it, and of nothing that went by itself; how many posts are known of it."""
    scope = current()
    return int(
        await scope.fetchval(
            """with back as (
                 update posts set recovered_at = $5, removed_at = null, thread_removed_at = null
                  where agency_id = $1 and workspace_id = $2 and community_id = $3 and thread = $4
                    and thread_removed_at < $5)
               select count(*) from posts
                where agency_id = $1 and workspace_id = $2 and community_id = $3 and thread = $4""",
            scope.actor.agency_id,
            workspace_id,
            community_id,
            thread,
            at,
        )
    )


async def follow_member(
    workspace_id: UUID, community_id: UUID, *, external_id: str, handle: str, trust_level: int | None
) -> bool:
    """How they are called there now, and how far they are trusted; False for nobody who is known. Whoever was erased is
    known by nothing."""
    changed = await current().change(
        """update members set handle = $5, trust_level = coalesce($6, trust_level)
            where agency_id = $1 and workspace_id = $2 and community_id = $3 and external_id = $4 and erased_at is null""",
        current().actor.agency_id,
        workspace_id,
        community_id,
        external_id,
        handle,
        trust_level,
    )
    return changed > 0


async def post_named(workspace_id: UUID, community_id: UUID, external_id: str) -> UUID | None:
    """The post that its platform calls so; None for one that was never told."""
    scope = current()
    found: UUID | None = await scope.fetchval(
        """select id from posts
            where agency_id = $1 and workspace_id = $2 and community_id = $3 and external_id = $4""",
        scope.actor.agency_id,
        workspace_id,
        community_id,
        external_id,
    )
    return found


async def meet_member(
    workspace_id: UUID, community_id: UUID, *, external_id: str, handle: str, at: datetime
) -> UUID | None:
    """Somebody of the community, made a member if nobody has seen them yet; None for whoever was erased."""
    if await kept_out(workspace_id, community_id, [external_id]):
        return None
    scope = current()
    await scope.execute(
        """insert into members (agency_id, workspace_id, community_id, id, external_id, handle, first_seen_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (agency_id, workspace_id, community_id, external_id) do nothing""",
        scope.actor.agency_id,
        workspace_id,
        community_id,
        new_id(),
        external_id,
        handle,
        at,
    )
    found = await Member.get(workspace_id=workspace_id, community_id=community_id, external_id=external_id)
    return found.id
