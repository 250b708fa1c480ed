"""Whatever is killed: what was accepted has its effect once, what was not has none.

For 12 s, or as long as TEND_CHAOS_SECONDS says. The counts are printed (`pytest -s`).
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest
from chaos.theatre import WORKERS, Theatre

SECONDS = float(os.environ.get("TEND_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("TEND_CHAOS_SEED", "0")) or random.randrange(10**6)


@pytest.fixture(scope="module")
async def theatre() -> AsyncIterator[Theatre]:
    """One for all: whatever was done to it, it goes on."""
    made = Theatre()
    try:
        await made.open(posts=int(SECONDS * 150) + 3000)
        yield made
    finally:
        await made.close()


async def effects(theatre: Theatre) -> dict[str, int]:
    """Every difference between what was promised and what has happened; all must be 0."""
    ids = {what: [id.partition("_")[2] for id in theatre.accepted[what]] for what in theatre.accepted}
    marks = {row["name"]: row["n"] for row in await theatre.fetch(
        "select substr(name, 6) as name, count(*) as n from app.slots where name like 'mark:%' group by name"
    )}  # fmt: skip
    certain, never, unknown = (theatre.promised[fate] for fate in "+-?")
    return {
        "accepted reports lost": len(ids["report"])
        - await theatre.fetchval("select count(*) from app.reports where id = any($1::uuid[])", ids["report"]),
        "accepted decisions lost": len(ids["decision"])
        - await theatre.fetchval("select count(*) from app.decisions where case_id = any($1::uuid[])", ids["decision"]),
        # The journal takes whatever is written to it, so it counts how often something was done.
        "actions not carried out exactly once": await theatre.fetchval(
            """select count(*) from app.decisions d where 2 <> (select count(*) from app.journal j
                where j.action = 'action.confirmed' and j.subject_id = d.case_id)"""
        ),
        "members not warned exactly once": await theatre.fetchval(
            """select count(*) from app.actions a where a.kind = 'warn_member'
                  and 1 <> (select count(*) from app.warnings w where w.action_id = a.id)"""
        ),
        "notices not delivered": await theatre.fetchval("select count(*) from app.notices where delivered_at is null"),
        "actions of nothing": await theatre.fetchval(
            """select count(*) from app.jobs j where kind = 'carry_out_actions'
                  and j.payload ? 'action_id'
                  and not exists (select from app.actions a where a.id = (j.payload->>'action_id')::uuid)"""
        ),
        "promises lost": sum(marks.get(number, 0) == 0 for number in certain),
        "effects doubled": sum(count > 1 for count in marks.values()),
        "effects of what was rolled back": sum(number in marks for number in never),
        "effects nobody promised": len(set(marks) - {*certain, *unknown} - await in_flight(theatre)),
        "dead jobs": await theatre.fetchval("select count(*) from app.jobs where state = 'dead'"),
    }


async def in_flight(theatre: Theatre) -> set[str]:
    """What was committed when its process was killed, before it could say so: jobs are there, and not rolled back."""
    rows = await theatre.fetch("select payload->>'mark' as mark from app.jobs where kind = 'mark'")
    return {row["mark"] for row in rows} - set(theatre.promised["-"])


async def tell(theatre: Theatre, capsys: pytest.CaptureFixture[str], what: str, **more: object) -> None:
    attempts = await theatre.fetch(
        "select count(*) as jobs, coalesce(sum(attempt - 1) filter (where attempt > 1), 0) as again from app.jobs"
    )
    counts = {
        "seed": SEED,
        "kills": dict(theatre.kills),
        "reports": len(theatre.accepted["report"]),
        "decisions": len(theatre.accepted["decision"]),
        "promises": {fate: len(numbers) for fate, numbers in theatre.promised.items()},
        **theatre.counts,
        "jobs": attempts[0]["jobs"],
        "tries again": int(attempts[0]["again"]),
        **more,
    }
    with capsys.disabled():
        print(f"\n{what}: {counts}")


async def test_processes_killed_at_random_under_load_lose_nothing_and_double_nothing(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    await theatre.begin_work()
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end:
        await asyncio.sleep(chance.uniform(0.3, 1.2))
        match chance.choice(("worker", "worker", "worker", "api", "redis", "flush")):
            case "worker":
                await theatre.kill_worker(chance.randrange(WORKERS))
            case "api":
                await theatre.kill_api()
            case "redis":
                theatre.kill_redis()
                await asyncio.sleep(chance.uniform(0, 1))
                theatre.redis.start()
            case "flush":
                await theatre.flush_redis()
    await theatre.end_work()
    seconds = await theatre.drained()
    await tell(theatre, capsys, "Killed at random", **{"drained after": f"{seconds:.1f} s"})
    assert theatre.accepted["decision"], "nobody has decided anything"
    assert len(theatre.promised["+"]) > SECONDS
    found = await effects(theatre)
    assert found == dict.fromkeys(found, 0), SEED


async def test_a_killed_postgresql_loses_no_acknowledged_write_and_everything_recovers_by_itself(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert theatre.api is not None
    before = [theatre.api.pid, *(worker.pid for worker in theatre.workers)]
    decisions = len(theatre.accepted["decision"])
    await theatre.begin_work()
    outages = []
    for _ in range(2):
        await asyncio.sleep(3)
        theatre.kill_postgres()
        begun = asyncio.get_running_loop().time()
        theatre.postgres.start()
        await theatre.wait_for_an_answer()
        outages.append(asyncio.get_running_loop().time() - begun)
    await asyncio.sleep(2)
    await theatre.end_work()
    seconds = await theatre.drained()
    await tell(
        theatre,
        capsys,
        "PostgreSQL killed",
        **{"answers again after": [f"{outage:.1f} s" for outage in outages], "drained after": f"{seconds:.1f} s"},
    )
    assert max(outages) < 10
    assert [process.pid for process in (theatre.api, *theatre.workers) if process.returncode is None] == before
    assert len(theatre.accepted["decision"]) > decisions + 10
    found = await effects(theatre)
    assert found == dict.fromkeys(found, 0)


async def test_without_redis_people_read_and_write_and_their_jobs_wait_and_then_drain(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    await theatre.begin_work()
    await asyncio.sleep(2)
    theatre.kill_redis()
    await asyncio.sleep(1)
    decisions = len(theatre.accepted["decision"])
    await asyncio.sleep(3)
    assert len(theatre.accepted["decision"]) > decisions
    waiting = await theatre.fetchval("select count(*) from app.jobs where kind = 'mark' and state in ('ready', 'sent')")
    assert waiting > 10
    theatre.redis.start()
    await theatre.end_work()
    seconds = await theatre.drained()
    await tell(theatre, capsys, "Without Redis", waited=waiting, **{"drained after": f"{seconds:.1f} s"})
    assert theatre.counts["error"] == theatre.counts["no answer"] == 0
    found = await effects(theatre)
    assert found == dict.fromkeys(found, 0)


async def test_a_job_that_runs_goes_on_while_redis_is_gone(theatre: Theatre) -> None:
    await theatre.fetch(
        """with job as (insert into app.jobs (agency_id, id, kind, payload)
                        values ($1, gen_random_uuid(), 'slow_mark', '{"seconds": 6, "mark": "slow"}') returning agency_id)
           insert into app.ready_agency (agency_id) select agency_id from job""",
        theatre.play["agency"],
    )
    state = "select state || ' ' || attempt from app.jobs where kind = 'slow_mark'"
    async with asyncio.timeout(20):
        while await theatre.fetchval(state) != "running 1":
            await asyncio.sleep(0.1)
        theatre.kill_redis()
        await asyncio.sleep(1)
        theatre.redis.start()
        while await theatre.fetchval(state) == "running 1":
            await asyncio.sleep(0.1)
    assert await theatre.fetchval(state) == "done 1"
