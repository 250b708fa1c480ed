"""Worker processes: one that dies is noticed, one that stops hands back what it has, and nobody waits behind a crowd."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import hands
import httpx
import pytest
from api.test_journey import free_port
from cast import Cast
from prometheus_client.parser import text_string_to_metric_families
from webhooks.conftest import endpoint

from backend.kit.ids import new_id
from backend.outbox import Job, Priority, enqueue
from backend.settings import Settings
from backend.webhooks import remove_endpoint
from tenants.scope import agency_scope


@pytest.fixture(autouse=True)
async def quiet(acme: Cast, globex: Cast) -> AsyncIterator[None]:
    """No jobs of other tests."""
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from jobs where agency_id = $1", cast.agency_id)
    yield
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from jobs where agency_id = $1", cast.agency_id)


@pytest.fixture
async def own(settings: Settings) -> Settings:
    """Queues that no message of another test waits in."""
    return settings.model_copy(update={"redis_queue": f"tend:{new_id()}"})


@asynccontextmanager
async def worker(settings: Settings, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await hands.start(settings, **more)
    try:
        yield process
    finally:
        if process.returncode is None:
            await hands.kill(process)


async def ask_for(cast: Cast, kind: str, **payload: object) -> UUID:
    async with agency_scope(cast.system) as scope:
        await enqueue(kind, payload)
        return UUID(
            str(
                await scope.fetchval(
                    "select id from jobs where agency_id = $1 and kind = $2 order by id desc limit 1",
                    cast.agency_id,
                    kind,
                )
            )
        )


async def until(cast: Cast, job_id: UUID, *states: str, seconds: float = 30) -> Job:
    async with asyncio.timeout(seconds):
        while True:
            async with agency_scope(cast.system, read_only=True):
                job = await Job.get(id=job_id)
            if job.state in states:
                return job
            await asyncio.sleep(0.05)


async def test_a_dead_worker_is_noticed_within_fifteen_seconds_however_long_its_job_may_take(
    acme: Cast, own: Settings
) -> None:
    async with worker(own) as first:
        job_id = await ask_for(acme, "slow_mark", seconds=60, mark=str(new_id()))
        await until(acme, job_id, "running")
        # Renewed: after more than a lease it is still the same try.
        await asyncio.sleep(12)
        assert (await until(acme, job_id, "running")).attempt == 1
        async with worker(own):
            await hands.kill(first)
            loop = asyncio.get_running_loop()
            died_at = loop.time()
            async with asyncio.timeout(20):
                while (await until(acme, job_id, "ready", "sent", "running")).attempt < 2:
                    await asyncio.sleep(0.1)
            assert loop.time() - died_at < 15
            assert (await until(acme, job_id, "running")).attempt == 2


async def test_a_worker_that_stops_ends_what_is_short_and_puts_back_what_is_long_without_counting_the_try(
    acme: Cast, own: Settings
) -> None:
    async with worker(own) as process:
        short = await ask_for(acme, "slow_mark", seconds=3, mark=str(new_id()))
        long = await ask_for(acme, "slow_mark", seconds=60, mark=str(new_id()))
        await until(acme, short, "running")
        await until(acme, long, "running")
        assert await hands.stop(process) < 10
    assert process.returncode == 0
    ended, put_back = await until(acme, short, "done"), await until(acme, long, "ready")
    assert (ended.attempt, put_back.attempt, put_back.last_error) == (1, 0, "The worker was stopped.")


async def test_health_knows_within_fifteen_seconds_that_no_worker_is_alive(
    api: httpx.AsyncClient, acme: Cast, own: Settings
) -> None:
    async def status() -> tuple[int, str]:
        answer = await api.get("/health/work")
        return answer.status_code, answer.json()["status"]

    async with worker(own) as process:
        async with asyncio.timeout(10):
            while await status() != (200, "ok"):
                await asyncio.sleep(0.1)
        await hands.kill(process)
        async with asyncio.timeout(16):
            while await status() != (503, "no worker seen for 15 s"):
                await asyncio.sleep(0.1)
    assert (await api.get("/health/ready")).status_code == 200


async def test_a_worker_that_stops_says_so_at_once(api: httpx.AsyncClient, acme: Cast, own: Settings) -> None:
    async with worker(own) as process:
        job_id = await ask_for(acme, "slow_mark", seconds=2, mark=str(new_id()))
        await until(acme, job_id, "running")
        stopping = asyncio.create_task(hands.stop(process))
        async with asyncio.timeout(2):
            while (await api.get("/health/work")).status_code == 200:
                await asyncio.sleep(0.1)
        await stopping
    assert (await until(acme, job_id, "done")).attempt == 1


async def test_behind_three_thousand_jobs_of_one_agency_another_ones_starts_within_two_seconds(
    acme: Cast, globex: Cast, own: Settings
) -> None:
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            """insert into jobs (agency_id, id, kind, payload)
               select $1, gen_random_uuid(), 'slow_mark', '{"seconds": 0.1, "mark": "crowd"}' from generate_series(1, 3000)""",
            acme.agency_id,
        )
        await scope.execute("insert into ready_agency (agency_id) values ($1)", acme.agency_id)
    async with worker(own):
        async with asyncio.timeout(20):
            while True:
                async with agency_scope(acme.system, read_only=True):
                    if await Job.filter(kind="slow_mark", state="done").count() > 20:
                        break
                await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        for _ in range(5):
            asked_at = loop.time()
            job_id = await ask_for(globex, "mark", mark="probe")
            await until(globex, job_id, "running", "done")
            assert loop.time() - asked_at < 2
    async with agency_scope(acme.system) as scope:
        await scope.execute("delete from slots where agency_id = $1 and name = 'mark:crowd'", acme.agency_id)


async def test_long_work_in_bulk_takes_no_places_of_what_somebody_waits_for(
    acme: Cast, own: Settings, monkeypatch
) -> None:
    async def running() -> int:
        async with agency_scope(acme.system, read_only=True):
            return await Job.filter(kind="slow_bulk_mark", state="running").count()

    monkeypatch.setattr("backend.outbox.ranking._priorities", {"slow_bulk_mark": Priority.BULK})
    async with worker(own):
        for _ in range(12):
            await ask_for(acme, "slow_bulk_mark", seconds=60, mark=str(new_id()))
        async with asyncio.timeout(30):  # whichever they are: any three have the places
            while await running() < 3:
                await asyncio.sleep(0.05)
        asked_at = asyncio.get_running_loop().time()
        await until(acme, await ask_for(acme, "mark", mark="small"), "done")
        assert asyncio.get_running_loop().time() - asked_at < 20  # three of a minute each go on beside it
        assert await running() <= 3


async def test_a_worker_shows_prometheus_what_it_did_and_what_waits(acme: Cast, own: Settings) -> None:
    port = free_port()

    async def figures() -> dict[tuple[str, ...], float]:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    waiting = new_id()
    async with agency_scope(acme.system) as scope:
        # Due for a minute, but nothing wakes the relay for it.
        await scope.execute(
            """insert into jobs (agency_id, id, kind, payload, run_at)
               values ($1, $2, 'slow_mark', $3, now() - interval '1 minute')""",
            acme.agency_id,
            waiting,
            f'{{"seconds": 0, "mark": "{new_id()}"}}',
        )
    issued = await endpoint(acme, "https://example.com/")
    await acme.case()
    async with agency_scope(acme.system) as scope:
        await scope.execute("delete from jobs where agency_id = $1 and kind = 'deliver_webhooks'", acme.agency_id)
        await scope.execute(
            "update webhook_deliveries set next_at = now() - interval '1 minute' where endpoint_id = $1",
            issued.endpoint.id,
        )
    async with worker(own, TEND_WORKER_METRICS_PORT=str(port)):
        async with asyncio.timeout(20):
            while True:
                try:
                    shown = await figures()
                except httpx.TransportError:
                    shown = {}
                if ("tend_jobs_waiting", str(acme.agency_id), "slow_mark") in shown:
                    break
                await asyncio.sleep(0.1)
        assert shown["tend_jobs_waiting", str(acme.agency_id), "slow_mark"] == 1
        assert shown["tend_jobs_oldest_seconds", str(acme.agency_id), "slow_mark"] >= 60
        assert shown["tend_webhooks_waiting", str(acme.agency_id)] == 1
        assert shown["tend_webhooks_oldest_seconds", str(acme.agency_id)] >= 60
        await until(acme, await ask_for(acme, "slow_mark", seconds=0, mark=str(new_id())), "done")
        await until(acme, waiting, "done")  # woken by the other
        shown = await figures()
        assert shown["tend_jobs_total", "slow_mark", "done"] == 2
        assert shown["tend_job_seconds_count", "slow_mark"] == 2
        assert shown["tend_job_wait_seconds_sum", "slow_mark"] >= 60
        assert shown["tend_statement_seconds_count",] > 0
    async with agency_scope(acme.owner):
        await remove_endpoint(acme.owner, issued.endpoint.id)
