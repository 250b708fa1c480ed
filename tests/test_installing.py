"""From an empty server, or from that of a version before, to one Tend can run on."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.embedded import EmbeddedPostgres
from backend.installing import DATABASE, ROLES, bring_up_to_date, make_roles_and_database
from backend.kit.errors import Refusal
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
