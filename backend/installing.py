"""From an empty server to one Tend can run on: roles, database, migrations."""

from pathlib import Path
from typing import Final

from backend import models
from backend.embedded import EmbeddedPostgres
from backend.migrations import migrate
from backend.settings import Settings
from tenants.erasing import ERASER
from tenants.tables import tenant_models

_SQL: Final = Path(__file__).parent.parent / "infra" / "postgres"
# By the role whose presence says that the file was run: an installation of a version before lacks the later ones.
ROLES: Final = {"tend_relay": _SQL / "roles.sql", ERASER: _SQL / "eraser.sql"}
DATABASE: Final = "tend"


def make_roles_and_database(server: EmbeddedPostgres, *, database: str = DATABASE) -> None:
    """On an embedded server that runs; what is there already stays."""
    for role, file in ROLES.items():
        if not server.sql(f"select 1 from pg_roles where rolname = '{role}'").strip():
            server.sql("begin;\n" + file.read_text() + "\ncommit;")
    if not server.sql(f"select 1 from pg_database where datname = '{database}'").strip():
        server.sql(f"create database {database} owner tend_owner")


async def bring_up_to_date(settings: Settings) -> list[str]:
    """The names of the migrations applied now."""
    models.load()
    return await migrate(settings.owner_url, models=tenant_models())
