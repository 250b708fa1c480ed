"""What responders had on their hands, and for how long: an escalation each, from taking it until they had it no longer. Drills
are no exposure.

In a row: who has one of severity 1 or 2, or had one and has not recovered (RECOVERY), of whichever client of the agency, is not
paged first for the next, where somebody else is on call who may answer and rests from nothing. They are paged with the next
level. Whoever is alone is paged (sparing.py).

Enough: an agency may say how many of severity 1 or 2 somebody has at most, and for how many hours, in 24 hours and in 7 days that
end now. Whoever has had as much is treated as whoever rests.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.safety.models import Escalation
from backend.safety.telling_colleagues import tell_colleagues
from backend.safety.thresholds import EXPOSURE_WEIGHT, LONGEST_WINDOW, RECOVERY
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

# SQL, of an exposure `x`: until when whoever had it rests: for ever while they have it, null for what needs no rest.
_RESTS: Final = " ".join(
    f"when {severity} then interval '{recovery.total_seconds():.0f} seconds'" for severity, recovery in RECOVERY.items()
)
RESTS_UNTIL: Final = f"coalesce(x.ended_at, 'infinity') + case x.severity {_RESTS} end"
# SQL: whether somebody had as much of what is grave as their agency's settings let them. To be formatted with `membership`,
# `moment` and `but_for`, an escalation that does not count. Hours are those in the window alone.
_SECONDS: Final = (
    "sum(greatest(extract(epoch from least(coalesce(y.ended_at, {{moment}}), {{moment}}) - "
    "greatest(y.began_at, {{moment}} - interval '{days} days')), 0))"
)
_COUNT: Final = "count(distinct y.escalation_id) filter (where coalesce(y.ended_at, 'infinity') > {{moment}} - interval '{days} days')"
IS_CAPPED: Final = f"""coalesce((
    select {_COUNT.format(days=1)} >= s.most_grave_a_day or {_COUNT.format(days=7)} >= s.most_grave_a_week
           or {_SECONDS.format(days=1)} >= 3600 * s.most_grave_hours_a_day
           or {_SECONDS.format(days=7)} >= 3600 * s.most_grave_hours_a_week
      from safety_settings s
      join responder_exposures y on y.agency_id = $1 and y.membership_id = {{membership}}
       and y.severity = any('{{{{{", ".join(map(str, RECOVERY))}}}}}') and y.began_at <= {{moment}}
       and coalesce(y.ended_at, 'infinity') > {{moment}} - interval '7 days'
       and y.escalation_id is distinct from {{but_for}}
     where s.agency_id = $1
     group by s.most_grave_a_day, s.most_grave_a_week, s.most_grave_hours_a_day, s.most_grave_hours_a_week), false)"""
_WEIGHT: Final = " ".join(f"when {severity} then {weight}" for severity, weight in EXPOSURE_WEIGHT.items())


@dataclass(frozen=True, slots=True)
class Load:
    """Of somebody in a window: how many they had, seconds, and seconds weighted by severity. `has_one`: now. `rests_until`:
    from those they have no longer; None where that is over, or was never needed. `is_capped`: they have had enough, now."""

    membership_id: UUID
    taken: int
    seconds: float
    weighted_seconds: float
    has_one: bool
    rests_until: datetime | None
    is_capped: bool


async def responder_loads(
    actor: Actor, *, since: datetime, until: datetime, moment: datetime | None = None
) -> list[Load]:
    """Of whoever had an escalation of a client that the actor sees, the most first: of all for who plans shifts, of
    themselves for others. Raises NotAllowed, Invalid."""
    actor.must_hold(Right.WORK_QUEUE)
    if not timedelta(0) < until - since <= LONGEST_WINDOW:
        raise Invalid(f"A window ends after it begins, and is at most {LONGEST_WINDOW.days} days long.")
    scope = current()
    rows = await scope.fetch(
        f"""with mine as (
              select x.*, greatest(extract(epoch from least(coalesce(x.ended_at, $4), $3) - greatest(x.began_at, $2)), 0)
                     as seconds
                from responder_exposures x
               where x.agency_id = $1 and ($5 or x.workspace_id = any($6)) and ($7 or x.membership_id = $8)
                 and x.began_at < $3 and coalesce(x.ended_at, $4) >= $2)
            select x.membership_id, count(distinct x.escalation_id) as taken, sum(x.seconds) as seconds,
                   sum(x.seconds * case x.severity {_WEIGHT} end) as weighted, bool_or(x.ended_at is null) as has_one,
                   max({RESTS_UNTIL}) filter (where x.ended_at is not null) as rests_until,
                   {IS_CAPPED.format(membership="x.membership_id", moment="$4", but_for="null::uuid")} as is_capped
              from mine x group by x.membership_id order by weighted desc, x.membership_id""",
        actor.agency_id,
        since,
        until,
        moment := moment or await scope.now(),
        actor.sees_all,
        list(actor.workspaces or ()),
        Right.LEAD_QUEUE in actor.rights,
        actor.membership_id,
    )
    return [
        Load(
            membership_id=row["membership_id"],
            taken=row["taken"],
            seconds=float(row["seconds"]),
            weighted_seconds=float(row["weighted"]),
            has_one=row["has_one"],
            rests_until=row["rests_until"] if row["rests_until"] and row["rests_until"] > moment else None,
            is_capped=row["is_capped"],
        )
        for row in rows
    ]


async def begin_exposure(escalation: Escalation, membership_id: UUID, *, moment: datetime) -> None:
    """Somebody has it from now on, and nobody else. Call while holding its row, as of all here."""
    await end_exposure(escalation, moment=moment)
    if escalation.is_drill:
        return
    await current().execute(
        """insert into responder_exposures (agency_id, workspace_id, id, escalation_id, membership_id, severity, began_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        current().actor.agency_id,
        escalation.workspace_id,
        new_id(),
        escalation.id,
        membership_id,
        escalation.severity,
        moment,
    )


