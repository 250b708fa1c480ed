"""How many posts the live rules of a client have looked at, by the hour."""

from uuid import UUID

from backend.kit.ids import new_id
from tenants.scope import current


async def count_runs(workspace_id: UUID, runs: int) -> None:
    """One number for all rules, since each looks at every post; what each found stands in its firings. As with
    case_tallies, each transaction adds to a row that no other holds, and their sum counts."""
    if not runs:
        return
    scope = current()
    await scope.execute(
        """with mine as materialized (
                select id from rule_runs where agency_id = $1 and workspace_id = $2 and hour = date_trunc('hour', now())
                 limit 1 for update skip locked),
             added as (
                update rule_runs r set runs = r.runs + $4 from mine
                 where r.agency_id = $1 and r.workspace_id = $2 and r.id = mine.id returning r.id)
           insert into rule_runs (agency_id, workspace_id, id, hour, runs)
           select $1, $2, $3, date_trunc('hour', now()), $4 where not exists (select from added)""",
        scope.actor.agency_id,
        workspace_id,
        new_id(),
        runs,
    )
