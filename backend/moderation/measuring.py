"""Numbers for leads: how much waits, how fast and how well it is judged. Each with what it is of; nothing is a hundred
per cent of nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.kit.agreement import cohen_kappa, krippendorff_alpha
from backend.kit.errors import Invalid
from backend.kit.statistics import wilson
from backend.moderation.measuring_exposure import CLAIMED_SECONDS, WEIGHTED_SECONDS
from backend.moderation.thresholds import FEWEST_PAIRS, HARD_LIMIT, LONGEST_WINDOW, SHIFT, SOFT_LIMIT
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Share:
    """`numerator` of `denominator`, with Wilson's 95 % interval; no value of nothing."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.numerator, self.denominator) if self.denominator else None


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds, of `count` things."""

    count: int
    median: float | None
    ninetieth: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over cases that were judged twice, blind; kappa and alpha are told from FEWEST_PAIRS on."""

    pairs: int
    alike: Share
    kappa: float | None
    alpha: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a colleague has to do and has done. `exposure` is in weighted seconds of this shift, whose limits are theirs;
    it is there to look after them, and nothing is ordered by it."""

    membership_id: UUID
    held: int
    reviews: int
    handle_seconds: float
    exposure: float
    soft_limit: int
    hard_limit: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is open is as of now; everything else is of the window."""

    since: datetime
    until: datetime
    queued: int
    in_review: int
    pending_info: int
    held: int
    overdue: int
    age: Durations
    in_time: Share
    appeals_in_time: Share
    touched_in_time: Share
    handle_time: Durations
    violations: Share
    judged_twice: Share
    overturned: Share
    undone: Share
    golden: Share
    agreement: Agreement
    loads: tuple[Load, ...]


async def numbers_of(lead: Actor, workspace_id: UUID, *, since: datetime, until: datetime) -> Numbers:
    """Of one client. Raises NotAllowed, NotFound, Invalid for a window that ends before it begins or is too long."""
    lead.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if not timedelta(0) < until - since <= LONGEST_WINDOW:
        raise Invalid(f"A window ends after it begins, and is at most {LONGEST_WINDOW.days} days long.")
    open_ = await _one(_OPEN, workspace_id)
    closed = await _one(_CLOSED, workspace_id, since, until)
    touched = await _one(_TOUCHED, workspace_id, since, until)
    decided = await _one(_DECIDED, workspace_id, since, until)
    return Numbers(
        since=since,
        until=until,
        queued=open_["queued"],
        in_review=open_["in_review"],
        pending_info=open_["pending_info"],
        held=open_["held"],
        overdue=open_["overdue"],
        age=Durations(open_["count"], open_["median"], open_["ninetieth"]),
        in_time=Share(closed["in_time"], closed["count"]),
        appeals_in_time=Share(closed["appeals_in_time"], closed["appeals"]),
        touched_in_time=Share(touched["in_time"], touched["count"]),
        handle_time=Durations(closed["handled"], closed["median"], closed["ninetieth"]),
        violations=Share(decided["violations"], decided["count"]),
        judged_twice=Share(closed["twice"], closed["count"]),
        overturned=Share(decided["overturned"], decided["count"]),
        undone=Share(decided["undone"], decided["count"]),
        golden=Share(decided["golden_right"], decided["golden"]),
        agreement=await _agreement(workspace_id, since, until),
        loads=await _loads(workspace_id, since, until),
    )


_OPEN: Final = """
    select count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'in_review') as in_review,
           count(*) filter (where state = 'pending_info') as pending_info, count(*) filter (where state = 'held') as held,
           count(*) filter (where due_at < now()) as overdue, count(*) as count,
           percentile_cont(0.5) within group (order by extract(epoch from now() - opened_at)::float8) as median,
           percentile_cont(0.9) within group (order by extract(epoch from now() - opened_at)::float8) as ninetieth
      from cases where agency_id = $1 and workspace_id = $2 and state <> 'closed' and kind <> 'golden'"""

# Handle time is the time a case was claimed, by everybody who had it, not its age.
_CLOSED: Final = f"""
    with closed as (
        select c.id, c.kind, c.closed_at <= c.due_at as in_time,
               exists (select from reviews r where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = c.id
                          and r.purpose = 'second') as twice,
               (select sum({CLAIMED_SECONDS})::float8 from claims k
                 where k.agency_id = $1 and k.workspace_id = $2 and k.case_id = c.id) as seconds
          from cases c
         where c.agency_id = $1 and c.workspace_id = $2 and c.state = 'closed' and c.closed_at >= $3 and c.closed_at < $4
           and c.kind <> 'golden')
    select count(*) filter (where kind = 'moderation') as count,
           count(*) filter (where kind = 'moderation' and in_time) as in_time,
           count(*) filter (where kind = 'moderation' and twice) as twice,
           count(*) filter (where kind = 'appeal') as appeals,
           count(*) filter (where kind = 'appeal' and in_time) as appeals_in_time,
           count(seconds) as handled,
           percentile_cont(0.5) within group (order by seconds) as median,
           percentile_cont(0.9) within group (order by seconds) as ninetieth
      from closed"""

