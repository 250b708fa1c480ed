"""All numbers of a client's report, of a month and of a year, over a million posts and 200,000 cases: in seconds and in memory;
and which of 200 clients needs attention. TEND_BENCH_POSTS says how many posts otherwise; a fifth of them are cases."""

import asyncio
import os
import resource
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from backend import models
from backend.client_metrics import CATALOGUE, Section, Step, Window, clients_needing_attention, measure, series
from backend.equipping import equip
from backend.moderation import open_workspace
from backend.policies import PolicyVersion, create_policy
from infra.bench.loading import open_client, settle
from infra.bench.memory import MostMemory
from infra.bench.results import Row
from infra.bench.servers import Place
from infra.bench.year import ROWS_AT_ONCE, Where, dice, fill_year, id_of
from tenants import database
from tenants.actor import Actor, system
from tenants.scope import agency_scope

POSTS: Final = int(os.environ.get("TEND_BENCH_POSTS", "1000000"))
CLIENTS: Final = 200
START: Final = datetime(2025, 1, 1, tzinfo=UTC)
YEAR: Final = Window(START, START + timedelta(days=365), "Europe/Berlin")
MONTH: Final = Window(YEAR.until - timedelta(days=30), YEAR.until, "Europe/Berlin")
DRAWN: Final = ("active_members", "contributions", "newcomers", "closed_in_time", "reports_received", "handle_time")

_AT: Final = f"$3::timestamptz + make_interval(secs => {dice('when', 365 * 86_400)})"
# People of whom few write much: the square of chance.
_WHO: Final = f"({dice('who', 1_000)} * {dice('so', 1_000)} / 50)"
_PEOPLE: Final = f"""
    insert into members (agency_id, workspace_id, community_id, id, external_id, handle, first_seen_at)
    select $1, $2, $4, {id_of("person")}, 'n' || n, 'person-' || n, $3 from generate_series($5::int, $6::int) n
     where n < 20000"""
_TALK: Final = f"""
    insert into posts (agency_id, workspace_id, community_id, id, member_id, external_id, text, posted_at, thread, reply_to_id)
    select $1, $2, $4, {id_of("talk")}, {id_of("person", _WHO)}, 'n' || n,
           case when n % 5 = 0 then '@person-' || {dice("named", 20_000)} || ' what do you think?'
                else 'I had the same and did it again, slowly, ' || n end,
           {_AT}, case when n % 2 = 0 then 't' || n / 20 end, case when n % 20 > 4 and n % 2 = 0 then {id_of("talk", "n - n % 20")} end
      from generate_series($5::int, $6::int) n"""
_CLAIMS: Final = f"""
    insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, claimed_at, expires_at, ended_at,
                        ended_by, visible_seconds)
    select $1, $2, {id_of("hold")}, {id_of("case")}, $4, ''::bytea, $3, $3, $3, 'decided', {dice("seconds", 600)}
      from generate_series($5::int, $6::int) n"""
_REPORTS: Final = f"""
    insert into reports (agency_id, workspace_id, id, case_id, post_id, channel, reporter_key, reason, member_id, created_at)
    select $1, $2, {id_of("told")}, {id_of("case")}, {id_of("post")}, 'member', 'n:' || n, 'x', {id_of("person", _WHO)}, {_AT}
      from generate_series($5::int, $6::int) n where $4::uuid is not null"""


def bench(place: Place, console: Console) -> list[Row]:
    rows = asyncio.run(_run(place))
    table = Table("", "seconds", "MB more in the process", "most MB of one PostgreSQL process",
                  title=f"Numbers over {POSTS:,} posts and {POSTS // 5:,} cases")  # fmt: skip
    for row in rows:
        table.add_row(row["what"], *(f"{row[name]:.1f}" for name in ("seconds", "megabytes", "postgres_megabytes")))
    console.print(table)
    return rows


async def _run(place: Place) -> list[Row]:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        client = await open_client(moderators=1)
        actor = system(client.agency_id)
        async with agency_scope(actor):
            policy = await create_policy(
                actor, client.workspace_id, slug="rules", title="House rules", text="No.", severity="low", tier="low"
            )
            version = await PolicyVersion.get(policy_id=policy.id)
            for n in range(CLIENTS - 1):
                await open_workspace(actor, slug=f"client-{n}", name=f"Client {n}")
        membership = client.moderators[0].membership_id
        assert membership is not None
        where = Where(
            client.agency_id, client.workspace_id, client.community_id, client.queue_id, membership, version.id
        )
        await fill_year(where, decisions=POSTS // 5, since=START, with_statements=False)
        await _fill(where)
        await settle(place.settings.owner_url)
        return [
            await _timed("all numbers of a month", place, actor, _numbers(actor, client.workspace_id, MONTH)),
            await _timed("all numbers of a year", place, actor, _numbers(actor, client.workspace_id, YEAR)),
            *[
                await _timed(
                    f"of a year, {section.value}", place, actor, _numbers(actor, client.workspace_id, YEAR, section)
                )
                for section in Section
            ],
            await _timed("six series of twelve months", place, actor, _series(actor, client.workspace_id)),
            await _timed(f"which of {CLIENTS} clients needs attention", place, actor, _attention(actor)),
        ]
    finally:
        await database.disconnect()


async def _fill(where: Where) -> None:
    for start in range(0, POSTS * 4 // 5, ROWS_AT_ONCE):
        end = min(start + ROWS_AT_ONCE, POSTS * 4 // 5) - 1
        async with agency_scope(system(where.agency_id)) as scope:
            await scope.execute("set local statement_timeout = 300000")
            for sql, named in (
                (_PEOPLE, where.community_id), (_TALK, where.community_id), (_CLAIMS, where.membership_id),
                (_REPORTS, where.community_id),
            ):  # fmt: skip
                last = end if sql in (_PEOPLE, _TALK) else min(end, POSTS // 5 - 1)
                await scope.execute(sql, where.agency_id, where.workspace_id, START, named, start, last)


async def _numbers(actor: Actor, workspace_id: UUID, window: Window, section: Section | None = None) -> None:
    names = [name for name, metric in CATALOGUE.items() if section in (None, metric.section)]
    await measure(actor, workspace_id, window, names)


async def _series(actor: Actor, workspace_id: UUID) -> None:
    for name in DRAWN:
        await series(actor, workspace_id, name, YEAR, Step.MONTH)


async def _attention(actor: Actor) -> None:
    await clients_needing_attention(actor, moment=YEAR.until)


async def _timed(what: str, place: Place, actor: Actor, asked: Awaitable[None]) -> Row:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    # As the API asks: read-only scopes are planned otherwise, and that was all the difference once.
    async with MostMemory(place) as most, agency_scope(actor, read_only=True) as scope:
        await scope.execute("set local statement_timeout = 300000")
        await asked
    seconds = time.perf_counter() - began
    return {
        "operation": "client_metrics",
        "what": what,
        "seconds": seconds,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "postgres_megabytes": most.megabytes,
    }
