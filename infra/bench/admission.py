"""What sign-in and rights cost the queue page, and how soon a revoked session hears nothing any more."""

import asyncio
import json
import sys
import time
from contextlib import ExitStack
from statistics import median
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from infra.bench import load
from infra.bench.dataset import SMALL, Sample, prepared, samples, token_of
from infra.bench.operations import OPERATIONS
from infra.bench.reads import CONNECTIONS, ROUNDS, SECONDS, WARM_UP_SECONDS, asked_of_tend
from infra.bench.results import Row
from infra.bench.servers import Place, Serving, serving

_QUEUE_PAGE: Final = next(operation for operation in OPERATIONS if operation.name == "queue_page")
REVOCATIONS: Final = 5
_CLAIM: Final = """mutation($w: ID!) { claimNextCase(input: { workspaceId: $w }) { claimToken case { id } } }"""
_RELEASE: Final = "mutation($input: ClaimInput!) { releaseClaim(input: $input) { userErrors { code } } }"


def measure(postgres: EmbeddedPostgres, redis: EmbeddedRedis, console: Console) -> list[Row]:
    settings = prepared(postgres, SMALL).model_copy(update={"redis_url": redis.url})
    place = Place(settings, postgres)
    [sample] = samples(postgres, settings.app_url.partition("?")[0].rpartition("/")[2], agencies=1)
    commands = {
        "tend": [sys.executable, "-m", "backend.cli", "serve"],
        "without": [sys.executable, "-m", "infra.bench.peers.admitting_everybody"],
    }
    with ExitStack() as stack:
        processes = {
            who: stack.enter_context(serving(f"admission-{who}", argv, place.environment, ready="/health/live"))
            for who, argv in commands.items()
        }
        rows = [_compared(processes, sample, connections) for connections in CONNECTIONS]
        heard = asyncio.run(_revocations(processes["tend"], sample))
    rows.append(heard)
    table = Table("queue page", "requests/s", "without admission", "ratio", title="Admission")
    for row in rows[:-1]:
        table.add_row(
            f"{row['connections']} connections",
            f"{row['requests_per_second']:,.0f}",
            f"{row['without']:,.0f}",
            f"{row['ratio']:.2f}",
        )
    table.caption = (
        f"after a revocation: last event {heard['last_event_ms']:.0f} ms, socket closed {heard['closed_ms']:.0f} ms "
        f"(slowest of {REVOCATIONS})"
    )
    console.print(table)
    return rows


def _compared(processes: dict[str, Serving], sample: Sample, connections: int) -> Row:
    asked = [asked_of_tend(_QUEUE_PAGE, sample)]
    rates: dict[str, list[float]] = {who: [] for who in processes}
    for process in processes.values():
        load.run(load.Load(process.base_url, asked, connections, WARM_UP_SECONDS))
    for _ in range(ROUNDS):
        for who, process in processes.items():
            rates[who].append(load.run(load.Load(process.base_url, asked, connections, SECONDS)).requests_per_second)
    return {
        "operation": "admission",
        "connections": connections,
        "requests_per_second": median(rates["tend"]),
        "without": median(rates["without"]),
        # Neighbours in time are compared: the machine itself becomes faster and slower by 30 %.
        "ratio": median(a / b for a, b in zip(rates["tend"], rates["without"], strict=True)),
    }


async def _revocations(process: Serving, sample: Sample) -> Row:
    found = [await _revocation(process, sample, seat) for seat in range(1, REVOCATIONS + 1)]
    return {
        "operation": "admission",
        "what": "revocation",
        "last_event_ms": max(last for last, _ in found) * 1e3,
        "closed_ms": max(closed for _, closed in found) * 1e3,
    }


async def _revocation(process: Serving, sample: Sample, seat: int) -> tuple[float, float]:
    """Seconds from the answer that a session is revoked to the last event it hears, and to the end of its socket, while
    cases move all the time."""
    token, workspace = token_of(0, seat), f"workspace_{sample.workspace_id}"
    async with httpx.AsyncClient(base_url=process.base_url, timeout=30) as client:

        async def ask(token: str, query: str, **variables: Any) -> Any:
            answer = await client.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers={"Authorization": f"Bearer {token}"},
            )
            return answer.json()["data"]

        async def move() -> None:
            while True:
                claim = (await ask(sample.token, _CLAIM, w=workspace))["claimNextCase"]
                held = {"caseId": claim["case"]["id"], "claimToken": claim["claimToken"]}
                await ask(sample.token, _RELEASE, input=held)

        url = process.base_url.replace("http", "ws", 1) + "/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
            await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
            await socket.recv()
            query = f'subscription {{ queueChanged(workspaceId: "{workspace}") {{ openCaseCount }} }}'
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
            moving = asyncio.create_task(move())
            heard_at: list[float] = []

            async def hear() -> None:
                try:
                    async for message in socket:
                        if json.loads(message)["type"] == "next":
                            heard_at.append(time.monotonic())  # noqa: PERF401 - it never ends
                except ConnectionClosed:
                    return

            hearing = asyncio.create_task(hear())
            try:
                await asyncio.sleep(1.0)
                assert heard_at, "nothing is heard before the revocation either"
                await client.post("/sign-out", headers={"Authorization": f"Bearer {token}"})
                revoked_at = time.monotonic()
                async with asyncio.timeout(30):
                    await hearing
                closed_at = time.monotonic()
            finally:
                moving.cancel()
                await asyncio.gather(moving, return_exceptions=True)
    return max(0.0, heard_at[-1] - revoked_at), closed_at - revoked_at
