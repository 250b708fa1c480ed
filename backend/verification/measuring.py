from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.kit.errors import Invalid, NotFound
from backend.verification.models import VerificationProgramme
from backend.verification.thresholds import LONGEST_SERIES
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

# Of a row `p` of posts, by the programme {}: the post is, or its author. What was verified and grew old was verified when it
# was read; what was taken back never was.
IS_VERIFIED: Final = """exists (
             select from verification_tasks t
              where t.agency_id = $1 and t.workspace_id = $2 and t.programme_id = {} and t.member_id = p.member_id
                and coalesce(t.post_id, p.id) = p.id and t.verified_at is not null
                and t.state in ('verified', 'expired'))"""

_WEEKS: Final = f"""
    select w.week, count(p.id) as posts, count(p.id) filter (where {IS_VERIFIED.format("$3")}) as verified
      from generate_series(date_trunc('week', $5::timestamptz at time zone 'UTC') at time zone 'UTC',
                           $6::timestamptz - interval '1 microsecond', interval '7 days') as w (week)
      left join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.community_id = $4
       and p.posted_at >= greatest(w.week, $5) and p.posted_at < least(w.week + interval '7 days', $6)
     group by w.week order by w.week"""


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday, 0:00 UTC; the first and the last may be cut."""

    begins_at: datetime
    posts: int
    verified: int


@dataclass(frozen=True, slots=True)
class Verified:
    """Of the posts of one programme's community in a window, those that are verified."""

    programme_id: UUID
    name: str
    posts: int
    verified: int


async def verified_in(workspace_id: UUID, *, since: datetime, until: datetime) -> Sequence[Verified]:
    """By programme in use, by name. The caller has asked for the right."""
    rows = await current().fetch(
        f"""select r.id, r.name, count(p.id) as posts, count(p.id) filter (where {IS_VERIFIED.format("r.id")}) as verified
             from verification_programmes r
             left join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.community_id = r.community_id
              and p.posted_at >= $3 and p.posted_at < $4
            where r.agency_id = $1 and r.workspace_id = $2 and r.archived_at is null
            group by r.id, r.name order by r.name, r.id""",
        current().actor.agency_id,
        workspace_id,
        since,
        until,
    )
    return [Verified(row["id"], row["name"], row["posts"], row["verified"]) for row in rows]


async def verified_by_week(actor: Actor, programme_id: UUID, *, since: datetime, until: datetime) -> Sequence[Week]:
    """Of the posts of the programme's community, those that are verified, or whose authors are. Raises NotAllowed,
    NotFound, Invalid."""
    actor.must_hold(Right.READ_WORKSPACE)
    if not since < until or until - since > LONGEST_SERIES:
        raise Invalid("The window ends after it begins, and within 731 days.", path=("until",))
    programme = await VerificationProgramme.get_or_none(id=programme_id)
    if programme is None:
        raise NotFound(path=("programmeId",))
    async with (
        current().past_restrictions()
    ):  # as in the integrity report: what is missing here would be a post's own hour
        rows = await current().fetch(
            _WEEKS, actor.agency_id, programme.workspace_id, programme.id, programme.community_id, since, until
        )
    return [Week(row["week"], row["posts"], row["verified"]) for row in rows]
