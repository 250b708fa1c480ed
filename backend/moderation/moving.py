"""A case goes from one state to another: kept as history, and in the tally that boards read instead of counting."""

from datetime import datetime
from typing import Final
from uuid import UUID

from backend.kit.ids import new_id
from tenants.scope import current

STATES: Final = ("queued", "in_review", "pending_info", "held", "closed")


async def moved(
    case_id: UUID,
    *,
    workspace_id: UUID,
    of: str | None,
    to: str,
    because: str,
    at: datetime | None = None,
    is_tallied: bool = True,
) -> None:
    """The case went from state `of` (None: it is new) to state `to`, now or `at`. Call in the transaction that moves it.

    A client's tally is the sum of its rows, and each transaction adds to one that no other holds: nobody waits, and
    there are as many rows as transactions have ever moved cases of that client at once.
    """
    change = [(state == to) - (state == of) if is_tallied else 0 for state in STATES]
    actor = current().actor
    await current().execute(
        """with noted as (
                insert into case_states (agency_id, workspace_id, id, case_id, from_state, to_state, because, membership_id,
                                         at)
                values ($1, $2, $9, $10, $11, $12, $13, $14, coalesce($15, clock_timestamp()))),
             mine as materialized (
                select id from case_tallies where agency_id = $1 and workspace_id = $2 limit 1 for update skip locked),
             added as (
                update case_tallies t
                   set queued = t.queued + $4, in_review = t.in_review + $5, pending_info = t.pending_info + $6,
                       held = t.held + $7, closed = t.closed + $8
                  from mine where t.agency_id = $1 and t.workspace_id = $2 and t.id = mine.id returning t.id)
           insert into case_tallies (agency_id, workspace_id, id, queued, in_review, pending_info, held, closed)
           select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select from added)""",
        actor.agency_id,
        workspace_id,
        new_id(),
        *change,
        new_id(),
        case_id,
        of,
        to,
        because,
        actor.membership_id,
        at,
    )


async def let_golden_go(case_id: UUID, *, workspace_id: UUID) -> None:
    """A golden case was judged or given back: nobody is offered it as this one again. Call while holding the lock on it."""
    scope = current()
    agency_id = scope.actor.agency_id
    await scope.execute(
        """update cases set state = 'closed', outcome = 'no_violation', closed_at = now(), claimed_by_id = null,
                            claimed_until = null, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        agency_id,
        workspace_id,
        case_id,
    )
    await scope.execute(
        "delete from reports where agency_id = $1 and workspace_id = $2 and case_id = $3",
        agency_id,
        workspace_id,
        case_id,
    )
