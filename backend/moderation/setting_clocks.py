from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.calendars import DAY_MINUTES
from backend.kit.errors import Invalid
from backend.kit.texts import clean_line
from backend.moderation.queue_models import DayOff, ServiceLevel, WorkingHours
from backend.moderation.thresholds import DAYS_OFF, TARGET, WORKING_SPANS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Promise:
    """Minutes of the client's working time (of danger: of any time) by tier."""

    tier: str
    first_touch_minutes: int
    decision_minutes: int
    appeal_minutes: int


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of a weekday (Monday is 0) where the client is: a whole day is 0 to 1440."""

    weekday: int
    opens_minute: int
    closes_minute: int


async def set_service_levels(actor: Actor, workspace_id: UUID, *, promises: Sequence[Promise]) -> None:
    """All that this client was promised otherwise than usual. Counts for cases from their next report on. Raises
    NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if len({promise.tier for promise in promises}) < len(promises):
        raise Invalid("Each tier is promised once.", path=("input", "promises"))
    for promise in promises:
        minutes = (promise.first_touch_minutes, promise.decision_minutes, promise.appeal_minutes)
        if promise.tier not in TARGET or not all(1 <= each <= 60 * 24 * 365 for each in minutes):
            raise Invalid("A promise is between a minute and a year.", path=("input", "promises"))
        if promise.first_touch_minutes > promise.decision_minutes:
            raise Invalid("The first look comes before the decision.", path=("input", "promises"))
    await ServiceLevel.filter(workspace_id=workspace_id).delete()
    for promise in promises:
        await ServiceLevel.create(
            workspace_id=workspace_id,
            tier=promise.tier,
            first_touch_minutes=promise.first_touch_minutes,
            decision_minutes=promise.decision_minutes,
            appeal_minutes=promise.appeal_minutes,
        )
    await _record("service_levels_set", workspace_id, tiers=sorted(promise.tier for promise in promises))


async def set_working_hours(
    actor: Actor, workspace_id: UUID, *, spans: Sequence[Span], days_off: Sequence[tuple[str, str]]
) -> None:
    """When the client's clocks run, where the client is; without spans: always, but for the days off. Raises NotAllowed,
    NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if len(spans) > WORKING_SPANS or len(days_off) > DAYS_OFF:
        raise Invalid("These are too many.", path=("input", "spans"))
    _check_spans(spans)
    names = {
        _date(day): clean_line(name, field="daysOff", longest=200) if name.strip() else "" for day, name in days_off
    }
    await WorkingHours.filter(workspace_id=workspace_id).delete()
    await DayOff.filter(workspace_id=workspace_id).delete()
    for span in spans:
        await WorkingHours.create(
            workspace_id=workspace_id,
            weekday=span.weekday,
            opens_minute=span.opens_minute,
            closes_minute=span.closes_minute,
        )
    for day, name in names.items():
        await DayOff.create(workspace_id=workspace_id, day=day, name=name)
    await _record("working_hours_set", workspace_id, spans=len(spans), days_off=len(names))


def _date(text: str) -> str:
    """Raises Invalid."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("A day off is a date such as 2026-12-25.", path=("input", "daysOff")) from None


def _check_spans(spans: Sequence[Span]) -> None:
    """Raises Invalid."""
    last: dict[int, int] = {}
    for span in sorted(spans, key=lambda each: (each.weekday, each.opens_minute)):
        follows = last.get(span.weekday, 0) <= span.opens_minute < span.closes_minute <= DAY_MINUTES
        if not 0 <= span.weekday <= 6 or not follows:
            raise Invalid("Hours of a day open before they close, and do not overlap.", path=("input", "spans"))
        last[span.weekday] = span.closes_minute


async def _record(verb: str, workspace_id: UUID, **detail: Any) -> None:
    await journal.record(
        f"workspace.{verb}", subject_kind="workspace", subject_id=workspace_id, workspace_id=workspace_id, **detail
    )
