"""Every change of what looks at a client's posts has a number: what was compiled before it is known to be old."""

from uuid import UUID

from backend.kit.ids import new_id
from tenants.scope import current


async def note_change(workspace_id: UUID) -> None:
    """Call before anything of the client's rules or banks is changed: whoever changes something else of them waits."""
    scope = current()
    await scope.execute(
        """insert into rulesets (agency_id, workspace_id, id) values ($1, $2, $3)
           on conflict (agency_id, workspace_id) do update set version = rulesets.version + 1""",
        scope.actor.agency_id,
        workspace_id,
        new_id(),
    )
