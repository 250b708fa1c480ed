"""The tally of a client's cases is what counting gives: after every verb, at once, rolled back, and upgraded."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg
import pytest
from cast import Cast

from backend.migrations import history
from backend.moderation import (
    Case,
    CaseTally,
    claim_next,
    count_cases_again,
    decide,
    release,
    return_ended_claims,
    skip,
)
from backend.moderation.moving import moved
from backend.outbox import Job
from backend.settings import Settings
from tenants.actor import system
from tenants.models import Workspace
from tenants.scope import agency_scope

SUMS = """select coalesce(sum(queued), 0), coalesce(sum(in_review), 0), coalesce(sum(closed), 0)
            from case_tallies where agency_id = $1 and workspace_id = $2"""


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


async def tally_of(cast: Cast, client: UUID) -> tuple[int, ...]:
    """Queued, in review, closed; which must be what counting gives."""
    await cast.check_tallies()
    async with agency_scope(cast.system) as scope:
        return tuple(await scope.fetchrow(SUMS, cast.agency_id, client))


async def open_case(acme: Cast, client: UUID) -> None:
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)


@asynccontextmanager
async def claimed(acme: Cast, client: UUID) -> AsyncIterator[tuple]:
    moderator = acme.owner.narrowed_to(client)
    async with agency_scope(moderator):
        taken = await claim_next(moderator, workspace_id=client)
        yield moderator, taken


async def test_every_verb_keeps_it(acme: Cast, client: UUID) -> None:
    assert await tally_of(acme, client) == (0, 0, 0)
    for _ in range(4):
        await open_case(acme, client)
    assert await tally_of(acme, client) == (4, 0, 0)
    async with claimed(acme, client):
        pass
    assert await tally_of(acme, client) == (3, 1, 0)
    async with claimed(acme, client) as (moderator, taken):
        await release(moderator, taken.case_id, token=taken.token)
    assert await tally_of(acme, client) == (3, 1, 0)
    async with claimed(acme, client) as (moderator, taken):
        await skip(moderator, taken.case_id, token=taken.token, reason="language")
    assert await tally_of(acme, client) == (3, 1, 0)
    async with claimed(acme, client) as (moderator, taken):
        await decide(moderator, taken.case_id, token=taken.token, outcome="no_violation", reason="fine")
    assert await tally_of(acme, client) == (2, 1, 1)
    await acme.end_leases(client)
    returning = system(acme.agency_id, workspace_id=client)
    async with agency_scope(returning):
        await return_ended_claims(returning, {})
    assert await tally_of(acme, client) == (3, 0, 1)


async def test_what_is_rolled_back_was_not_counted(acme: Cast, client: UUID) -> None:
    await open_case(acme, client)
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with claimed(acme, client):
            raise RuntimeError("changed my mind")
    assert await tally_of(acme, client) == (1, 0, 0)


async def test_many_at_once_wait_for_nobody_and_leave_few_rows(acme: Cast, client: UUID) -> None:
    """Each holds its share until it commits; the next who come use those shares again."""
    for _ in range(8):
        await open_case(acme, client)

    async with agency_scope(acme.system):
        case = await Case.filter(workspace_id=client).first()

    async def move_and_hold(all_hold: asyncio.Barrier) -> None:
        with suppress(RuntimeError):
            async with agency_scope(acme.system):
                await moved(case.id, workspace_id=client, of="queued", to="in_review", because="claimed")
                await all_hold.wait()  # never passed if one waited for another
                raise RuntimeError

    async def work(dice: random.Random) -> None:
        await asyncio.sleep(dice.random() / 50)
        async with claimed(acme, client) as (moderator, taken):
            if taken is not None and dice.random() < 0.5:
                await release(moderator, taken.case_id, token=taken.token)

    async with asyncio.timeout(20):
        barrier = asyncio.Barrier(4)
        await asyncio.gather(*(move_and_hold(barrier) for _ in range(4)))
        assert await tally_of(acme, client) == (8, 0, 0)
        for seed in range(3):
            await asyncio.gather(*(work(random.Random(10 * seed + n)) for n in range(6)))
            await tally_of(acme, client)
    async with agency_scope(acme.system):
        assert await CaseTally.filter(workspace_id=client).count() <= 10  # connections in the pool


async def test_counting_again_while_others_work_ends_right(acme: Cast, client: UUID) -> None:
    for _ in range(6):
        await open_case(acme, client)
    async with agency_scope(acme.system):
        await CaseTally.create(workspace_id=client, queued=7, in_review=-2, closed=5)  # as after a fault
    counting = system(acme.agency_id, workspace_id=client)

    async def count() -> None:
        async with agency_scope(counting):
            await count_cases_again(counting, {})

    async def work() -> None:
        async with claimed(acme, client) as (moderator, taken):
            if taken is not None:
                await decide(moderator, taken.case_id, token=taken.token, outcome="no_violation", reason="fine")

    async with asyncio.timeout(20):
        await asyncio.gather(count(), work(), count(), work(), work(), count())
    assert await tally_of(acme, client) == (3, 0, 3)


async def test_the_migration_counts_what_is_there_and_asks_to_count_again(
    settings: Settings, acme: Cast, globex: Cast, client: UUID
) -> None:
    await open_case(acme, client)
    async with claimed(acme, client):
        pass
    theirs = await globex.empty_workspace()
    await open_case(globex, theirs)
    text = history()[2].read_text()
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from case_tallies where agency_id = $1", cast.agency_id)
    owner = await asyncpg.connect(settings.owner_url)
    try:
        async with owner.transaction():
            await owner.execute(text[text.index("do $$") :])
    finally:
        await owner.close()
    async with agency_scope(acme.system):  # that migration knew less, of what other tests have left
        golden = {case.workspace_id for case in await Case.filter(kind="golden")}
        golden |= {case.workspace_id for case in await Case.filter(state__in=["pending_info", "held"])}
    for known in golden:
        counting = system(acme.agency_id, workspace_id=known)
        async with agency_scope(counting):
            await count_cases_again(counting, {})
    assert await tally_of(acme, client) == (0, 1, 0)
    assert await tally_of(globex, theirs) == (1, 0, 0)
    for cast in (acme, globex):
        async with agency_scope(cast.system):
            own = {workspace.id for workspace in await Workspace.all()}
            asked = {job.workspace_id for job in await Job.filter(kind="count_cases_again")}
            assert asked <= own
            await Job.filter(kind="count_cases_again").delete()
        assert (client if cast is acme else theirs) in asked
