import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.outbox import Event

log = structlog.get_logger()

MOST_UNSENT: Final = 10_000  # events; beyond, the oldest are dropped: they were reasons to look again, not facts
MOST_UNHEARD: Final = 1_000  # events a listener may fall behind; beyond, it is told that it has missed some
AT_ONCE: Final = 200  # events in one round trip
RETRY_SECONDS: Final = 0.5
READY_SECONDS: Final = 2.0  # a listener waits that long for Redis, and is told of a gap when it comes later
POLL_SECONDS: Final = 5.0

Wanted = Callable[[Event], bool]


class Live:
    """One per process. `publish` never waits; listeners hear what any process has published for their agency.

    All events take one channel: a thousand of them a second cost a process two hundredths of its time, and nobody waits
    for a subscription of their own. An outage of Redis is waited out, and every listener is then told that it may have
    missed something. Without Redis (`url` is None) events stay within the process.
    """

    def __init__(self, url: str | None, *, channel: str = "tend:live") -> None:
        self._url, self._channel = url, channel
        self._unsent: deque[Event] = deque(maxlen=MOST_UNSENT)
        self._has_unsent = asyncio.Event()
        self._hears = asyncio.Event()
        self._listeners: dict[UUID, set[_Listener]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def publish(self, event: Event) -> None:
        if self._url is None:
            self._hand_out(event)
            return
        self._unsent.append(event)
        self._has_unsent.set()
        self._keep_doing("send", self._send)

    async def hear(self, agency_id: UUID, wanted: Wanted) -> AsyncGenerator[tuple[Event, ...] | None, None]:
        """Events from now on: those that came while the reader was busy together, in their order and each once; None when some may have
        been missed. First come none, as soon as listening has begun."""
        listener = _Listener(wanted)
        self._listeners.setdefault(agency_id, set()).add(listener)
        try:
            if self._url is not None:
                self._keep_doing("receive", self._receive)
                with suppress(TimeoutError):
                    async with asyncio.timeout(READY_SECONDS):  # wait_for loses a cancellation before Python 3.12
                        await self._hears.wait()
            yield ()
            while True:
                yield await listener.next()
        finally:
            listeners = self._listeners.get(agency_id, set())
            listeners.discard(listener)
            if not listeners:
                self._listeners.pop(agency_id, None)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def _keep_doing(self, name: str, work: Callable[[Redis], Awaitable[None]]) -> None:
        """From the first need on, in the loop that runs then."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.get_running_loop().create_task(self._again_and_again(name, work))

    async def _again_and_again(self, name: str, work: Callable[[Redis], Awaitable[None]]) -> None:
        assert self._url is not None
        while True:
            redis = Redis.from_url(self._url)
            try:
                await work(redis)
            except (RedisError, OSError) as problem:
                log.warning("live.waits", work=name, problem=str(problem))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:  # or whoever listens would never be told again
                log.exception("live.bug", work=name)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                with suppress(RedisError, OSError):
                    await redis.aclose()

    async def _send(self, redis: Redis) -> None:
        while True:
            await self._has_unsent.wait()
            batch = [self._unsent.popleft() for _ in range(min(AT_ONCE, len(self._unsent)))]
            try:
                async with redis.pipeline(transaction=False) as pipeline:
                    for event in batch:
                        pipeline.publish(self._channel, _written(event))
                    await pipeline.execute()
            except (RedisError, OSError):
                self._unsent.extendleft(reversed(batch))
                raise
            if not self._unsent:
                self._has_unsent.clear()

    async def _receive(self, redis: Redis) -> None:
        async with redis.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            try:
                while True:
                    # A look that finds nothing asks Redis whether it is still there.
                    message = await pubsub.get_message(timeout=POLL_SECONDS)
                    if message is None:
                        await pubsub.ping()
                    elif message["type"] == "subscribe":
                        self._hears.set()
                        self._tell_of_a_gap()
                    elif message["type"] == "message":
                        self._hand_out(_read(message["data"]))
            finally:
                self._hears.clear()

    def _hand_out(self, event: Event) -> None:
        for listener in self._listeners.get(event.agency_id, ()):
            listener.tell(event)

    def _tell_of_a_gap(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.tell_of_a_gap()


class _Listener:
    """What one listener has not heard yet: the same thing twice is one reason to look."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._unheard: dict[Event, None] = {}
        self._has_missed = False
        self._has_news = asyncio.Event()
        self._has_begun = False

    def tell(self, event: Event) -> None:
        if not self._wanted(event):
            return
        self._unheard[event] = None
        if len(self._unheard) > MOST_UNHEARD:
            self._unheard.clear()
            self._has_missed = True
        self._has_news.set()

    def tell_of_a_gap(self) -> None:
        if self._has_begun:  # who has just come has missed nothing
            self._has_missed = True
            self._has_news.set()

    async def next(self) -> tuple[Event, ...] | None:
        self._has_begun = True
        await self._has_news.wait()
        self._has_news.clear()
        unheard, self._unheard = tuple(self._unheard), {}
        has_missed, self._has_missed = self._has_missed, False
        return None if has_missed else unheard


def _written(event: Event) -> bytes:
    return orjson.dumps(
        [event.topic, event.agency_id, event.workspace_id, event.subject_id, event.membership_id], default=str
    )


def _read(data: bytes) -> Event:
    topic, agency_id, workspace_id, subject_id, membership_id = orjson.loads(data)
    return Event(
        topic,
        UUID(agency_id),
        None if workspace_id is None else UUID(workspace_id),
        UUID(subject_id),
        None if membership_id is None else UUID(membership_id),
    )
