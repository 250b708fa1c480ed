"""When a rule finds far more than it used to: F9 of moderation.md, as Coop computes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.kit.statistics import at_least
from backend.notices import Recipient, tell
from backend.ruling.thresholds import (
    ALARM_DECAY,
    ALARM_HISTORY,
    ALARM_LEAST_PASSES,
    ALARM_LEAST_PERIODS,
    ALARM_LEAST_RUNS,
    ALARM_MANY_RUNS,
    ALARM_P,
    ALARM_RATIO,
)
from tenants.actor import Actor
from tenants.rights import RIGHTS_OF, Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Period:
    """An hour: how many posts a rule has looked at, and how many it found."""

    runs: int
    passes: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """`state` is ok, alarm or insufficient_data; the rates are shares of runs, and `p` how likely so many passes or more
    are at the usual rate. None where nothing is computed."""

    state: str
    rate: float | None = None
    usual_rate: float | None = None
    p: float | None = None


def alarm_of(newest: Period, prior: Sequence[Period]) -> Alarm:
    """`prior` are the periods before, the latest first. Source: Coop, getRuleAlarmStatus.ts."""
    if (
        len(prior) < ALARM_LEAST_PERIODS
        or sum(period.runs for period in prior) < ALARM_LEAST_RUNS
        or (newest.passes <= ALARM_LEAST_PASSES and newest.runs <= ALARM_MANY_RUNS)
    ):
        return Alarm("insufficient_data")
    weights = [ALARM_DECAY**age for age in range(len(prior))]
    runs = sum(weight * period.runs for weight, period in zip(weights, prior, strict=True))
    usual = sum(weight * period.passes for weight, period in zip(weights, prior, strict=True)) / runs
    rate = newest.passes / newest.runs
    if rate < ALARM_RATIO * usual:
        return Alarm("ok", rate, usual)
    p = at_least(newest.passes, newest.runs, share=usual)
    return Alarm("alarm" if p <= ALARM_P else "ok", rate, usual, p)


async def watch_rules(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: how every live rule does, by the hours that are over. Leads are told once when a rule begins to find too much."""
    scope = current()
    until: datetime = await scope.fetchval("select date_trunc('hour', now())")
    rules = await scope.fetch(
        """select workspace_id, id, name, live_version, live_since, alarm_state from rules
            where agency_id = $1 and state = 'live' order by workspace_id, id""",
        system.agency_id,
    )
    runs, passes = await _runs(system.agency_id, until), await _passes(system.agency_id, until)
    for rule in rules:
        hours = [hour for hour in runs.get(rule["workspace_id"], {}) if hour >= rule["live_since"]]
        if not hours:
            continue
        found = passes.get((rule["id"], rule["live_version"]), {})
        periods = [Period(runs[rule["workspace_id"]][hour], found.get(hour, 0)) for hour in sorted(hours, reverse=True)]
        alarm = alarm_of(periods[0], periods[1:])
        await _set(rule, alarm)
        if alarm.state == "alarm" and rule["alarm_state"] != "alarm":
            await _tell_leads(rule, max(hours))


async def _runs(agency_id: UUID, until: datetime) -> dict[UUID, dict[datetime, int]]:
    """By client and hour; hours in which nothing was looked at are no periods."""
    rows = await current().fetch(
        """select workspace_id, hour, sum(runs)::bigint as runs from rule_runs
            where agency_id = $1 and hour >= $2 and hour < $3 group by workspace_id, hour""",
        agency_id,
        until - ALARM_HISTORY,
        until,
    )
    found: dict[UUID, dict[datetime, int]] = {}
    for row in rows:
        found.setdefault(row["workspace_id"], {})[row["hour"]] = row["runs"]
    return found


async def _passes(agency_id: UUID, until: datetime) -> dict[tuple[UUID, int], dict[datetime, int]]:
    """By rule and version, and hour."""
    rows = await current().fetch(
        """select rule_id, version, date_trunc('hour', at) as hour, count(*) as passes from rule_firings
            where agency_id = $1 and mode = 'live' and at >= $2 and at < $3 group by 1, 2, 3""",
        agency_id,
        until - ALARM_HISTORY,
        until,
    )
    found: dict[tuple[UUID, int], dict[datetime, int]] = {}
    for row in rows:
        found.setdefault((row["rule_id"], row["version"]), {})[row["hour"]] = row["passes"]
    return found


async def _set(rule: Any, alarm: Alarm) -> None:
    await current().execute(
        """update rules set alarm_state = $4, alarm_rate = $5, usual_rate = $6, alarm_p = $7
            where agency_id = $1 and workspace_id = $2 and id = $3
              and (alarm_state, alarm_rate, usual_rate, alarm_p) is distinct from ($4, $5, $6, $7)""",
        current().actor.agency_id,
        rule["workspace_id"],
        rule["id"],
        alarm.state,
        alarm.rate,
        alarm.usual_rate,
        alarm.p,
    )


async def _tell_leads(rule: Any, hour: datetime) -> None:
    """Whoever could pause it."""
    rows = await current().fetch(
        """select m.id from memberships m
            where m.agency_id = $1 and m.role = any($2) and m.suspended_at is null
              and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())
              and (m.sees_all or exists (select from assignments s where s.agency_id = $1
                                            and s.membership_id = m.id and s.workspace_id = $3))""",
        current().actor.agency_id,
        [role.value for role, rights in RIGHTS_OF.items() if Right.WRITE_POLICIES in rights],
        rule["workspace_id"],
    )
    await tell(
        [Recipient(membership_id=row["id"]) for row in rows],
        kind="rule_alarm",
        subject_id=rule["id"],
        workspace_id=rule["workspace_id"],
        text=f"The rule “{rule['name']}” finds far more than it used to.",
        occasion=hour.isoformat(),
    )
