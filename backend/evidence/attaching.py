"""Pictures and files of posts: which there are, and how long their bytes are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend.evidence.thresholds import (
    ATTACHMENTS_PER_POST,
    BYTES_KEPT_FOR,
    LONGEST_URL,
    PURGED_AT_ONCE,
)
from backend.kit.ids import new_id
from backend.outbox import enqueue
from backend.outside import file_of_member, is_askable, stored_files
from tenants.actor import Actor
from tenants.scope import current

# What nobody needs any more: neither an open case, nor what one was decided upon, nor a hold.
_UNNEEDED: Final = """
    select a.id, a.workspace_id, p.member_id from attachments a
      join posts p on p.agency_id = $1 and p.workspace_id = a.workspace_id and p.id = a.post_id
     where a.agency_id = $1 and a.state = 'stored' and a.stored_at < now() - $2::interval
       and ($3 or a.workspace_id = any($4))
       and not exists (select from cases c where c.agency_id = $1 and c.workspace_id = a.workspace_id
                          and c.post_id = a.post_id and c.state <> 'closed')
       and not exists (select from evidence_snapshots e where e.agency_id = $1 and e.workspace_id = a.workspace_id
                          and e.post_id = a.post_id and e.content is not null)
       and not exists (select from holds h where h.agency_id = $1 and h.workspace_id = a.workspace_id
                          and h.lifted_at is null and (h.subject_kind = 'workspace' or h.subject_id = p.member_id))
     order by a.stored_at limit $5 for update of a skip locked"""


@dataclass(frozen=True, slots=True)
class IncomingAttachment:
    """As the platform names it: `content_type` is what it says, which may be wrong."""

    url: str
    name: str = ""
    content_type: str | None = None


async def note_attachments(workspace_id: UUID, post_id: UUID, incoming: Sequence[IncomingAttachment]) -> None:
    """Of the post, which Tend fetches later. Those that are known change nothing; beyond ATTACHMENTS_PER_POST, and at an
    address that is none of a public server, they are left out."""
    scope = current()
    known = await scope.fetch(
        "select url from attachments where agency_id = $1 and workspace_id = $2 and post_id = $3",
        scope.actor.agency_id,
        workspace_id,
        post_id,
    )
    there = {row["url"] for row in known}
    fit = {each.url: each for each in incoming if len(each.url) <= LONGEST_URL and is_askable(each.url)}
    new = [each for url, each in fit.items() if url not in there][: max(0, ATTACHMENTS_PER_POST - len(there))]
    for each in new:
        id = new_id()
        added = await scope.change(
            """insert into attachments (agency_id, workspace_id, id, post_id, url, name, content_type)
               values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
            scope.actor.agency_id,
            workspace_id,
            id,
            post_id,
            each.url,
            each.name[:200],
            None if each.content_type is None else each.content_type[:200],
        )
        if added:
            await enqueue("store_attachment", {"attachment_id": str(id)}, workspace_id=workspace_id)


async def purge_attachments(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: bytes go that nobody needs any more; what is known of them stays, and still matches."""
    scope = current()
    rows = await scope.fetch(
        _UNNEEDED,
        system.agency_id,
        BYTES_KEPT_FOR,
        system.sees_all,
        list(system.workspaces or ()),
        PURGED_AT_ONCE,
    )
    for row in rows:
        # The file first: a row that says so while there is one would never be looked at again.
        await stored_files().delete(file_of_member(system.agency_id, row["workspace_id"], row["member_id"], row["id"]))
        await scope.execute(
            """update attachments set state = 'gone', gone_at = now()
                where agency_id = $1 and workspace_id = $2 and id = $3""",
            system.agency_id,
            row["workspace_id"],
            row["id"],
        )
    if len(rows) == PURGED_AT_ONCE:
        await enqueue("purge_attachments", {})
