"""From the wire to the table: an arq worker per priority, and the jobs that this process has under way."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

import orjson
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.exceptions import RedisError

from backend.outbox import Priority
from backend.settings import Settings
from workers.catalogue import Kind
from workers.running import run_job

# Each priority has a queue and places of its own: long work in bulk never stands in front of danger.
JOBS_AT_ONCE: Final[Mapping[Priority, int]] = {Priority.DANGER: 4, Priority.NORMAL: 8, Priority.BULK: 3}
# arq looks again only after this time once its tasks are all taken, so it has twice as many as there are places: the
# next job is here when a place is free. Not so in bulk, where a place may be free in an hour, and elsewhere at once.
POLL_SECONDS: Final = 0.03
STOP_SECONDS: Final = 8.0  # what runs may go on that long once the worker stops; then it is put back


class Underway:
    """The jobs of this process. They are not arq's tasks, which die with Redis: who has a job in hand ends it without."""

    def __init__(self, catalogue: Mapping[str, Kind]) -> None:
        self._catalogue = catalogue
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = {priority: asyncio.Semaphore(jobs) for priority, jobs in JOBS_AT_ONCE.items()}

    async def run(self, priority: Priority, agency_id: UUID, job_id: UUID) -> None:
        task = asyncio.create_task(self._run(priority, agency_id, job_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def _run(self, priority: Priority, agency_id: UUID, job_id: UUID) -> None:
        async with self._places[priority]:
            await run_job(agency_id, job_id, catalogue=self._catalogue)

    async def end(self) -> None:
        """What runs ends by itself within STOP_SECONDS or is put back."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def consume(settings: Settings, stopping: asyncio.Event, underway: Underway, priority: Priority) -> None:
    """Until `stopping`. Raises RedisError and OSError with Redis: arq's worker dies with it, and another one is made."""

    async def run(_context: dict[Any, Any], agency_id: str, job_id: str) -> None:
        await underway.run(priority, UUID(agency_id), UUID(job_id))

    worker = Worker(
        functions=[func(cast("WorkerCoroutine", run), name="run")],
        redis_pool=await redis_of(settings),
        queue_name=queue_of(settings, priority),
        max_jobs=JOBS_AT_ONCE[priority] * (1 if priority is Priority.BULK else 2),
        # arq carries ids and nothing else: tries, results, schedules and time limits are the table's.
        max_tries=1,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        job_timeout=24 * 3_600,
        handle_signals=False,
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
    )
    running = asyncio.create_task(worker.async_run())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
    finally:
        waiting.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
            await running
        with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
            await worker.close()


async def redis_of(settings: Settings) -> ArqRedis:
    return await create_pool(
        RedisSettings.from_dsn(settings.redis), job_serializer=orjson.dumps, job_deserializer=orjson.loads
    )


def queue_of(settings: Settings, priority: Priority) -> str:
    """That of NORMAL has the name that workers knew before there were priorities."""
    return settings.redis_queue if priority is Priority.NORMAL else f"{settings.redis_queue}:{priority.name.lower()}"
