"""Working time: moments that lie in the hours when somebody's clock runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_LONGEST_SEARCH: Final = 3_660  # days; hours that never come are no hours
DAY_MINUTES: Final = 1440
_WHOLE_DAY: Final = ((0, DAY_MINUTES),)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """By weekday (Monday is 0) the spans in which the clock runs, in minutes of the day in `zone`; spans of a day do not
    overlap. No spans at all: it always runs. On `days_off` it stands still."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    spans: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    days_off: frozenset[date] = frozenset()

    @property
    def always_runs(self) -> bool:
        return not any(self.spans.values()) and not self.days_off

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """The moment by which `duration` of working time has passed since `start`. Raises ValueError where it never has."""
        if self.always_runs or duration <= timedelta(0):
            return start + max(duration, timedelta(0))
        left = duration
        for opens, closes in self._spans_from(start):
            begin = max(opens, start)
            if closes - begin >= left:
                return (begin + left).astimezone(start.tzinfo or UTC)
            left -= closes - begin
        raise ValueError("There are no such hours.")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between the two; nothing where `end` is not later."""
        if self.always_runs:
            return max(end - start, timedelta(0))
        total = timedelta(0)
        for opens, closes in self._spans_from(start):
            if opens >= end:
                break
            total += max(min(closes, end) - max(opens, start), timedelta(0))
        return total

    def _spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Spans in order of time, in UTC, that end after `start`."""
        today = start.astimezone(self.zone).date()
        for number in range(-1, _LONGEST_SEARCH):
            day = today + timedelta(days=number)
            if day in self.days_off:
                continue
            spans = self.spans.get(day.weekday(), ()) if any(self.spans.values()) else _WHOLE_DAY
            for opens_minute, closes_minute in sorted(spans):
                opens, closes = self._moment(day, opens_minute), self._moment(day, closes_minute)
                if closes > max(start, opens):
                    yield opens, closes

    def _moment(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time(0)) + timedelta(minutes=minute)
        return local.replace(tzinfo=self.zone).astimezone(UTC)
