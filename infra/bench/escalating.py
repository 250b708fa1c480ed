"""How soon after an escalation was raised somebody is paged: in Tend, with the raising itself; by mail, with the jobs after
it. Idle, with other jobs of the same agency waiting, and with one of two workers just killed.

`python -m infra.bench.escalating` is one of the workers: it notes when a mail would go, and sends none.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import uvloop
from rich.console import Console
from rich.table import Table

from backend import models
from backend.kit.ids import new_id
from backend.moderation import About, raise_danger
from backend.outbox import Priority, count_workers, rank_kinds
from backend.safety import Danger
from backend.settings import Settings
from infra.bench.loading import Client, open_client
from infra.bench.results import Row, percentile
from infra.bench.servers import Place
from tenants import database
from tenants.actor import Actor, system
from tenants.provisioning import add_member
from tenants.rights import Role
from tenants.scope import agency_scope, current
from workers.catalogue import CATALOGUE, Kind
from workers.main import work

RAISED: Final = 40
WAITING: Final = 5_000


async def measure(place: Place, console: Console) -> list[Row]:
    models.load()
    rank_kinds({name: kind.priority for name, kind in CATALOGUE.items()})  # as the API does when it starts
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    client = await open_client(moderators=1)
    await add_member(
        client.agency_id,
        name="Responder",
        email="responder@bench.example",
        role=Role.SAFETY_RESPONDER,
        workspaces=[client.workspace_id],
    )
    rows: list[Row] = []
    async with _workers(place) as processes:
        rows += await _paged(client, "idle")
        async with agency_scope(system(client.agency_id)) as scope:
            await scope.execute(
                "insert into jobs (agency_id, id, kind) select $1, gen_random_uuid(), 'doze' from generate_series(1, $2)",
                client.agency_id,
                WAITING,
            )
            await scope.execute("insert into ready_agency (agency_id) values ($1)", client.agency_id)
        rows += await _paged(client, f"{WAITING:,} other jobs waiting")
        processes[0].kill()
        rows += await _paged(client, "one of two workers just killed")
    await database.disconnect()
    _show(rows, console)
    return rows


async def _paged(client: Client, when: str) -> list[Row]:
    """In milliseconds from the call: to the commit, with which the notice is in Tend; and to where its mail would go."""
    in_tend: list[float] = []
    called: dict[UUID, float] = {}
    tend = system(client.agency_id)
    for _ in range(RAISED):
        begun = time.time()
        async with agency_scope(tend):
            drill = Danger("other", "x", is_drill=True)
            raised, _ = await raise_danger(tend, About(workspace_id=client.workspace_id), drill)
        in_tend.append((time.time() - begun) * 1e3)
        called[raised] = begun
        await asyncio.sleep(0.2)
    mailed = await _mailed(client, called)
    return [
        {"operation": "escalating", "who": f"{what}, {when}", "p50_ms": percentile(each, 0.5), "p99_ms": percentile(each, 0.99)}
        for what, each in (("in Tend", in_tend), ("by mail", mailed))
    ]  # fmt: skip


async def _mailed(client: Client, called: Mapping[UUID, float]) -> list[float]:
    async with asyncio.timeout(120):
        while True:
            async with agency_scope(system(client.agency_id), read_only=True) as scope:
                rows = await scope.fetch(
                    """select n.subject_id, min(s.slot_at) as at from notices n
                         join notice_deliveries d on d.agency_id = $1 and d.notice_id = n.id
                         join slots s on s.agency_id = $1 and s.name = 'mail:' || d.message
                        where n.agency_id = $1 and n.subject_id = any($2) group by n.subject_id""",
                    client.agency_id,
                    list(called),
                )
            if len(rows) == len(called):
                return [(row["at"].timestamp() - called[row["subject_id"]]) * 1e3 for row in rows]
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _workers(place: Place) -> AsyncIterator[list[subprocess.Popen[bytes]]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "infra.bench.escalating"],
            env=dict(place.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    try:
        async with asyncio.timeout(30):
            while await count_workers() < len(processes):
                await asyncio.sleep(0.1)
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _show(rows: list[Row], console: Console) -> None:
    table = Table("raised to first page", "p50 ms", "p99 ms")
    for row in rows:
        table.add_row(str(row["who"]), f"{row['p50_ms']:,.1f}", f"{row['p99_ms']:,.1f}")
    console.print(table)


async def _doze(_actor: Actor, _payload: Mapping[str, Any]) -> None:
    await asyncio.sleep(0.01)


async def _note(actor: Actor, payload: Mapping[str, Any]) -> None:
    await current().execute(
        "insert into slots (agency_id, id, name, slot_at) values ($1, $2, $3, clock_timestamp())",
        actor.agency_id,
        new_id(),
        f"mail:{payload['message']}",
    )


if __name__ == "__main__":
    mail = Kind(_note, at_once=1, priority=Priority.DANGER, reaches_outside=True)
    uvloop.run(work(Settings(), catalogue={**CATALOGUE, "doze": Kind(_doze), "mail_danger": mail}))
