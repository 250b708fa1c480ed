"""What happened, in the order in which it did: of everything an investigation is about, and of the investigation itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.integrity.models import Investigation
from backend.integrity.thresholds import TIMELINE
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_EVENTS: Final = """
    with s as materialized (
        select * from investigation_subjects where agency_id = $1 and workspace_id = $2 and investigation_id = $3),
    p as materialized (
        select o.id, o.posted_at, o.removed_at, o.hidden_at from posts o
         where o.agency_id = $1 and o.workspace_id = $2 and (
               o.id in (select post_id from s where post_id is not null) or o.id in (
                   select k.post_id from cases k where k.agency_id = $1 and k.workspace_id = $2
                      and k.id in (select case_id from s where case_id is not null)))),
    k as materialized (
        select c.id, c.post_id, c.opened_at, c.closed_at, c.outcome from cases c
         where c.agency_id = $1 and c.workspace_id = $2 and c.kind <> 'golden'
           and (c.id in (select case_id from s where case_id is not null) or c.post_id in (select id from p)))
    select * from (
        select m.first_seen_at as at, 'member_seen' as kind, m.id as member_id, null::uuid as post_id, null::uuid as case_id,
               '' as text
          from members m where m.agency_id = $1 and m.workspace_id = $2
           and m.id in (select member_id from s where member_id is not null)
        union all select posted_at, 'posted', null, id, null, '' from p
        union all select v.captured_at, 'edited', null, v.post_id, null, v.version::text from post_versions v
                   where v.agency_id = $1 and v.workspace_id = $2 and v.post_id in (select id from p) and v.version > 1
        union all select removed_at, 'removed', null, id, null, '' from p where removed_at is not null
        union all select hidden_at, 'hidden', null, id, null, '' from p where hidden_at is not null
        union all select r.created_at, 'reported', r.member_id, r.post_id, r.case_id, r.channel from reports r
                   where r.agency_id = $1 and r.workspace_id = $2 and r.case_id in (select id from k)
        union all select opened_at, 'case_opened', null, post_id, id, '' from k
        union all select closed_at, 'case_closed', null, post_id, id, outcome from k where closed_at is not null
        union all select e.at, 'investigation_' || e.kind, null, null, null, e.text from investigation_entries e
                   where e.agency_id = $1 and e.workspace_id = $2 and e.investigation_id = $3) happened
     where happened.at is not null order by happened.at desc, happened.kind, happened.post_id, happened.member_id limit $4"""


@dataclass(frozen=True, slots=True)
class Happened:
    at: datetime
    kind: str
    member_id: UUID | None
    post_id: UUID | None
    case_id: UUID | None
    text: str


async def timeline_of(actor: Actor, investigation_id: UUID) -> list[Happened]:
    """The latest TIMELINE of them, the earliest of these first; empty where the investigation is not there. Raises
    NotAllowed."""
    actor.must_hold(Right.READ_CASES)
    investigation = await Investigation.get_or_none(id=investigation_id)
    if investigation is None:
        return []
    rows = await current().fetch(_EVENTS, actor.agency_id, investigation.workspace_id, investigation.id, TIMELINE)
    return [Happened(**row) for row in reversed(rows)]
