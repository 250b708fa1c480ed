"""Which days a report is about, and which it is compared with: months and quarters where the client is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.client_metrics import Window
from backend.kit.errors import Invalid

PERIODS = {"month": 1, "quarter": 3}  # how many months


@dataclass(frozen=True, slots=True)
class Period:
    """`end` is its last day."""

    kind: str
    start: date

    @property
    def end(self) -> date:
        return self.moved(1).start - timedelta(days=1)

    def moved(self, by: int) -> "Period":
        """So many of its kind later."""
        months = self.start.year * 12 + self.start.month - 1 + by * PERIODS[self.kind]
        return Period(self.kind, date(months // 12, months % 12 + 1, 1))

    def compared(self, comparison: str) -> "Period | None":
        """The one that it is compared with."""
        if comparison == "none":
            return None
        return self.moved(-1 if comparison == "period_before" else -12 // PERIODS[self.kind])

    def window(self, time_zone: str) -> Window:
        """From the first midnight to the one after its last day, where the client is."""
        zone = ZoneInfo(time_zone)
        since, until = (
            datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
            for day in (self.start, self.end + timedelta(days=1))
        )
        return Window(since, until, time_zone)


def latest_before(kind: str, today: date) -> Period:
    """The latest one that is over on `today`."""
    first = today.month - (today.month - 1) % PERIODS[kind]
    return Period(kind, date(today.year, first, 1)).moved(-1)


def checked_period(kind: str, start: str, *, today: date) -> Period:
    """Of its first day, YYYY-MM-DD. Raises Invalid for what is no such day, or is not over `today`."""
    path = ("input", "periodStart")
    try:
        period = Period(kind, date.fromisoformat(start))
    except ValueError:
        raise Invalid("A day is a date such as 2026-10-01.", path=path) from None
    if period.start.day != 1 or (period.start.month - 1) % PERIODS[kind]:
        raise Invalid(f"This is not the first day of a {kind}.", path=path)
    if period.end >= today:
        raise Invalid(f"This {kind} is not over.", path=path)
    if period.start.year < 2000:
        raise Invalid("This is too long ago.", path=path)
    return period
