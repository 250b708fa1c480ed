"""Whether the journal is what it was: every entry is hashed again and compared with its link and with the anchors."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.journal.anchoring import EVERY, Anchor, AnchorFile, read_anchors
from backend.journal.chaining import LATEST_COMMIT
from backend.journal.hashing import CANONICAL, GENESIS, link_hash
from backend.kit.clock import now
from tenants.actor import system
from tenants.scope import agency_scope

AT_ONCE: Final = 5_000  # links in one scope
MOST_UNLINKED: Final = 1_000  # findings about entries outside the chain


@dataclass(frozen=True, slots=True)
class Finding:
    """`entry_id` and `seq`, its place in the chain, are None where what was found is about none in particular."""

    what: str
    entry_id: UUID | None = None
    seq: int | None = None


@dataclass(slots=True)
class Count:
    """What was looked at."""

    links: int = 0
    anchors: int = 0
    waiting: int = 0  # entries that will be chained with the next turn


async def verify(agency_id: UUID, *, count: Count) -> AsyncIterator[Finding]:
    """Everything that is not as it was left, in the order of the chain. Call outside any scope; `count` is filled on the
    way. Changes nothing; works however long the journal is."""
    files = await read_anchors(agency_id)
    count.anchors = len(files)
    for finding in _broken_row(files):
        yield finding
    proven = [file.anchor for file in files if file.anchor is not None and file.is_proven]
    chain = _Chain(proven)
    async with agency_scope(system(agency_id)) as scope:
        oldest = await scope.fetchval("select min(at) from journal where agency_id = $1", agency_id)
    for finding in _stale(proven, oldest):
        yield finding
    async for link in _links(agency_id):
        count.links += 1
        for finding in chain.next(link):
            yield finding
    for finding in chain.end():
        yield finding
    newest = chain.newest
    async with agency_scope(system(agency_id)) as scope:
        # Not read-only: reads are planned for pages, and this looks at everything once.
        rows = await scope.fetch(
            """select j.id, j.at, count(*) over () as waiting from journal j
                where j.agency_id = $1
                  and not exists (select from journal_links l where l.agency_id = $1 and l.entry_id = j.id)
                order by j.at limit $2""",
            agency_id,
            MOST_UNLINKED,
        )
    count.waiting = rows[0]["waiting"] if rows else 0
    for row in rows:
        if newest is not None and row["at"] < newest - LATEST_COMMIT:
            count.waiting -= 1
            yield Finding(
                f"This entry says {row['at']:%Y-%m-%d %H:%M:%S} UTC and is in no chain, although the chain goes on to "
                f"{newest:%Y-%m-%d %H:%M:%S}: it was put in later, or its link was deleted.",
                row["id"],
            )


def _broken_row(files: list[AnchorFile]) -> list[Finding]:
    """Anchors that are not what was written, and places where one is missing."""
    found = []
    number, digest = 0, None
    for file in files:
        if file.anchor is None or not file.is_proven:
            found.append(Finding(f"The anchor {file.path} is not one that was written: its signature does not fit."))
            number, digest = number + 1, file.digest
            continue
        if file.anchor.number != number + 1:
            what = f"Anchors are missing before {file.path}: number {file.anchor.number} follows number {number}."
            found.append(Finding(what))
        elif file.anchor.previous != digest:
            found.append(Finding(f"The anchor before {file.path} is not the one that was there when it was written."))
        number, digest = file.anchor.number, file.digest
    return found


def _stale(anchors: list[Anchor], oldest: datetime | None) -> list[Finding]:
    """The last anchors may have been deleted, or nobody writes any: either way nothing later is proven."""
    last = max((anchor.moment for anchor in anchors), default=None)
    since = last or oldest
    if since is None or since > now() - 3 * EVERY:
        return []
    when = "There is no anchor" if last is None else f"The last anchor is of {last:%Y-%m-%d %H:%M} UTC"
    return [Finding(f"{when}: nothing that was changed since then can be found. Does a worker run?")]


class _Chain:
    """Walks along the links. One tampering gives one finding: each link is judged from the stored hash before it."""

    def __init__(self, anchors: list[Anchor]) -> None:
        self._anchors = sorted(anchors, key=lambda anchor: (anchor.seq, anchor.number))
        self._place = 0
        self._stored = GENESIS
        self._seq = 0
        self._proven = 0  # the last place that an anchor confirms
        self._is_rewritten = False
        self.newest: datetime | None = None  # no entry that is linked later may be much older than this

    def next(self, link: Any) -> list[Finding]:
        found = self._compare(up_to=self._seq)
        if link["seq"] != self._seq + 1:
            gone = f"{self._seq + 1} to {link['seq'] - 1}" if link["seq"] > self._seq + 2 else f"{self._seq + 1}"
            what = f"The chain has no place {gone}: entries and their links were deleted."
            found.append(Finding(what, None, self._seq + 1))
            found += self._compare(up_to=link["seq"] - 1)
        self._seq = link["seq"]
        id_, seq = link["entry_id"], link["seq"]
        if link["h1"] is None:
            found.append(Finding("The entry was deleted.", id_, seq))
        elif link_hash(self._stored, link) != link["hash"]:
            found.append(Finding("The entry is not what it was when it was chained: it was edited.", id_, seq))
        elif self.newest is not None and link["at"] < self.newest - LATEST_COMMIT:
            found.append(
                Finding(
                    f"The entry says {link['at']:%Y-%m-%d %H:%M:%S} UTC, but was chained after entries or anchors of "
                    f"{self.newest:%Y-%m-%d %H:%M:%S}: it was put into the past.",
                    id_,
                    seq,
                )
            )
        if link["at"] is not None:
            self.newest = link["at"] if self.newest is None else max(self.newest, link["at"])
        self._stored = link["hash"]
        return found + self._compare(up_to=seq)

    def end(self) -> list[Finding]:
        last = self._anchors[-1].seq if self._anchors else 0
        if last <= self._seq:
            return []
        what = f"The chain was cut off: it ends at {self._seq}, and was anchored up to {last}."
        return [Finding(what, None, self._seq + 1)]

    def _compare(self, *, up_to: int) -> list[Finding]:
        """The anchors of the places up to this one, with the hash that stands at their place."""
        found = []
        while self._place < len(self._anchors):
            anchor = self._anchors[self._place]
            if anchor.seq > up_to:
                break
            self._place += 1
            if anchor.seq == self._seq and anchor.hash == self._stored.hex():
                self._proven = anchor.seq
            elif anchor.seq == self._seq and not self._is_rewritten:
                self._is_rewritten = True  # and so is all that follows
                found.append(
                    Finding(
                        f"The chain between {self._proven + 1} and {anchor.seq} is not the one that was anchored on "
                        f"{anchor.moment:%Y-%m-%d %H:%M} UTC: history was rewritten.",
                        None,
                        anchor.seq,
                    )
                )
            self.newest = anchor.moment if self.newest is None else max(self.newest, anchor.moment)
        return found


async def _links(agency_id: UUID) -> AsyncIterator[Any]:
    """Every link with its entry, in order; a link whose entry is gone has none of its columns."""
    seq = 0
    while True:
        # Read-only, so planned row by row along the keys: other plans of a young table took 4 s for each page.
        async with agency_scope(system(agency_id), read_only=True) as scope:
            rows = await scope.fetch(
                f"""select l.seq, l.hash, l.entry_id, j.at, {CANONICAL} from journal_links l
                      left join journal j on j.agency_id = $1 and j.id = l.entry_id
                     where l.agency_id = $1 and l.seq > $2 order by l.seq limit $3""",
                agency_id,
                seq,
                AT_ONCE,
            )
        for row in rows:
            yield row
        if len(rows) < AT_ONCE:
            return
        seq = rows[-1]["seq"]
