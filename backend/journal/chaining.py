"""Writers only append; this job puts what they appended into the agency's chain.

Asked for by the calendar and not by `record`: jobs with a dedupe key make one writer wait for the commit of another.
How often does not matter for what is proven: an entry is protected from the next anchor on, and anchoring chains first.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from backend.journal.hashing import CANONICAL, GENESIS, link_hash
from backend.kit.ids import new_id
from backend.outbox import enqueue
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current

AT_ONCE: Final = 20_000  # entries of one transaction; the rest is a job of its own
# An entry is dated by the beginning of its transaction and seen from its commit on. Statements end after 15 s and idle
# transactions after 30 s, so a scope lasts two minutes; what is found later than this was put in by somebody else.
LATEST_COMMIT: Final = timedelta(minutes=10)


async def chain_journal(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: link the entries that no link has, in the order of their time. After a pause it goes on until all are."""
    if await link_waiting_entries(system) == AT_ONCE:
        await enqueue("chain_journal", {}, dedupe_key="chain_journal")


async def link_waiting_entries(system: Actor, *, most: int = AT_ONCE) -> int:
    """How many were linked. Call in a scope of the whole agency: who sees less would chain out of order."""
    assert system.sees_all
    scope = current()
    await scope.lock(locks.CHAINING, system.agency_id)
    head = await scope.fetchrow(
        """select l.seq, l.hash, j.at - $2::interval as since from journal_links l
             left join journal j on j.agency_id = $1 and j.id = l.entry_id
            where l.agency_id = $1 order by l.seq desc limit 1""",
        system.agency_id,
        LATEST_COMMIT,
    )
    seq, hash_, since = (0, GENESIS, None) if head is None else tuple(head)
    entries = await scope.fetch(
        f"""select j.id, {CANONICAL} from journal j
             where j.agency_id = $1 and j.at >= coalesce($2, '-infinity'::timestamptz)
               and not exists (select from journal_links l where l.agency_id = $1 and l.entry_id = j.id)
             order by j.at, j.id limit $3""",
        system.agency_id,
        since,
        most,
    )
    links: list[tuple[UUID, UUID, UUID, int, bytes]] = []
    for entry in entries:
        seq, hash_ = seq + 1, link_hash(hash_, entry)
        links.append((system.agency_id, new_id(), entry["id"], seq, hash_))
    await scope.executemany(
        "insert into journal_links (agency_id, id, entry_id, seq, hash) values ($1, $2, $3, $4, $5)", links
    )
    return len(links)
