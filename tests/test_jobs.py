"""Jobs: from the transaction that promises one to its effect, once, whatever dies in between."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from cast import Cast

from backend import outside
from backend.kit.clock import now
from backend.kit.errors import NotAllowed
from backend.kit.ids import new_id
from backend.notices import Notice, Recipient, tell
from backend.outbox import Job, Priority, Slot, enqueue
from backend.settings import Settings
from tenants.scope import agency_scope
from workers.calendar import Entry, fill_slots
from workers.catalogue import CATALOGUE, OUTSIDE_AT_ONCE, Kind
from workers.consuming import JOBS_AT_ONCE
from workers.relay import Sent, relay_once
from workers.running import back_off, run_job

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def relay_pool(settings: Settings):
    pool = await asyncpg.create_pool(settings.relay_url, min_size=1, max_size=2, server_settings={"search_path": "app"})
    yield pool
    await pool.close()


@pytest.fixture(autouse=True)
async def quiet(acme: Cast, globex: Cast, settings: Settings):
    """No jobs of other tests."""
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from jobs where agency_id = $1", cast.agency_id)
    relay = await asyncpg.connect(settings.relay_url, server_settings={"search_path": "app"})
    await relay.execute("delete from ready_agency")
    await relay.close()


async def ask_for(cast: Cast, kind: str = "test", **more) -> UUID:
    async with agency_scope(cast.system):
        await enqueue(kind, {}, **more)
        return (await Job.filter(kind=kind).order_by("-created_at", "-id").first()).id


async def job(cast: Cast, job_id: UUID) -> Job:
    async with agency_scope(cast.system):
        return await Job.get(id=job_id)


async def sweep(pool, catalogue=CATALOGUE) -> list[tuple[UUID, UUID]]:
    sent: list[tuple[UUID, UUID]] = []

    async def push(job: Sent) -> None:
        sent.append((job.agency_id, job.id))

    await relay_once(pool, push, catalogue=catalogue)
    return sent


def kinds(work, **more) -> dict[str, Kind]:
    return {"test": Kind(work, **{"back_off": timedelta(0), **more})}


async def works(_actor, _payload) -> None:
    return None


async def fails(_actor, _payload) -> None:
    raise ValueError("no luck")


async def test_a_job_is_sent_once_and_done_once(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme)
    assert await sweep(relay_pool) == [(acme.agency_id, job_id)]
    assert await sweep(relay_pool) == []
    await run_job(acme.agency_id, job_id, catalogue=kinds(works))
    assert ((await job(acme, job_id)).state, (await job(acme, job_id)).attempt) == ("done", 1)


async def test_a_rolled_back_transaction_leaves_no_job(acme: Cast, relay_pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with agency_scope(acme.system):
            await enqueue("test", {})
            raise ZeroDivisionError
    assert await sweep(relay_pool) == []


async def test_a_job_for_later_is_not_sent_before(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme, run_at=now() + timedelta(seconds=0.5))
    assert await sweep(relay_pool) == []
    await asyncio.sleep(0.6)
    assert await sweep(relay_pool) == [(acme.agency_id, job_id)]


async def test_a_job_asked_for_twice_before_it_is_sent_is_one_and_afterwards_two(acme: Cast, relay_pool) -> None:
    await ask_for(acme, dedupe_key="k")
    await ask_for(acme, dedupe_key="k")
    assert len(await sweep(relay_pool)) == 1
    await ask_for(acme, dedupe_key="k")
    assert len(await sweep(relay_pool)) == 1


async def test_a_job_that_fails_backs_off_and_dies_in_the_end(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme)
    for attempt in (1, 2, 3):
        assert await sweep(relay_pool) == [(acme.agency_id, job_id)]
        await run_job(acme.agency_id, job_id, catalogue=kinds(fails, tries=3))
        row = await job(acme, job_id)
        assert (row.attempt, row.state) == (attempt, "ready" if attempt < 3 else "dead")
        assert row.last_error == "ValueError: no luck"
    assert await sweep(relay_pool) == []


async def test_a_failed_job_leaves_no_half_done_work(acme: Cast, relay_pool) -> None:
    async def half(actor, _payload) -> None:
        await enqueue("half", {})
        raise ValueError

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    await run_job(acme.agency_id, job_id, catalogue=kinds(half))
    async with agency_scope(acme.system):
        assert not await Job.exists(kind="half")


async def test_a_job_that_takes_too_long_is_ended_and_tried_again(acme: Cast, relay_pool) -> None:
    async def hangs(_actor, _payload) -> None:
        await asyncio.sleep(30)

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    async with asyncio.timeout(10):
        await run_job(acme.agency_id, job_id, catalogue=kinds(hangs, timeout=timedelta(seconds=0.2)))
    row = await job(acme, job_id)
    assert (row.state, row.last_error) == ("ready", "TimeoutError: ")


async def test_a_lease_that_ended_brings_the_job_back_and_fences_the_slow_worker(acme: Cast, relay_pool) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_actor, _payload) -> None:
        await enqueue("slow", {})
        started.set()
        await go_on.wait()

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    first = asyncio.create_task(run_job(acme.agency_id, job_id, catalogue=kinds(slow)))
    async with asyncio.timeout(10):
        await started.wait()
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update jobs set lease_until = now() - interval '1 second' where agency_id = $1 and id = $2",
            acme.agency_id,
            job_id,
        )
        await scope.execute("insert into ready_agency (agency_id) values ($1)", acme.agency_id)
    assert await sweep(relay_pool) == [(acme.agency_id, job_id)]
    await run_job(acme.agency_id, job_id, catalogue=kinds(works))
    go_on.set()
    async with asyncio.timeout(10):
        await first
    row = await job(acme, job_id)
    assert (row.state, row.attempt) == ("done", 2)
    async with agency_scope(acme.system):
        assert not await Job.exists(kind="slow")


async def test_a_job_that_kills_every_worker_is_dead_in_the_end(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme)
    async with agency_scope(acme.system):
        await Job.filter(id=job_id).update(attempt=3)
    await sweep(relay_pool)
    await run_job(acme.agency_id, job_id, catalogue=kinds(works, tries=3))
    assert (await job(acme, job_id)).state == "dead"


async def test_a_kind_that_only_newer_workers_know_waits_for_one(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme, kind="of_tomorrow")
    await sweep(relay_pool)
    await run_job(acme.agency_id, job_id, catalogue=kinds(works))
    row = await job(acme, job_id)
    assert row.state == "ready"
    assert row.run_at > now()


async def test_danger_goes_before_what_somebody_waits_for_and_that_before_bulk(
    acme: Cast, relay_pool, monkeypatch
) -> None:
    ranks = {"bulk": Priority.BULK, "danger": Priority.DANGER}
    monkeypatch.setattr("backend.outbox.ranking._priorities", ranks)
    bulk, usual, danger = [await ask_for(acme, kind=kind) for kind in ("bulk", "usual", "danger")]
    assert [job_id for _, job_id in await sweep(relay_pool)] == [danger, usual, bulk]


async def test_danger_has_room_in_an_agency_at_its_limit(acme: Cast, relay_pool, monkeypatch) -> None:
    async with agency_scope(acme.system):
        for _ in range(60):
            await enqueue("test", {})
    assert len(await sweep(relay_pool)) == 32
    monkeypatch.setattr("backend.outbox.ranking._priorities", {"danger": Priority.DANGER})
    danger = await ask_for(acme, kind="danger")
    await asyncio.sleep(0.1)
    assert await sweep(relay_pool) == [(acme.agency_id, danger)]


async def test_a_kind_keeps_to_its_number_at_once_and_hides_nothing_behind_it(
    acme: Cast, globex: Cast, relay_pool
) -> None:
    catalogue = {"heavy": Kind(works, at_once=2), "light": Kind(works)}
    async with agency_scope(acme.system):
        for _ in range(40):
            await enqueue("heavy", {})
    theirs = await ask_for(globex, kind="heavy")
    light = await ask_for(acme, kind="light")
    sent = await sweep(relay_pool, catalogue)
    assert len(sent) == 4
    assert {(acme.agency_id, light), (globex.agency_id, theirs)} <= set(sent)
    heavy = next(job_id for _, job_id in sent if job_id not in (light, theirs))
    await run_job(acme.agency_id, heavy, catalogue=catalogue)
    await asyncio.sleep(0.1)
    assert len(await sweep(relay_pool, catalogue)) == 1


async def test_what_waits_for_servers_of_other_people_shares_one_number_at_once(acme: Cast, relay_pool) -> None:
    kind = Kind(works, at_once=4, reaches_outside=True)
    catalogue = {"hooks": kind, "chats": kind, "mails": kind, "light": Kind(works)}
    for name in ("hooks", "chats", "mails"):
        for _ in range(4):
            await ask_for(acme, name)
    light = [await ask_for(acme, "light") for _ in range(3)]
    sent = [id for _agency, id in await sweep(relay_pool, catalogue)]
    assert set(light) < set(sent)
    assert len(sent) == OUTSIDE_AT_ONCE + len(light)
    assert JOBS_AT_ONCE[Priority.NORMAL] > OUTSIDE_AT_ONCE, "others have places of every worker"
    await run_job(acme.agency_id, next(id for id in sent if id not in light), catalogue=catalogue)
    await asyncio.sleep(0.1)
    assert len(await sweep(relay_pool, catalogue)) == 1


# Where the job's own module leaves asking to another one.
ASKS_THROUGH = {"carry_out_actions": "backend.acting.asking"}


def test_every_kind_that_asks_other_servers_or_mails_says_so() -> None:
    reaching = {
        name
        for name, kind in CATALOGUE.items()
        if any(
            found in (outside.fetch, outside.send_mail)
            for found in vars(sys.modules[ASKS_THROUGH.get(name, kind.work.__module__)]).values()
        )
    }
    assert reaching == {name for name, kind in CATALOGUE.items() if kind.reaches_outside}


async def test_a_lease_that_is_lost_ends_the_work_at_once(acme: Cast, relay_pool, monkeypatch) -> None:
    monkeypatch.setattr("workers.running.RENEW_SECONDS", 0.05)
    ended = asyncio.Event()

    async def endless(_actor, _payload) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    running = asyncio.create_task(run_job(acme.agency_id, job_id, catalogue=kinds(endless, timeout=timedelta(hours=1))))
    await asyncio.sleep(0.3)
    before = (await job(acme, job_id)).lease_until
    await asyncio.sleep(0.2)
    assert (await job(acme, job_id)).lease_until > before
    async with agency_scope(acme.system):
        await Job.filter(id=job_id).update(state="ready", lease_token=None)
    async with asyncio.timeout(5):
        await ended.wait()
        await running
    assert (await job(acme, job_id)).state == "ready"


async def test_a_worker_that_is_stopped_puts_its_job_back_as_if_it_had_not_been_tried(acme: Cast, relay_pool) -> None:
    async def endless(_actor, _payload) -> None:
        await asyncio.sleep(60)

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    running = asyncio.create_task(run_job(acme.agency_id, job_id, catalogue=kinds(endless)))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ((await job(acme, job_id)).state, (await job(acme, job_id)).attempt) == ("ready", 0)
    assert await sweep(relay_pool) == [(acme.agency_id, job_id)]


async def test_a_busy_agency_does_not_fill_the_wire(acme: Cast, globex: Cast, relay_pool) -> None:
    async with agency_scope(acme.system):
        for _ in range(100):
            await enqueue("test", {})
    theirs = await ask_for(globex)
    sent = await sweep(relay_pool)
    assert (globex.agency_id, theirs) in sent
    assert len(sent) == 33
    assert len(await sweep(relay_pool)) == 0


def test_backing_off_doubles_with_jitter_and_has_an_end() -> None:
    kind = Kind(works, back_off=timedelta(seconds=2))
    for attempt, seconds in ((1, 2), (2, 4), (5, 32), (40, 3600)):
        for _ in range(50):
            assert timedelta(seconds=seconds / 2) <= back_off(kind, attempt) <= timedelta(seconds=seconds)


async def test_a_slot_is_filled_once_and_a_missed_one_is_caught_up(acme: Cast) -> None:
    calendar = (Entry("remove_ended_jobs", every=timedelta(hours=1)),)
    moment = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)
    async with asyncio.timeout(20):
        filled = await asyncio.gather(*(fill_slots(moment, calendar=calendar) for _ in range(4)))
    async with agency_scope(acme.system):
        assert [slot.slot_at for slot in await Slot.filter(slot_at__gte=datetime(2030, 1, 1, tzinfo=UTC))] == [
            datetime(2030, 1, 1, 12, tzinfo=UTC)
        ]
    assert sum(filled) == len([1 for _ in filled[:1]]) * sum(
        filled
    )  # each agency's slot belongs to exactly one of the four
    assert await fill_slots(moment + timedelta(hours=5), calendar=calendar) == sum(filled)
    async with agency_scope(acme.system):
        assert await Slot.filter(slot_at__gte=datetime(2030, 1, 1, tzinfo=UTC)).count() == 2


async def test_workers_killed_at_random_lose_nothing_and_tell_nobody_twice(acme: Cast, settings: Settings) -> None:
    """kill -9 of `tend work`, again and again, while notices are promised: effects = commits."""
    environment = os.environ | {
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_REDIS_QUEUE": settings.redis_queue,
        "PYTHONPATH": str(ROOT),
    }

    async def worker() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "backend.cli",
            "work",
            env=environment,
            cwd=ROOT,
            start_new_session=True,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    post = await acme.post()
    subjects = []
    process = await worker()
    try:
        for _round in range(3):
            for _ in range(30):
                subjects.append(new_id())
                async with agency_scope(acme.system):
                    await tell(
                        [Recipient(member_id=post.member_id)],
                        kind="report_decided",
                        subject_id=subjects[-1],
                        workspace_id=post.workspace_id,
                        text="x",
                    )
            await asyncio.sleep(1.5)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            process = await worker()
        async with asyncio.timeout(90):
            while await _undelivered(acme, subjects):
                await asyncio.sleep(0.3)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.wait()
    async with agency_scope(acme.system):
        assert await Notice.filter(subject_id__in=subjects).count() == 90
        assert await Job.filter(kind="deliver_notices", state="dead").count() == 0


async def _undelivered(acme: Cast, subjects: list[UUID]) -> int:
    async with agency_scope(acme.system):
        return await Notice.filter(subject_id__in=subjects, delivered_at=None).count()


async def test_an_agency_at_its_limit_lets_others_go_first(acme: Cast, globex: Cast, relay_pool, monkeypatch) -> None:
    monkeypatch.setattr("workers.relay.AGENCIES", 1)
    async with agency_scope(acme.system):
        for _ in range(60):
            await enqueue("test", {})
    await sweep(relay_pool)
    await ask_for(globex)
    for _ in range(3):
        if any(agency == globex.agency_id for agency, _ in await sweep(relay_pool)):
            return
    raise AssertionError("the other agency starves")


async def test_a_job_for_later_leaves_one_wake_up_however_often_the_relay_looks(acme: Cast, relay_pool) -> None:
    await ask_for(acme, run_at=now() + timedelta(hours=1))
    for _ in range(5):
        await ask_for(acme)
        await sweep(relay_pool)
    async with relay_pool.acquire() as connection:
        assert (
            await connection.fetchval("select count(*) from ready_agency where ready_at > now() + interval '5 minutes'")
            == 1
        )


async def test_a_promise_that_found_a_waiting_job_is_seen_by_that_job(acme: Cast, relay_pool) -> None:
    """The relay passes over a job while a transaction that counts on it is still open."""
    await ask_for(acme, dedupe_key="k")
    async with agency_scope(acme.system):
        await enqueue("test", {}, dedupe_key="k")
        assert await sweep(relay_pool) == []
    await asyncio.sleep(0.2)
    assert len(await sweep(relay_pool)) == 1


async def test_a_kind_nobody_knows_for_long_is_not_worn_out(acme: Cast, relay_pool) -> None:
    job_id = await ask_for(acme)
    for _ in range(12):
        async with agency_scope(acme.system):
            await Job.filter(id=job_id).update(state="sent")
        await run_job(acme.agency_id, job_id, catalogue={"other": Kind(works)})
    assert (await job(acme, job_id)).attempt == 0


async def test_an_error_with_a_nul_is_written_down_all_the_same(acme: Cast, relay_pool) -> None:
    async def odd(_actor, _payload) -> None:
        raise ValueError("a\x00b")

    job_id = await ask_for(acme)
    await sweep(relay_pool)
    await run_job(acme.agency_id, job_id, catalogue=kinds(odd))
    assert (await job(acme, job_id)).last_error == "ValueError: a?b"


async def test_what_is_forbidden_to_the_system_is_a_failure_like_any_other(acme: Cast) -> None:
    async def refuses(_actor, _payload) -> None:
        raise NotAllowed

    job_id = await ask_for(acme)
    async with agency_scope(acme.system):
        await Job.filter(id=job_id).update(state="sent")
    await run_job(acme.agency_id, job_id, catalogue=kinds(refuses, tries=3))
    tried = await job(acme, job_id)
    assert (tried.state, tried.attempt) == ("ready", 1)


async def test_who_gives_a_job_up_is_told_why_once(acme: Cast) -> None:
    told: list[str] = []

    async def given_up(_system, _payload, problem: str) -> None:
        told.append(problem)

    job_id = await ask_for(acme)
    for _ in range(2):
        async with agency_scope(acme.system):
            await Job.filter(id=job_id).update(state="sent")
        await run_job(acme.agency_id, job_id, catalogue=kinds(fails, tries=2, given_up=given_up))
    assert (await job(acme, job_id)).state == "dead"
    assert told == ["ValueError: no luck"]
