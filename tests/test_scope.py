"""The scope: one agency, one transaction, and nothing left behind however a task ends."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from asyncpg import UniqueViolationError
from cast import Cast
from tortoise import connections

from backend.communities import Community
from backend.outbox import Job, enqueue
from backend.settings import Settings
from tenants import database
from tenants.database import NoScope, pool
from tenants.models import Workspace
from tenants.scope import AnotherScopeIsOpen, NotCommitted, agency_scope, current
from tenants.tables import tenant_models


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model.__name__)
async def test_a_query_outside_any_scope_raises(settings: Settings, model) -> None:
    with pytest.raises(NoScope):
        await model.all()
    with pytest.raises(NoScope):
        await model.filter(id=UUID(int=1)).delete()


async def test_raw_queries_and_transactions_outside_any_scope_raise_too(settings: Settings) -> None:
    with pytest.raises(NoScope):
        await connections.get("default").execute_query("select 1")
    with pytest.raises(NoScope):
        connections.get("default")._in_transaction()
    with pytest.raises(NoScope):
        await Workspace(id=UUID(int=1), agency_id=UUID(int=1), slug="x1", name="x").save()


async def test_a_scope_of_somebody_else_inside_a_scope_raises(acme: Cast, globex: Cast) -> None:
    async with agency_scope(acme.owner):
        for other in (globex.owner, acme.moderator):
            with pytest.raises(AnotherScopeIsOpen):
                async with agency_scope(other):
                    pass
        assert current().actor == acme.owner


async def test_the_same_scope_inside_itself_is_the_same_transaction(acme: Cast) -> None:
    async with agency_scope(acme.owner) as outer, agency_scope(acme.owner) as inner:
        assert inner is outer


async def test_an_error_takes_everything_with_it_its_jobs_too(acme: Cast) -> None:
    with pytest.raises(ZeroDivisionError):
        async with agency_scope(acme.system):
            await Workspace.create(slug="never-there", name="Never")
            await enqueue("never", {})
            raise ZeroDivisionError
    async with agency_scope(acme.system):
        assert not await Workspace.exists(slug="never-there")
        assert not await Job.exists(kind="never")


async def test_a_swallowed_database_error_is_never_a_commit(acme: Cast) -> None:
    with pytest.raises(NotCommitted):
        async with agency_scope(acme.system) as scope:
            await Workspace.create(slug="half-done", name="Half")
            try:
                await scope.execute("select 1 / 0")
            except Exception:  # what a careless caller does
                pass
    async with agency_scope(acme.system):
        assert not await Workspace.exists(slug="half-done")


async def test_a_part_that_fails_is_undone_with_what_it_would_have_told_and_the_rest_stands(acme: Cast) -> None:
    told: list[str] = []
    async with agency_scope(acme.system) as scope:
        await enqueue("before-the-part", {})
        scope.afterwards(lambda: told.append("before"))
        with pytest.raises(UniqueViolationError):
            async with scope.part():
                await enqueue("of-the-part", {})
                scope.afterwards(lambda: told.append("within"))
                await scope.execute("insert into agencies select * from agencies")
        async with scope.part():
            await enqueue("of-another-part", {})
    async with agency_scope(acme.system):
        kinds = {job.kind for job in await Job.filter(kind__contains="the-part")} | {"of-another-part"}
        assert kinds == {"before-the-part", "of-another-part"}
        assert await Job.filter(kind__in=list(kinds)).delete() == 2
    assert told == ["before"]


async def test_every_query_carries_the_constants_the_wall_checks(acme: Cast) -> None:
    for actor in (acme.owner, acme.moderator):
        async with agency_scope(actor):
            for model in tenant_models():
                text = model.all().sql()
                if model is not Workspace and model.__name__ != "Agency":
                    assert '"agency_id"=$' in text, model
                if model.workspace_column == "workspace_id" and actor.workspaces is not None:
                    assert '"workspace_id" IN' in text, model


async def test_nothing_of_a_scope_survives_it_on_the_connection(acme: Cast, globex: Cast) -> None:
    """Pool reset is off, so what a scope sets must end with it."""
    async with agency_scope(acme.moderator):
        pass
    for _ in range(20):
        async with pool().acquire() as connection:
            assert await connection.fetchval("select app.agency()") is None
            assert not await connection.fetchval("select app.sees_all()")
            assert await connection.fetchval("select app.workspaces()") == []


@pytest.mark.parametrize("kind", ["cancelled from outside", "timed out inside"])
async def test_thousands_of_interrupted_requests_leak_no_row_and_lose_no_connection(
    acme: Cast, globex: Cast, kind: str
) -> None:
    chance = random.Random(7)
    foreign, wrong_commits, done = [], [], 0

    async def unit(cast: Cast) -> bool:
        """Reads, and says so if anything is another agency's."""
        async with agency_scope(cast.owner) as scope:
            rows = await scope.fetch(
                "select agency_id from communities union all select agency_id from members limit 20"
            )
            models = await Community.all()
            seen = {row["agency_id"] for row in rows} | {model.agency_id for model in models}
            if seen - {cast.agency_id}:
                foreign.append(seen)
        return True

    async def life(cast: Cast) -> None:
        nonlocal done
        if kind == "timed out inside":
            try:
                async with asyncio.timeout(chance.random() * 0.1):
                    await unit(cast)
            except TimeoutError:
                pass
            # The task lives on: it must stand outside any scope now.
            with pytest.raises(NoScope):
                current()
            await unit(cast)
        else:
            await unit(cast)
        done += 1

    async with asyncio.timeout(180):
        for _ in range(13):
            tasks = [asyncio.create_task(life(chance.choice((acme, globex)))) for _ in range(80)]
            if kind == "cancelled from outside":
                for task in tasks:
                    if chance.random() < 0.5:
                        asyncio.get_running_loop().call_later(chance.random() * 0.05, task.cancel)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            wrong_commits += [
                r for r in results if isinstance(r, BaseException) and not isinstance(r, asyncio.CancelledError)
            ]
    assert foreign == []
    assert wrong_commits == []
    assert done > 500
    # Every connection is free and usable.
    async with asyncio.timeout(10):
        held = [await pool().acquire(timeout=5) for _ in range(pool().get_max_size())]
        for connection in held:
            assert await connection.fetchval("select app.agency()") is None
            assert not connection.is_in_transaction()
            await pool().release(connection)


