"""What the open reports about posts come to: how many people, their evidence mass (F4), and what Discourse would score their
flags (F1 of reference/moderation.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from backend.communities import STAFF_TRUST
from backend.moderation.crediting import WEIGHED, mass_of
from backend.moderation.thresholds import FAIR_SHARE_OF_FLAGS, FLAGS_OF_NO_RECORD, REPORTS_REMEMBERED
from tenants.scope import current

# Of how far a flag has to go, by what Discourse then does. Source: its Reviewable and PostActionCreator.
FLAG_EFFECTS: Final = {"hide_post": 1.0, "silence_new_member": 0.6, "close_topic": 2.5}
FLAG_SENSITIVITIES: Final = {"low": 9, "medium": 6, "high": 3}


@dataclass(frozen=True, slots=True)
class Weight:
    """Of the open reports about a post. `people`: members and staff, no rules; `mass` and `flag_score` have no unit."""

    people: int = 0
    mass: float = 0.0
    flag_score: float = 0.0


def flag_accuracy(*, agreed: int, disagreed: int) -> float:
    """What a record adds to the score of a flag; below 0.7 agreed it takes. Two places."""
    flags = agreed + disagreed
    if flags <= FLAGS_OF_NO_RECORD:
        return 0.0
    share, most = agreed / flags, 5 * log(flags, 4)
    if share >= FAIR_SHARE_OF_FLAGS:
        return round((share - FAIR_SHARE_OF_FLAGS) / (1 - FAIR_SHARE_OF_FLAGS) * most, 2)
    return round((share - FAIR_SHARE_OF_FLAGS) / FAIR_SHARE_OF_FLAGS * most, 2)


def flag_score(
    *, trust_level: int, agreed: int, disagreed: int, bonus: float = 0.0, takes_action: bool = False
) -> float:
    """Of one flag by a person; staff has trust level 5."""
    record = flag_accuracy(agreed=agreed, disagreed=disagreed)
    return max(0.0, 1 + trust_level + record + bonus + (5 if takes_action else 0))


def flag_threshold(high: float, *, sensitivity: str, effect: str) -> float:
    """The score from which Discourse does it by itself. `high`: what the forum has learned, 12.5 before. Cut after two places
    as Ruby cuts a float, hence 4.99 where 5 was meant."""
    return floor(high * (FLAG_SENSITIVITIES[sensitivity] / 9) * FLAG_EFFECTS[effect] * 100) / 100


async def weigh_reports(workspace_id: UUID, post_ids: Sequence[UUID]) -> dict[UUID, Weight]:
    """Of the posts that have open reports by people. An author's flag on their own post has no score, nor has a bot's."""
    rows = await current().fetch(
        f"""select r.post_id, r.channel, {WEIGHED},
                  case when r.channel = 'staff' then $5 else coalesce(m.trust_level, 0) end as trust_level,
                  coalesce(m.kind = 'bot' or m.id = c.member_id, false) as scores_nothing, record.agreed, record.disagreed
             from reports r
             join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = r.case_id and c.state <> 'closed'
             left join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = r.member_id
            cross join lateral (
                  select count(*) filter (where outcome = 'violation') as agreed,
                         count(*) filter (where outcome = 'no_violation') as disagreed
                    from (select d.outcome from reports e
                            join cases d on d.agency_id = $1 and d.workspace_id = $2 and d.id = e.case_id
                                        and d.state = 'closed'
                           where e.agency_id = $1 and e.workspace_id = $2 and e.reporter_key = r.reporter_key
                           order by e.created_at desc, e.id desc limit $4) earlier) record
            where r.agency_id = $1 and r.workspace_id = $2 and r.post_id = any($3) and r.channel <> 'rule'
              and r.set_aside is null
            order by r.post_id, r.created_at, r.id""",
        current().actor.agency_id,
        workspace_id,
        post_ids,
        REPORTS_REMEMBERED,
        STAFF_TRUST,
    )
    return {post_id: _weight(list(reports)) for post_id, reports in groupby(rows, itemgetter("post_id"))}


def _weight(reports: Sequence[Any]) -> Weight:
    scored = (each for each in reports if not each["scores_nothing"])
    return Weight(
        people=len(reports),
        mass=mass_of(reports),
        flag_score=sum(
            flag_score(trust_level=each["trust_level"], agreed=each["agreed"], disagreed=each["disagreed"])
            for each in scored
        ),
    )
