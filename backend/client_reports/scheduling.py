"""On the first working day of a month, where the client is, drafts are made of what was over by then."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.client_reports.making import newest_of, promise
from backend.client_reports.models import ClientReportDefinition
from backend.client_reports.periods import latest_before
from backend.kit.calendars import WorkingTime
from backend.kit.clock import now
from backend.moderation import clock_of
from tenants.actor import Actor
from tenants.models import Workspace

_WEEKEND = frozenset({5, 6})


async def make_due_reports(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job of each morning: promises what is due and that nobody has asked for; a morning that was missed is caught up. A
    definition begins with the first working day after it was made."""
    client = await Workspace.get(id=system.only_workspace)
    zone = ZoneInfo(client.time_zone)
    today = now().astimezone(zone).date()
    working = (await clock_of(client.id)).working
    due = ClientReportDefinition.filter(workspace_id=client.id, archived_at=None, is_scheduled=True)
    for definition in await due.order_by("id").select_for_update():
        period = latest_before(definition.period, today)
        day = first_working_day(period.end + timedelta(days=1), working)
        defined_on = definition.created_at.astimezone(zone).date()
        if defined_on <= day <= today and await newest_of(definition, period) is None:
            await promise(system, definition, period, version=1)


def first_working_day(first: date, working: WorkingTime) -> date:
    """`first`, or the next day on which the client works: as its hours say, without hours from Monday to Friday; `first`
    where there is none within a month."""
    days = (first + timedelta(days=ahead) for ahead in range(31))
    return next((day for day in days if _is_working(day, working)), first)


def _is_working(day: date, working: WorkingTime) -> bool:
    if day in working.days_off:
        return False
    if any(working.spans.values()):
        return bool(working.spans.get(day.weekday()))
    return day.weekday() not in _WEEKEND