async def test_what_was_reported_as_done_is_visible_even_between_timeouts(acme: Cast) -> None:
    """Stock Tortoise reported 2,187 of 3,000 inserts as done that nobody ever saw."""
    chance = random.Random(11)
    done: list[str] = []

    async def insert(number: int) -> None:
        key = f"done-{number}"
        try:
            async with asyncio.timeout(chance.random() * 0.4):
                async with agency_scope(acme.system):
                    await enqueue("test", {}, dedupe_key=key)
        except TimeoutError:
            return
        done.append(key)

    async with asyncio.timeout(180):
        for start in range(0, 600, 30):
            await asyncio.gather(*(insert(number) for number in range(start, start + 30)))
    async with agency_scope(acme.system) as scope:
        rows = await scope.fetch("select dedupe_key from jobs where agency_id = $1 and kind = 'test'", acme.agency_id)
        assert set(done) <= {row["dedupe_key"] for row in rows}
        assert len(done) > 50
        await scope.execute("delete from jobs where agency_id = $1 and kind = 'test'", acme.agency_id)


async def test_reads_are_planned_along_keys_and_writes_as_postgresql_likes(acme: Cast) -> None:
    async with agency_scope(acme.system, read_only=True) as scope:
        for name, value in database.PLANS_OF_READS.items():
            assert await scope.fetchval(f"show {name}") == value
    async with agency_scope(acme.system) as scope:
        for name in database.PLANS_OF_READS:
            assert await scope.fetchval(f"show {name}") in ("auto", "on"), name


async def test_an_agency_that_asks_for_everything_leaves_connections_to_others(acme: Cast, globex: Cast) -> None:
    opened, close = asyncio.Semaphore(0), asyncio.Event()
    held = 0

    async def hold() -> None:
        nonlocal held
        async with agency_scope(acme.system):
            held += 1
            opened.release()
            await close.wait()

    most = pool().get_max_size()
    flood = [asyncio.create_task(hold()) for _ in range(3 * most)]
    try:
        async with asyncio.timeout(4):
            for _ in range(most - most // 4):
                await opened.acquire()
            await asyncio.sleep(0.1)
            assert held == most - most // 4
            async with agency_scope(globex.system) as scope:
                assert await scope.fetchval("select count(*) from agencies") == 1
    finally:
        close.set()
        await asyncio.gather(*flood)
    assert held == 3 * most


async def test_a_turn_comes_back_from_a_scope_that_never_opened(acme: Cast) -> None:
    """Cancelled while waiting, cancelled while opening, refused by the database: the agency can still open as many."""
    for _ in range(40):
        task = asyncio.create_task(_open_and_close(acme))
        await asyncio.sleep(random.Random(_).random() / 500)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10):
        await asyncio.gather(*(_open_and_close(acme) for _ in range(50)))


async def _open_and_close(cast: Cast) -> None:
    async with agency_scope(cast.system) as scope:
        await scope.fetchval("select 1")


def test_what_is_done_for_one_client_is_not_done_for_several_or_for_all(acme: Cast) -> None:
    forum, other = acme.workspaces["forum"], UUID(int=1)
    assert acme.system.narrowed_to(forum).only_workspace == forum
    for actor in (acme.system, replace(acme.system, workspaces=frozenset({forum, other}))):
        with pytest.raises(RuntimeError):
            _ = actor.only_workspace
