"""What is to be done, by kind of danger: in versions, of which the newest holds for what is raised from then on. The first
one, number 0, is Tend's own (protocols.toml)."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.safety.after_models import Protocol
from backend.safety.thresholds import MOST_ITEMS
from tenants import locks
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

BUILT_IN: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    (Path(__file__).parent / "protocols.toml").read_text(encoding="utf-8")
)
KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Item:
    """`key` stays the same over versions where it is the same thing to do."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ProtocolVersion:
    """Version 0 is Tend's own, written by nobody."""

    kind: str
    version: int
    items: Sequence[Item]
    is_in_force: bool
    created_by_id: UUID | None
    created_at: datetime | None


async def protocol_versions(actor: Actor, *, kind: str | None = None) -> list[ProtocolVersion]:
    """Of one danger or of all, each with the newest first. Raises NotAllowed."""
    actor.must_hold(Right.WORK_QUEUE)
    rows = await Protocol.all().order_by("-version")
    found: list[ProtocolVersion] = []
    for name, first in BUILT_IN.items():
        if kind not in (None, name):
            continue
        written = [row for row in rows if row.kind == name]
        found += [
            ProtocolVersion(name, row.version, _items(row.items), row is written[0], row.created_by_id, row.created_at)
            for row in written
        ]
        own = [Item(key, text) for key, text in first.items()]
        found.append(ProtocolVersion(name, 0, own, not written, None, None))
    return found


async def protocol_for(kind: str) -> dict[str, Any]:
    """The one in force, as an escalation keeps it."""
    row = await Protocol.filter(kind=kind).order_by("-version").first()
    if row is not None:
        return {"version": row.version, "items": row.items}
    return {"version": 0, "items": [{"key": key, "text": text} for key, text in BUILT_IN[kind].items()]}


async def write_protocol(actor: Actor, *, kind: str, items: Sequence[Item], expected_version: int) -> int:
    """A new version, for what is raised from now on; its number. Raises NotAllowed, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    if not 1 <= len(items) <= MOST_ITEMS:
        raise Invalid(f"A protocol has between one and {MOST_ITEMS} items.", path=("input", "items"))
    if len({item.key for item in items}) < len(items) or not all(KEY.fullmatch(item.key) for item in items):
        raise Invalid("Each item has a key of its own, such as call_police.", path=("input", "items"))
    written = [{"key": item.key, "text": clean(item.text, field="items", longest=1_000)} for item in items]
    await current().lock(locks.ESCALATING, f"protocol {kind} of {actor.agency_id}")
    before = await protocol_for(kind)
    if before["version"] != expected_version:
        raise Conflict("Somebody has written this protocol anew: read it again.", path=("input", "expectedVersion"))
    made = await Protocol.create(
        kind=kind, version=before["version"] + 1, items=written, created_by_id=actor.membership_id
    )
    await journal.record(
        "protocol.written",
        subject_kind="protocol",
        subject_id=made.id,
        workspace_id=None,
        kind=kind,
        version=made.version,
    )
    return made.version


def _items(written: Sequence[Mapping[str, str]]) -> list[Item]:
    return [Item(each["key"], each["text"]) for each in written]
