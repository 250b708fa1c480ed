"""The head of the chain, signed and kept outside the database: who rewrites the database cannot rewrite this."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from backend.journal.chaining import AT_ONCE, LATEST_COMMIT, link_waiting_entries
from backend.journal.hashing import GENESIS
from backend.kit.clock import now
from backend.outbox import enqueue
from backend.outside import stored_files
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current

Sign = Callable[[bytes], bytes]
IsSigned = Callable[[bytes, bytes], bool]

EVERY: Final = timedelta(hours=1)
_JUST_NOW: Final = timedelta(minutes=1)  # an entry that has waited for longer is chained before the head is anchored
_READ_AT_ONCE: Final = 32

_sign: Sign | None = None
_is_signed: IsSigned | None = None


def anchor_with(sign: Sign | None, is_signed: IsSigned | None) -> None:
    """How this installation signs, and knows what it has signed; the roof says it."""
    global _sign, _is_signed
    _sign, _is_signed = sign, is_signed


@dataclass(frozen=True, slots=True)
class Anchor:
    """At `at` the agency's chain was `seq` links long and ended with `hash`. `previous` is the sha-256 of the file
    before, so that none can be taken out of their row unseen."""

    agency_id: str
    number: int
    seq: int
    hash: str
    at: str
    previous: str | None
    signature: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """`anchor` is None where the file is none of this agency; `is_proven` by its signature, or by a later file that is
    proven and carries its hash: so the keys of the installation may be replaced."""

    path: str
    digest: str
    anchor: Anchor | None
    is_proven: bool


async def anchor_journal(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: write the head of the chain to a file of its own. What waits to be chained is chained first; the head is then
    anchored by another turn of this job, since a file must not name a link that may yet be rolled back."""
    scope = current()
    await scope.lock(locks.ANCHORING, system.agency_id)
    if await _something_waits(system.agency_id):
        if await link_waiting_entries(system) == AT_ONCE:
            await enqueue("chain_journal", {}, dedupe_key="chain_journal")
        await enqueue("anchor_journal", {}, dedupe_key="anchor_journal")
        return
    paths = await anchor_paths(system.agency_id)
    last = None if not paths else await _read(paths[-1], system.agency_id)
    moment = now()
    if last is not None and last.anchor is not None and last.anchor.moment > moment - EVERY / 2:
        return  # this turn was run before
    head = await scope.fetchrow(
        "select seq, hash from journal_links where agency_id = $1 order by seq desc limit 1", system.agency_id
    )
    seq, hash_ = (0, GENESIS) if head is None else tuple(head)
    body = {
        "agency_id": str(system.agency_id),
        "number": len(paths) + 1 if last is None or last.anchor is None else last.anchor.number + 1,
        "seq": seq,
        "hash": hash_.hex(),
        "at": moment.isoformat(),
        "previous": None if last is None else last.digest,
    }
    path = f"{_folder(system.agency_id)}{moment:%Y%m%dT%H%M%S.%fZ}-{seq}.json"
    assert _sign is not None, "call anchor_with first"
    await stored_files().create(path, orjson.dumps({**body, "signature": _sign(_signed(body)).hex()}))


async def anchor_paths(agency_id: UUID) -> list[str]:
    """Of every anchor of the agency, the oldest first."""
    return await stored_files().names(_folder(agency_id))


async def read_anchors(agency_id: UUID) -> list[AnchorFile]:
    """All of them, the oldest first."""
    slots = asyncio.Semaphore(_READ_AT_ONCE)

    async def read(path: str) -> AnchorFile:
        async with slots:
            return await _read(path, agency_id)

    files = list(await asyncio.gather(*(read(path) for path in await anchor_paths(agency_id))))
    for place in range(len(files) - 2, -1, -1):
        later = files[place + 1]
        if later.is_proven and later.anchor is not None and later.anchor.previous == files[place].digest:
            files[place] = replace(files[place], is_proven=True)
    return files


async def _something_waits(agency_id: UUID) -> bool:
    """Whether an entry that should be linked by now is not."""
    found: bool = await current().fetchval(
        """select exists (select from journal j
             where j.agency_id = $1 and j.at < now() - $2::interval
               and j.at >= coalesce((select e.at - $3::interval from journal_links l join journal e
                                         on e.agency_id = $1 and e.id = l.entry_id
                                      where l.agency_id = $1 order by l.seq desc limit 1), '-infinity'::timestamptz)
               and not exists (select from journal_links l where l.agency_id = $1 and l.entry_id = j.id))""",
        agency_id,
        _JUST_NOW,
        LATEST_COMMIT,
    )
    return found


async def _read(path: str, agency_id: UUID) -> AnchorFile:
    data = await stored_files().get(path) or b""
    digest = hashlib.sha256(data).hexdigest()
    try:
        anchor = Anchor(**orjson.loads(data))
        signature = bytes.fromhex(anchor.signature)
        moment = anchor.moment.utcoffset()
    except (ValueError, TypeError):
        return AnchorFile(path, digest, None, is_proven=False)
    if anchor.agency_id != str(agency_id) or moment is None:
        return AnchorFile(path, digest, None, is_proven=False)
    assert _is_signed is not None, "call anchor_with first"
    body = {name: value for name, value in asdict(anchor).items() if name != "signature"}
    return AnchorFile(path, digest, anchor, is_proven=_is_signed(_signed(body), signature))


def _signed(body: Mapping[str, object]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _folder(agency_id: UUID) -> str:
    return f"{agency_id}/journal/anchors/"
