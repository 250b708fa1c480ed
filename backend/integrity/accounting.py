"""The integrity report: what was reported, found and done, how fast and how often it was reversed, in the taxonomy's words;
what is open, and what to change. Nothing in it is about anybody in particular."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.integrity.thresholds import (
    FEW_FOUND,
    FEWEST_TO_JUDGE_BY,
    LONGEST_REPORT,
    OFTEN_REVERSED,
    RISING_P,
    SLOW_BELOW,
    UNNAMED_ABOVE,
)
from backend.kit.errors import Invalid
from backend.kit.statistics import at_least
from backend.moderation import Durations, Share
from backend.verification import verified_in
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

UNNAMED: Final = "UN-NOTICE"  # whoever reported named no policy
UNCODED: Final = "RU-COMM"  # a policy that says nothing of the taxonomy


@dataclass(frozen=True, slots=True)
class Line:
    """Of one code. `reported` are reports that came in the window, `reported_before` those of the window before; the rest is
    of the cases that were closed in the window, by their decision in force."""

    code: str
    reported: int
    reported_before: int
    by_rules: int
    closed: int
    found: Share
    restricted: int
    own_initiative: Share
    in_time: Share
    time_to_decision: Durations
    reversed: Share


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to change, and the numbers that say so; `code` is None where it is about all of it."""

    kind: str
    code: str | None
    share: Share


@dataclass(frozen=True, slots=True)
class Verification:
    """Of the posts in the community of one programme, those that are verified: in the window, and in the one before."""

    name: str
    share: Share
    before: Share


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    since: datetime
    until: datetime
    reports: int
    total: Line
    lines: tuple[Line, ...]
    appeals: Share
    investigations_opened: int
    investigations_confirmed: Share
    open_cases: int
    open_overdue: int
    open_grave: int
    oldest_open_at: datetime | None
    open_investigations: int
    verified: tuple[Verification, ...]
    advice: tuple[Advice, ...]


