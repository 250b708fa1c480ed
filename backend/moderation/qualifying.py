"""Which cases may be offered to a reviewer now: skills, languages, conflicts of interest, and what they have seen today."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend.education import queues_closed_to
from backend.moderation.leasing import within
from backend.moderation.measuring_exposure import WEIGHTED_SECONDS
from backend.moderation.thresholds import GAP_AFTER_SEVERE, HARD_LIMIT, SHIFT, SOFT_LIMIT
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_NOT_THEIRS: Final = """not exists (select from reviews v where v.agency_id = $1 and v.workspace_id = c.workspace_id
                                             and v.case_id = c.id and v.membership_id = $2)"""


@dataclass(frozen=True, slots=True)
class Fitness:
    """`closed_queues` ask for a skill or a certificate they lack, or for a lead; `conflicts` are ids of members, communities and clients;
    `languages` is empty for whoever reads whatever comes. Past the soft limit lighter cases go first, past the hard one,
    soon after a severe case, and for whoever avoids them, severe ones are not offered at all."""

    is_lead: bool
    languages: tuple[str, ...]
    closed_queues: tuple[UUID, ...]
    conflicts: tuple[UUID, ...]
    goes_lightly: bool
    spares_severe: bool

    def conditions(self, values: list[Any]) -> str:
        """SQL about a case `c`, of which $1 is the agency and $2 the reviewer; what it needs is added to `values`."""
        asked = [_NOT_THEIRS]
        if not self.is_lead:
            asked.append("c.slot < 3")
        if self.spares_severe:
            asked.append("c.severity <> 'severe'")
        if self.closed_queues:
            values.append(list(self.closed_queues))
            asked.append(f"not c.queue_id = any(${len(values)})")
        if self.languages:
            values.append(list(self.languages))
            asked.append(f"(c.language is null or c.language = any(${len(values)}))")
        if self.conflicts:
            values.append(list(self.conflicts))
            theirs = f"any(${len(values)})"
            asked.append(
                f"not (c.member_id = {theirs} or c.workspace_id = {theirs}"
                " or exists (select from posts p where p.agency_id = $1 and p.workspace_id = c.workspace_id"
                f" and p.id = c.post_id and p.community_id = {theirs})"
                " or exists (select from reports r where r.agency_id = $1 and r.workspace_id = c.workspace_id"
                f" and r.case_id = c.id and r.member_id = {theirs}))"
            )
        return " and ".join(asked)


async def fitness_of(moderator: Actor, membership_id: UUID, *, workspace_id: UUID | None) -> Fitness:
    """For cases of the client, or of all that the moderator sees."""
    is_lead = moderator.holds(Right.LEAD_QUEUE)
    values: list[Any] = [moderator.agency_id, membership_id, is_lead, SHIFT, GAP_AFTER_SEVERE]
    row = await current().fetchrow(
        f"""select r.languages, coalesce(r.avoids_severe, false) as avoids_severe, r.soft_limit, r.hard_limit,
                   array(select c.id from queues c where c.agency_id = $1{within(moderator, workspace_id, values)}
                            and (not c.skills <@ coalesce(r.skills, '{{}}') or (c.is_for_leads and not $3))) as closed,
                   array(select coalesce(i.member_id, i.community_id, i.workspace_id) from conflicts i
                          where i.agency_id = $1 and i.membership_id = $2 and i.ended_at is null) as conflicts,
                   seen.exposure, seen.rests
              from (select) one
              left join reviewers r on r.agency_id = $1 and r.membership_id = $2
             cross join lateral (
                   select coalesce(sum({WEIGHTED_SECONDS}), 0) as exposure,
                          coalesce(bool_or(k.severity = 'severe' and k.ended_by in ('decided', 'reviewed')
                                           and k.ended_at > now() - $5::interval), false) as rests
                     from claims k
                    where k.agency_id = $1 and k.membership_id = $2 and k.claimed_at > now() - $4::interval) seen""",
        *values,
    )
    soft, hard = row["soft_limit"] or SOFT_LIMIT, row["hard_limit"] or HARD_LIMIT
    return Fitness(
        is_lead=is_lead,
        languages=tuple(row["languages"] or ()),
        closed_queues=(*row["closed"], *await queues_closed_to(moderator, membership_id)),
        conflicts=tuple(row["conflicts"]),
        goes_lightly=row["exposure"] >= soft,
        spares_severe=row["avoids_severe"] or row["rests"] or row["exposure"] >= hard,
    )
