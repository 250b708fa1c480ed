"""`tend work`: the relay, the calendar and an arq worker in one process; run as many as you like."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import structlog
from redis.exceptions import RedisError

from backend import logging, models, tracing
from backend.equipping import equip
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.live import Live
from backend.measuring import observe_statements, show_at
from backend.outbox import BEAT_SECONDS, Priority, beat, leave, publish_with
from backend.settings import Settings
from tenants import database
from tenants.database import is_busy, is_outage
from workers.calendar import fill_slots
from workers.catalogue import CATALOGUE, Kind
from workers.consuming import JOBS_AT_ONCE, Underway, consume, queue_of, redis_of
from workers.measuring import measure_waiting
from workers.relay import Sent, relay_once

log = structlog.get_logger()

IDLE_SECONDS: Final = 0.1  # between two looks at an empty table
CALENDAR_SECONDS: Final = 30.0
MEASURE_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 1.0
POOL_SIZE: Final = (
    sum(JOBS_AT_ONCE.values()) + 7
)  # an agency may have three quarters, and leases are renewed beside jobs


async def work(
    settings: Settings, *, stop: asyncio.Event | None = None, catalogue: Mapping[str, Kind] = CATALOGUE
) -> None:
    """Until `stop` is set, or SIGTERM or SIGINT arrives. Outages of PostgreSQL and Redis are waited out; whatever they
    interrupt is sent again. Raises tenants.database.TooMuchPower at start-up."""
    logging.configure()
    equip(settings)
    stop_tracing = tracing.trace_as("tend-worker")
    stopping = stop or _stop_on_signal()
    models.load()
    await _connect(settings, stopping)
    live = Live(settings.redis_url, channel=f"{settings.redis_queue}:live")
    publish_with(live.publish)
    underway, worker_id = Underway(catalogue), new_id()
    hide = None if settings.worker_metrics_port is None else show_at(settings.worker_metrics_port, host=settings.host)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_doing("relay", partial(_relay, settings, stopping, catalogue), stopping))
            for priority in Priority:
                consuming = partial(consume, settings, stopping, underway, priority)
                tasks.create_task(_keep_doing(f"consume {priority.name.lower()}", consuming, stopping))
            tasks.create_task(_keep_doing("beat", partial(_beat, worker_id, stopping), stopping))
            tasks.create_task(_keep_doing("schedule", partial(_schedule, stopping), stopping))
            if hide is not None:
                observe_statements()
                tasks.create_task(_keep_doing("measure", partial(_measure, stopping), stopping))
    finally:
        if hide is not None:
            hide()
        await underway.end()
        await _leave(worker_id)
        await live.stop()
        await database.disconnect()
        await stop_tracing()


async def _connect(settings: Settings, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=POOL_SIZE)
        except Exception as problem:
            if not is_outage(problem):
                raise
            log.warning("database.unreachable", problem=str(problem))
            await _pause(stopping, RETRY_SECONDS)
        else:
            return


async def _keep_doing(name: str, task: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await task()
        except Exception as problem:
            if not (is_outage(problem) or is_busy(problem) or isinstance(problem, RedisError)):
                raise
            log.warning("worker.waits", task=name, problem=f"{type(problem).__name__}: {problem}")
            await _pause(stopping, RETRY_SECONDS)


async def _relay(settings: Settings, stopping: asyncio.Event, catalogue: Mapping[str, Kind]) -> None:
    redis = await redis_of(settings)
    pool = await asyncpg.create_pool(
        settings.relay_url,
        min_size=1,
        max_size=2,
        server_settings={"search_path": "app", "application_name": "tend relay"},
    )

    async def push(job: Sent) -> None:
        # A fresh arq id: under an id that arq still remembers, it would silently queue nothing.
        await redis.enqueue_job("run", str(job.agency_id), str(job.id), _queue_name=queue_of(settings, job.priority))

    try:
        while not stopping.is_set():
            if await relay_once(pool, push, catalogue=catalogue) == 0:
                await _pause(stopping, IDLE_SECONDS)
    finally:
        await redis.aclose()
        await pool.close()


async def _beat(worker_id: UUID, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await beat(worker_id)
        await _pause(stopping, BEAT_SECONDS)
    await beat(worker_id, is_stopping=True)


async def _leave(worker_id: UUID) -> None:
    try:
        await leave(worker_id)
    except Exception as problem:
        if not is_outage(problem):  # else it is taken for dead, which it is
            raise


async def _schedule(stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        moment: datetime = now()
        await fill_slots(moment)
        await _pause(stopping, CALENDAR_SECONDS)


async def _measure(stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await measure_waiting()
        await _pause(stopping, MEASURE_SECONDS)


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
