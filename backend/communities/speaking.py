from typing import Final
from uuid import UUID

from backend import journal
from backend.communities.models import Community
from backend.kit.errors import Invalid, NotFound
from tenants.actor import Actor
from tenants.rights import Right

LANGUAGES: Final = ("en", "de")  # in which members can be written to


async def set_language(actor: Actor, community_id: UUID, *, language: str) -> UUID:
    """In which its members are written to from now on. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    if language not in LANGUAGES:
        raise Invalid("Members cannot be written to in this language.", path=("input", "language"))
    community = await Community.filter(id=community_id).select_for_update(no_key=True).get_or_none()
    if community is None:
        raise NotFound(path=("input", "communityId"))
    before, community.language = community.language, language
    await community.save(update_fields=["language"])
    await journal.record(
        "community.language_set",
        subject_kind="community",
        subject_id=community_id,
        workspace_id=community.workspace_id,
        before={"language": before},
        after={"language": language},
    )
    return community_id
