"""From an empty server to one Tend can run on: roles, database, migrations."""

from pathlib import Path
from typing import Final

from backend import models
from backend.embedded import EmbeddedPostgres
from backend.migrations.applying import migrate
from backend.settings import Settings
from tenants.tables import tenant_models

ROLES_SQL: Final = Path(__file__).parent.parent / "infra" / "postgres" / "roles.sql"
DATABASE: Final = "tend"


def make_roles_and_database(server: EmbeddedPostgres, *, database: str = DATABASE) -> None:
    """On an embedded server that runs; what is there already stays."""
    if not server.sql("select 1 from pg_roles where rolname = 'tend_relay'").strip():
        server.sql("begin;\n" + ROLES_SQL.read_text() + "\ncommit;")
    if not server.sql(f"select 1 from pg_database where datname = '{database}'").strip():
        server.sql(f"create database {database} owner tend_owner")


async def bring_up_to_date(settings: Settings) -> list[str]:
    """The names of the migrations applied now."""
    models.load()
    return await migrate(settings.owner_url, models=tenant_models())
