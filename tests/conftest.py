"""Real servers for the whole session, and the cast of two agencies."""

import base64
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cast import Cast, raise_curtain
from inbox import Inbox

from backend import asgi, models
from backend.asgi import app
from backend.client_reports import defining
from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from backend.equipping import equip
from backend.installing import bring_up_to_date, make_roles_and_database
from backend.live import Live
from backend.settings import Settings, on_database
from tenants import database

TIMEOUT_SECONDS = 60
# Folders and modules whose tests measure, kill or drive what two at once would disturb.
ALONE = {
    "chaos",
    "clients",
    "embedded",
    "test_fuzzing.py",
    "test_working.py",
    "test_one_machine.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that compare with the naive execution come first: it reads row by row, and other tests leave many rows (six
    minutes of the whole)."""
    items.sort(key=lambda item: "projection" not in item.path.parts)
    for item in items:
        if ALONE & {item.path.parent.name, item.path.name}:
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session", autouse=True)
async def lives() -> AsyncIterator[None]:
    """Applications of the tests are not shut down: what they keep running is kept and stopped here. Collected as garbage
    in the middle of something, it once took pytest itself down."""
    made: list[Live] = []
    original = asgi.Live

    def make(*args: Any, **named: Any) -> Live:
        made.append(original(*args, **named))
        return made[-1]

    asgi.Live = make
    yield
    asgi.Live = original
    for live in made:
        await live.stop()


@pytest.fixture(scope="session", autouse=True)
def room_for_reports() -> Iterator[None]:
    """The clients of the cast have more reports defined than a client may, for however long the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defining, "MOST_DEFINITIONS", 10**6)
        yield


@pytest.fixture(scope="session")
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(scope="session")
def servers(inbox: Inbox) -> Iterator[Settings]:
    """Addresses of TEND_DATABASE_URL and TEND_REDIS_URL where they are set, else of servers started for this run. The
    database is always a fresh one, dropped afterwards."""
    given = Settings()
    # Not pytest's own folder: as root the servers run as another account, and that folder is closed to others.
    folder = tempfile.TemporaryDirectory(prefix="tend-tests-")
    home = Path(folder.name)
    postgres = EmbeddedPostgres(home, int(os.environ.get("TEND_POSTGRES_MAJOR", "18")))
    redis = EmbeddedRedis(home)
    smtp = inbox.serve()
    try:
        if given.database_url is None:
            postgres.start()
            make_roles_and_database(postgres)
            base = postgres.address("tend_app", "tend")
        else:
            base = given.database_url
        if given.redis_url is None:
            redis.start()
        yield Settings(
            database_url=base,
            redis_url=given.redis_url or redis.url,
            redis_queue=f"tend:{secrets.token_hex(4)}",
            home=home,
            installation_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            files_url=str(home / "files"),
            smtp_url=f"smtp://127.0.0.1:{smtp.port}",
            pool_size=10,
            # The tests ask more in a minute than anybody may; those about limits bring their own.
            points_per_token=10**12,
            points_per_person=10**12,
            points_per_agency=10**12,
            scim_requests_per_machine=10**12,
            failed_attempts_per_address=10**12,
            reports_per_address=10**12,
        )
    finally:
        smtp.stop()
        redis.stop()
        postgres.stop()
        folder.cleanup()


@pytest.fixture(scope="session")
async def settings(servers: Settings) -> AsyncIterator[Settings]:
    """A fresh, migrated database, and the pool open on it as tend_app."""
    name = f"tend_test_{secrets.token_hex(4)}"
    owner = await asyncpg.connect(servers.owner_url)
    await owner.execute(f"create database {name}")
    chosen = servers.model_copy(update={"database_url": on_database(servers.app_url, name)})
    try:
        await bring_up_to_date(chosen)
        await database.connect(chosen.app_url, models=models.MODEL_MODULES, pool_size=chosen.pool_size)
        equip(chosen)
        yield chosen
        await database.disconnect()
    finally:
        await owner.execute(f"drop database {name} with (force)")
        await owner.close()


@pytest.fixture(scope="session")
async def stage(settings: Settings) -> AsyncIterator[tuple[Cast, Cast]]:
    casts = await raise_curtain()
    yield casts
    for cast in casts:
        await cast.check_tallies()  # whatever all the tests did


@pytest.fixture(scope="session")
def acme(stage: tuple[Cast, Cast]) -> Cast:
    return stage[0]


@pytest.fixture(scope="session")
def globex(stage: tuple[Cast, Cast]) -> Cast:
    return stage[1]


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The application without a network between; its pool is the session's."""
    transport = httpx.ASGITransport(app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://tend.test", timeout=TIMEOUT_SECONDS) as client:
        yield client


@pytest.fixture(scope="session")
def chat_folder() -> Path:
    folder = os.environ.get("TEND_CHAT_DIR")
    if not folder:
        pytest.skip("TEND_CHAT_DIR names no folder with the real chat rooms")
    return Path(folder)
