"""Rows become the bytes of a file, as they come: JSON lines, CSV, or a zip of JSON lines."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import orjson

from backend.leaving.reading import Table

CHUNK_BYTES: Final = 1 << 18
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


async def as_lines(tables: AsyncIterator[Table]) -> AsyncIterator[bytes]:
    async for table in tables:
        async for page in table.pages:
            yield "".join(f"{line}\n" for line in page).encode()


async def as_csv(tables: AsyncIterator[Table]) -> AsyncIterator[bytes]:
    """With a line of names. Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    async for table in tables:
        yield _rows_of_csv([list(table.columns)])
        async for page in table.pages:
            rows = [orjson.loads(line) for line in page]
            yield _rows_of_csv([[_cell(row[name]) for name in table.columns] for row in rows])


async def as_zip(
    tables: AsyncIterator[Table], *, about: Mapping[str, object], counts: Mapping[str, int], pretty: bool
) -> AsyncIterator[bytes]:
    """`<table>.ndjson` for each, or `<table>.json` that a person can read; `export.json` says what it is, at the end."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        async for table in tables:
            with archive.open(f"{table.name}.{'json' if pretty else 'ndjson'}", "w", force_zip64=True) as file:
                is_first = True
                async for page in table.pages:
                    file.write(_pretty(page, is_first=is_first) if pretty else "".join(f"{x}\n" for x in page).encode())
                    is_first = False
                    if sink.size >= CHUNK_BYTES:
                        yield sink.taken()
                if pretty:
                    file.write(b"[]\n" if is_first else b"\n]\n")
        archive.writestr("export.json", orjson.dumps({**about, "rows": dict(counts)}, option=orjson.OPT_INDENT_2))
    yield sink.taken()


def _pretty(page: list[str], *, is_first: bool) -> bytes:
    rows = b",\n".join(orjson.dumps(orjson.loads(line), option=orjson.OPT_INDENT_2) for line in page)
    return (b"[\n" if is_first else b",\n") + rows


def _rows_of_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Sink(io.RawIOBase):
    """What a zip is written to that nobody can seek in: what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self.size += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        taken, self._pieces, self.size = b"".join(self._pieces), [], 0
        return taken
