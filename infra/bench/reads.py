"""The six reads of `operations.py` on both data sets: Tend beside SQL by hand, stock Strawberry and PostGraphile."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from backend import models
from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from graphql_schema.context import RequestContext
from graphql_schema.transport import Documents
from graphql_schema.transport.asking import asked_of
from graphql_schema.transport.executing import prepare, run
from infra.bench import load
from infra.bench.dataset import LARGE, SMALL, DataSet, Sample, prepared, samples
from infra.bench.operations import OPERATIONS, Operation
from infra.bench.peers import by_hand, postgraphile
from infra.bench.plans import faults
from infra.bench.results import Row
from infra.bench.servers import HOME, Place, Serving, cpu_seconds, serving
from tenants import database
from tenants.admitting import admit
from tenants.scope import agency_scope

CONNECTIONS: Final = (1, 8, 64)
ROUNDS: Final = 3
SECONDS: Final = 3.0
WARM_UP_SECONDS: Final = 1.5
WHO: Final = {
    "tend": "Tend",
    "sql": "SQL by hand, bare Starlette",
    "postgraphile": "PostGraphile 5",
    "strawberry": "Strawberry with DataLoaders",
}
SHORT: Final = frozenset({"workspaces", "post_versions", "actions"})
MOST_GROWTH: Final = 1.3


@dataclass(frozen=True, slots=True)
class Round:
    operation: str
    dataset: str
    connections: int
    who: str
    measured: load.Measured
    api_ms: float  # CPU time of the API process per request
    db_ms: float  # CPU time of PostgreSQL per request


def measure(postgres: EmbeddedPostgres, redis: EmbeddedRedis, console: Console, names: list[str]) -> list[Row]:
    """Raises AssertionError when two answers differ, or when a plan reads more than its page."""
    chosen = [operation for operation in OPERATIONS if operation.name in names]
    rounds: list[Round] = []
    sizes: dict[tuple[str, str, str], int] = {}
    for data_set in (SMALL, LARGE):
        console.print(
            f"Data set {data_set.name}: {data_set.posts:,} posts, {data_set.cases:,} cases, {data_set.reports:,} reports"
        )
        settings = prepared(postgres, data_set).model_copy(update={"redis_url": redis.url})
        place = Place(settings, postgres)
        wanted = samples(postgres, settings.app_url.partition("?")[0].rpartition("/")[2], agencies=data_set.agencies)
        if data_set is LARGE:  # of a short list any plan is good
            _explain(place, wanted[0], chosen)
        with _everybody(place, console) as processes:
            for operation in chosen:
                sizes |= _compare(processes, operation, wanted[0], data_set)
                rounds += _rounds(place, processes, operation, wanted, data_set)
    rows = [
        _row(rounds, sizes, *key)
        for key in dict.fromkeys((r.operation, r.dataset, r.connections, r.who) for r in rounds)
    ]
    for operation in chosen:
        _show(operation.name, rows, console)
    _show_growth(rows, [operation.name for operation in chosen], console)
    return rows


@contextmanager
def _everybody(place: Place, console: Console) -> Iterator[dict[str, Serving]]:
    """Whoever can start here; who cannot is named."""
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "tend": ([sys.executable, "-m", "backend.cli", "serve"], {}),
        "sql": ([sys.executable, "-m", "infra.bench.peers.by_hand"], {}),
        "strawberry": ([sys.executable, "-m", "infra.bench.peers.stock_strawberry"], {}),
    }
    reason = postgraphile.missing()
    if reason is None:
        try:
            command = postgraphile.prepare(HOME)
            place.postgres.sql(postgraphile.schema_sql, place.settings.app_url.partition("?")[0].rpartition("/")[2])
            commands["postgraphile"] = (command.argv, command.environment)
        except (RuntimeError, OSError) as problem:
            reason = str(problem)
    if reason is not None:
        console.print(f"Missing: PostGraphile ({reason})")
    with ExitStack() as stack:
        yield {
            who: stack.enter_context(serving(who, argv, place.environment | more, ready="/health/live"))
            for who, (argv, more) in commands.items()
        }


def _asked(who: str, operation: Operation, sample: Sample) -> load.Asked:
    headers = {"Authorization": f"Bearer {sample.token}"}
    if who == "sql":
        return load.Asked(by_hand.request_for(operation.name, sample), headers)
    if who == "postgraphile":
        document, variables = postgraphile.requests(operation.name, sample)
        body = orjson.dumps({"query": document, "variables": variables}).decode()
        return load.Asked("/graphql", {**headers, "Content-Type": "application/json"}, body)
    return asked_of_tend(operation, sample)


def asked_of_tend(operation: Operation, sample: Sample) -> load.Asked:
    headers = {"Authorization": f"Bearer {sample.token}", "Content-Type": "application/json"}
    body = orjson.dumps({"query": operation.document, "variables": operation.variables(sample)}).decode()
    return load.Asked("/graphql", headers, body)


def _compare(
    processes: dict[str, Serving], operation: Operation, sample: Sample, data_set: DataSet
) -> dict[tuple[str, str, str], int]:
    """Everybody answers the same, and not nothing. Returns the bytes of each answer."""
    answers: dict[str, Any] = {}
    sizes = {}
    for who, process in processes.items():
        asked = _asked(who, operation, sample)
        method = "GET" if asked.body is None else "POST"
        answer = httpx.request(
            method, process.base_url + asked.path, headers=asked.headers, content=asked.body, timeout=60
        )
        assert answer.status_code == 200, (who, answer.text)
        told = orjson.loads(answer.content)
        assert "errors" not in told, (who, told["errors"])
        data = told["data"]
        answers[who] = postgraphile.normal(operation.name, data, sample) if who == "postgraphile" else data
        sizes[operation.name, data_set.name, who] = len(answer.content)
    for who, data in answers.items():
        assert data == answers["tend"], f"{operation.name}: {who} answers something else than Tend"
    assert sizes[operation.name, data_set.name, "tend"] > 1_000, f"{operation.name}: next to nothing was read"
    return sizes


def _rounds(
    place: Place, processes: dict[str, Serving], operation: Operation, wanted: list[Sample], data_set: DataSet
) -> list[Round]:
    """The biggest agency alone, at each number of connections; then, for Tend, all agencies at once."""
    found = []
    for connections in CONNECTIONS if data_set is LARGE else (8,):
        for who, process in processes.items():
            load.run(load.Load(process.base_url, [_asked(who, operation, wanted[0])], connections, WARM_UP_SECONDS))
        for _ in range(ROUNDS):
            for who, process in processes.items():
                asked = [_asked(who, operation, wanted[0])]
                found.append(
                    _round(place, process, Round(operation.name, data_set.name, connections, who, *_NOTHING), asked)
                )
    if data_set is LARGE:
        asked = [_asked("tend", operation, sample) for sample in wanted]
        load.run(load.Load(processes["tend"].base_url, asked, 8, WARM_UP_SECONDS))
        empty = Round(operation.name, "large, all agencies", 8, "tend", *_NOTHING)
        found += [_round(place, processes["tend"], empty, asked) for _ in range(ROUNDS)]
    return found


_NOTHING: Final = (load.Measured(0, 0, 0, 0, 0), 0.0, 0.0)


def _round(place: Place, process: Serving, empty: Round, asked: list[load.Asked]) -> Round:
    api, db = cpu_seconds(process.process), place.postgres_cpu_seconds()
    measured = load.run(load.Load(process.base_url, asked, empty.connections, SECONDS))
    api, db = cpu_seconds(process.process) - api, place.postgres_cpu_seconds() - db
    return replace(empty, measured=measured, api_ms=api * 1e3 / measured.requests, db_ms=db * 1e3 / measured.requests)


def _row(
    rounds: list[Round],
    sizes: dict[tuple[str, str, str], int],
    operation: str,
    dataset: str,
    connections: int,
    who: str,
) -> Row:
    def of(who: str) -> list[Round]:
        return [
            r
            for r in rounds
            if (r.operation, r.dataset, r.connections, r.who) == (operation, dataset, connections, who)
        ]

    own = of(who)
    # Neighbours in time are compared: the machine itself becomes faster and slower by 30 %.
    ratios = [
        a.measured.requests_per_second / b.measured.requests_per_second for a, b in zip(own, of("tend"), strict=True)
    ]

    def middle(value: Callable[[Round], float], digits: int) -> float:
        return round(median(value(r) for r in own), digits)

    return {
        "operation": operation,
        "dataset": dataset,
        "connections": connections,
        "who": who,
        "requests_per_second": middle(lambda r: r.measured.requests_per_second, 1),
        "p50_ms": middle(lambda r: r.measured.p50_ms, 3),
        "p99_ms": middle(lambda r: r.measured.p99_ms, 3),
        "api_cpu_ms": middle(lambda r: r.api_ms, 3),
        "db_cpu_ms": middle(lambda r: r.db_ms, 3),
        "bytes": sizes.get((operation, dataset, who)),
        "tend_is_times": round(1 / median(ratios), 2),
        "load_generator": load.GENERATOR,
    }


def _explain(place: Place, sample: Sample, chosen: list[Operation]) -> None:
    """The generic plans of Tend's own statements on these very rows read no more than their pages."""
    for operation, plans in asyncio.run(_plans(place, sample, chosen)).items():
        problems = [problem for plan in plans for problem in faults(plan, short=SHORT)]
        assert not problems, f"{operation}: {problems}"


