"""64 moderators press the button at once until nothing waits, beside the same SQL without scope and ORM.

`python -m infra.bench.claiming` is one of the processes the moderators are spread over: it reads a Shift as JSON, says
`ready`, waits for a line, and leaves its claims in a file.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import uvloop
from rich.console import Console
from rich.table import Table

from backend import models
from backend.kit.ids import new_id
from backend.moderation import claim_next
from backend.moderation.thresholds import LEASE
from infra.bench.loading import Client, add_cases, moderator, open_client, settle
from infra.bench.results import Row, percentile
from infra.bench.servers import Place
from tenants import database
from tenants.actor import Actor
from tenants.scope import agency_scope
from tenants.tokens import hash_of

CASES: Final = 10_000
MODERATORS: Final = 64
PROCESSES: Final = 2
CONNECTIONS: Final = 10  # of each process
ROUNDS: Final = 3
WHO: Final = {"tend": "claim_next", "sql": "the same SQL, no scope", "sql_at_once": "the same SQL as one statement"}

_NEXT: Final = """
    select c.workspace_id, c.id from cases c
     where c.agency_id = $1 and c.state = 'queued' and c.workspace_id = $4 and c.queue_id = $5 and not exists (
           select from skips s where s.agency_id = $1 and s.workspace_id = c.workspace_id
              and s.case_id = c.id and s.membership_id = $2) and c.slot < 3 and not exists (
           select from reviews v where v.agency_id = $1 and v.workspace_id = c.workspace_id
              and v.case_id = c.id and v.membership_id = $2)
     order by c.virtual_deadline, c.id limit 1 for update of c skip locked"""
_CLAIM: Final = f"""with next as materialized ({_NEXT})
    update cases c set state = 'in_review', claimed_by_id = $2, claimed_until = now() + $3::interval,
                       first_touched_at = coalesce(c.first_touched_at, now())
      from next where c.agency_id = $1 and c.workspace_id = next.workspace_id and c.id = next.id
    returning c.id, c.claimed_until"""
_RECORD: Final = """insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)"""
_TALLY: Final = """with noted as (
      insert into case_states (agency_id, workspace_id, id, case_id, from_state, to_state, because, membership_id, at)
      values ($1, $2, $4, $5, 'queued', 'in_review', 'claimed', $6, clock_timestamp())),
    mine as materialized (
      select id from case_tallies where agency_id = $1 and workspace_id = $2 limit 1 for update skip locked),
    added as (
      update case_tallies t set queued = t.queued - 1, in_review = t.in_review + 1
        from mine where t.agency_id = $1 and t.workspace_id = $2 and t.id = mine.id returning t.id)
    insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
    select $1, $2, $3, -1, 1, 0 where not exists (select from added)"""
_JOURNAL: Final = """insert into journal
           (agency_id, workspace_id, id, actor_kind, membership_id, action, subject_kind, subject_id, detail)
    values ($1, $2, $3, 'staff', $4, 'case.claimed', 'case', $5, '{}')"""
_JOB: Final = """insert into jobs (agency_id, id, workspace_id, kind, payload, run_at, dedupe_key)
    values ($1, $2, $3, 'return_ended_claims', '{}', $4, 'return_ended_claims:' || $3::uuid::text)
    on conflict (agency_id, dedupe_key) where dedupe_key is not null do nothing"""
_READY: Final = "insert into ready_agency (agency_id, ready_at) values ($1, $2)"
_AT_ONCE: Final = f"""with next as materialized ({_NEXT}),
    claimed as (
      update cases c set state = 'in_review', claimed_by_id = $2, claimed_until = now() + $3::interval,
                       first_touched_at = coalesce(c.first_touched_at, now())
        from next where c.agency_id = $1 and c.workspace_id = next.workspace_id and c.id = next.id
      returning c.id, c.claimed_until),
    claim as (
      insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, expires_at)
      select $1, $4, $6, id, $2, $7, claimed_until from claimed),
    line as (
      insert into journal
             (agency_id, workspace_id, id, actor_kind, membership_id, action, subject_kind, subject_id, detail)
      select $1, $4, $8, 'staff', $2, 'case.claimed', 'case', id, '{{}}' from claimed),
    noted as (
      insert into case_states (agency_id, workspace_id, id, case_id, from_state, to_state, because, membership_id, at)
      select $1, $4, $10, id, 'queued', 'in_review', 'claimed', $2, clock_timestamp() from claimed),
    mine as materialized (
      select id from case_tallies where agency_id = $1 and workspace_id = $4 limit 1 for update skip locked),
    tally as (
      update case_tallies t set queued = t.queued - 1, in_review = t.in_review + 1
        from mine, claimed where t.agency_id = $1 and t.workspace_id = $4 and t.id = mine.id returning t.id),
    new_tally as (
      insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
      select $1, $4, $6, -1, 1, 0 from claimed where not exists (select from tally)),
    job as (
      insert into jobs (agency_id, id, workspace_id, kind, payload, run_at, dedupe_key)
      select $1, $9, $4, 'return_ended_claims', '{{}}', claimed_until, 'return_ended_claims:' || $4::uuid::text
        from claimed
      on conflict (agency_id, dedupe_key) where dedupe_key is not null do nothing returning run_at),
    ready as (insert into ready_agency (agency_id, ready_at) select $1, run_at from job)
    select id from claimed"""


@dataclass(frozen=True, slots=True)
class Shift:
    """What one process is told."""

    who: str
    database_url: str
    agency_id: str
    workspace_id: str
    queue_id: str
    membership_ids: list[str]
    answer: str  # the file for the claims: half a megabyte is more than a pipe takes at once


@dataclass(frozen=True, slots=True)
class Run:
    """All processes together. `slowdown`: claims/s of the first fifth over those of the last."""

    who: str
    claims_per_second: float
    p50_ms: float
    p99_ms: float
    slowdown: float


async def measure(place: Place, console: Console) -> list[Row]:
    """Raises AssertionError when a case went to nobody or to two."""
    models.load()
    runs: list[Run] = []
    for turn in range(ROUNDS):
        # Another order in each round, so that nobody always comes first.
        order = list(WHO)[turn % len(WHO) :] + list(WHO)[: turn % len(WHO)]
        for who in order:
            await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
            client = await open_client(moderators=MODERATORS)
            await add_cases(client, cases=CASES, posts=CASES, reports_per_case=1, seed=turn)
            await settle(place.settings.owner_url)
            run, case_ids = _race(place, client, who)
            await _check(client, case_ids)
            await database.disconnect()
            runs.append(run)
    _show(runs, console)
    return [_row(runs, who) for who in WHO]


def _race(place: Place, client: Client, who: str) -> tuple[Run, list[str]]:
    """The moderators begin together, once all processes are connected."""
    processes, answers = [], []
    for number in range(PROCESSES):
        answers.append(place.settings.home.resolve() / f"claims-{number}.json")
        shift = Shift(
            who=who,
            database_url=place.settings.app_url,
            agency_id=str(client.agency_id),
            workspace_id=str(client.workspace_id),
            queue_id=str(client.queue_id),
            membership_ids=[str(actor.membership_id) for actor in client.moderators[number::PROCESSES]],
            answer=str(answers[-1]),
        )
        argv = [sys.executable, "-m", "infra.bench.claiming"]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(shift)) + "\n")
        process.stdin.flush()
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "a process of moderators did not come up"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert process.wait(300) == 0, "a process of moderators failed"
    finally:
        for process in processes:
            process.kill()
            process.wait()
    claims = sorted(
        (claim for file in answers for claim in json.loads(file.read_text())), key=lambda claim: claim["at"]
    )
    seconds = claims[-1]["at"] - min(claim["at"] - claim["seconds"] for claim in claims)
    each = [claim["seconds"] * 1e3 for claim in claims]
    fifth = len(claims) // 5
    first = claims[fifth]["at"] - claims[0]["at"]
    # The very last claims come when most moderators have gone home.
    last = claims[-MODERATORS]["at"] - claims[-MODERATORS - fifth]["at"]
    return (
        Run(who, len(claims) / seconds, percentile(each, 0.5), percentile(each, 0.99), last / first),
        [claim["case_id"] for claim in claims],
    )


async def _check(client: Client, case_ids: list[str]) -> None:
    assert len(case_ids) == CASES, f"{len(case_ids)} claims of {CASES} cases"
    assert len(set(case_ids)) == CASES, "a case went to two moderators"
    async with agency_scope(client.moderators[0]) as scope:
        row = await scope.fetchrow(
            """select (select count(*) from cases where state = 'in_review' and claimed_by_id is not null) as cases,
                      (select count(distinct c.case_id) from claims c join cases k on k.agency_id = c.agency_id
                         and k.id = c.case_id and k.claimed_by_id = c.membership_id where c.ended_at is null) as claims,
                      (select count(*) from journal where action = 'case.claimed') as lines,
                      (select sum(in_review) from case_tallies where workspace_id = $1) as tally,
                      (select count(*) from jobs where kind = 'return_ended_claims') as jobs""",
            client.workspace_id,
        )
    *counts, jobs = row
    assert counts == [CASES] * 4, f"cases, claims, lines, tally: {counts}"
    assert jobs >= 1, "nobody promised to return forgotten claims"


def _row(runs: list[Run], who: str) -> Row:
    own = [run for run in runs if run.who == who]
    speed = median(run.claims_per_second for run in own)
    return {
        "operation": "claim",
        "dataset": f"one queue of {CASES:,} cases",
        "connections": PROCESSES * CONNECTIONS,
        "moderators": MODERATORS,
        "who": who,
        "requests_per_second": round(speed, 1),
        "p50_ms": round(median(run.p50_ms for run in own), 2),
        "p99_ms": round(median(run.p99_ms for run in own), 2),
        "slowdown": round(median(run.slowdown for run in own), 2),
        "rounds": [round(run.claims_per_second, 1) for run in own],
    }


def _show(runs: list[Run], console: Console) -> None:
    rows = {who: _row(runs, who) for who in WHO}
    best = rows["sql"]["requests_per_second"]
    table = Table("", "claims/s", "of the same SQL", "p50 ms", "p99 ms", "last fifth takes", "rounds", title="Claiming")
    for who, row in rows.items():
        table.add_row(
            WHO[who],
            f"{row['requests_per_second']:,.0f}",
            f"{row['requests_per_second'] / best:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['slowdown']:.2f} x the first",
            " ".join(f"{speed:,.0f}" for speed in row["rounds"]),
        )
    table.caption = (
        f"{MODERATORS} moderators in {PROCESSES} processes with {CONNECTIONS} connections each empty one queue of "
        f"{CASES:,} cases; a claim runs from the button to the commit, the wait for a connection included"
    )
    console.print(table)


# In a process of moderators ----------------------------------------------------------------------------------------


async def _work(shift: Shift) -> list[dict[str, Any]]:
    models.load()
    await database.connect(shift.database_url, models=models.MODEL_MODULES, pool_size=CONNECTIONS)
    agency_id, workspace_id, queue_id = UUID(shift.agency_id), UUID(shift.workspace_id), UUID(shift.queue_id)
    ways: dict[str, Callable[[Actor], Awaitable[UUID | None]]] = {
        "tend": lambda actor: _claim_with_tend(actor, queue_id),
        "sql": lambda actor: _claim_with_sql(actor, workspace_id, queue_id),
        "sql_at_once": lambda actor: _claim_at_once(actor, workspace_id, queue_id),
    }
    claim = ways[shift.who]
    await _open_all_connections()
    print("ready", flush=True)
    sys.stdin.readline()
    claims: list[dict[str, Any]] = []

    async def moderate(actor: Actor) -> None:
        while True:
            pressed_at = time.perf_counter()
            case_id = await claim(actor)
            if case_id is None:
                return
            at = time.perf_counter()  # of the machine's monotonic clock: the same in every process
            claims.append({"case_id": str(case_id), "at": at, "seconds": at - pressed_at})

    await asyncio.gather(
        *(moderate(moderator(agency_id, workspace_id, UUID(membership_id))) for membership_id in shift.membership_ids)
    )
    await database.disconnect()
    return claims


async def _claim_with_tend(actor: Actor, queue_id: UUID) -> UUID | None:
    async with agency_scope(actor):
        claim = await claim_next(actor, queue_id=queue_id)
    return None if claim is None else claim.case_id


async def _claim_with_sql(actor: Actor, workspace_id: UUID, queue_id: UUID) -> UUID | None:
    async with database.pool().acquire() as connection:
        await connection.execute(_begin(actor, workspace_id))
        case = await connection.fetchrow(_CLAIM, actor.agency_id, actor.membership_id, LEASE, workspace_id, queue_id)
        if case is None:
            await connection.execute("ROLLBACK")
            return None
        case_id: UUID = case["id"]
        await connection.execute(
            _RECORD,
            actor.agency_id,
            workspace_id,
            new_id(),
            case_id,
            actor.membership_id,
            hash_of(secrets.token_urlsafe(24)),
            case["claimed_until"],
        )
        await connection.execute(
            _TALLY, actor.agency_id, workspace_id, new_id(), new_id(), case_id, actor.membership_id
        )
        await connection.execute(_JOURNAL, actor.agency_id, workspace_id, new_id(), actor.membership_id, case_id)
        tag = await connection.execute(_JOB, actor.agency_id, new_id(), workspace_id, case["claimed_until"])
        if tag == "INSERT 0 1":
            await connection.execute(_READY, actor.agency_id, case["claimed_until"])
        await connection.execute("COMMIT")
        return case_id


async def _claim_at_once(actor: Actor, workspace_id: UUID, queue_id: UUID) -> UUID | None:
    async with database.pool().acquire() as connection:
        await connection.execute(_begin(actor, workspace_id))
        case_id: UUID | None = await connection.fetchval(
            _AT_ONCE,
            actor.agency_id,
            actor.membership_id,
            LEASE,
            workspace_id,
            queue_id,
            new_id(),
            hash_of(secrets.token_urlsafe(24)),
            new_id(),
            new_id(),
            new_id(),
        )
        await connection.execute("COMMIT")
        return case_id


def _begin(actor: Actor, workspace_id: UUID) -> str:
    return f"BEGIN; SET LOCAL app.agency_id = '{actor.agency_id}'; SET LOCAL app.workspaces = '{{{workspace_id}}}'"


async def _open_all_connections() -> None:
    held = [await database.pool().acquire() for _ in range(CONNECTIONS)]
    for connection in held:
        await database.pool().release(connection)


def main() -> None:
    shift = Shift(**json.loads(sys.stdin.readline()))
    Path(shift.answer).write_text(json.dumps(uvloop.run(_work(shift))))


if __name__ == "__main__":
    main()
