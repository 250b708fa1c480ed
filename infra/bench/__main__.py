"""Runs every benchmark on an embedded PostgreSQL of its own and keeps the figures in .tend/bench.json."""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from rich.console import Console

from backend.installing import bring_up_to_date
from infra.bench import claiming, queue_page, results
from infra.bench.load import GENERATOR
from infra.bench.servers import Place, a_place

OPERATIONS: Final = {"claiming": "claim", "queue_page": "queue_page", "importing": "import"}
MEASURES: Final[dict[str, Callable[[Place, Console], Awaitable[list[results.Row]]]]] = {
    "claiming": claiming.measure,
    "queue_page": queue_page.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument("--only", choices=list(OPERATIONS), help="one benchmark instead of all")
    only: str | None = parser.parse_args().only
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    chosen = [only] if only else list(OPERATIONS)
    if "importing" in chosen and not os.environ.get("TEND_CHAT_DIR"):
        chosen.remove("importing")
        console.print("Left out: importing. Set TEND_CHAT_DIR to the folder with the chat rooms (*.jsonl.gz).")
    if not chosen:
        sys.exit(1)
    console.print(f"Load generator: {GENERATOR}. {os.cpu_count()} cores.")
    results.forget([OPERATIONS[name] for name in chosen])
    with a_place() as place:
        asyncio.run(bring_up_to_date(place.settings))
        for name in chosen:
            if name == "importing":
                # It keeps and shows its figures itself.
                subprocess.run([sys.executable, "-m", "infra.bench.importing"], check=True, env=place.environment)
                continue
            results.keep(asyncio.run(_measure(name, place, console)))
    console.print(f"Figures: {results.FILE}")


async def _measure(name: str, place: Place, console: Console) -> list[results.Row]:
    return await MEASURES[name](place, console)


if __name__ == "__main__":
    main()