async def _plans(place: Place, sample: Sample, chosen: list[Operation]) -> dict[str, list[Any]]:
    models.load()
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    found: dict[str, list[Any]] = {}
    originals = {name: getattr(agency_scope, name) for name in ("fetch", "fetchrow", "fetchval")}

    def explaining(name: str) -> Any:
        async def explained(scope: agency_scope, sql: str, *values: Any) -> Any:
            if "string_agg" in sql or "as json" in sql:
                text = await originals["fetchval"](scope, f"explain (generic_plan, format json) {sql}", *values)
                found[operation.name].append(json.loads(text)[0]["Plan"])
            return await originals[name](scope, sql, *values)

        return explained

    try:
        for name in originals:
            setattr(agency_scope, name, explaining(name))
        for operation in chosen:
            found[operation.name] = []
            caller, actor = await admit(sample.token, agency=None, workspace=None)
            context = RequestContext(caller=caller, actor=actor, request_id="bench")

            async def enter(*, anew: bool = False, context: RequestContext = context) -> RequestContext:
                assert not anew
                return context

            asked = asked_of({"query": operation.document, "variables": operation.variables(sample)})
            answer = await run(await prepare(asked, Documents(None)), enter)
            assert not answer.errors, answer.errors
            assert found[operation.name], "no statement was seen"
    finally:
        for name, original in originals.items():
            setattr(agency_scope, name, original)
        await database.disconnect()
    return found


