"""What limits and caches add to the queue page, in microseconds of one core: each step alone, in this process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, Final

import orjson
from graphql import parse, validate
from graphql.execution.collect_fields import collect_fields
from rich.console import Console
from rich.table import Table

from backend import models
from graphql_schema.context import RequestContext
from graphql_schema.projection.reading import Reading
from graphql_schema.schema import schema
from graphql_schema.transport import Documents, Rates
from graphql_schema.transport.asking import asked_of, parse_json
from graphql_schema.transport.documents import operation_of, parsed
from graphql_schema.transport.executing import Prepared, _executor, prepare
from graphql_schema.transport.sizing import TooLarge, check_size
from infra.bench.operations import OPERATIONS
from infra.bench.results import Row

ROUNDS: Final = 300
BOMB_LEVELS: Final = 24  # 944 bytes; limiters that follow every spread take 25 s for it (reference/api.md, section 5)


def measure(console: Console) -> list[Row]:
    models.load()
    rows = asyncio.run(_measure())
    table = Table("step", "µs", title="The contract")
    for row in rows:
        table.add_row(row["step"], f"{row['microseconds']:,.1f}")
    table.caption = "the queue page of the benchmarks; medians, nothing else running in the process"
    console.print(table)
    return rows


async def _measure() -> list[Row]:
    text = OPERATIONS[0].document
    variables = {"workspace": "workspace_00000000-0000-7000-8000-000000000000"}
    body = orjson.dumps({"query": text, "variables": variables})
    asked, documents, core = asked_of(parse_json(body)), Documents(None), schema._schema
    rates = Rates(None, dict.fromkeys(("token", "person", "agency"), 10**12))
    payer = rates.payer(token="t", person="p", agency="a")
    document = parse(text)
    prepared = await prepare(asked, documents)
    fragments = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(BOMB_LEVELS))
    bomb = f"{{ ...F0 }} {fragments} fragment F{BOMB_LEVELS} on Query {{ __typename }}"
    parsed_bomb = parse(bomb)

    def explode() -> None:
        try:
            check_size(parsed_bomb)
        except TooLarge:
            return

    steps: dict[str, Callable[[], Any]] = {
        "known document: found, valid, its operation": lambda: operation_of(core, parsed(text), None),
        "known document: cost from its variables": _costing(prepared),
        "known document: body to operation, whole": lambda: prepare(asked_of(parse_json(body)), documents),
        "three rate limits, points at hand": lambda: payer.pay(351),
        "rate limit headers": payer.headers,
        "new document: parse": lambda: parse(text),
        "new document: size": lambda: check_size(document),
        "new document: validate": lambda: validate(core, document),
        f"a bomb of {len(bomb)} bytes: size": explode,
    }
    return [
        {"operation": "contract", "step": name, "microseconds": round(await _time(step), 1)}
        for name, step in steps.items()
    ]


def _costing(prepared: Prepared) -> Callable[[], int]:
    """As for every request: its arguments are read from its variables anew."""
    executor: Any = _executor(prepared, RequestContext(caller=None, actor=None, request_id="bench"), None)
    core, root = executor.schema, executor.schema.query_type
    fields = collect_fields(core, executor.fragments, executor.variable_values, root, executor.operation)
    return lambda: Reading(executor, None).cost(root, fields.grouped_field_set)


async def _time(step: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        done = step()
        if isinstance(done, Awaitable):
            await done
        seconds.append(time.perf_counter() - begin)
    return 1e6 * median(seconds)
