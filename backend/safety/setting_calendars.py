"""Which days are holidays: those of a country or a region, which Tend knows, and what the agency says otherwise."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from backend.safety.knowing_holidays import FIRST_YEAR, LAST_YEAR, Calendar, regions_of
from backend.safety.rota_models import HolidayCalendar
from backend.safety.thresholds import MOST_DAYS
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


async def set_holiday_calendar(
    actor: Actor,
    *,
    workspace_id: UUID | None,
    name: str,
    calendar: Calendar,
    calendar_id: UUID | None = None,
    expected_version: int | None = None,
) -> UUID:
    """The whole of a calendar, a new one without `calendar_id`; rotas follow it from now on. Without a workspace it is the
    agency's, for all its clients. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    if workspace_id is not None:
        await find_workspace(workspace_id)
    elif not actor.sees_all:
        raise Invalid("Name one of your clients: you do not work for the whole agency.", path=("input", "workspaceId"))
    name = clean_line(name, field="name", longest=200)
    columns = {"name": name, **_checked(calendar)}
    await current().lock(
        locks.ESCALATING, f"calendars of {workspace_id or actor.agency_id}"
    )  # of two of one name one is
    others = HolidayCalendar.filter(workspace_id=workspace_id, name=name)
    if await (others if calendar_id is None else others.exclude(id=calendar_id)).exists():
        raise Conflict("Another calendar has this name.", path=("input", "name"))
    if calendar_id is None:
        calendar_id = (await HolidayCalendar.create(workspace_id=workspace_id, **columns)).id
    else:
        known = await HolidayCalendar.filter(id=calendar_id).select_for_update().first()
        if known is None or known.workspace_id != workspace_id:
            raise NotFound(path=("input", "calendarId"))
        if expected_version is not None and expected_version != known.version:
            raise Conflict("Somebody has changed this calendar since you read it.", path=("input", "expectedVersion"))
        await HolidayCalendar.filter(id=calendar_id).update(**columns, version=known.version + 1)
    await journal.record(
        "holiday_calendar.set",
        subject_kind="holidaycalendar",
        subject_id=calendar_id,
        workspace_id=workspace_id,
        country=calendar.country,
        region=calendar.region,
        own_days=len(calendar.own),
        working_days=len(calendar.working),
    )
    return calendar_id


async def holidays_in(actor: Actor, calendar_id: UUID, *, year: int) -> Mapping[date, str]:
    """Its days of a year with their names, in order. Raises NotAllowed, NotFound, and Invalid for a year that Tend knows no
    holidays of."""
    actor.must_hold(Right.READ_STAFF)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(f"Holidays are known from {FIRST_YEAR} to {LAST_YEAR}.", path=("input", "year"))
    row = await current().fetchrow(
        """select country, region, own_days, working_days from holiday_calendars
            where agency_id = $1 and id = $2 and (workspace_id is null or $3 or workspace_id = any($4))""",
        actor.agency_id,
        calendar_id,
        actor.sees_all,
        list(actor.workspaces or ()),
    )
    if row is None:
        raise NotFound
    return calendar_of(row).days_in(year)


def calendar_of(row: Any) -> Calendar:
    """Of a row that has its country, region, own_days and working_days."""
    return Calendar(
        row["country"],
        row["region"],
        {date.fromisoformat(each["day"]): each["name"] for each in orjson.loads(row["own_days"])},
        frozenset(map(date.fromisoformat, row["working_days"])),
    )


def _checked(calendar: Calendar) -> dict[str, Any]:
    """Raises Invalid."""
    if calendar.country is None and (calendar.region or calendar.working):
        raise Invalid("Regions and working days are of a country: name it.", path=("input", "country"))
    if calendar.country is not None:
        regions = regions_of(calendar.country)
        if regions is None:
            raise Invalid("Tend knows no holidays of this country: give its two letters.", path=("input", "country"))
        if calendar.region and calendar.region not in regions:
            raise Invalid("Tend knows no such region: `holidayRegions` has those it knows.", path=("input", "region"))
    if len(calendar.own) > MOST_DAYS or len(calendar.working) > MOST_DAYS:
        raise Invalid(f"At most {MOST_DAYS} days each.", path=("input", "ownDays"))
    if set(calendar.own) & calendar.working:
        raise Invalid("A day is a holiday or it is worked on.", path=("input", "workingDays"))
    return {
        "country": calendar.country,
        "region": calendar.region,
        "own_days": [
            {"day": day.isoformat(), "name": clean_line(name, field="ownDays", longest=200)}
            for day, name in sorted(calendar.own.items())
        ],
        "working_days": _written(calendar.working),
    }


def _written(days: Collection[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
