"""`tend webhooks listen`: what servers are told, on the screen."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from api.test_journey import free_port
from cast import Cast
from webhooks.conftest import run_turns

from backend.outside import allow_origins
from backend.settings import Settings
from backend.webhooks import WebhookEndpoint
from tenants.scope import agency_scope

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_it_prints_what_happens_and_is_no_endpoint_afterwards(
    acme: Cast, settings: Settings, how: signal.Signals
) -> None:
    start = listener(settings)
    async with asyncio.timeout(60):
        listening = await hears(start)
        await asyncio.sleep(0.5)
        case = await acme.case()
        await run_turns(acme)
        assert (await listening.stdout.readline()).endswith(b" case.reported\n")
        text = b""
        while not text.endswith(b"\n}\n"):
            text += await listening.stdout.readline()
        assert json.loads(text)["orderingKey"] == f"case_{case.id}"
        listening.send_signal(how)
        await listening.wait()
        if how is signal.SIGKILL:
            again = await hears(start)
            async with agency_scope(acme.system):
                assert await WebhookEndpoint.all().count() == 1, "the one before is gone"
            again.send_signal(signal.SIGINT)
            await again.wait()
    async with agency_scope(acme.system):
        assert await WebhookEndpoint.all().count() == 0


async def test_a_second_one_on_the_same_port_leaves_the_first_as_it_is(acme: Cast, settings: Settings) -> None:
    start = listener(settings)
    async with asyncio.timeout(60):
        first = await hears(start)
        second = await start()
        _said, why = await second.communicate()
        assert second.returncode == 1
        assert b"Address already in use" in why
        await acme.case()
        await run_turns(acme)
        assert (await first.stdout.readline()).endswith(b" case.reported\n")
        first.send_signal(signal.SIGINT)
        await first.wait()


def listener(settings: Settings) -> Callable[[], Awaitable[Process]]:
    """Starts `tend webhooks listen`, at the same port each time."""
    port = free_port()
    allow_origins([f"http://127.0.0.1:{port}"])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEND_")} | {
        "PYTHONPATH": str(ROOT),
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value(),
        "TEND_WEBHOOKS_PORT": str(port),
    }

    async def start() -> Process:
        words = [sys.executable, "-m", "backend.cli", "webhooks", "listen", "--agency", "acme"]
        return await asyncio.create_subprocess_exec(
            *words, env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )

    return start


async def hears(start: Callable[[], Awaitable[Process]]) -> Process:
    process = await start()
    assert (await process.stdout.readline()).startswith(b"Listening at http://127.0.0.1")
    return process
