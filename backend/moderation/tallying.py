"""How many cases of each state a client has, kept beside every change of state, so that no board has to count them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend.kit.ids import new_id
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current

STATES: Final = ("queued", "in_review", "closed")


async def tally(workspace_id: UUID, *, of: str | None, to: str) -> None:
    """One case went from state `of` (None: it is new) to state `to`. Call in the transaction that moves it.

    A client's tally is the sum of its rows, and each transaction adds to one that no other holds: nobody waits, and
    there are as many rows as transactions have ever moved cases of that client at once.
    """
    change = {state: (state == to) - (state == of) for state in STATES}
    await current().execute(
        """with mine as materialized (
                select id from case_tallies where agency_id = $1 and workspace_id = $2 limit 1 for update skip locked),
             added as (
                update case_tallies t
                   set queued = t.queued + $4, in_review = t.in_review + $5, closed = t.closed + $6
                  from mine where t.agency_id = $1 and t.workspace_id = $2 and t.id = mine.id returning t.id)
           insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
           select $1, $2, $3, $4, $5, $6 where not exists (select from added)""",
        current().actor.agency_id,
        workspace_id,
        new_id(),
        *change.values(),
    )


async def count_cases_again(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: the tally becomes what counting gives. One statement sees each case and its tally either both before a change
    or both after it, so nobody has to stop working; two of these jobs would correct twice, so they take turns."""
    workspace_id = system.only_workspace
    scope = current()
    await scope.lock(locks.COUNTING, f"case_tallies:{workspace_id}")
    await scope.execute(
        """insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
           select $1, $2, $3, c.queued - t.queued, c.in_review - t.in_review, c.closed - t.closed
             from (select count(*) filter (where state = 'queued') as queued,
                          count(*) filter (where state = 'in_review') as in_review,
                          count(*) filter (where state = 'closed') as closed
                     from cases where agency_id = $1 and workspace_id = $2) c,
                  (select coalesce(sum(queued), 0) as queued, coalesce(sum(in_review), 0) as in_review,
                          coalesce(sum(closed), 0) as closed
                     from case_tallies where agency_id = $1 and workspace_id = $2) t
            where (c.queued, c.in_review, c.closed) <> (t.queued, t.in_review, t.closed)""",
        system.agency_id,
        workspace_id,
        new_id(),
    )
