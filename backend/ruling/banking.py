"""Banks of hashes: pictures and films that staff knows, and what is thought of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id, published
from backend.kit.texts import clean_line
from backend.ruling.changing import note_change
from backend.ruling.hashes import hexadecimal
from backend.ruling.models import BankedHash, HashBank
from backend.ruling.thresholds import BANKS_PER_WORKSPACE, HASHES_AT_ONCE, HASHES_PER_BANK, PDQ_DISTANCE, PDQ_QUALITY
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

KINDS: Final = ("sha256", "pdq")


@dataclass(frozen=True, slots=True)
class Bank:
    """What is thought of media, by exact hash and by PDQ."""

    exact: Mapping[str, str]
    similar: Sequence[tuple[int, str]]

    def opinions_of(self, *, sha256: str, pdq: str | None, quality: int | None) -> frozenset[str]:
        """Of everything in the bank that it is, or looks like."""
        found = {self.exact[sha256]} if sha256 in self.exact else set()
        if pdq is not None and (quality or 0) >= PDQ_QUALITY:
            number = int(pdq, 16)
            found |= {thought for other, thought in self.similar if (number ^ other).bit_count() <= PDQ_DISTANCE}
        return frozenset(found)


async def banks_of(workspace_id: UUID) -> dict[str, Bank]:
    """By published id, with what is enabled."""
    scope = current()
    rows = await scope.fetch(
        """select b.id, h.kind, h.hash, h.opinion from hash_banks b
             left join banked_hashes h on h.agency_id = $1 and h.workspace_id = $2 and h.bank_id = b.id and h.is_enabled
            where b.agency_id = $1 and b.workspace_id = $2""",
        scope.actor.agency_id,
        workspace_id,
    )
    banks: dict[str, tuple[dict[str, str], list[tuple[int, str]]]] = {}
    for row in rows:
        exact, similar = banks.setdefault(published("hashbank", row["id"]), ({}, []))
        if row["kind"] == "sha256":
            exact[row["hash"]] = row["opinion"]
        elif row["kind"] == "pdq":
            similar.append((int(row["hash"], 16), row["opinion"]))
    return {name: Bank(exact, similar) for name, (exact, similar) in banks.items()}


async def create_hash_bank(actor: Actor, workspace_id: UUID, *, name: str) -> HashBank:
    """An empty one. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    name = clean_line(name, field="name", longest=200)
    await note_change(workspace_id)
    if await HashBank.filter(workspace_id=workspace_id).count() >= BANKS_PER_WORKSPACE:
        raise Conflict(f"A client has at most {BANKS_PER_WORKSPACE} banks of hashes.")
    try:
        bank = await HashBank.create(workspace_id=workspace_id, name=name)
    except IntegrityError:
        raise Conflict("Another bank of this client has this name.", path=("input", "name")) from None
    await _record("hash_bank.created", bank, name=name)
    return bank


@dataclass(frozen=True, slots=True)
class Known:
    """A hash of media in hexadecimal, and what is thought of it."""

    kind: str
    hash: str
    opinion: str


async def bank_hashes(actor: Actor, bank_id: UUID, hashes: Iterable[Known], *, is_enabled: bool = True) -> HashBank:
    """Put hashes into the bank, or give those that are there another opinion. With `is_enabled` false they stay, and no
    longer count. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    bank = await HashBank.get_or_none(id=bank_id)
    if bank is None:
        raise NotFound(path=("input", "bankId"))
    given = {(known.kind, hexadecimal(known.hash, field="hashes")): known.opinion for known in hashes}
    if not 1 <= len(given) <= HASHES_AT_ONCE:
        raise Invalid(f"Give 1 to {HASHES_AT_ONCE:,} hashes at once.", path=("input", "hashes"))
    await note_change(bank.workspace_id)  # and nobody else changes the bank meanwhile
    await current().executemany(
        """insert into banked_hashes (agency_id, workspace_id, id, bank_id, kind, hash, opinion, is_enabled)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (agency_id, workspace_id, bank_id, kind, hash)
              do update set opinion = excluded.opinion, is_enabled = excluded.is_enabled""",
        [
            (actor.agency_id, bank.workspace_id, new_id(), bank.id, kind, hash, opinion, is_enabled)
            for (kind, hash), opinion in given.items()
        ],
    )
    if await BankedHash.filter(bank_id=bank.id, workspace_id=bank.workspace_id).count() > HASHES_PER_BANK:
        raise Conflict(f"A bank holds at most {HASHES_PER_BANK:,} hashes.", path=("input", "hashes"))
    await _record("hash_bank.filled", bank, count=len(given), is_enabled=is_enabled)
    return bank


async def _record(action: str, bank: HashBank, **detail: Any) -> None:
    await journal.record(action, subject_kind="hashbank", subject_id=bank.id, workspace_id=bank.workspace_id, **detail)
