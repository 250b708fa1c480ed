import asyncio
from uuid import UUID

from backend import journal
from backend.acting.letting import held_connection
from backend.acting.platforms import Finding, Later, Limited, Unable
from backend.acting.reaching import reach
from backend.acting.thresholds import ATTEMPT_SECONDS
from tenants.actor import Actor


async def check_connection(actor: Actor, community_id: UUID) -> list[Finding]:
    """What stands between Tend and acting in the community, looked at there and then. Raises NotAllowed, NotFound."""
    connection = await held_connection(actor, community_id)
    found = await _findings(connection.id)
    await journal.record(
        "community.checked",
        subject_kind="community",
        subject_id=community_id,
        workspace_id=connection.workspace_id,
        missing=sum(not each.is_fine for each in found),
    )
    return found


async def _findings(connection_id: UUID) -> list[Finding]:
    found = await reach(connection_id)
    if found is None:
        return [Finding(False, "Tend has no key to act there: give it one with `letTendAct`.")]
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            return await found.platform.findings(found.hand)
    except TimeoutError:
        return [Finding(False, "The platform took too long to answer.")]
    except (Later, Limited, Unable) as problem:
        return [Finding(False, str(problem))]
