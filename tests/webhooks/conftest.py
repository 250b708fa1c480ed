"""Servers of other people, on loopback, and what they were sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from cast import Cast
from standardwebhooks.webhooks import Webhook

from backend.outside import allow_origins
from backend.webhooks import Issued, Wanted, WebhookAttempt, WebhookDelivery, create_endpoint
from tenants.scope import agency_scope

KIND = "deliver_webhooks"
Answer = Callable[["Server", asyncio.StreamWriter], Awaitable[None]]
_servers: list[str] = []


@dataclass
class Sent:
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def told(self) -> Any:
        return orjson.loads(self.body)

    def verified(self, secret: str) -> Any:
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Server:
    """Answers 204 unless told otherwise."""

    answer: Answer
    origin: str = ""
    sent: list[Sent] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.origin}/hooks"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            # Signatures are told apart by case.
            headers |= {k.lower(): v for k, v in (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.sent.append(Sent(headers, body, time.monotonic()))
            await self.answer(self, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def says(status: str, *headers: str) -> Answer:
    async def answer(_server: Server, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")

    return answer


def says_in_turn(*statuses: str) -> Answer:
    """The last one for good."""

    async def answer(server: Server, writer: asyncio.StreamWriter) -> None:
        await says(statuses[min(len(server.sent), len(statuses)) - 1])(server, writer)

    return answer


@asynccontextmanager
async def server(answer: Answer | None = None) -> AsyncIterator[Server]:
    made = Server(answer or says("204 No Content"))
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.origin = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    _servers.append(made.origin)
    allow_origins(_servers)
    try:
        yield made
    finally:
        listening.close()
        _servers.remove(made.origin)
        allow_origins(_servers)


@pytest.fixture(autouse=True)
def nothing_else_is_allowed() -> Iterator[None]:
    yield
    allow_origins([])


@pytest.fixture(autouse=True)
async def no_endpoints_of_others(acme: Cast, globex: Cast) -> AsyncIterator[None]:
    await _clear(acme, globex)
    yield
    await _clear(acme, globex)


async def _clear(*casts: Cast) -> None:
    for cast in casts:
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from webhook_endpoints where agency_id = $1", cast.agency_id)
            await scope.execute("delete from webhook_events where agency_id = $1", cast.agency_id)
            await scope.execute("delete from jobs where agency_id = $1 and kind = $2", cast.agency_id, KIND)


async def endpoint(cast: Cast, url: str, *types: str, workspace: str | None = "forum", **wanted: Any) -> Issued:
    async with agency_scope(cast.owner):
        return await create_endpoint(
            cast.owner,
            Wanted(url, "", [type.replace(".", "_") for type in types or ("case.reported",)], **wanted),
            workspace_id=cast.workspaces[workspace] if workspace else None,
        )


async def deliveries(cast: Cast, issued: Issued) -> list[WebhookDelivery]:
    async with agency_scope(cast.system):
        return await WebhookDelivery.filter(endpoint_id=issued.endpoint.id).order_by("created_at", "id")


async def attempts(cast: Cast, delivery: WebhookDelivery) -> list[tuple[int | None, str | None]]:
    async with agency_scope(cast.system):
        rows = await WebhookAttempt.filter(delivery_id=delivery.id).order_by("created_at", "id")
        return [(row.status, row.problem) for row in rows]


async def run_turns(cast: Cast) -> None:
    """What is due now, until nothing is; waits of a second are waited."""
    while await cast.run_jobs(KIND):
        pass


async def make_due(cast: Cast, issued: Issued) -> None:
    """As if the time of the next try had come, and the rest were over."""
    async with agency_scope(cast.system) as scope:
        await scope.execute(
            "update webhook_deliveries set next_at = now() where endpoint_id = $1 and state = 'waiting'",
            issued.endpoint.id,
        )
        await scope.execute("update webhook_endpoints set rests_until = null where id = $1", issued.endpoint.id)
        await scope.execute("update jobs set run_at = now() where kind = $1 and state = 'ready'", KIND)
