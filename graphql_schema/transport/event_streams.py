"""GraphQL over server-sent events, distinct connections: https://github.com/enisdenjo/graphql-sse, PROTOCOL.md."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, suppress
from typing import Final

import orjson
from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphql_schema.context import Refused
from graphql_schema.transport.admitting import Visitor
from graphql_schema.transport.executing import Answer
from graphql_schema.transport.masking import masked
from graphql_schema.transport.negotiating import EVENT_STREAM

CHECK_SECONDS: Final = 3.0  # between two questions whether the listener may still listen
PING_SECONDS: Final = 15.0  # proxies close what is silent


class EventStream(Response):
    """Each answer as a `next`, then `complete`. With a `visitor`, it ends when their admission does."""

    media_type = EVENT_STREAM

    def __init__(
        self, answers: AsyncGenerator[Answer, None], visitor: Visitor | None = None, staying: ExitStack | None = None
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._answers = answers
        self._visitor = visitor
        self._staying = staying or ExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._staying:
            await self._serve(receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
        finally:
            for task in (writing, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task

    async def _write(self, send: Send) -> None:
        async def chunk(text: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": more})

        await chunk(b":\n\n")
        pinged_at = time.monotonic()
        try:
            async for answer in with_pauses(self._answers, CHECK_SECONDS):
                if answer is not None:
                    await chunk(_event("next", orjson.dumps(answer.members)))
                    continue
                if self._visitor is not None:
                    await self._visitor.is_still_welcome()
                if time.monotonic() - pinged_at >= PING_SECONDS:
                    await chunk(b":\n\n")
                    pinged_at = time.monotonic()
        except OSError:
            raise  # nobody reads any more
        except Exception as refusal:  # noqa: BLE001 - it is told, and logged where it is a bug
            await chunk(_event("next", orjson.dumps(ended(refusal).members)))
        await chunk(_event("complete", b""), more=False)


async def answered(answer: Answer) -> AsyncGenerator[Answer, None]:
    yield answer


async def with_pauses(answers: AsyncGenerator[Answer, None], seconds: float) -> AsyncGenerator[Answer | None, None]:
    """The answers, and None whenever none came for so long."""
    coming: asyncio.Task[Answer] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(answers))
            await asyncio.wait({coming}, timeout=seconds)
            if not coming.done():
                yield None
                continue
            done, coming = coming, None
            try:
                answer = done.result()
            except StopAsyncIteration:
                return
            yield answer
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
        await answers.aclose()


def ended(refusal: Exception) -> Answer:
    """What a listener hears last."""
    if isinstance(refusal, Refused):
        return Answer(None, [GraphQLError(refusal.message, extensions=refusal.extensions)])
    return Answer(None, [masked(GraphQLError(str(refusal), original_error=refusal))])


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
