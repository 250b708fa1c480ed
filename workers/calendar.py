"""What runs when. Each turn is a row, so that a missed one is caught up once and none runs twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend.kit.ids import new_id
from backend.outbox import enqueue
from tenants.actor import system
from tenants.doors import every_agency
from tenants.scope import agency_scope, current


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` of the catalogue for every agency, every `every`, counted from midnight UTC of 1970-01-01 plus `offset`."""

    kind: str
    every: timedelta
    offset: timedelta = timedelta(0)

    def latest_slot(self, now: datetime) -> datetime:
        start = datetime(1970, 1, 1, tzinfo=UTC) + self.offset
        return start + ((now - start) // self.every) * self.every


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """`kind` of the catalogue for every client, each day (or on `weekdays`, Monday is 0) at the time `at` where the
    client is."""

    kind: str
    at: time
    weekdays: frozenset[int] = frozenset(range(7))

    def latest_slot(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Where the clock goes back, the first of the two; where it skips the time, as much later as it skips."""
        # A day ahead: in a zone where days were skipped, the date of now is no bound.
        today = now.astimezone(zone).date() + timedelta(days=1)
        return max(
            moment
            for days in range(10)
            if (day := today - timedelta(days=days)).weekday() in self.weekdays
            if (moment := self._on(day, zone)) <= now
        )

    def _on(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, self.at, tzinfo=zone).astimezone(UTC)  # fold=0


Calendar = Sequence[Entry | LocalEntry]

CALENDAR: Final[Calendar] = (
    Entry("remove_ended_jobs", every=timedelta(days=1), offset=timedelta(hours=3)),
    Entry("forget_access_tokens", every=timedelta(days=1), offset=timedelta(hours=4)),
    Entry("forget_webhooks", every=timedelta(days=1), offset=timedelta(hours=5)),
    Entry("forget_platform_deliveries", every=timedelta(days=1), offset=timedelta(hours=6)),
    Entry("purge_evidence", every=timedelta(days=1), offset=timedelta(hours=7)),
    Entry("purge_pictures", every=timedelta(days=1), offset=timedelta(hours=8, minutes=30)),
    Entry("purge_attachments", every=timedelta(days=1), offset=timedelta(hours=8)),
    Entry("derive_exposures", every=timedelta(days=1), offset=timedelta(hours=2)),
    Entry("forget_findings", every=timedelta(days=1), offset=timedelta(hours=7)),
    Entry("sweep_escalations", every=timedelta(minutes=1)),
    Entry("watch_deadlines", every=timedelta(minutes=5), offset=timedelta(minutes=3)),
    Entry("start_drills", every=timedelta(days=7), offset=timedelta(days=5, hours=10)),  # on a Tuesday, by daylight
    Entry("watch_coverage", every=timedelta(minutes=15), offset=timedelta(minutes=1)),
    Entry("expire_consents", every=timedelta(minutes=5), offset=timedelta(minutes=4)),
    Entry("end_introductions", every=timedelta(hours=1), offset=timedelta(minutes=9)),
    Entry("enrol_who_lack", every=timedelta(hours=6), offset=timedelta(hours=1)),
    Entry("warn_of_ends", every=timedelta(days=1), offset=timedelta(hours=8)),
    Entry("watch_rules", every=timedelta(hours=1), offset=timedelta(minutes=2)),
    Entry("settle_notices", every=timedelta(hours=1), offset=timedelta(minutes=7)),
    LocalEntry("make_due_reports", at=time(6)),
    Entry("forget_answers", every=timedelta(hours=1)),
    Entry("purge_receipts", every=timedelta(days=1), offset=timedelta(hours=9)),
    Entry("expire_verifications", every=timedelta(hours=1), offset=timedelta(minutes=7)),
    Entry("expire_exports", every=timedelta(hours=1)),
    Entry("chain_journal", every=timedelta(minutes=5)),
    Entry("anchor_journal", every=timedelta(hours=1)),
)


async def fill_slots(now: datetime, *, calendar: Calendar = CALENDAR) -> int:
    """Promise the work of every latest slot that nobody has promised yet; how many there were. After a pause the latest
    slot is caught up, once. Any number of workers may do this at the same time."""
    filled = 0
    for agency_id in await every_agency():
        async with agency_scope(system(agency_id)):
            for entry in calendar:
                if isinstance(entry, Entry):
                    filled += await _fill_for_agency(agency_id, entry.kind, entry.latest_slot(now))
            local = [entry for entry in calendar if isinstance(entry, LocalEntry)]
            if local:
                filled += await _fill_for_clients(agency_id, now, local)
    return filled


async def _fill_for_agency(agency_id: UUID, kind: str, slot_at: datetime) -> int:
    tag = await current().execute(
        """insert into slots (agency_id, id, name, slot_at) values ($1, $2, $3, $4)
           on conflict (agency_id, name, slot_at) do nothing""",
        agency_id,
        new_id(),
        kind,
        slot_at,
    )
    if tag != "INSERT 0 1":
        return 0
    await enqueue(kind, {}, dedupe_key=f"slot:{kind}")
    return 1


async def _fill_for_clients(agency_id: UUID, now: datetime, calendar: Sequence[LocalEntry]) -> int:
    filled = 0
    for client in await _open_clients(agency_id, [entry.kind for entry in calendar]):
        for entry in calendar:
            slot_at = entry.latest_slot(now, _zone(client["time_zone"]))
            # What was due before the client came, or is filled, is done with; other clients' rows are not written.
            if slot_at < client["created_at"] or [entry.kind, slot_at] in client["filled"]:
                continue
            tag = await current().execute(
                """insert into workspace_slots (agency_id, workspace_id, id, name, slot_at) values ($1, $2, $3, $4, $5)
                   on conflict (agency_id, workspace_id, name, slot_at) do nothing""",
                agency_id,
                client["id"],
                new_id(),
                entry.kind,
                slot_at,
            )
            if tag == "INSERT 0 1":
                await enqueue(entry.kind, {}, workspace_id=client["id"], dedupe_key=f"slot:{entry.kind}:{client['id']}")
                filled += 1
    return filled


async def _open_clients(agency_id: UUID, kinds: Iterable[str]) -> list[dict[str, Any]]:
    """With the latest slot of each kind that is filled."""
    rows = await current().fetch(
        """select w.id, w.time_zone, w.created_at, s.name, s.slot_at
             from workspaces w left join lateral (
                  select name, max(slot_at) as slot_at from workspace_slots
                   where agency_id = $1 and workspace_id = w.id and name = any($2::text[]) group by name) s on true
            where w.agency_id = $1 and w.deletes_at is null order by w.id""",
        agency_id,
        list(kinds),
    )
    clients: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        client = clients.setdefault(row["id"], {**row, "filled": []})
        client["filled"].append([row["name"], row["slot_at"]])
    return list(clients.values())


def _zone(name: str) -> ZoneInfo:
    """UTC for a zone that the machine which took it knew and this one does not: rather at another hour than never."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
