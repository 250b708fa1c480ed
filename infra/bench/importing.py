"""How fast an archive comes in, beside plain SQL: `python -m infra.bench.importing`.

Needs TEND_CHAT_DIR (the rooms, *.jsonl.gz) and TEND_DATABASE_URL (as tend_app, migrated). Both sides use the same role
and the same scope; each run fills a fresh agency, in a process of its own. Plain SQL gets its rows parsed, without
repeats and with ids, and writes members, posts, versions and words: no look-ups, no jobs, no journal.
"""

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import orjson
from rich.console import Console
from rich.table import Table

from backend.communities import import_chat
from backend.communities.models import Community
from backend.communities.searching import words_of
from backend.kit.ids import new_id
from tenants import database
from tenants.actor import system
from tenants.provisioning import create_workspace, provision_agency
from tenants.scope import agency_scope

ROUNDS: Final = 3
BATCH_ROWS: Final = 1_000  # as the import: one transaction each
AIM: Final = 0.5  # of plain SQL's messages per second
RESULTS: Final = Path(".tend/bench.json")
MODELS: Final = ("tenants.models", "backend.outbox.models", "backend.journal.models", "backend.communities.models")


@dataclass(frozen=True, slots=True)
class Run:
    operation: str
    who: str
    messages: int
    seconds: float
    messages_per_second: float
    rss_growth_mb: float
    at: str


async def measure(who: str, paths: Sequence[Path], database_url: str) -> Run:
    """One run into a fresh agency: `tend` or `sql`. Call in a fresh process, whose memory has never been larger."""
    await database.connect(database_url, models=MODELS)
    agency_id = await provision_agency(slug=f"bench-{new_id().hex[-12:]}", name="Bench")
    async with agency_scope(system(agency_id)) as scope:
        workspace_id = (await create_workspace(scope.actor, slug="chat", name="Chat")).id
    rooms = [_parsed(path) for path in paths] if who == "sql" else []
    before = _memory_mb("VmRSS")
    started = time.perf_counter()
    messages = 0
    if who == "tend":
        for path in paths:
            count = await import_chat(
                system(agency_id), workspace_id, path, on_bytes=lambda _: None, on_bad_line=lambda *_: None
            )
            messages += count.lines
    else:
        for room in rooms:
            await _write_room(agency_id, workspace_id, room)
            messages += room["lines"]
    seconds = time.perf_counter() - started
    await database.disconnect()
    return Run(
        operation="import",
        who=who,
        messages=messages,
        seconds=round(seconds, 3),
        messages_per_second=round(messages / seconds),
        rss_growth_mb=round(_memory_mb("VmHWM") - before, 1),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _parsed(path: Path) -> dict[str, Any]:
    members: dict[str, tuple[UUID, str, datetime]] = {}
    posts: dict[str, tuple[UUID, UUID, str, str, datetime]] = {}
    lines = 0
    with gzip.open(path) as file:
        for line in file:
            lines += 1
            entry = orjson.loads(line)
            sent_at = datetime.fromisoformat(entry["sent_at"])
            member = members.setdefault(entry["author"], (new_id(), entry["author"], sent_at))
            posts.setdefault(entry["id"], (new_id(), member[0], entry["id"], entry["text"], sent_at))
    rows = list(posts.values())
    words = {post[0]: words_of(post[3]) for post in rows}
    return {"name": path.name.split(".")[0], "lines": lines, "members": members, "posts": rows, "words": words}


async def _write_room(agency_id: UUID, workspace_id: UUID, room: dict[str, Any]) -> None:
    async with agency_scope(system(agency_id)) as scope:
        community = await Community.create(workspace_id=workspace_id, slug=room["name"].lower(), name=room["name"])
        shared = (agency_id, workspace_id, community.id)
        ids, names, seen = zip(*room["members"].values(), strict=True)
        await scope.execute(
            """insert into members (agency_id, workspace_id, community_id, id, external_id, handle, identity_key,
                                    first_seen_at)
               select $1, $2, $3, id, name, name, name, seen
                 from unnest($4::uuid[], $5::text[], $6::timestamptz[]) r(id, name, seen)""",
            *shared,
            ids,
            names,
            seen,
        )
    for start in range(0, len(room["posts"]), BATCH_ROWS):
        columns = list(zip(*room["posts"][start : start + BATCH_ROWS], strict=True))
        async with agency_scope(system(agency_id)) as scope:
            await scope.execute(
                """insert into posts (agency_id, workspace_id, community_id, id, member_id, external_id, text,
                                      posted_at)
                   select $1, $2, $3, r.*
                     from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[]) r""",
                *shared,
                *columns,
            )
            await scope.execute(
                """insert into post_versions (agency_id, workspace_id, id, post_id, version, text)
                   select $1, $2, r.id, r.post_id, 1, r.text
                     from unnest($3::uuid[], $4::uuid[], $5::text[]) r(id, post_id, text)""",
                agency_id,
                workspace_id,
                [new_id() for _ in columns[0]],
                columns[0],
                columns[3],
            )
            words = sorted(
                (word, at, id) for id, at in zip(columns[0], columns[4], strict=True) for word in room["words"][id]
            )
            await scope.execute(
                """insert into post_words (agency_id, workspace_id, word, posted_at, post_id)
                   select $1, $2, r.* from unnest($3::text[], $4::timestamptz[], $5::uuid[]) r""",
                agency_id,
                workspace_id,
                *map(list, zip(*words, strict=True)),
            )


def _memory_mb(field: str) -> float:
    """Linux's own figures for this process. Not ru_maxrss: it starts at what the parent held when it forked."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def _in_own_process(who: str) -> Run:
    answer = subprocess.run([sys.executable, "-m", __spec__.name, who], check=True, capture_output=True, text=True)
    return Run(**json.loads(answer.stdout))


def _keep(runs: Sequence[Run]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.write_text(json.dumps([*earlier, *(asdict(run) for run in runs)], indent=1) + "\n")


def _show(runs: Sequence[Run]) -> None:
    speed = {who: median(run.messages_per_second for run in runs if run.who == who) for who in ("tend", "sql")}
    memory = max(run.rss_growth_mb for run in runs if run.who == "tend")
    table = Table("", "messages/s (median)", "of plain SQL", "peak RSS growth, MB")
    table.add_row("INSERT ... SELECT unnest", f"{speed['sql']:,.0f}", "1.00", "")
    table.add_row("import_chat", f"{speed['tend']:,.0f}", f"{speed['tend'] / speed['sql']:.2f}", f"{memory:.1f}")
    table.caption = f"{runs[0].messages:,} messages, {ROUNDS} rounds each in turn; aim: at least {AIM:.2f}"
    Console().print(table)


def main() -> None:
    directory, database_url = os.environ.get("TEND_CHAT_DIR"), os.environ.get("TEND_DATABASE_URL")
    if not directory or not database_url:
        sys.exit("Set TEND_CHAT_DIR to the folder with the rooms and TEND_DATABASE_URL to a migrated database.")
    if len(sys.argv) > 1:
        run = asyncio.run(measure(sys.argv[1], sorted(Path(directory).glob("*.jsonl.gz")), database_url))
        print(json.dumps(asdict(run)))
        return
    runs = [_in_own_process(who) for _ in range(ROUNDS) for who in ("sql", "tend")]
    _keep(runs)
    _show(runs)


if __name__ == "__main__":
    main()
