"""The page a moderator looks at all day, through GraphQL and beside the same page by hand (`by_hand.py`)."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from backend import models
from infra.bench import load
from infra.bench.loading import Client, add_cases, open_client, settle
from infra.bench.results import Row
from infra.bench.servers import Place, Serving, cpu_seconds, serving
from tenants import database

CASES: Final = 20_000
POSTS: Final = 40_000
REPORTS_PER_CASE: Final = 3
CONNECTIONS: Final = (1, 8, 64)
ROUNDS: Final = 3
SECONDS: Final = 5.0
WARM_UP_SECONDS: Final = 2.0
AIM: Final = 0.8  # of the requests/s of the page by hand
WHO: Final = {"tend": "GraphQL", "by_hand": "by hand, bare Starlette"}

DOCUMENT: Final = """
query QueuePage($workspace: ID!) {
  workspace(id: $workspace) {
    cases(first: 50, orderBy: MOST_URGENT) {
      nodes {
        id
        isOverdue
        assignee { name }
        post { id text postedAt member { handle } }
        reports(first: 3) { nodes { reason channel createdAt } }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Round:
    who: str
    connections: int
    measured: load.Measured
    api_ms: float  # CPU time of the API process per request
    postgres_ms: float  # CPU time of PostgreSQL per request


async def measure(place: Place, console: Console) -> list[Row]:
    """Raises AssertionError when the two answers differ."""
    models.load()
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    client = await open_client(moderators=8)
    await add_cases(client, cases=CASES, posts=POSTS, reports_per_case=REPORTS_PER_CASE, in_review=0.25)
    await database.disconnect()
    await settle(place.settings.owner_url)
    environment = place.environment
    with (
        serving("tend", ["-m", "backend.cli", "serve"], environment, ready="/health/live") as tend,
        serving("by_hand", ["-m", "infra.bench.by_hand"], environment, ready="/health/live") as by_hand,
    ):
        processes = {"tend": tend, "by_hand": by_hand}
        _check(processes, client)
        rounds = []
        for connections in CONNECTIONS:
            for who, process in processes.items():
                load.run(_load(who, process, client, connections, WARM_UP_SECONDS))
            for _ in range(ROUNDS):
                rounds += [_round(place, who, process, client, connections) for who, process in processes.items()]
    rows = [_row(rounds, who, connections) for connections in CONNECTIONS for who in WHO]
    _show(rows, console)
    return rows


def _check(processes: dict[str, Serving], client: Client) -> None:
    """Both answer the same, and what was asked for."""
    answers: dict[str, Any] = {}
    for who, process in processes.items():
        asked = _load(who, process, client, 1, 1)
        answer = httpx.request(
            "GET" if asked.body is None else "POST", asked.url, headers=asked.headers, content=asked.body
        )
        assert answer.status_code == 200, answer.text
        answers[who] = orjson.loads(answer.content)
    assert answers["tend"] == answers["by_hand"], "the two pages differ"
    page = answers["tend"]["data"]["workspace"]["cases"]
    assert len(page["nodes"]) == 50
    assert page["pageInfo"]["hasNextPage"] is True
    assert all(len(case["reports"]["nodes"]) == REPORTS_PER_CASE and case["post"] for case in page["nodes"])
    assert any(case["assignee"] for case in page["nodes"])


def _load(who: str, process: Serving, client: Client, connections: int, seconds: float) -> load.Load:
    headers = {"Authorization": f"Bearer {client.tokens[0]}"}
    workspace = f"workspace_{client.workspace_id}"
    if who == "by_hand":
        return load.Load(f"{process.base_url}/queue/{workspace}", headers, None, connections, seconds)
    body = orjson.dumps({"query": DOCUMENT, "variables": {"workspace": workspace}}).decode()
    headers["Content-Type"] = "application/json"
    return load.Load(f"{process.base_url}/graphql", headers, body, connections, seconds)


def _round(place: Place, who: str, process: Serving, client: Client, connections: int) -> Round:
    api, postgres = cpu_seconds(process.process), place.postgres_cpu_seconds()
    measured = load.run(_load(who, process, client, connections, SECONDS))
    api, postgres = cpu_seconds(process.process) - api, place.postgres_cpu_seconds() - postgres
    return Round(who, connections, measured, api * 1e3 / measured.requests, postgres * 1e3 / measured.requests)


def _row(rounds: list[Round], who: str, connections: int) -> Row:
    own = [r for r in rounds if r.who == who and r.connections == connections]
    other = [r for r in rounds if r.who == "by_hand" and r.connections == connections]
    # Neighbours in time are compared: the machine itself becomes faster and slower by 30 %.
    ratios = [a.measured.requests_per_second / b.measured.requests_per_second for a, b in zip(own, other, strict=True)]
    return {
        "operation": "queue_page",
        "dataset": f"{CASES:,} cases, {POSTS:,} posts, {CASES * REPORTS_PER_CASE:,} reports in one workspace",
        "connections": connections,
        "who": who,
        "requests_per_second": round(median(r.measured.requests_per_second for r in own), 1),
        "p50_ms": round(median(r.measured.p50_ms for r in own), 2),
        "p99_ms": round(median(r.measured.p99_ms for r in own), 2),
        "ratio": round(median(ratios), 3),
        "api_cpu_ms": round(median(r.api_ms for r in own), 3),
        "postgres_cpu_ms": round(median(r.postgres_ms for r in own), 3),
        "load_generator": load.GENERATOR,
        "rounds": [round(r.measured.requests_per_second, 1) for r in own],
    }


def _show(rows: list[Row], console: Console) -> None:
    table = Table(
        *("at once", "", "requests/s", "ratio", "p50 ms", "p99 ms", "API CPU ms", "PostgreSQL CPU ms", "rounds"),
        title="Queue page",
    )
    for row in rows:
        table.add_row(
            str(row["connections"]),
            WHO[row["who"]],
            f"{row['requests_per_second']:,.0f}",
            f"{row['ratio']:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['api_cpu_ms']:.3f}",
            f"{row['postgres_cpu_ms']:.3f}",
            " ".join(f"{speed:,.0f}" for speed in row["rounds"]),
            end_section=row["who"] == list(WHO)[-1],
        )
    table.caption = (
        f"50 of {rows[0]['dataset']}, one API process, load by {load.GENERATOR}, {ROUNDS} rounds of {SECONDS:.0f} s "
        f"each in turn, medians; ratio: to the page by hand, aim at least {AIM:.1f}; CPU per request"
    )
    console.print(table)
