"""What the fuzzing shares: a real server in the test's loop, a socket to it, and what every answer must keep to."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graphql_schema.error_codes import ErrorCode, status_of

CODES: Final = frozenset(code.name for code in ErrorCode)
CLOSES: Final = frozenset({1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429})
NEVER: Final = ("Traceback", "INTERNAL_SERVER_ERROR", "asyncpg", "site-packages", "object at 0x", "left join ")


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        """They are pytest's."""
        yield


@contextlib.asynccontextmanager
async def serving(application: Starlette) -> AsyncIterator[str]:
    """host:port of a server with the limit on frames that `tend serve` sets."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, lifespan="off", log_config=None, ws_max_size=100_000, timeout_graceful_shutdown=5
        )
        server = Server(config)
        task = asyncio.create_task(server.serve([listening]))
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        async with asyncio.timeout(10):
            await task


async def greeted(address: str, token: str | None) -> ClientConnection:
    """A socket, past its greeting unless `token` is None."""
    ws = await connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"], ping_interval=None)  # type: ignore[list-item]
    if token is not None:
        await ws.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        assert json.loads(await ws.recv()) == {"type": "connection_ack"}
    return ws


async def heard(ws: ClientConnection, *, quiet_seconds: float = 0.3) -> tuple[list[Any], int | None]:
    """Every message until nothing comes any more, and the code the server closed with."""
    messages: list[Any] = []
    try:
        while True:
            async with asyncio.timeout(quiet_seconds):
                text = await ws.recv()
            assert isinstance(text, str), "a binary frame"
            assert not any(word in text for word in NEVER), text
            messages.append(json.loads(text))
    except TimeoutError:
        return messages, None
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd else 1006


def errors_of(message: Any) -> list[Any]:
    """Of a message of a socket."""
    payload = message.get("payload")
    return payload if isinstance(payload, list) else (payload or {}).get("errors", [])


def check(response: httpx.Response) -> None:
    """Whatever was asked: an answer as the reference promises it."""
    assert response.status_code < 500, response.text
    assert not any(word in response.text for word in NEVER), response.text
    kind = response.headers["content-type"]
    if kind.startswith("text/event-stream"):
        events = [block.split("\n") for block in response.text.split("\n\n") if block.startswith("event:")]
        assert events[-1] == ["event: complete", "data: "]
        answers = [json.loads(lines[1].removeprefix("data: ")) for lines in events[:-1]]
    else:
        assert kind in ("application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8")
        answers = [response.json()]
    for answer in answers:
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert set(codes) <= CODES
        assert "data" in answer or codes
        if "data" not in answer and not kind.startswith("text/event-stream"):
            # A refused stream is told in JSON with the status of GRAPHQL.
            possible = {status_of(codes[0], is_plain_json=kind.startswith("application/json"))}
            assert response.status_code in possible | {status_of(codes[0], is_plain_json=False)}
