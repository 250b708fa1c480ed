"""A server that is slow, or down, is in nobody's way."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hands
from cast import Cast
from webhooks.conftest import KIND, Server, deliveries, endpoint, make_due, run_turns, says, server

from backend.outbox import Job
from backend.settings import Settings
from backend.webhooks import WebhookEndpoint
from backend.webhooks.thresholds import FAILURES_BEFORE_REST, LANES
from tenants.scope import agency_scope
from workers.running import run_job

ROOT = Path(__file__).parent.parent.parent


async def test_with_real_workers_a_slow_endpoint_delays_nobody_else(
    acme: Cast, globex: Cast, settings: Settings
) -> None:
    """Forty deliveries wait for a server that takes three seconds for each; eight jobs run at once."""
    await hands.call_off_what_others_left(settings)
    at_once = most = 0

    async def slowly(there: Any, writer: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(5)
        finally:
            at_once -= 1
        await says("204 No Content")(there, writer)

    async with server(slowly) as slow, server() as quick, server() as elsewhere:
        await endpoint(acme, slow.url, workspace="chat")
        prompt = await endpoint(acme, quick.url)
        other = await endpoint(globex, elsewhere.url)
        for _ in range(40):
            await acme.case(workspace="chat", policy="chat:harassment")
        async with worker(settings, slow, quick, elsewhere), asyncio.timeout(60):
            while len(slow.sent) < 2:
                await asyncio.sleep(0.05)
            waits = []
            for cast, issued, heard in ((acme, prompt, quick), (globex, other, elsewhere)) * 3:
                before, began = len(heard.sent), time.monotonic()
                await cast.case()
                while len(heard.sent) == before:
                    await asyncio.sleep(0.01)
                waits.append(time.monotonic() - began)
                assert await deliveries(cast, issued)
    assert max(waits) < 4, waits  # of the 5 of a single one before it
    assert most <= LANES
    assert len(slow.sent) < 40


@asynccontextmanager
async def worker(settings: Settings, *reached: Server) -> AsyncIterator[None]:
    """`tend work`, a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEND_")} | {
        "PYTHONPATH": str(ROOT),
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_REDIS_QUEUE": settings.redis_queue,
        "TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value(),
        "TEND_ALLOWED_OUTSIDE": json.dumps([each.origin for each in reached]),
    }
    working = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backend.cli", "work", env=environment, cwd=ROOT
    )
    try:
        yield
    finally:
        working.terminate()
        await working.wait()


async def test_all_that_waits_for_a_quick_endpoint_arrives_though_lanes_are_few(acme: Cast, settings: Settings) -> None:
    await hands.call_off_what_others_left(settings)
    async with server() as there:
        await endpoint(acme, there.url)
        cases = [await acme.case() for _ in range(60)]
        async with worker(settings, there), asyncio.timeout(60):
            while len(there.sent) < 60:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
    assert sorted(sent.told["orderingKey"] for sent in there.sent) == sorted(f"case_{case.id}" for case in cases)


async def test_an_endpoint_that_fails_again_and_again_rests(acme: Cast) -> None:
    async with server(says("500 Internal Server Error")) as there:
        issued = await endpoint(acme, there.url)
        for _ in range(10):
            await acme.case()
        await run_turns(acme)
        assert len(there.sent) == FAILURES_BEFORE_REST
        async with agency_scope(acme.system):
            assert (await WebhookEndpoint.get(id=issued.endpoint.id)).rests_until is not None
        await make_due(acme, issued)
        await run_turns(acme)
        assert len(there.sent) == FAILURES_BEFORE_REST + 1, "one try, and it rests again"


async def test_a_turn_goes_through_all_that_is_due_and_ends_the_jobs_that_would(acme: Cast) -> None:
    """However many jobs were promised for a server that is slow: nobody else stands behind them."""
    async with server() as there:
        await endpoint(acme, there.url)
        for _ in range(10):
            await acme.case()
        async with agency_scope(acme.system) as scope:
            assert await Job.filter(kind=KIND, state="ready").count() == 10
            first = await Job.filter(kind=KIND).order_by("id").first()
            await scope.execute("update jobs set state = 'sent' where id = $1", first.id)
        await run_job(acme.agency_id, first.id)
        assert len(there.sent) == 10
        async with agency_scope(acme.system):
            assert await Job.filter(kind=KIND, state="done").count() == 10
