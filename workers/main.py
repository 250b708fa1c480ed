"""`tend work`: the relay, the calendar and an arq worker in one process; run as many as you like."""

import asyncio
import contextlib
import signal
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.exceptions import RedisError

from backend import logging, models
from backend.equipping import equip
from backend.kit.clock import now
from backend.live import Live
from backend.outbox import publish_with
from backend.settings import Settings
from tenants import database
from tenants.database import is_busy, is_outage
from workers.calendar import fill_slots
from workers.relay import relay_once
from workers.running import run_job

log = structlog.get_logger()

IDLE_SECONDS: Final = 0.1  # between two looks at an empty table
CALENDAR_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0
JOBS_AT_ONCE: Final = 8


async def work(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Until `stop` is set, or SIGTERM or SIGINT arrives. Outages of PostgreSQL and Redis are waited out; whatever they
    interrupt is sent again. Raises tenants.database.TooMuchPower at start-up."""
    logging.configure()
    equip(settings)
    stopping = stop or _stop_on_signal()
    models.load()
    await _connect(settings, stopping)
    live = Live(settings.redis_url, channel=f"{settings.redis_queue}:live")
    publish_with(live.publish)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_doing(_relay, settings, stopping))
            tasks.create_task(_keep_doing(_consume, settings, stopping))
            tasks.create_task(_keep_doing(_schedule, settings, stopping))
    finally:
        await live.stop()
        await database.disconnect()


async def _connect(settings: Settings, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=JOBS_AT_ONCE + 4)
        except Exception as problem:
            if not is_outage(problem):
                raise
            log.warning("database.unreachable", problem=str(problem))
            await _pause(stopping, RETRY_SECONDS)
        else:
            return


async def _keep_doing(task: Any, settings: Settings, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await task(settings, stopping)
        except Exception as problem:
            if not (is_outage(problem) or is_busy(problem) or isinstance(problem, RedisError)):
                raise
            log.warning("worker.waits", task=task.__name__.strip("_"), problem=f"{type(problem).__name__}: {problem}")
            await _pause(stopping, RETRY_SECONDS)


async def _relay(settings: Settings, stopping: asyncio.Event) -> None:
    redis = await _redis(settings)
    pool = await asyncpg.create_pool(
        settings.relay_url,
        min_size=1,
        max_size=2,
        server_settings={"search_path": "app", "application_name": "tend relay"},
    )

    async def push(agency_id: UUID, job_id: UUID) -> None:
        # A fresh arq id: under an id that arq still remembers, it would silently queue nothing.
        await redis.enqueue_job("run", str(agency_id), str(job_id), _queue_name=settings.redis_queue)

    try:
        while not stopping.is_set():
            if await relay_once(pool, push) == 0:
                await _pause(stopping, IDLE_SECONDS)
    finally:
        await redis.aclose()
        await pool.close()


async def _consume(settings: Settings, stopping: asyncio.Event) -> None:
    """arq's worker dies with Redis; `_keep_doing` makes a new one."""

    async def run(_context: dict[Any, Any], agency_id: str, job_id: str) -> None:
        await run_job(UUID(agency_id), UUID(job_id))

    worker = Worker(
        functions=[func(cast("WorkerCoroutine", run), name="run")],
        redis_pool=await _redis(settings),
        queue_name=settings.redis_queue,
        max_jobs=JOBS_AT_ONCE,
        # arq carries ids and nothing else: tries, results and schedules are the table's.
        max_tries=1,
        keep_result=0,
        poll_delay=0.1,
        job_timeout=3_600,
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
        with contextlib.suppress(RedisError, OSError):
            await worker.close()


async def _schedule(_settings: Settings, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        moment: datetime = now()
        await fill_slots(moment)
        await _pause(stopping, CALENDAR_SECONDS)


async def _redis(settings: Settings) -> ArqRedis:
    return await create_pool(
        RedisSettings.from_dsn(settings.redis), job_serializer=orjson.dumps, job_deserializer=orjson.loads
    )


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for loses a cancellation before Python 3.12
            await stopping.wait()


def _stop_on_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    return stopping
