"""Whose knowledge it is: colleagues' and members'."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.education.models import ContentAuthor, ContentItem
from backend.education.thresholds import MOST_AUTHORS
from backend.education.writing import held_item
from backend.kit.errors import Invalid, NotFound
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import Membership
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class AuthoredShare:
    """Of published, unarchived items with authors: an item counts by the share of its authors who are members, so one that
    a colleague and a member wrote together counts half."""

    by_members: float
    items: int


async def set_authors(
    actor: Actor, item_id: UUID, *, staff: Collection[UUID], members: Collection[UUID]
) -> ContentItem:
    """All of them, in place of those before. Raises NotAllowed, NotFound, Conflict, Invalid."""
    item = await held_item(actor, item_id, right=Right.TEACH)
    if len(staff) + len(members) > MOST_AUTHORS:
        raise Invalid(f"At most {MOST_AUTHORS} authors.", path=("input", "memberIds"))
    if await Membership.filter(id__in=list(staff)).count() != len(set(staff)):
        raise NotFound(path=("input", "staffIds"))
    if await Member.filter(id__in=list(members), workspace_id=item.workspace_id).count() != len(set(members)):
        raise NotFound(path=("input", "memberIds"))
    await ContentAuthor.filter(item_id=item.id, workspace_id=item.workspace_id).delete()
    for id in sorted(set(staff)):
        await ContentAuthor.create(workspace_id=item.workspace_id, item_id=item.id, membership_id=id)
    for id in sorted(set(members)):
        await ContentAuthor.create(workspace_id=item.workspace_id, item_id=item.id, member_id=id)
    await journal.record(
        "content.credited",
        subject_kind="content",
        subject_id=item.id,
        workspace_id=item.workspace_id,
        staff=len(set(staff)),
        members=len(set(members)),
    )
    return item


async def authored_share(actor: Actor, workspace_id: UUID) -> AuthoredShare:
    """Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    row = await current().fetchrow(
        """select coalesce(sum(share), 0)::float8 as by_members, count(*) as items
             from (select count(a.member_id)::numeric / count(*) as share
                     from content_items i join content_authors a
                       on a.agency_id = i.agency_id and a.workspace_id = i.workspace_id and a.item_id = i.id
                    where i.agency_id = $1 and a.agency_id = $1 and i.workspace_id = $2 and a.workspace_id = $2
                      and i.current_version_id is not null and i.archived_at is null
                    group by i.id) shares""",
        actor.agency_id,
        workspace_id,
    )
    assert row is not None
    return AuthoredShare(row["by_members"], row["items"])
