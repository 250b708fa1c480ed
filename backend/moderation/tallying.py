"""Whether the tallies of a client's cases are still what counting gives (moving.py keeps them)."""

from collections.abc import Mapping
from typing import Any

from backend.kit.ids import new_id
from backend.moderation.moving import STATES
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current

_COUNTED = ", ".join(f"count(*) filter (where state = '{state}') as {state}" for state in STATES)
_TALLIED = ", ".join(f"coalesce(sum({state}), 0) as {state}" for state in STATES)
_MISSING = ", ".join(f"c.{state} - t.{state}" for state in STATES)


async def count_cases_again(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: the tally becomes what counting gives. One statement sees each case and its tally either both before a change
    or both after it, so nobody has to stop working; two of these jobs would correct twice, so they take turns."""
    workspace_id = system.only_workspace
    scope = current()
    await scope.lock(locks.COUNTING, f"case_tallies:{workspace_id}")
    await scope.execute(
        f"""insert into case_tallies (agency_id, workspace_id, id, {", ".join(STATES)})
            select $1, $2, $3, {_MISSING}
              from (select {_COUNTED} from cases where agency_id = $1 and workspace_id = $2 and kind <> 'golden') c,
                   (select {_TALLIED} from case_tallies where agency_id = $1 and workspace_id = $2) t
             where ({", ".join(f"c.{state}" for state in STATES)}) <> ({", ".join(f"t.{state}" for state in STATES)})""",
        system.agency_id,
        workspace_id,
        new_id(),
    )