async def integrity_report(actor: Actor, workspace_id: UUID, *, since: datetime, until: datetime) -> IntegrityReport:
    """Of one client. Raises NotAllowed, NotFound, Invalid for a window that ends before it begins or is too long."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    if not timedelta(0) < until - since <= LONGEST_REPORT:
        raise Invalid(f"A window ends after it begins, and is at most {LONGEST_REPORT.days} days long.")
    place, before = (actor.agency_id, workspace_id), since - (until - since)
    async with current().past_restrictions():  # the same numbers for everybody who reads them
        reported = await current().fetch(_REPORTED, *place, since, until, before)
        closed = await current().fetch(_CLOSED, *place, since, until)
        rest = await current().fetchrow(_REST, *place, since, until)
        verified = await verified_in(workspace_id, since=since, until=until)
        earlier = {each.programme_id: each for each in await verified_in(workspace_id, since=before, until=since)}
    by_code = {row["code"]: row for row in closed if row["code"] is not None}
    reports = {row["code"]: row for row in reported}
    lines = tuple(_line(code, reports.get(code), by_code.get(code)) for code in sorted({*by_code, *reports}))
    total = _line("", _sum_of(reported), next((row for row in closed if row["code"] is None), None))
    return IntegrityReport(
        since=since,
        until=until,
        reports=total.reported,
        total=total,
        lines=lines,
        appeals=Share(rest["appeals_granted"], rest["appeals_answered"]),
        investigations_opened=rest["investigations_opened"],
        investigations_confirmed=Share(rest["investigations_confirmed"], rest["investigations_concluded"]),
        open_cases=rest["open_cases"],
        open_overdue=rest["open_overdue"],
        open_grave=rest["open_grave"],
        oldest_open_at=rest["oldest_open_at"],
        open_investigations=rest["open_investigations"],
        verified=tuple(
            Verification(
                each.name,
                Share(each.verified, each.posts),
                Share(earlier[each.programme_id].verified, earlier[each.programme_id].posts),
            )
            for each in verified
        ),
        advice=tuple(_advice(total, lines)),
    )


def _line(code: str, reported: Mapping[str, int] | None, closed: Any) -> Line:
    came: Mapping[str, int] = reported or {"reported": 0, "before": 0, "by_rules": 0}
    ended: Mapping[str, Any] = closed or _NOTHING
    count = ended["closed"]
    return Line(
        code=code,
        reported=came["reported"],
        reported_before=came["before"],
        by_rules=came["by_rules"],
        closed=count,
        found=Share(ended["found"], count),
        restricted=ended["restricted"],
        own_initiative=Share(ended["own_initiative"], count),
        in_time=Share(ended["in_time"], count),
        time_to_decision=Durations(count, ended["median"], ended["ninetieth"]),
        reversed=Share(ended["reversed"], count),
    )


def _sum_of(rows: Sequence[Any]) -> Mapping[str, int]:
    return {name: sum(row[name] for row in rows) for name in ("reported", "before", "by_rules")}


def _advice(total: Line, lines: Sequence[Line]) -> Iterator[Advice]:
    """Only what the numbers carry: an interval lies beyond the limit, or chance is unlikely."""
    unnamed = Share(sum(line.reported for line in lines if line.code == UNNAMED), total.reported)
    if _surely(unnamed, above=UNNAMED_ABOVE):
        yield Advice("name_policies", None, unnamed)
    for line in lines:
        both = line.reported + line.reported_before
        if both >= FEWEST_TO_JUDGE_BY and at_least(line.reported, both, share=0.5) <= RISING_P:
            yield Advice("look_into_rise", line.code, Share(line.reported, both))
        if _surely(line.reversed, above=OFTEN_REVERSED):
            yield Advice("revise_policy", line.code, line.reversed)
        if _surely(line.in_time, below=SLOW_BELOW):
            yield Advice("decide_sooner", line.code, line.in_time)
        if line.code != UNNAMED and _surely(line.found, below=FEW_FOUND):
            yield Advice("explain_policy", line.code, line.found)


def _surely(share: Share, *, above: float = 1.0, below: float = 0.0) -> bool:
    if share.denominator < FEWEST_TO_JUDGE_BY or share.interval is None:
        return False
    low, high = share.interval
    return low > above or high < below


_NOTHING: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("closed", "found", "restricted", "own_initiative", "in_time", "reversed"), 0),
    **dict.fromkeys(("median", "ninetieth"), None),
}

# The code of a policy is that of its newest version.
_CODE: Final = f"""(select coalesce(v.taxonomy_code, '{UNCODED}') from policy_versions v where v.agency_id = $1
      and v.workspace_id = $2 and v.policy_id = {{policy}} order by v.version desc limit 1)"""

# Of a row `r` of reports of the client $2.
CODE_OF_REPORT: Final = f"coalesce({_CODE.format(policy='r.policy_id')}, '{UNNAMED}')"

_REPORTED: Final = f"""
    select {CODE_OF_REPORT} as code,
           count(*) filter (where r.created_at >= $3)::integer as reported,
           count(*) filter (where r.created_at < $3)::integer as before,
           count(*) filter (where r.created_at >= $3 and r.channel = 'rule')::integer as by_rules
      from reports r
     where r.agency_id = $1 and r.workspace_id = $2 and r.created_at >= $5 and r.created_at < $4
     group by 1"""

IS_RESTRICTED: Final = "actions && '{hide_post,delete_post,silence_member,suspend_member}'"
# By the version that the decision names; where it found nothing, by the first policy that a report named. What is asked of its
# reports is looked up once for each case: three questions that each looked for themselves were half of a year's numbers. Only what is asked for
# is joined.
CLOSED_CASES: Final = f"""
        select c.id, c.tier, c.outcome, c.closed_at <= c.due_at as in_time, d.actions,
               extract(epoch from c.closed_at - c.opened_at)::float8 as seconds,
               coalesce(case when v.id is not null then coalesce(v.taxonomy_code, '{UNCODED}') end,
                        {_CODE.format(policy="r.policy_id")}, '{UNNAMED}') as code,
               coalesce(r.are_own, true) as own_initiative, coalesce(r.first_channel = 'member', false) as by_member,
               exists (select from decisions e join decision_events x on x.agency_id = $1 and x.workspace_id = $2
                                                                     and x.decision_id = e.id and x.kind = 'overturned'
                        where e.agency_id = $1 and e.workspace_id = $2 and e.case_id = c.id) as reversed
          from cases c
          left join decisions d on d.agency_id = $1 and d.workspace_id = $2 and d.id = c.decision_id
          left join policy_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.id = d.policy_version_id
          left join lateral (
               select bool_and(r.channel in ('rule', 'staff')) as are_own,
                      (array_agg(r.channel order by r.created_at, r.id))[1] as first_channel,
                      (array_agg(r.policy_id order by r.created_at, r.id) filter (where r.policy_id is not null))[1]
                          as policy_id
                 from reports r where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = c.id) r on true
         where c.agency_id = $1 and c.workspace_id = $2 and c.state = 'closed' and c.kind = 'moderation'
           and c.closed_at >= $3 and c.closed_at < $4"""

_CLOSED: Final = f"""
    with closed as materialized ({CLOSED_CASES})
    select code, count(*)::integer as closed, count(*) filter (where outcome = 'violation')::integer as found,
           count(*) filter (where {IS_RESTRICTED})::integer as restricted,
           count(*) filter (where own_initiative)::integer as own_initiative,
           count(*) filter (where in_time)::integer as in_time,
           count(*) filter (where reversed)::integer as reversed,
           percentile_cont(0.5) within group (order by seconds) as median,
           percentile_cont(0.9) within group (order by seconds) as ninetieth
      from closed group by grouping sets ((code), ())"""

_REST: Final = """
    select (select count(*) from appeals a where a.agency_id = $1 and a.workspace_id = $2 and a.answered_at >= $3
               and a.answered_at < $4 and a.state <> 'inadmissible') as appeals_answered,
           (select count(*) from appeals a where a.agency_id = $1 and a.workspace_id = $2 and a.answered_at >= $3
               and a.answered_at < $4 and a.state in ('modified', 'overturned')) as appeals_granted,
           (select count(*) from investigations i where i.agency_id = $1 and i.workspace_id = $2 and i.opened_at >= $3
               and i.opened_at < $4) as investigations_opened,
           (select count(*) from investigations i where i.agency_id = $1 and i.workspace_id = $2 and i.concluded_at >= $3
               and i.concluded_at < $4) as investigations_concluded,
           (select count(*) from investigations i where i.agency_id = $1 and i.workspace_id = $2 and i.concluded_at >= $3
               and i.concluded_at < $4 and i.outcome = 'confirmed') as investigations_confirmed,
           (select count(*) from investigations i where i.agency_id = $1 and i.workspace_id = $2
               and i.state = 'open') as open_investigations,
           o.*
      from (select count(*) as open_cases, count(*) filter (where due_at < now()) as open_overdue,
                   count(*) filter (where tier in ('danger', 'severe')) as open_grave, min(opened_at) as oldest_open_at
              from cases where agency_id = $1 and workspace_id = $2 and state <> 'closed' and kind <> 'golden') o"""
