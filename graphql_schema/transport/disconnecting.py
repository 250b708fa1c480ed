"""A client that leaves: the read it waited for is stopped, its statement with it, and the connection is free again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from starlette.types import Receive

T = TypeVar("T")
PATIENCE_SECONDS: Final = (
    0.2  # most requests are answered by then, and watching them would cost as much as some of them
)


class ClientLeft(Exception):
    """Nobody reads the answer any more."""


async def unless_left(work: Coroutine[Any, Any, T], receive: Receive, *, may_stop: Callable[[], bool]) -> T:
    """The result of `work`. Raises ClientLeft when the client is gone and `may_stop` allows it; call it once the body
    of the request has been read."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    watching: asyncio.Task[None] | None = None
    has_left = False

    async def watch() -> None:
        nonlocal has_left
        while (await receive())["type"] != "http.disconnect":
            pass
        if may_stop():
            has_left = True
            task.cancel()

    def begin() -> None:
        nonlocal watching
        watching = loop.create_task(watch())

    timer = loop.call_later(PATIENCE_SECONDS, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not has_left:
            raise
        task.uncancel()
        raise ClientLeft from None
    finally:
        timer.cancel()
        if watching is not None:
            watching.cancel()
