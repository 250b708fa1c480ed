"""`.tend/bench.json`: the newest figures of every operation, one row each."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(".tend/bench.json")
Row = dict[str, Any]


def forget(operations: Collection[str]) -> None:
    """Rows of operations that are measured anew; those of the others stay."""
    _write([row for row in _read() if row["operation"] not in operations])


def keep(rows: Sequence[Row]) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    _write([*_read(), *({**row, "at": at} for row in rows)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed. Raises IndexError without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _read() -> list[Row]:
    rows: list[Row] = json.loads(FILE.read_text()) if FILE.exists() else []
    return rows


def _write(rows: Sequence[Row]) -> None:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(rows, indent=1) + "\n")
