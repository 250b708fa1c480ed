"""How often a rule is right: of the posts it found, those whose case was decided, and how."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.kit.statistics import wilson
from tenants.scope import current

# How the newest decision about a post ended, of {post} and {workspace}; no row where nothing was decided.
DECISION: Final = """select c.outcome from cases c where c.agency_id = {agency} and c.workspace_id = {workspace}
      and c.post_id = {post} and c.state = 'closed' and c.outcome in ('violation', 'no_violation')
    order by c.closed_at desc limit 1"""
# Of a version, {rule} and {version}: how many posts it found, whatever came of it; how many were decided; how many were
# violations.
RECORD: Final = f"""select count(*) as found, count(d.outcome) as decided,
      count(*) filter (where d.outcome = 'violation') as upheld
    from (select distinct f.post_id from rule_firings f where f.agency_id = {{agency}} and f.workspace_id = {{workspace}}
             and f.rule_id = {{rule}} and f.version = {{version}}) f
    left join lateral ({DECISION.replace("{post}", "f.post_id")}) d on true"""


@dataclass(frozen=True, slots=True)
class Record:
    """Of `found` posts so many were `decided`, and of these so many `upheld`: found to be violations."""

    found: int
    decided: int
    upheld: int

    @property
    def precision_at_least(self) -> float:
        """The lower bound of Wilson's 95 % interval, 0 to 1."""
        return wilson(self.upheld, self.decided)[0]


async def record_of(workspace_id: UUID, rule_id: UUID, version: int) -> Record:
    """As far as its firings are kept, of the shadow and of old posts as well."""
    scope = current()
    row = await scope.fetchrow(
        RECORD.format(agency="$1", workspace="$2", rule="$3", version="$4"),
        scope.actor.agency_id,
        workspace_id,
        rule_id,
        version,
    )
    return Record(*row)


async def decisions_about(workspace_id: UUID, post_ids: list[UUID]) -> dict[UUID, str]:
    """How the newest decision about each ended; those without one are missing."""
    scope = current()
    rows = await scope.fetch(
        f"""select w.id, d.outcome from unnest($3::uuid[]) as w (id)
             cross join lateral ({DECISION.format(agency="$1", workspace="$2", post="w.id")}) d""",
        scope.actor.agency_id,
        workspace_id,
        post_ids,
    )
    return {row["id"]: row["outcome"] for row in rows}
