from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.outbox import enqueue
from backend.ruling.hashes import hexadecimal
from backend.ruling.models import Media
from backend.ruling.thresholds import MEDIA_PER_POST
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Medium:
    """Hashes in hexadecimal: SHA-256 of the bytes, and PDQ of what is seen with its quality, 0 to 100."""

    sha256: str
    pdq: str | None = None
    pdq_quality: int | None = None


async def note_media(actor: Actor, post_id: UUID, media: Sequence[Medium]) -> Post:
    """Keep the hashes of the pictures and films of a post, and ask the client's rules about it. What is known changes
    nothing. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.IMPORT)
    post = await Post.filter(id=post_id).select_for_update().get_or_none()
    if post is None:
        raise NotFound(path=("input", "postId"))
    rows = [
        (actor.agency_id, post.workspace_id, new_id(), post.id, hexadecimal(each.sha256, field="media"), *_pdq(each))
        for each in media
    ]
    if not rows:
        raise Invalid("Give at least one picture or film.", path=("input", "media"))
    await current().executemany(
        """insert into media (agency_id, workspace_id, id, post_id, sha256, pdq, pdq_quality)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict (agency_id, workspace_id, post_id, sha256) do nothing""",
        rows,
    )
    if await Media.filter(post_id=post.id, workspace_id=post.workspace_id).count() > MEDIA_PER_POST:
        raise Conflict(f"A post has at most {MEDIA_PER_POST} pictures and films.", path=("input", "media"))
    await journal.record(
        "post.media_noted", subject_kind="post", subject_id=post.id, workspace_id=post.workspace_id, count=len(rows)
    )
    await enqueue("apply_rules", {"first_id": str(post.id), "last_id": str(post.id)}, workspace_id=post.workspace_id)
    return post


def _pdq(medium: Medium) -> tuple[str | None, int | None]:
    if (medium.pdq is None) != (medium.pdq_quality is None):
        raise Invalid("A PDQ hash comes with its quality.", path=("input", "media"))
    if medium.pdq is None or medium.pdq_quality is None:
        return None, None
    if not 0 <= medium.pdq_quality <= 100:
        raise Invalid("The quality of a PDQ hash is 0 to 100.", path=("input", "media"))
    return hexadecimal(medium.pdq, field="media"), medium.pdq_quality
