"""Statements made ready for the transparency database, by the second; and the report about a year of a million decisions,
in seconds and in memory. TEND_BENCH_DECISIONS says how many decisions otherwise."""

import asyncio
import os
import resource
import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
from rich.console import Console
from rich.table import Table

from backend import models
from backend.equipping import equip
from backend.filing import (
    AboutProvider,
    AboutService,
    FilingBatch,
    TransparencyPart,
    TransparencyReport,
    describe_provider,
    describe_service,
    draw_up_report,
    link_community,
    prepare_files,
    write_transparency_report,
)
from backend.filing.stating import entry_of
from backend.filing.validating import problems_of
from backend.policies import PolicyVersion, create_policy
from backend.statements import Statement
from infra.bench.loading import Client, open_client, settle
from infra.bench.memory import MostMemory
from infra.bench.results import Row
from infra.bench.servers import Place
from infra.bench.year import Where, fill_year
from tenants import database
from tenants.actor import Actor, system
from tenants.scope import agency_scope

DECISIONS: Final = int(os.environ.get("TEND_BENCH_DECISIONS", "1000000"))
PIECES: Final = 10  # of 2,000 statements
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def measure(place: Place, console: Console) -> list[Row]:
    rows = asyncio.run(_measure(place))
    table = Table("", "", title=f"Filing, of {DECISIONS:,} decisions")
    statements, report = rows
    table.add_row("statements made ready a second", f"{statements['per_second']:,.0f}")
    table.add_row("statements checked a second", f"{statements['checked_per_second']:,.0f}")
    table.add_row("report, seconds", f"{report['seconds']:.1f}")
    table.add_row("report, MB more in the worker", f"{report['megabytes']:.0f}")
    table.add_row("report, most MB of one PostgreSQL process", f"{report['postgres_megabytes']:.0f}")
    console.print(table)
    return rows


async def _measure(place: Place) -> list[Row]:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        client = await open_client(moderators=1)
        actor = system(client.agency_id, workspace_id=client.workspace_id)
        async with agency_scope(actor):
            service_id = await _service(actor, client)
            version = await _version(actor, client)
        membership = client.moderators[0].membership_id
        assert membership is not None
        where = Where(
            client.agency_id, client.workspace_id, client.community_id, client.queue_id, membership, version.id
        )
        await fill_year(where, decisions=DECISIONS, since=START)
        await settle(place.settings.owner_url)
        report = await _report(actor, service_id, place)  # first: its memory is that above the most so far
        return [await _statements(actor, service_id), report]
    finally:
        await database.disconnect()


async def _service(actor: Actor, client: Client) -> UUID:
    about = AboutProvider("Bench GmbH", True, "DE", "large", "2020-01-01")
    provider = await describe_provider(actor, client.workspace_id, about)
    service = await describe_service(
        actor, provider.id, AboutService("Forum", "online_platform", True, spam_is_commercial=False)
    )
    await link_community(actor, client.community_id, service_id=service.id)
    return service.id


async def _version(actor: Actor, client: Client) -> PolicyVersion:
    policy = await create_policy(
        actor, client.workspace_id, slug="rules", title="House rules", text="No.", severity="low", tier="low"
    )
    version: PolicyVersion = await PolicyVersion.get(policy_id=policy.id)
    return version


async def _statements(actor: Actor, service_id: UUID) -> Row:
    """From rows to files of a hundred: looked up, said in the database's words, checked, written and kept."""
    payload: dict[str, object] = {"service_id": str(service_id)}
    began = time.perf_counter()
    for _ in range(PIECES):
        async with agency_scope(actor) as scope:
            await prepare_files(actor, payload)
            later = await scope.fetchval(
                """select payload from jobs where agency_id = $1 and kind = 'prepare_statements'
                    order by created_at desc, id desc limit 1""",
                actor.agency_id,
            )
        if later is None:
            break
        payload = orjson.loads(later)
    seconds = time.perf_counter() - began
    async with agency_scope(actor):
        made = sum(await FilingBatch.all().values_list("statement_count", flat=True))
        some = await Statement.all().limit(1_000)
    began = time.perf_counter()
    assert not [each for each in some if problems_of(entry_of(each))]
    checked = len(some) / (time.perf_counter() - began)
    return {
        "operation": "statements",
        "statements": made,
        "per_second": made / seconds,
        "checked_per_second": checked,
    }


async def _report(actor: Actor, service_id: UUID, place: Place) -> Row:
    async with agency_scope(actor):
        report = await draw_up_report(actor, service_id, period_start="2026-01-01", period_end="2026-12-31")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    async with MostMemory(place) as most, agency_scope(actor):
        await write_transparency_report(actor, {"report_id": str(report.id)})
    seconds = time.perf_counter() - began
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    async with agency_scope(actor):
        report = await TransparencyReport.get(id=report.id)
        assert report.state == "done"
        assert not [check for check in report.checks if check["isError"]]
        assert await TransparencyPart.filter(report_id=report.id).count() == 10, "the first comes when it is published"
    return {
        "operation": "transparency_report",
        "decisions": DECISIONS,
        "seconds": seconds,
        "megabytes": more / 1_024,
        "postgres_megabytes": most.megabytes,
    }
