"""From an empty server, or from that of a version before, to one Tend can run on."""

import asyncio
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from up import ROOT, TEND

from backend.embedded import EmbeddedPostgres
from backend.installing import DATABASE, ROLES, bring_up_to_date, make_roles_and_database
from backend.kit.errors import Refusal
from backend.migrations import applying
from backend.settings import Settings


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="tend-installing-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()


async def test_an_installation_without_the_eraser_says_what_to_run_and_an_embedded_one_runs_it(
    server: EmbeddedPostgres,
) -> None:
    server.sql("begin;\n" + ROLES["tend_relay"].read_text() + "\ncommit;")
    server.sql(f"create database {DATABASE} owner tend_owner")
    settings = Settings(database_url=server.address("tend_app", DATABASE))
    with pytest.raises(Refusal, match=r"tend_eraser is missing.*infra/postgres/eraser\.sql"):
        await bring_up_to_date(settings)
    make_roles_and_database(server)
    make_roles_and_database(server)
    assert "0008_leaving" in await bring_up_to_date(settings)
    assert await bring_up_to_date(settings) == []


def dumped(server: EmbeddedPostgres, database: str) -> str:
    """Tables, policies, grants and all else that is no row, and what was applied."""
    argv = [server.program("pg_dump"), "--schema-only", f"--dbname={server.address('postgres', database)}"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return "\n".join(lines) + server.sql("select name from public.migrations order by name", database)


def migrating(server: EmbeddedPostgres, database: str) -> subprocess.Popen[str]:
    environment = os.environ | {"TEND_DATABASE_URL": server.address("tend_app", database), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*TEND, "migrate"], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def test_migrations_killed_at_any_step_go_on_where_they_were_and_two_at_once_do_no_harm(
    server: EmbeddedPostgres,
) -> None:
    for database in ("clean", "killed"):
        make_roles_and_database(server, database=database)
    whole = migrating(server, "clean")
    watch = await asyncpg.connect(server.address("postgres", "killed"))

    async def steps() -> int:
        there = await watch.fetchval("select to_regclass('public.migrations') is not null")
        return await watch.fetchval("select count(*) from public.migrations") if there else 0

    kills = 0
    while (done := await steps()) < 60:  # of the history and the walls of all tables
        process = migrating(server, "killed")
        while await steps() < done + random.randint(5, 25) and process.poll() is None:
            await asyncio.sleep(random.random() / 200)
        process.kill()
        process.wait()
        kills += 1
    assert kills > 3
    await watch.close()
    both = [migrating(server, "killed") for _ in range(2)]
    assert [each.wait(60) for each in (whole, *both)] == [0, 0, 0]
    assert dumped(server, "killed") == dumped(server, "clean")
    assert migrating(server, "killed").communicate()[0] == "nothing to do\n"


async def test_migrating_passes_by_whoever_reads_and_lets_nobody_wait_behind_it(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "LOCK_SECONDS", 0.5)
    make_roles_and_database(server)
    settings = Settings(database_url=server.address("tend_app", DATABASE))
    await bring_up_to_date(settings)
    reader, writer = [await asyncpg.connect(server.address("postgres", DATABASE)) for _ in range(2)]
    async with reader.transaction():
        await reader.execute("select count(*) from app.posts")
        async with asyncio.timeout(5):
            assert await bring_up_to_date(settings) == []
        server.sql("update public.migrations set sha256 = '' where name = 'wall of app.posts'", DATABASE)
        migrating_ = asyncio.create_task(bring_up_to_date(settings))
        for _ in range(8):  # it waits for the reader, and others are never long behind it
            await asyncio.sleep(0.25)
            async with asyncio.timeout(2):
                await writer.execute("select count(*) from app.posts")
        assert not migrating_.done()
    assert await migrating_ == []
    await reader.close()
    await writer.close()
