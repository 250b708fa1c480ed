"""What to write next: what readers looked for in vain, and what did not help them."""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from backend.education.thresholds import FEWEST_VOTES, MOST_SUGGESTED, UNHELPFUL_SHARE
from backend.kit.statistics import wilson
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

# Words that found nothing, and would find nothing now.
_SEARCHES: Final = """
    select s.words, s.times, s.empty_count from content_searches s
     where s.agency_id = $1 and s.workspace_id = $2 and s.empty_count > 0
       and not exists (select from content_items i
                         join content_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.item_id = i.id
                        where i.agency_id = $1 and i.workspace_id = $2 and i.archived_at is null
                          and i.current_version_id is not null and v.words @> string_to_array(s.words, ' ')
                          and v.version = (select max(n.version) from content_versions n where n.agency_id = $1
                                              and n.workspace_id = $2 and n.item_id = i.id and n.language = v.language))
     order by s.empty_count desc, s.id limit $3"""
# What readers say of the versions that they have now.
_VOTES: Final = """
    select i.id, count(*) as votes, count(*) filter (where not f.is_helpful) as unhelpful,
           count(*) filter (where f.has_solved is false) as unsolved
      from content_items i
      join content_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.id = i.current_version_id
      join content_feedback f on f.agency_id = $1 and f.workspace_id = $2 and f.version_id = v.id
     where i.agency_id = $1 and i.workspace_id = $2 and i.archived_at is null
     group by i.id having count(*) >= $3"""


@dataclass(frozen=True, slots=True)
class ToWrite:
    """`unserved`: how many readers went away without an answer, by which suggestions are ranked. Of a search `words` and how
    often they were looked for (`of`); of an article `item_id`, its votes (`of`), how many say that it did not solve what
    they came with, and the interval of the unhelpful share."""

    kind: Literal["search", "article"]
    unserved: int
    of: int
    low: float
    high: float
    words: str | None = None
    item_id: UUID | None = None
    unsolved: int = 0


async def content_to_write(actor: Actor, workspace_id: UUID) -> list[ToWrite]:
    """The MOST_SUGGESTED that leave most readers without an answer. An article is among them once so many find it unhelpful that
    chance alone does not explain it. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    scope, found = current(), []
    for row in await scope.fetch(_SEARCHES, actor.agency_id, workspace_id, MOST_SUGGESTED):
        low, high = wilson(row["empty_count"], row["times"])
        found.append(ToWrite("search", row["empty_count"], row["times"], low, high, words=row["words"]))
    for row in await scope.fetch(_VOTES, actor.agency_id, workspace_id, FEWEST_VOTES):
        low, high = wilson(row["unhelpful"], row["votes"])
        if low > UNHELPFUL_SHARE:
            found.append(
                ToWrite("article", row["unhelpful"], row["votes"], low, high, item_id=row["id"], unsolved=row["unsolved"])
            )  # fmt: skip
    found.sort(key=lambda each: (-each.unserved, -each.low, each.kind, each.words or "", str(each.item_id)))
    return found[:MOST_SUGGESTED]
