"""`tend work` with some kinds of jobs for tests beside its own: `python tests/hands.py` does them, `start` starts that."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from backend.kit.ids import new_id
from backend.outbox import Priority
from backend.settings import Settings
from tenants.actor import Actor, system
from tenants.scope import agency_scope, current
from workers.catalogue import CATALOGUE, MINUTE, Kind
from workers.main import work

ROOT = Path(__file__).parent.parent


async def leave_a_mark(actor: Actor, payload: Mapping[str, Any]) -> None:
    """A row for each time the job had its effect."""
    await current().execute(
        "insert into slots (agency_id, id, name, slot_at) values ($1, $2, $3, clock_timestamp())",
        actor.agency_id,
        new_id(),
        f"mark:{payload['mark']}",
    )


async def leave_a_mark_slowly(actor: Actor, payload: Mapping[str, Any]) -> None:
    for _ in range(int(payload["seconds"] * 10)):
        await current().fetchval("select 1")
        await asyncio.sleep(0.1)
    await leave_a_mark(actor, payload)


KINDS = {
    "mark": Kind(leave_a_mark, tries=50, back_off=timedelta(milliseconds=100)),
    "slow_mark": Kind(leave_a_mark_slowly, timeout=30 * MINUTE, tries=20),
    "slow_bulk_mark": Kind(leave_a_mark_slowly, timeout=30 * MINUTE, priority=Priority.BULK),
}


async def marks(scope: Any, agency_id: Any) -> list[str]:
    """Each as often as its job had an effect."""
    rows = await scope.fetch("select name from slots where agency_id = $1 and name like 'mark:%'", agency_id)
    return [row["name"].removeprefix("mark:") for row in rows]


async def call_off_what_others_left(settings: Settings) -> None:
    """Jobs that other tests have promised and nobody has done: a worker would do these first, hundreds of them."""
    owner = await asyncpg.connect(settings.owner_url)
    agencies = [row["agency_id"] for row in await owner.fetch("select distinct agency_id from app.ready_agency")]
    await owner.close()
    for agency_id in agencies:
        async with agency_scope(system(agency_id)) as scope:
            await scope.execute(
                """update jobs set state = 'cancelled', ended_at = now(), dedupe_key = null, lease_until = null
                    where agency_id = $1 and state in ('ready', 'sent')""",
                agency_id,
            )


async def start(settings: Settings, **more: str) -> asyncio.subprocess.Process:
    """A process group of its own: the address of its servers is that of the tests."""
    assert settings.redis_url is not None
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "hands.py"),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("TEND_")},
            "TEND_DATABASE_URL": settings.app_url,
            "TEND_REDIS_URL": settings.redis_url,
            "TEND_REDIS_QUEUE": settings.redis_queue,
            "PYTHONPATH": str(ROOT),
            **more,
        },
        cwd=ROOT,
        start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None if os.environ.get("HANDS_SPEAK") else asyncio.subprocess.DEVNULL,
    )


async def kill(process: asyncio.subprocess.Process) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def stop(process: asyncio.subprocess.Process) -> float:
    """How long it took, in seconds."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    os.killpg(process.pid, signal.SIGTERM)
    async with asyncio.timeout(20):
        await process.wait()
    return loop.time() - begun


if __name__ == "__main__":
    import uvloop

    uvloop.run(work(Settings(), catalogue={**CATALOGUE, **KINDS}))
