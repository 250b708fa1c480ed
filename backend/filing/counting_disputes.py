"""What was recorded about complaints, disputes, suspensions and the people who decide: Parts 7 and 9."""

from typing import Any, Final

from backend.filing import template
from backend.filing.counting import Counts, Period, of_service, rows_of
from backend.filing.models import Service
from backend.filing.shaping import indicator_line

_MEDIAN: Final = "percentile_cont(0.5) within group (order by hours)"
# By each indicator that a complaint belongs to: one about several restrictions stands with each of them.
_COMPLAINTS: Final = f"""
    select indicator, count(*) as total, count(*) filter (where state = 'upheld') as upheld,
           count(*) filter (where state = 'modified') as partly, count(*) filter (where state = 'overturned') as reversed,
           count(*) filter (where state = 'inadmissible') as omitted,
           {_MEDIAN} filter (where state in ('upheld', 'modified', 'overturned')) as hours,
           count(*) filter (where is_imposing) as imposed
      from (select a.state, extract(epoch from a.answered_at - a.filed_at)::float8 / 3600 as hours,
                   a.appellant = 'reporter' and exists (
                       select from statements_of_reasons i where i.agency_id = $1 and i.workspace_id = $2
                          and i.decision_id = a.new_decision_id
                          and (cardinality(i.decision_visibility) > 0 or i.decision_provision is not null
                               or i.decision_account is not null)) as is_imposing,
                   array_remove(array['all',
                       case when a.appellant = 'author' and cardinality(s.decision_visibility) > 0 then 'visibility' end,
                       case when a.appellant = 'author' and s.decision_provision is not null then 'provision' end,
                       case when a.appellant = 'author' and s.decision_account is not null then 'account' end,
                       case when a.appellant = 'reporter' and n.id is not null then 'notice' end,
                       case when a.appellant = 'reporter' and n.trusted_flagger_id is not null then 'trusted' end
                   ], null) as indicators
              from appeals a
              join decisions d on d.agency_id = $1 and d.workspace_id = $2 and d.id = a.decision_id
              join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = d.case_id
              join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = c.post_id
              left join statements_of_reasons s
                on s.agency_id = $1 and s.workspace_id = $2 and s.decision_id = a.decision_id
              left join public_notices n
                on n.agency_id = $1 and n.workspace_id = $2 and n.id = a.report_id and n.kind = 'illegal'
             where a.agency_id = $1 and a.workspace_id = $2 and a.filed_at >= $4 and a.filed_at < $5
               and {of_service("p.community_id")}) x
     cross join lateral unnest(indicators) indicator group by 1"""


async def count_complaints(service: Service, period: Period) -> Counts:
    """By when they were filed. The member is told with the answer, in its transaction: that is when it is notified. What
    was inadmissible was omitted; what is open has no outcome."""
    counts: Counts = {}
    for row in await rows_of(_COMPLAINTS, service, period):
        name = row["indicator"]
        indicator = template.COMPLAINTS if name == "all" else template.KINDS_OF_COMPLAINT[name]
        _outcomes(counts, indicator, row)
        if name == "all":
            counts[7, indicator_line(indicator, template.OMITTED), "Value"] = row["omitted"]
            counts[7, indicator_line(template.IMPOSED, template.COUNTED), "Value"] = row["imposed"]
    return counts


_DISPUTES: Final = f"""
    select count(*) as total, count(*) filter (where outcome = 'upheld') as upheld,
           count(*) filter (where outcome = 'partially_reversed') as partly,
           count(*) filter (where outcome = 'reversed') as reversed, count(*) filter (where outcome = 'omitted') as omitted,
           {_MEDIAN} filter (where outcome <> 'omitted') as hours,
           count(*) filter (where outcome in ('reversed', 'partially_reversed') and implemented_at is not null)::float8
           / nullif(count(*) filter (where outcome in ('reversed', 'partially_reversed')), 0) as implemented
      from (select x.outcome, x.implemented_at, extract(epoch from x.closed_at - x.received_at)::float8 / 3600 as hours
              from disputes x
              join decisions d on d.agency_id = $1 and d.workspace_id = $2 and d.id = x.decision_id
              join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = d.case_id
              join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = c.post_id
             where x.agency_id = $1 and x.workspace_id = $2 and x.received_at >= $4 and x.received_at < $5
               and {of_service("p.community_id")}) y"""


