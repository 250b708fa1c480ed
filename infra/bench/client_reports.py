"""The monthly reports of 200 clients of one agency, from the promise to the last draft, published, and as PDF, with two workers;
and what a page of one costs. TEND_BENCH_CLIENTS says how many otherwise.

`python -m infra.bench.client_reports` is one of the workers: it sends no mail.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from backend import models
from backend.asgi import app
from backend.client_reports import (
    ClientReport,
    WantedReport,
    define_client_report,
    document_of,
    file_of,
    make_client_report,
    publish_client_report,
    submit_client_report,
)
from backend.communities import create_community
from backend.equipping import equip
from backend.kit.clock import now
from backend.moderation import Queue, open_workspace
from backend.outbox import count_workers
from backend.settings import Settings
from infra.bench.loading import Client, open_client, settle
from infra.bench.results import Row, percentile
from infra.bench.servers import Place
from tenants import database
from tenants.actor import system
from tenants.doors import COOKIE_WITHOUT_TLS
from tenants.provisioning import add_member
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session
from workers.catalogue import CATALOGUE, Kind
from workers.main import work

CLIENTS: Final = int(os.environ.get("TEND_BENCH_CLIENTS", "200"))
MEMBERS: Final = 40
POSTS: Final = 500  # of two months
CASES: Final = 40
PAGES: Final = 60


async def measure(place: Place, console: Console) -> list[Row]:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        house = await open_client(moderators=1)
        definitions = [await _client(house, number) for number in range(CLIENTS)]
        await settle(place.settings.owner_url)
        row: Row = {"operation": "client_reports", "clients": CLIENTS}
        async with _workers(place):
            begun = time.monotonic()
            for definition in definitions:
                async with agency_scope(system(house.agency_id)) as scope:
                    await make_client_report(scope.actor, definition)
            row["made_seconds"] = await _until(house, "draft", begun)
            await _publish(house)
            row["published_seconds"] = await _until(house, "published", begun)
            row["typeset_seconds"] = await _typeset(house, begun)
        row |= await _page(place, house)
    finally:
        await database.disconnect()
    _show(row, console)
    return [row]


async def _client(house: Client, number: int) -> UUID:
    """With two months of posts and cases, and a definition of everything there is."""
    async with agency_scope(system(house.agency_id)) as scope:
        workspace = await open_workspace(scope.actor, slug=f"client-{number}", name=f"Client {number}")
        community = await create_community(scope.actor, workspace.id, slug="main", name="Main")
        queue = await Queue.get(workspace_id=workspace.id)
        since = datetime.combine(now().date().replace(day=1), datetime.min.time(), now().tzinfo) - timedelta(days=61)
        of = (house.agency_id, workspace.id, community.id, since)
        await scope.execute(
            f"""insert into members (agency_id, workspace_id, id, community_id, external_id, handle, first_seen_at)
                select $1, $2, gen_random_uuid(), $3, n::text, 'm' || n, $4 from generate_series(1, {MEMBERS}) n""",
            *of,
        )
        await scope.execute(
            f"""insert into posts (agency_id, workspace_id, id, community_id, member_id, external_id, text, posted_at)
                select $1, $2, gen_random_uuid(), $3, m.id, m.external_id || '-' || n, 'hello',
                       $4::timestamptz + interval '61 days' * n / {POSTS}
                  from generate_series(1, {POSTS}) n
                  join members m on m.agency_id = $1 and m.workspace_id = $2 and m.external_id = (1 + n * n % {MEMBERS})::text
                 where $3::uuid is not null""",
            *of,
        )
        await scope.execute(
            f"""insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, state, outcome, tier, severity,
                                   opened_at, due_at, virtual_deadline, closed_at)
                select $1, $2, gen_random_uuid(), $3, p.id, p.member_id, 'closed', 'no_violation', 'low', 'low', p.posted_at,
                       p.posted_at + interval '1 day', p.posted_at, p.posted_at + interval '5 hours'
                  from (select * from posts where agency_id = $1 and workspace_id = $2 order by posted_at limit {CASES}
                        offset {POSTS // 2}) p""",
            house.agency_id,
            workspace.id,
            queue.id,
        )
        return (await define_client_report(scope.actor, workspace.id, WantedReport("Monthly"))).id


async def _until(house: Client, state: str, begun: float) -> float:
    async with asyncio.timeout(1_800):
        while True:
            async with agency_scope(system(house.agency_id), read_only=True):
                if await ClientReport.filter(state=state).count() == CLIENTS:
                    return time.monotonic() - begun
                assert not await ClientReport.filter(state="failed").exists()
            await asyncio.sleep(0.1)


async def _publish(house: Client) -> None:
    actor = system(house.agency_id)
    async with agency_scope(actor):
        ids = await ClientReport.filter(state="draft").values_list("id", flat=True)
    for id in ids:
        async with agency_scope(actor):
            await submit_client_report(actor, id)
            await publish_client_report(actor, id)


async def _typeset(house: Client, begun: float) -> float:
    async with asyncio.timeout(1_800):
        while True:
            async with agency_scope(system(house.agency_id), read_only=True) as scope:
                done = await scope.fetchval(
                    "select count(*) from jobs where agency_id = $1 and kind = 'typeset_client_report' and state = 'done'",
                    house.agency_id,
                )
            if done == CLIENTS:
                return time.monotonic() - begun
            await asyncio.sleep(0.1)


async def _page(place: Place, house: Client) -> Mapping[str, float]:
    """In milliseconds to the first byte, and bytes; as a stakeholder of one client asks for it, without a network."""
    async with agency_scope(system(house.agency_id)) as scope:
        report = await ClientReport.filter(state="published").order_by("id").first()
        assert report is not None
        shown = await document_of(scope.actor, report.id)
        assert shown is not None
        pdf = await file_of(shown, "pdf")
    person_id, _ = await add_member(
        house.agency_id,
        name="Reader",
        email="reader@bench.example",
        role=Role.STAKEHOLDER,
        workspaces=[report.workspace_id],
    )
    cookies = {COOKIE_WITHOUT_TLS: await open_session(person_id)}
    transport = httpx.ASGITransport(app(place.settings))
    times, size = [], 0
    async with httpx.AsyncClient(transport=transport, base_url="http://bench.test", cookies=cookies) as client:
        for _ in range(PAGES):
            begun = time.perf_counter()
            answer = await client.get(f"/client-reports/clientreport_{report.id}")
            times.append((time.perf_counter() - begun) * 1e3)
            assert answer.status_code == 200
            size = len(answer.content)
    return {
        "page_p50_ms": percentile(times, 0.5),
        "page_p99_ms": percentile(times, 0.99),
        "page_bytes": size,
        "pdf_bytes": len(pdf.content),
    }


@asynccontextmanager
async def _workers(place: Place) -> AsyncIterator[None]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "infra.bench.client_reports"],
            env=dict(place.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    try:
        async with asyncio.timeout(120):
            while await count_workers() < len(processes):
                await asyncio.sleep(0.1)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _show(row: Row, console: Console) -> None:
    table = Table("", "", title=f"Monthly reports of {CLIENTS} clients, two workers")
    for name, value in row.items():
        if name != "operation":
            table.add_row(name.replace("_", " "), f"{value:,.1f}")
    console.print(table)


async def _nothing(_actor: Any, _payload: Mapping[str, Any]) -> None:
    return None


if __name__ == "__main__":
    quiet = {name: Kind(_nothing) for name in ("mail_notices", "chat_notices", "gather_notices")}
    uvloop.run(work(Settings(), catalogue={**CATALOGUE, **quiet}))
