"""Runs the benchmarks on an embedded PostgreSQL of their own and keeps the figures in .tend/bench.json."""

import argparse
import asyncio
import os
import subprocess
import sys
from typing import Final

from rich.console import Console

from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from infra.bench import (
    admission,
    claiming,
    client_metrics,
    client_reports,
    contract,
    education,
    escalating,
    filing,
    hearing,
    jobs,
    reads,
    results,
    retention,
    rules,
)
from infra.bench.load import GENERATOR
from infra.bench.operations import OPERATIONS
from infra.bench.servers import embedded_servers, fresh_place

READS: Final = [operation.name for operation in OPERATIONS]
NAMES: Final = [
    *(
        "contract",
        "admission",
        "claiming",
        "jobs",
        "escalating",
        "hearing",
        "rules",
        "filing",
        "education",
        "retention",
        "client_metrics",
        "client_reports",
    ),
    *READS,
    "importing",
]
# As they are called in the results.
ROWS: Final = {"claiming": "claim", "importing": "import"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument("--only", choices=NAMES, nargs="+", default=NAMES, help="some benchmarks instead of all")
    chosen: list[str] = parser.parse_args().only
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    if "importing" in chosen and not os.environ.get("TEND_CHAT_DIR"):
        chosen = [name for name in chosen if name != "importing"]
        console.print("Left out: importing. Set TEND_CHAT_DIR to the folder with the chat rooms (*.jsonl.gz).")
    if not chosen:
        sys.exit(1)
    console.print(f"Load generator: {GENERATOR}. {os.cpu_count()} cores.")
    results.forget([ROWS.get(name, name) for name in chosen])
    if "contract" in chosen:
        results.keep(contract.measure(console))
    if chosen == ["contract"]:
        return
    with embedded_servers() as (postgres, redis):
        if "admission" in chosen:
            results.keep(admission.measure(postgres, redis, console))
        if wanted := [name for name in READS if name in chosen]:
            results.keep(reads.measure(postgres, redis, console, wanted))
        _writes(postgres, redis, console, chosen)
    console.print(f"Figures: {results.FILE}")


def _writes(postgres: EmbeddedPostgres, redis: EmbeddedRedis, console: Console, chosen: list[str]) -> None:
    if "claiming" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(asyncio.run(claiming.measure(place, console)))
    if "jobs" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(asyncio.run(jobs.measure(place, console)))
    if "escalating" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(asyncio.run(escalating.measure(place, console)))
    if "client_reports" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(asyncio.run(client_reports.measure(place, console)))
    if "hearing" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(hearing.measure(place, console))
    if "rules" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(rules.measure(place, console))
    if "filing" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(filing.measure(place, console))
    if "education" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(education.measure(place, console))
    if "retention" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(retention.measure(place, console))
    if "client_metrics" in chosen:
        with fresh_place(postgres, redis) as place:
            results.keep(client_metrics.bench(place, console))
    if "importing" in chosen:
        with fresh_place(postgres, redis) as place:
            # It keeps and shows its figures itself.
            subprocess.run([sys.executable, "-m", "infra.bench.importing"], check=True, env=place.environment)


if __name__ == "__main__":
    main()