async def count_disputes(service: Service, period: Period) -> Counts:
    counts: Counts = {}
    [row] = await rows_of(_DISPUTES, service, period)
    _outcomes(counts, template.DISPUTES, row)
    counts[7, indicator_line(template.DISPUTES, template.OMITTED), "Value"] = row["omitted"]
    if row["implemented"] is not None:
        counts[7, indicator_line(template.DISPUTES, template.IMPLEMENTED), "Value"] = row["implemented"]
    return counts


# Whoever is no member is of the service where what was counted against them happened.
_SUSPENSIONS: Final = f"""
    select x.because, count(*) as total from misuse_measures x
     where x.agency_id = $1 and x.workspace_id = $2 and x.kind = 'suspension' and x.starts_at >= $4 and x.starts_at < $5
       and case when x.member_id is not null
                then exists (select from members m where m.agency_id = $1 and m.workspace_id = $2 and m.id = x.member_id
                                and {of_service("m.community_id")})
                else exists (select from unfounded_marks u
                               left join reports r on r.agency_id = $1 and r.workspace_id = $2
                                and r.id = coalesce(u.report_id, (select a.report_id from appeals a
                                      where a.agency_id = $1 and a.workspace_id = $2 and a.id = u.appeal_id))
                               left join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = r.post_id
                               left join public_notices n
                                 on n.agency_id = $1 and n.workspace_id = $2 and n.id = u.notice_id
                              where u.agency_id = $1 and u.workspace_id = $2 and u.reporter_key = x.reporter_key
                                and {of_service("coalesce(p.community_id, n.community_id)")}) end
     group by 1"""


async def count_suspensions(service: Service, period: Period) -> Counts:
    return {
        (7, indicator_line(template.SUSPENSIONS[row["because"]], template.COUNTED), "Value"): row["total"]
        for row in await rows_of(_SUSPENSIONS, service, period)
    }


_PEOPLE: Final = f"""
    select count(distinct w.membership_id) as people,
           count(distinct w.membership_id) filter (where l.language = any($6)) as linguists, l.language, grouping(l.language) as is_total
      from (select distinct v.membership_id from reviews v
              join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = v.case_id
              join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = c.post_id
             where v.agency_id = $1 and v.workspace_id = $2 and v.submitted_at >= $4 and v.submitted_at < $5
               and {of_service("p.community_id")}) w
      left join reviewers r on r.agency_id = $1 and r.membership_id = w.membership_id
      left join lateral unnest(r.languages) l (language) on true
     group by grouping sets ((), (l.language))"""


async def count_people(service: Service, period: Period) -> Counts:
    """Part 9, of very large platforms: the agency's people who judged something, whom the provider has contracted."""
    counts: Counts = {}
    if service.kind != "vlop":
        return counts
    for row in await rows_of(_PEOPLE, service, period, list(template.LANGUAGES)):
        if row["is_total"]:
            counts[9, indicator_line(template.EXTERNAL, template.COUNTED), "Value"] = row["people"]
            counts[9, indicator_line(template.LINGUISTIC, template.COUNTED), "Value"] = row["linguists"]
        elif row["language"] in template.LANGUAGES:
            counts[9, indicator_line(template.LINGUISTIC, row["language"]), "Value"] = row["people"]
    return counts


def _outcomes(counts: Counts, indicator: str, row: Any) -> None:
    for scope, name in (
        (template.COUNTED, "total"),
        (template.UPHELD, "upheld"),
        (template.PARTLY, "partly"),
        (template.REVERSED, "reversed"),
        (template.MEDIAN, "hours"),
    ):
        if row[name] is not None:
            counts[7, indicator_line(indicator, scope), "Value"] = row[name]
