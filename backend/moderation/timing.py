"""By when: what a client was promised per tier (F7), counted in the client's working time. Danger's clock never stops."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.kit.calendars import WorkingTime
from backend.moderation.ordering import share_of_wait
from backend.moderation.thresholds import APPEAL, FIRST_TOUCH, TARGET
from tenants.scope import current

_ALWAYS = WorkingTime()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`due_at` is the promise; `virtual` the order of work before it."""

    first_touch_at: datetime
    due_at: datetime
    virtual: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """A client's promises in minutes by tier, where it was given others than the usual ones, and its working time."""

    promised: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    working: WorkingTime = _ALWAYS

    def runs(self, tier: str) -> WorkingTime:
        return _ALWAYS if tier == "danger" else self.working

    def target(self, tier: str, *, is_appeal: bool = False) -> timedelta:
        usual = APPEAL if is_appeal else TARGET
        minutes = self.promised.get(tier)
        return usual[tier] if minutes is None else timedelta(minutes=minutes[2 if is_appeal else 1])

    def deadlines(
        self, opened_at: datetime, *, tier: str, risk: float, paused_seconds: int = 0, is_appeal: bool = False
    ) -> Deadlines:
        runs, paused = self.runs(tier), timedelta(seconds=paused_seconds)
        target = self.target(tier, is_appeal=is_appeal)
        minutes = self.promised.get(tier)
        touch = FIRST_TOUCH[tier] if minutes is None else timedelta(minutes=minutes[0])
        return Deadlines(
            first_touch_at=runs.after(opened_at, touch),
            due_at=runs.after(opened_at, target + paused),
            virtual=runs.after(opened_at, target * share_of_wait(risk) + paused),
        )


async def clock_of(workspace_id: UUID) -> Clock:
    scope = current()
    row = await scope.fetchrow(
        """select w.time_zone,
                  array(select (l.tier, l.first_touch_minutes, l.decision_minutes, l.appeal_minutes)
                          from service_levels l where l.agency_id = $1 and l.workspace_id = $2) as levels,
                  array(select (h.weekday, h.opens_minute, h.closes_minute)
                          from working_hours h where h.agency_id = $1 and h.workspace_id = $2) as hours,
                  array(select d.day from days_off d where d.agency_id = $1 and d.workspace_id = $2) as days_off
             from workspaces w where w.agency_id = $1 and w.id = $2""",
        scope.actor.agency_id,
        workspace_id,
    )
    return _clock(row)


def _clock(row: Any) -> Clock:
    spans: dict[int, list[tuple[int, int]]] = {}
    for weekday, opens_minute, closes_minute in row["hours"]:
        spans.setdefault(weekday, []).append((opens_minute, closes_minute))
    working = _ALWAYS
    if spans or row["days_off"]:
        working = WorkingTime(
            ZoneInfo(row["time_zone"]), spans, frozenset(date.fromisoformat(day) for day in row["days_off"])
        )
    return Clock({tier: (touch, decision, appeal) for tier, touch, decision, appeal in row["levels"]}, working)
