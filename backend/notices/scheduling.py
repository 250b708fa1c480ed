"""When a message goes: by preference, digest, quiet hours and what went lately. Pure; the hour is always given."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.notices.thresholds import BURST


@dataclass(frozen=True, slots=True)
class Hours:
    """Of one person, in local hours. Quiet from `quiet_from` until `quiet_until`, over midnight where that is earlier;
    never where they are None or the same."""

    time_zone: str = "UTC"
    digest_hour: int = 8
    quiet_from: int | None = None
    quiet_until: int | None = None


def due_at(
    moment: datetime, how: str, *, is_danger: bool = False, hours: Hours, latest: datetime | None = None
) -> datetime:
    """`latest`: when the latest of the same kind is or was due that goes at once. Danger breaks through everything."""
    if is_danger:
        return moment
    zone = ZoneInfo(hours.time_zone)
    if how == "daily":
        due = _next(hours.digest_hour, after=moment, zone=zone)
    elif how == "hourly":
        due = _next_full_hour(moment, zone)
    else:
        due = _with_others(moment, latest)
    if hours.quiet_from is None or hours.quiet_until is None or not _is_quiet(due, hours, zone):
        return due
    return _next(hours.quiet_until, after=due, zone=zone)


def _with_others(moment: datetime, latest: datetime | None) -> datetime:
    """The first goes at once. Those that follow within BURST wait until it is over, and go as one."""
    if latest is None or latest + BURST <= moment:
        return moment
    return latest if latest > moment else latest + BURST


def _next_full_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """By the local clock: some zones are half an hour off."""
    local = moment.astimezone(zone)
    return (
        moment
        + timedelta(hours=1)
        - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    )


def _is_quiet(moment: datetime, hours: Hours, zone: ZoneInfo) -> bool:
    assert hours.quiet_from is not None
    assert hours.quiet_until is not None
    hour = moment.astimezone(zone).hour
    if hours.quiet_from <= hours.quiet_until:
        return hours.quiet_from <= hour < hours.quiet_until
    return hour >= hours.quiet_from or hour < hours.quiet_until


def _next(hour: int, *, after: datetime, zone: ZoneInfo) -> datetime:
    """The next time that the clock there shows the hour: of two when it is put back the first, and where it is put
    forward over the hour, as many minutes later as it jumps."""
    day = after.astimezone(zone).date()
    while True:
        found = datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
        if found > after:
            return found
        day += timedelta(days=1)
