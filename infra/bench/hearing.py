"""Deliveries per second that one API process believes, stores and answers, and how fast one worker takes them in."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from backend import models
from backend.equipping import equip
from backend.intake import connect_community
from backend.kit.clock import now
from infra.bench import load
from infra.bench.loading import Client, open_client
from infra.bench.results import Row
from infra.bench.servers import Place, serving
from tenants import database
from tenants.actor import system
from tenants.scope import agency_scope

SECONDS: Final = 8
DELIVERIES: Final = 20_000  # more than one process takes in that time: none is sent twice
CONNECTIONS: Final = 16
SECRET: Final = "a secret of a forum"


def measure(place: Place, console: Console) -> list[Row]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    place = Place(place.settings.model_copy(update={"installation_key": SecretStr(key)}), place.postgres)
    environment = {**place.environment, "TEND_INSTALLATION_KEY": key}
    client, path = asyncio.run(_connected(place))
    argv = [sys.executable, "-m", "backend.cli", "serve"]
    with serving("hearing", argv, environment, ready="/health/live") as process:
        measured = load.run(load.Load(process.base_url, _signed(path), CONNECTIONS, SECONDS))
    with _worker(environment):
        posts, seconds = asyncio.run(_taken_in(place, client))
    row: Row = {
        "operation": "hearing",
        "requests_per_second": measured.requests_per_second,
        "p50_ms": measured.p50_ms,
        "p99_ms": measured.p99_ms,
        "posts_per_second": posts / seconds,
        "posts": posts,
    }
    table = Table("deliveries/s", "p50 ms", "p99 ms", "posts taken in/s", "posts", title="What platforms tell")
    table.add_row(
        f"{row['requests_per_second']:,.0f}",
        f"{row['p50_ms']:.1f}",
        f"{row['p99_ms']:.1f}",
        f"{row['posts_per_second']:,.0f}",
        f"{posts:,}",
    )
    console.print(table)
    return [row]


async def _connected(place: Place) -> tuple[Client, str]:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    client = await open_client(moderators=1)
    actor = system(client.agency_id)
    async with agency_scope(actor):
        made = await connect_community(actor, client.community_id, platform="discourse", address=None, secret=SECRET)
    await database.disconnect()
    return client, urlsplit(made.deliver_to or "").path


def _signed(path: str) -> list[load.Asked]:
    began = now()
    asked = []
    for number in range(DELIVERIES):
        at = (began + timedelta(milliseconds=number)).isoformat()
        post = {
            "id": number,
            "user_id": number % 500,
            "username": f"member{number % 500}",
            "created_at": at,
            "updated_at": at,
            "version": 1,
            "post_type": 1,
            "topic_archetype": "regular",
            "raw": f"Post number {number}: how do I change the colour of the bar at the top of my page?",
            "cooked": f"<p>Post number {number}: how do I change the colour of the bar at the top of my page?</p>",
        }
        body = orjson.dumps({"post": post})
        headers = {
            "Content-Type": "application/json",
            "X-Discourse-Event": "post_created",
            "X-Discourse-Event-Signature": f"sha256={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}",
        }
        asked.append(load.Asked(path, headers, body.decode()))
    return asked


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "work"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


async def _taken_in(place: Place, client: Client) -> tuple[int, float]:
    """How many posts in how many seconds, from the first one on; looked at for SECONDS at most."""
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        async with asyncio.timeout(60):
            while not (first := await _posts(client)):
                await asyncio.sleep(0.02)
        began = time.monotonic()
        while time.monotonic() - began < SECONDS and await _posts(client, waiting=True):
            await asyncio.sleep(0.1)
        return await _posts(client) - first, time.monotonic() - began
    finally:
        await database.disconnect()


async def _posts(client: Client, *, waiting: bool = False) -> int:
    table, rest = ("platform_deliveries", "and state = 'waiting'") if waiting else ("posts", "")
    async with agency_scope(system(client.agency_id), read_only=True) as scope:
        found: int = await scope.fetchval(
            f"select count(*) from {table} where agency_id = $1 and workspace_id = $2 {rest}",
            client.agency_id,
            client.workspace_id,
        )
        return found
