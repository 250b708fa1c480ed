"""What runs when. Each turn is a row, so that a missed one is caught up once and none runs twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.kit.ids import new_id
from backend.outbox import enqueue
from tenants.actor import system
from tenants.doors import every_agency
from tenants.scope import agency_scope


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` of the catalogue, every `every`, counted from midnight UTC of 1970-01-01 plus `offset`."""

    kind: str
    every: timedelta
    offset: timedelta = timedelta(0)

    def latest_slot(self, now: datetime) -> datetime:
        start = datetime(1970, 1, 1, tzinfo=UTC) + self.offset
        return start + ((now - start) // self.every) * self.every


CALENDAR: Final = (
    Entry("remove_ended_jobs", every=timedelta(days=1), offset=timedelta(hours=3)),
    Entry("forget_access_tokens", every=timedelta(days=1), offset=timedelta(hours=4)),
    Entry("forget_webhooks", every=timedelta(days=1), offset=timedelta(hours=5)),
    Entry("forget_answers", every=timedelta(hours=1)),
    Entry("expire_exports", every=timedelta(hours=1)),
    Entry("chain_journal", every=timedelta(minutes=5)),
    Entry("anchor_journal", every=timedelta(hours=1)),
)


async def fill_slots(now: datetime, *, calendar: tuple[Entry, ...] = CALENDAR) -> int:
    """Promise the work of every agency's latest slot that nobody has promised yet; how many there were. After a pause
    the latest slot is caught up, once. Any number of workers may do this at the same time."""
    filled = 0
    for agency_id in await every_agency():
        filled += await _fill(agency_id, now, calendar)
    return filled


async def _fill(agency_id: UUID, now: datetime, calendar: tuple[Entry, ...]) -> int:
    async with agency_scope(system(agency_id)) as scope:
        filled = 0
        for kind, slot_at in _due(now, calendar):
            tag = await scope.execute(
                """insert into slots (agency_id, id, name, slot_at) values ($1, $2, $3, $4)
                   on conflict (agency_id, name, slot_at) do nothing""",
                agency_id,
                new_id(),
                kind,
                slot_at,
            )
            if tag == "INSERT 0 1":
                await enqueue(kind, {}, dedupe_key=f"slot:{kind}")
                filled += 1
        return filled


def _due(now: datetime, calendar: tuple[Entry, ...]) -> Iterator[tuple[str, datetime]]:
    for entry in calendar:
        yield entry.kind, entry.latest_slot(now)