async def deepen_exposure(escalation: Escalation) -> None:
    """It is graver than it was when they took it."""
    await current().execute(
        """update responder_exposures set severity = least(severity, $4)
            where agency_id = $1 and workspace_id = $2 and escalation_id = $3 and ended_at is null""",
        current().actor.agency_id,
        escalation.workspace_id,
        escalation.id,
        escalation.severity,
    )


async def join_exposures(told: Escalation, into: Escalation) -> None:
    """One danger, told twice, is one that somebody had: nobody has enough of it sooner, or rests from what they have. Call
    after `end_exposure` of `told`."""
    await current().execute(
        """update responder_exposures set escalation_id = $4
            where agency_id = $1 and workspace_id = $2 and escalation_id = $3""",
        current().actor.agency_id,
        told.workspace_id,
        told.id,
        into.id,
    )


async def end_exposure(escalation: Escalation, *, moment: datetime, goes_on: bool = False) -> None:
    """Whoever had it is proposed to rest where it was grave; not where it goes on for them as another."""
    rows = await current().fetch(
        """update responder_exposures set ended_at = greatest(began_at, $4)
            where agency_id = $1 and workspace_id = $2 and escalation_id = $3 and ended_at is null
        returning id, membership_id, severity, ended_at""",
        current().actor.agency_id,
        escalation.workspace_id,
        escalation.id,
        moment,
    )
    for row in rows:
        if row["severity"] in RECOVERY and not goes_on:
            until = row["ended_at"] + RECOVERY[row["severity"]]
            await tell_colleagues(
                [row["membership_id"]],
                escalation,
                kind="recovery_proposed",
                text=f"That was grave. Rest from such cases until {until:%Y-%m-%d %H:%M} UTC, and talk to somebody about it.",
                occasion=str(row["id"]),
            )
