"""Workers say that they are alive; where none has for a while, jobs wait and somebody should know."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from tenants.database import unscoped

BEAT_SECONDS: Final = 3.0
SILENT_AFTER: Final = timedelta(seconds=15)


async def beat(worker_id: UUID, *, is_stopping: bool = False) -> None:
    """One that stops takes no jobs any more. Those that died long ago are forgotten."""
    async with unscoped() as connection:
        await connection.execute(
            """insert into workers (id, is_stopping) values ($1, $2)
               on conflict (id) do update set seen_at = now(), is_stopping = $2""",
            worker_id,
            is_stopping,
        )
        await connection.execute("delete from workers where seen_at < now() - interval '1 day'")


async def leave(worker_id: UUID) -> None:
    async with unscoped() as connection:
        await connection.execute("delete from workers where id = $1", worker_id)


async def count_workers() -> int:
    """How many have been seen within SILENT_AFTER and take jobs."""
    async with unscoped() as connection:
        found: int = await connection.fetchval(
            "select count(*) from workers where not is_stopping and seen_at > now() - $1::interval", SILENT_AFTER
        )
        return found
