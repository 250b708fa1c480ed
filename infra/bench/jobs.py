"""Jobs per second from commit to effect, beside bare arq no-ops on the same Redis, and how soon a promised job begins.

`python -m infra.bench.jobs tend|arq` is one of the workers.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvloop
from arq.connections import RedisSettings, create_pool
from arq.worker import Worker, func
from rich.console import Console
from rich.table import Table

from backend import models
from backend.kit.ids import new_id
from backend.outbox import count_workers, enqueue
from backend.settings import Settings
from infra.bench.loading import Client, open_client
from infra.bench.results import Row, percentile
from infra.bench.servers import Place
from tenants import database
from tenants.actor import Actor, system
from tenants.scope import agency_scope, current
from workers.catalogue import CATALOGUE, Kind
from workers.consuming import JOBS_AT_ONCE
from workers.main import work

JOBS: Final = 3_000
AGENCIES: Final = 4  # the jobs are theirs in equal parts
WAITING: Final = 5_000
PROBES: Final = 60
ARQ_QUEUE: Final = "bare"


async def measure(place: Place, console: Console) -> list[Row]:
    models.load()
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    clients = [await open_client(moderators=1) for _ in range(AGENCIES)]
    rows = []
    for workers in (1, 2):
        bare = await _bare(place, workers)
        async with _tend(place, workers):
            durable = await _throughput(clients)
        rows.append({"operation": "jobs", "who": f"{workers} worker(s)", "jobs_per_second": durable, "arq": bare})
    async with _tend(place, 2):
        rows.append({"operation": "jobs", "who": "begin, idle", **await _begin(clients[0])})
        async with agency_scope(system(clients[1].agency_id)) as scope:
            await _promise(scope, clients[1], "doze", WAITING)
        rows.append({"operation": "jobs", "who": f"begin, {WAITING:,} of another waiting", **await _begin(clients[0])})
    await database.disconnect()
    _show(rows, console)
    return rows


async def _throughput(clients: list[Client]) -> float:
    begun = time.monotonic()
    for client in clients:
        async with agency_scope(system(client.agency_id)) as scope:
            await _promise(scope, client, "nothing", JOBS // AGENCIES)
    async with asyncio.timeout(300):
        for client in clients:
            while await _left(client):
                await asyncio.sleep(0.02)
    return JOBS / (time.monotonic() - begun)


async def _promise(scope: Any, client: Client, kind: str, count: int) -> None:
    await scope.execute(
        "insert into jobs (agency_id, id, kind) select $1, gen_random_uuid(), $2 from generate_series(1, $3)",
        client.agency_id,
        kind,
        count,
    )
    await scope.execute("insert into ready_agency (agency_id) values ($1)", client.agency_id)


async def _left(client: Client) -> int:
    async with agency_scope(system(client.agency_id), read_only=True) as scope:
        found: int = await scope.fetchval(
            "select count(*) from jobs where agency_id = $1 and kind = 'nothing' and state <> 'done'", client.agency_id
        )
        return found


async def _begin(client: Client) -> dict[str, float]:
    """From commit to the first statement of the work."""
    committed = {}
    for _ in range(PROBES):
        probe = str(new_id())
        async with agency_scope(system(client.agency_id)):
            await enqueue("probe", {"probe": probe})
        committed[f"probe:{probe}"] = time.time()
        await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    async with agency_scope(system(client.agency_id), read_only=True) as scope:
        rows = await scope.fetch(
            "select name, slot_at from slots where agency_id = $1 and name = any($2::text[])",
            client.agency_id,
            list(committed),
        )
    assert len(rows) == PROBES, f"{len(rows)} of {PROBES} probes had an effect"
    each = [(row["slot_at"].timestamp() - committed[row["name"]]) * 1e3 for row in rows]
    return {"p50_ms": percentile(each, 0.5), "p99_ms": percentile(each, 0.99)}


async def _bare(place: Place, workers: int) -> float:
    """Promised before the workers come, so that only doing counts."""
    redis = await create_pool(RedisSettings.from_dsn(place.settings.redis))
    for _ in range(JOBS):
        await redis.enqueue_job("nothing", _queue_name=ARQ_QUEUE)
    with _processes("arq", workers, place.environment):
        while await redis.zcard(ARQ_QUEUE) == JOBS:
            await asyncio.sleep(0.005)
        begun = time.monotonic()
        while await redis.zcard(ARQ_QUEUE):
            await asyncio.sleep(0.005)
        seconds = time.monotonic() - begun
    await redis.aclose()
    return JOBS / seconds


@asynccontextmanager
async def _tend(place: Place, workers: int) -> AsyncIterator[None]:
    with _processes("tend", workers, place.environment):
        async with asyncio.timeout(30):
            while await count_workers() < workers:
                await asyncio.sleep(0.1)
        yield
    async with asyncio.timeout(30):
        while await count_workers():
            await asyncio.sleep(0.1)


@contextmanager
def _processes(who: str, count: int, environment: Mapping[str, str]) -> Iterator[None]:
    argv = [sys.executable, "-m", "infra.bench.jobs", who]
    processes = [
        subprocess.Popen(argv, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _show(rows: list[Row], console: Console) -> None:
    table = Table("jobs", "Tend/s", "bare arq/s", "ratio", "p50 ms", "p99 ms")
    for row in rows:
        rates = [row.get("jobs_per_second"), row.get("arq")]
        ratio = "" if rates[0] is None or rates[1] is None else f"{rates[0] / rates[1]:.2f}"
        times = [row.get("p50_ms"), row.get("p99_ms")]
        shown = ["" if value is None else f"{value:,.0f}" for value in (*rates, *times)]
        table.add_row(str(row["who"]), *shown[:2], ratio, *shown[2:])
    console.print(table)


async def _nothing(_actor: Actor, _payload: Mapping[str, Any]) -> None:
    return None


async def _doze(_actor: Actor, _payload: Mapping[str, Any]) -> None:
    await asyncio.sleep(0.01)


async def _note(actor: Actor, payload: Mapping[str, Any]) -> None:
    await current().execute(
        "insert into slots (agency_id, id, name, slot_at) values ($1, $2, $3, clock_timestamp())",
        actor.agency_id,
        new_id(),
        f"probe:{payload['probe']}",
    )


async def _arq_nothing(_context: dict[Any, Any]) -> None:
    return None


async def _work_bare() -> None:
    await Worker(
        functions=[func(_arq_nothing, name="nothing")],
        redis_settings=RedisSettings.from_dsn(os.environ["TEND_REDIS_URL"]),
        queue_name=ARQ_QUEUE,
        max_jobs=sum(JOBS_AT_ONCE.values()),
        keep_result=0,
        poll_delay=0.1,
    ).async_run()


if __name__ == "__main__":
    if sys.argv[1] == "arq":
        uvloop.run(_work_bare())
    else:
        kinds = {"nothing": Kind(_nothing), "doze": Kind(_doze), "probe": Kind(_note)}
        uvloop.run(work(Settings(), catalogue={**CATALOGUE, **kinds}))
