"""A client that leaves in the middle of a read: the statement is stopped and its connection is free."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn
from cast import Cast, ask

from backend.asgi import app
from backend.settings import Settings
from tenants import database


@pytest.fixture
async def port(settings: Settings) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(app(settings), port=0, lifespan="off", log_level="warning"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:
            await asyncio.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(settings.owner_url)
    yield connection
    await connection.close()


async def send(port: int, token: str, document: str) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"query": document}).encode()
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: tend.test\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    return writer


async def waiting(owner: Any) -> int:
    """How many of our statements wait for a lock."""
    return await owner.fetchval(
        "select count(*) from pg_locks where not granted and relation = 'app.communities'::regclass"
    )


async def until(look: Any, wanted: int) -> None:
    async with asyncio.timeout(4):  # sooner than the lock's own time limit
        while await look() != wanted:
            await asyncio.sleep(0.02)


READ = "{ workspaces { nodes { communities { nodes { name } } } } }"
WRITE = 'mutation { createCommunity(input: { workspaceId: "%s", slug: "%s", name: "x" }) { userErrors { code } } }'


async def test_readers_who_leave_take_their_statements_with_them(
    port: int, owner: Any, api: httpx.AsyncClient, acme: Cast, settings: Settings
) -> None:
    """More than one agency may have at once: if a connection or a turn were lost, others would find none."""
    token = acme.tokens["owner"]
    async with owner.transaction():
        await owner.execute("lock table app.communities in access exclusive mode")
        writers = [await send(port, token, READ) for _ in range(settings.pool_size)]
        await until(lambda: waiting(owner), settings.pool_size - settings.pool_size // 4)
        for writer in writers:
            writer.close()
        await until(lambda: waiting(owner), 0)
    assert "errors" not in await ask(api, token, READ)
    pool = database.pool()
    async with asyncio.timeout(4):
        while pool.get_idle_size() != pool.get_size():
            await asyncio.sleep(0.02)


async def test_a_writer_who_leaves_has_written(port: int, owner: Any, api: httpx.AsyncClient, acme: Cast) -> None:
    """Nobody may be left guessing: what was sent is carried out, once, whether or not the answer could be told."""
    token = acme.tokens["owner"]
    slug = "left-behind"
    async with owner.transaction():
        await owner.execute("lock table app.communities in exclusive mode")
        writer = await send(port, token, WRITE % (f"workspace_{acme.workspaces['shop']}", slug))
        await until(lambda: waiting(owner), 1)
        writer.close()
        await asyncio.sleep(0.5)
        assert await waiting(owner) == 1

    async def made() -> int:
        answer = await ask(api, token, '{ workspace(slug: "shop") { communities { nodes { slug } } } }')
        return [node["slug"] for node in answer["data"]["workspace"]["communities"]["nodes"]].count(slug)

    await until(made, 1)