_TOUCHED: Final = """
    select count(*) as count, count(*) filter (where first_touched_at <= first_touch_due_at) as in_time
      from cases where agency_id = $1 and workspace_id = $2 and first_touch_due_at >= $3
       and first_touch_due_at < least($4, now()) and kind <> 'golden'"""

_DECIDED: Final = """
    select count(*) as count, count(*) filter (where d.outcome = 'violation') as violations,
           count(*) filter (where exists (
               select from decision_events e where e.agency_id = $1 and e.workspace_id = $2 and e.decision_id = d.id
                  and e.kind = 'overturned')) as overturned,
           count(*) filter (where exists (
               select from decision_events e where e.agency_id = $1 and e.workspace_id = $2 and e.decision_id = d.id
                  and e.kind = 'undone')) as undone,
           (select count(*) from golden_answers g where g.agency_id = $1 and g.workspace_id = $2 and g.is_right is not null
               and g.offered_at >= $3 and g.offered_at < $4) as golden,
           (select count(*) from golden_answers g where g.agency_id = $1 and g.workspace_id = $2 and g.is_right
               and g.offered_at >= $3 and g.offered_at < $4) as golden_right
      from decisions d
     where d.agency_id = $1 and d.workspace_id = $2 and d.decided_at >= $3 and d.decided_at < $4"""

_PAIRS: Final = """
    select a.outcome || coalesce(va.policy_id::text, '') as first, b.outcome || coalesce(vb.policy_id::text, '') as second
      from reviews b
      join lateral (
           select r.outcome, r.policy_version_id from reviews r
            where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = b.case_id and r.purpose = 'first'
              and r.submitted_at < b.submitted_at order by r.submitted_at desc limit 1) a on true
      left join policy_versions va on va.agency_id = $1 and va.workspace_id = $2 and va.id = a.policy_version_id
      left join policy_versions vb on vb.agency_id = $1 and vb.workspace_id = $2 and vb.id = b.policy_version_id
     where b.agency_id = $1 and b.workspace_id = $2 and b.purpose = 'second' and b.submitted_at >= $3
       and b.submitted_at < $4"""

_LOADS: Final = f"""
    select m.id, r.soft_limit, r.hard_limit,
           (select count(*) from cases c where c.agency_id = $1 and c.workspace_id = $2 and c.claimed_by_id = m.id
               and c.state = 'in_review') as held,
           (select count(*) from reviews v where v.agency_id = $1 and v.workspace_id = $2 and v.membership_id = m.id
               and v.submitted_at >= $3 and v.submitted_at < $4) as reviews,
           (select coalesce(sum({CLAIMED_SECONDS}), 0)::float8 from claims k where k.agency_id = $1 and k.workspace_id = $2
               and k.membership_id = m.id and k.claimed_at >= $3 and k.claimed_at < $4) as seconds,
           (select coalesce(sum({WEIGHTED_SECONDS}), 0)::float8 from claims k where k.agency_id = $1
               and k.membership_id = m.id and k.claimed_at > now() - $5::interval) as exposure
      from memberships m left join reviewers r on r.agency_id = $1 and r.membership_id = m.id
     where m.agency_id = $1 and exists (
           select from claims k where k.agency_id = $1 and k.workspace_id = $2 and k.membership_id = m.id
              and k.claimed_at < $4 and (k.ended_at is null or k.ended_at >= $3))
     order by m.name, m.id"""


async def _one(sql: str, workspace_id: UUID, *values: Any) -> Any:
    return await current().fetchrow(sql, current().actor.agency_id, workspace_id, *values)


async def _agreement(workspace_id: UUID, since: datetime, until: datetime) -> Agreement:
    rows = await current().fetch(_PAIRS, current().actor.agency_id, workspace_id, since, until)
    pairs = [(row["first"], row["second"]) for row in rows]
    enough = len(pairs) >= FEWEST_PAIRS
    return Agreement(
        pairs=len(pairs),
        alike=Share(sum(first == second for first, second in pairs), len(pairs)),
        kappa=cohen_kappa(pairs) if enough else None,
        alpha=krippendorff_alpha(pairs) if enough else None,
    )


async def _loads(workspace_id: UUID, since: datetime, until: datetime) -> tuple[Load, ...]:
    rows = await current().fetch(_LOADS, current().actor.agency_id, workspace_id, since, until, SHIFT)
    return tuple(
        Load(
            membership_id=row["id"],
            held=row["held"],
            reviews=row["reviews"],
            handle_seconds=row["seconds"],
            exposure=row["exposure"],
            soft_limit=row["soft_limit"] or SOFT_LIMIT,
            hard_limit=row["hard_limit"] or HARD_LIMIT,
        )
        for row in rows
    )