def _show(operation: str, rows: list[Row], console: Console) -> None:
    table = Table(
        *(
            "data",
            "at once",
            "",
            "requests/s",
            "Tend is",
            "p50 ms",
            "p99 ms",
            "API CPU ms",
            "PostgreSQL CPU ms",
            "bytes",
        ),
        title=operation.replace("_", " "),
    )
    own = [row for row in rows if row["operation"] == operation]
    for row, following in zip(own, [*own[1:], None], strict=True):
        table.add_row(
            row["dataset"],
            str(row["connections"]),
            WHO[row["who"]],
            f"{row['requests_per_second']:,.0f}",
            f"{row['tend_is_times']:.2f} times" if row["who"] != "tend" else "",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['api_cpu_ms']:.2f}",
            f"{row['db_cpu_ms']:.2f}",
            f"{row['bytes']:,}" if row["bytes"] else "",
            end_section=following is None or following["connections"] != row["connections"],
        )
    table.caption = f"one API process, load by {load.GENERATOR}, medians of {ROUNDS} rounds of {SECONDS:.0f} s in turn; CPU per request"
    console.print(table)


def _show_growth(rows: list[Row], operations: list[str], console: Console) -> None:
    table = Table(
        "", "small", "large", "growth", "all agencies at once", "growth", title="Tend's p50 in ms at 8 connections"
    )
    at = {(r["operation"], r["dataset"]): r["p50_ms"] for r in rows if r["who"] == "tend" and r["connections"] == 8}
    for operation in operations:
        small, large, everybody = (at[operation, name] for name in ("small", "large", "large, all agencies"))
        table.add_row(
            operation,
            f"{small:.2f}",
            f"{large:.2f}",
            f"{large / small:.2f}",
            f"{everybody:.2f}",
            f"{everybody / small:.2f}",
        )
    table.caption = f"the agency with the most rows; aim: at most {MOST_GROWTH}"
    console.print(table)
