"""The promise board: how soon escalations were taken, and what is open past its time. Drills are counted apart, and a danger that
was told twice once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.kit.errors import Invalid
from backend.kit.statistics import wilson
from backend.safety.setting_promises import promises
from backend.safety.thresholds import LONGEST_WINDOW, TIMERS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Attainment:
    """Of one severity, of those raised in the window whose time to be taken is over, or that were taken. `in_time` of
    `count`; `interval` is Wilson's at 95 %, None of nothing. `promised_seconds`: as it is now; each
    counts by what was promised for it. Other seconds are medians. `open_late`: not taken, and late, now,
    whenever raised."""

    severity: int
    is_drill: bool
    promised_seconds: int
    count: int
    in_time: int
    median_seconds_to_page: float | None
    median_seconds_to_acknowledge: float | None
    median_seconds_to_act: float | None
    open: int
    open_late: int

    @property
    def share(self) -> float | None:
        return self.in_time / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.in_time, self.count) if self.count else None


async def safety_numbers(
    actor: Actor, workspace_id: UUID, *, since: datetime, until: datetime, moment: datetime | None = None
) -> list[Attainment]:
    """By severity, the gravest first; what was real before drills. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    if not timedelta(0) < until - since <= LONGEST_WINDOW:
        raise Invalid(f"A window ends after it begins, and is at most {LONGEST_WINDOW.days} days long.")
    rows = await current().fetch(
        """select g.severity, g.is_drill, p.promised, count(e.id) filter (where counts) as count,
                  count(e.id) filter (where counts and e.acknowledged_at - e.raised_at
                                                      <= make_interval(secs => e.promised_seconds))
                    as in_time,
                  percentile_cont(0.5) within group (order by extract(epoch from e.first_paged_at - e.raised_at))
                    filter (where counts) as paged,
                  percentile_cont(0.5) within group (order by extract(epoch from e.acknowledged_at - e.raised_at))
                    filter (where counts) as acknowledged,
                  percentile_cont(0.5) within group (order by extract(epoch from e.acted_at - e.raised_at))
                    filter (where counts) as acted,
                  count(e.id) filter (where e.state <> 'resolved') as open,
                  count(e.id) filter (where e.state <> 'resolved' and e.acknowledged_at is null
                                        and e.raised_at + make_interval(secs => e.promised_seconds) < $6) as late
             from unnest($3::int[], $4::int[]) as p (severity, promised)
             cross join (values (false), (true)) as d (is_drill)
             cross join lateral (select p.severity, d.is_drill) g
             left join lateral (
                  select e.*, e.raised_at >= $5 and e.raised_at < $7
                              and (e.acknowledged_at is not null or e.raised_at + make_interval(secs => e.promised_seconds) < $6)
                              as counts
                    from escalations e where e.agency_id = $1 and e.workspace_id = $2 and e.severity = g.severity
                     and e.is_drill = g.is_drill and e.joined_to_id is null) e on true
            group by g.severity, g.is_drill, p.promised order by g.is_drill, g.severity""",
        current().actor.agency_id,
        workspace_id,
        list(TIMERS),
        await promises(),
        since,
        moment or await current().now(),
        until,
    )
    return [
        Attainment(
            severity=row["severity"],
            is_drill=row["is_drill"],
            promised_seconds=row["promised"],
            count=row["count"],
            in_time=row["in_time"],
            median_seconds_to_page=row["paged"],
            median_seconds_to_acknowledge=row["acknowledged"],
            median_seconds_to_act=row["acted"],
            open=row["open"],
            open_late=row["late"],
        )
        for row in rows
    ]
