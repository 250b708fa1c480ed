"""A study of whether customers stay, over 200,000 accounts: in seconds and in memory. TEND_BENCH_ACCOUNTS says how many
otherwise."""

import asyncio
import os
import resource
import time
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from backend import models
from backend.equipping import equip
from backend.kit.ids import new_id
from backend.retention import (
    Definition,
    RetentionStudy,
    StudyResult,
    compare_arms,
    create_study,
    freeze_study,
    run_study,
)
from infra.bench.loading import open_client, settle
from infra.bench.results import Row
from infra.bench.servers import Place
from tenants import database
from tenants.actor import Actor, system
from tenants.scope import agency_scope, current

ACCOUNTS: Final = int(os.environ.get("TEND_BENCH_ACCOUNTS", "200000"))
SINCE: Final = datetime(2023, 1, 1, tzinfo=UTC)
_LOADED_AT_ONCE: Final = 20_000


def measure(place: Place, console: Console) -> list[Row]:
    row = asyncio.run(_measure(place))
    table = Table("", "", title=f"A study of {ACCOUNTS:,} accounts and {row['exposures']:,} exposures")
    table.add_row("seconds", f"{row['seconds']:.1f}")
    table.add_row("MB more in the worker", f"{row['megabytes']:.0f}")
    table.add_row("MB of the rows, packed", f"{row['packed_megabytes']:.1f}")
    console.print(table)
    return [row]


async def _measure(place: Place) -> Row:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        client = await open_client(moderators=1)
        actor = system(client.agency_id, workspace_id=client.workspace_id)
        for first in range(0, ACCOUNTS, _LOADED_AT_ONCE):
            async with agency_scope(actor):
                await _fill(actor, first)
        await settle(place.settings.owner_url)
        async with agency_scope(actor) as scope:
            exposures = await scope.fetchval("select count(*) from customer_exposures")
            definition = Definition(["read", "course_completed", "event_attended", "answered"])
            study = await create_study(actor, client.workspace_id, name="bench", definition=definition)
            await freeze_study(actor, study.id)
            await run_study(actor, study.id)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        async with agency_scope(actor):
            await compare_arms(actor, {"study_id": str(study.id)})
        seconds = time.perf_counter() - began
        async with agency_scope(actor):
            study = await RetentionStudy.get(id=study.id)
            found = await StudyResult.get(study_id=study.id)
        assert study.state == "done"
        assert found.result["coverage"]["accounts"] == ACCOUNTS
        packed = sum(file.stat().st_size for file in place.settings.home.rglob("studies/*.csv.gz"))
        return {
            "operation": "retention",
            "accounts": ACCOUNTS,
            "exposures": exposures,
            "seconds": seconds,
            "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1_024,
            "packed_megabytes": packed / 1e6,
        }
    finally:
        await database.disconnect()


async def _fill(actor: Actor, first: int) -> None:
    """Accounts of three years, half of which leave; four uses each, at most."""
    scope = current()
    numbers = list(range(first, min(first + _LOADED_AT_ONCE, ACCOUNTS)))
    rows = (actor.agency_id, actor.only_workspace, SINCE, numbers, [new_id() for _ in numbers])
    began = "$3::timestamptz + n % 900 * interval '1 day'"
    days = "(1 + n * 7919 % 500)"  # of those who leave
    of = "from unnest($4::int[], $5::uuid[]) as each (n, id)"
    await scope.execute(
        f"""insert into customer_accounts (agency_id, workspace_id, id, external_id, name, size, customer_since)
            select $1, $2, id, n::text, 'Account ' || n, 1 + n % 400, {began} - n % 5 * interval '200 days' {of}""",
        *rows,
    )
    await scope.execute(
        f"""insert into customer_subscriptions (agency_id, workspace_id, id, account_id, external_id, plan, started_at,
                                                ended_at, ending)
            select $1, $2, id, id, n::text, 'plan ' || n % 3, {began},
                   case when n % 2 = 0 then {began} + interval '1 day' * {days} end,
                   case when n % 2 = 0 then 'voluntary' end {of}""",
        *rows,
    )
    use = "((n * 31 + use * 97) % 400)"  # the day of it
    await scope.execute(
        f"""insert into customer_exposures (agency_id, workspace_id, id, account_id, kind, at, source, external_id)
            select $1, $2, gen_random_uuid(), id, (array['posted', 'answered', 'read', 'course_completed'])[1 + use % 4],
                   {began} + interval '1 day' * {use}, 'told', use::text
              {of}, generate_series(1, 8) use
             where (n + use) % 2 = 0 and (n % 2 = 1 or {use} < {days})""",
        *rows,
    )
