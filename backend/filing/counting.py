"""What was recorded about a service in a period, by category: one statement of SQL for each source, however many rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from backend.filing import template
from backend.filing.lists import CATEGORY, KEYWORD
from backend.filing.models import Service
from backend.filing.shaping import Value, categories_in, category_line, indicator_line
from backend.filing.thresholds import STATEMENT_MILLISECONDS, WORK_MEMORY
from backend.policies import TAXONOMY
from tenants.scope import current

UNNAMED: Final = "sub-category not named"  # of who chose a category and no more
_HOURS: Final = "extract(epoch from {end} - {start})::float8 / 3600"
_MEDIAN: Final = "percentile_cont(0.5) within group (order by {hours})"


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included."""

    start: date
    end: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From the first, up to the second."""
        return _midnight(self.start), _midnight(self.end + timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


Counts = dict[tuple[int, str, str], Value]


async def no_hurry() -> None:
    """Call in the scope that counts a year: it may take longer than what somebody waits for. Tables are read once and
    joined by hash: agency and client are estimated as if they were independent, so that a year looks like a row, and loops
    over indexes took minutes for what takes a second (decision 0008)."""
    await current().execute(
        f"set local statement_timeout = {STATEMENT_MILLISECONDS}; set local enable_nestloop = off; "
        f"set local work_mem = '{WORK_MEMORY}'"
    )


async def rows_of(sql: str, service: Service, period: Period, *more: Any) -> Sequence[Any]:
    """$1 is the agency, $2 the client, $3 the service, $4 and $5 the bounds."""
    scope = current()
    return await scope.fetch(sql, scope.actor.agency_id, service.workspace_id, service.id, *period.bounds, *more)


def of_service(column: str) -> str:
    return (
        "exists (select from service_communities k where k.agency_id = $1 and k.workspace_id = $2 and k.service_id = $3 "
        f"and k.community_id = {column})"
    )


_RESTRICTIONS: Final[Mapping[str, str]] = {
    "Visibility restriction Removal": "'DECISION_VISIBILITY_CONTENT_REMOVED' = any(s.decision_visibility)",
    "Visibility restriction Disable": "'DECISION_VISIBILITY_CONTENT_DISABLED' = any(s.decision_visibility)",
    "Provision of the service Suspension": "s.decision_provision like '%SUSPENSION'",
    "Provision of the service Termination": "s.decision_provision like '%TERMINATION'",
    "Account restriction Suspension": "s.decision_account = 'DECISION_ACCOUNT_SUSPENDED'",
    "Account restriction Termination": "s.decision_account = 'DECISION_ACCOUNT_TERMINATED'",
}
# Of all that restricted somebody; `is_own`: neither an order nor a notice of Article 16 came before.
_MEASURES: Final = f"""
    select s.ground, substr(s.category, {len(CATEGORY) + 1}) as category,
           coalesce(substr(s.keywords[1], {len(KEYWORD) + 1}), '') as keyword,
           case when s.keywords[1] = 'KEYWORD_OTHER' then coalesce(s.other_keyword, '') else '' end as other,
           s.source in ('own_initiative', 'other_notification') and o.case_id is null as is_own,
           s.content_language as language,
           count(*) as n, count(*) filter (where s.is_detected_automatically) as detected,
           count(*) filter (where s.automation = 'fully') as solely,
           count(*) filter (where s.automation = 'not_automated') as by_nobody,
           {", ".join(f"count(*) filter (where {sql}) as r{n}" for n, sql in enumerate(_RESTRICTIONS.values()))}
      from statements_of_reasons s
      join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = s.post_id
      join service_communities k on k.agency_id = $1 and k.workspace_id = $2 and k.service_id = $3
       and k.community_id = p.community_id
      left join (select distinct case_id from legal_orders
                  where agency_id = $1 and workspace_id = $2 and kind <> 'information') o on o.case_id = s.case_id
     where s.agency_id = $1 and s.workspace_id = $2 and s.created_at >= $4 and s.created_at < $5
       and (cardinality(s.decision_visibility) > 0 or s.decision_provision is not null or s.decision_account is not null)
     group by 1, 2, 3, 4, 5, 6"""


async def count_measures(service: Service, period: Period) -> Counts:
    """Parts 5 and 6, and the measures of Part 8. What the law forbids and only rules of the place have a category for
    stands with these: Part 5 has no line for it."""
    counts: Counts = {}
    for row in await rows_of(_MEASURES, service, period):
        for scope in (template.COUNTED, *((template.OWN,) if row["is_own"] else ()), row["language"] or ""):
            if scope in (template.COUNTED, template.OWN) or (service.kind == "vlop" and scope in template.LANGUAGES):
                _add(counts, 8, indicator_line(template.SOLELY, scope), "Value", row["solely"])
                _add(counts, 8, indicator_line(template.NOT_BY, scope), "Value", row["by_nobody"])
        if not row["is_own"]:
            continue
        part = 5 if row["ground"] == "illegal" and row["category"] in categories_in(5) else 6
        place = _place(part, row["category"], row["keyword"], row["other"])
        values = {
            template.MEASURES[0].strip(): row["n"],
            template.MEASURES[1].strip(): row["detected"],
            **{name: row[f"r{n}"] for n, name in enumerate(_RESTRICTIONS)},
        }
        for line in _upwards(*place):
            for name, value in values.items():
                if value or name in template.TENDS_MEASURES:
                    _add(counts, part, line, name, value)
    return counts


_NOTICES: Final = f"""
    select category, keyword, other, grouping(category) as is_total, grouping(keyword) as is_category,
           count(*) as f, count(*) filter (where is_flagged) as g, sum(items) as h,
           coalesce(sum(items) filter (where is_flagged), 0) as i,
           {_MEDIAN.format(hours="hours")} filter (where hours is not null) as j,
           {_MEDIAN.format(hours="hours")} filter (where hours is not null and is_flagged) as k,
           count(*) filter (where ground = 'law') as l, count(*) filter (where ground = 'law' and is_flagged) as m,
           count(*) filter (where ground = 'terms') as n, count(*) filter (where ground = 'terms' and is_flagged) as o,
           count(*) filter (where is_solely_automated) as solely,
           count(*) filter (where is_solely_automated and is_flagged) as solely_flagged,
           count(*) filter (where not is_solely_automated) as by_people,
           count(*) filter (where not is_solely_automated and is_flagged) as by_people_flagged
      from (select {{category}} as category, {{keyword}} as keyword, {{other}} as other,
                   n.trusted_flagger_id is not null as is_flagged, greatest(cardinality(n.items), 1) as items,
                   {_HOURS.format(end="n.implemented_at", start="n.received_at")} as hours,
                   case when n.outcome = 'violation' then n.ground end as ground, n.is_solely_automated
              from public_notices n
             where n.agency_id = $1 and n.workspace_id = $2 and n.kind = 'illegal' and n.received_at >= $4
               and n.received_at < $5 and {of_service("n.community_id")}) x
     group by grouping sets ((), (category), (category, keyword, other))"""


async def count_notices(service: Service, period: Period) -> Counts:
    """Part 4, and the notices of Part 8. Every notice counts, repeats too; only kind `illegal` is one of Article 16."""
    counts: Counts = {}
    has_flaggers = service.kind in ("online_platform", "vlop")
    for row in await rows_of(_NOTICES.format(**_by_category("n", 4)), service, period, *_KNOWN[4]):
        line = _line(4, row)
        for name, letter in zip(template.NOTICES, "fghijklmno", strict=True):
            if line is not None and row[letter] is not None and (has_flaggers or letter not in "gikmo"):
                _add(counts, 4, line, name.strip(), row[letter])
        if row["is_total"]:
            for scope, end in ((template.ALL_NOTICES, ""), (template.FLAGGED, "_flagged")):
                _add(counts, 8, indicator_line(template.NOTICES_SOLELY, scope), "Value", row[f"solely{end}"])
                _add(counts, 8, indicator_line(template.NOTICES_NOT_BY, scope), "Value", row[f"by_people{end}"])
    return counts


_ORDERS: Final = f"""
    select category, keyword, other, state, grouping(category) as is_total, grouping(keyword) as is_category,
           count(*) filter (where is_to_act) as g, coalesce(sum(items) filter (where is_to_act), 0) as h,
           {_MEDIAN.format(hours="told")} filter (where told is not null and is_to_act) as i,
           {_MEDIAN.format(hours="done")} filter (where done is not null and is_to_act) as j,
           count(*) filter (where not is_to_act) as k,
           {_MEDIAN.format(hours="told")} filter (where told is not null and not is_to_act) as l,
           {_MEDIAN.format(hours="done")} filter (where done is not null and not is_to_act) as m
      from (select {{category}} as category, {{keyword}} as keyword, {{other}} as other,
                   case n.member_state when 'GR' then 'EL' else n.member_state end as state,
                   n.kind <> 'information' as is_to_act, greatest(cardinality(n.urls), 1) as items,
                   {_HOURS.format(end="n.acknowledged_at", start="n.received_at")} as told,
                   case when n.effect <> 'none'
                        then {_HOURS.format(end="n.effect_at", start="n.received_at")} end as done
              from legal_orders n
             where n.agency_id = $1 and n.workspace_id = $2 and n.received_at >= $4 and n.received_at < $5
               and {of_service("n.community_id")}) x
     group by grouping sets ((), (category), (category, keyword, other), (state), (state, category),
                             (state, category, keyword, other))"""


async def count_orders(service: Service, period: Period) -> Counts:
    """Part 3: for all, and for each Member State that ordered. Removal orders about terrorist content are among those to
    act."""
    counts: Counts = {}
    for row in await rows_of(_ORDERS.format(**_by_category("n", 3)), service, period, *_KNOWN[3]):
        line = _line(3, row, scope=row["state"] or template.TOTAL)
        for name, letter in zip(template.ORDERS, "ghijklm", strict=True):
            if line is not None and row[letter] is not None:
                _add(counts, 3, line, name, row[letter])
    return counts


# Codes by which a category's keyword OTHER is described.
_SAYING: Final = [code.code for code in TAXONOMY.values() if code.other]
# $6: the categories with a line; $7: the keywords of each, after it and a slash; $8: codes that say what OTHER is.
_KNOWN: Final[Mapping[int, tuple[list[str], list[str], list[str]]]] = {
    part: (
        list(categories_in(part)),
        [f"{category}/{keyword}" for category, keywords in categories_in(part).items() for keyword in keywords],
        _SAYING,
    )
    for part in (3, 4)
}


def _by_category(row: str, part: int) -> Mapping[str, str]:
    """SQL for where a notice or order belongs: what names no category that has a line was not specified."""
    last = f"NOT_SPECIFIED_{'ORDER' if part == 3 else 'NOTICE'}"
    named = f"{row}.category = any($6) and {row}.category <> '{last}'"
    keyword = f"case when {row}.category || '/' || {row}.keyword = any($7) then {row}.keyword else 'OTHER' end"
    return {
        "category": f"case when {named} then {row}.category else '{last}' end",
        "keyword": f"case when {named} then {keyword} else '' end",
        "other": f"case when {named} and {keyword} = 'OTHER' and {row}.taxonomy_code = any($8) "
        f"and {row}.keyword is not null then {row}.taxonomy_code else '' end",
    }


def _line(part: int, row: Any, *, scope: str = template.TOTAL) -> str | None:
    """None for a keyword of a category that has none: the category's own row says it."""
    if row["is_total"]:
        return category_line(template.TOTAL, scope=scope)
    if row["is_category"]:
        return category_line(row["category"], scope=scope)
    if row["keyword"] == "":
        return None
    other = ""
    if row["keyword"] == "OTHER":
        other = TAXONOMY[row["other"]].other if row["other"] else UNNAMED
    assert row["category"] in categories_in(part)
    return category_line(row["category"], row["keyword"], scope=scope, other=other)


def _place(part: int, category: str, keyword: str, other: str) -> tuple[str, str, str]:
    """Category, keyword and what OTHER is."""
    keywords = categories_in(part).get(category)
    if keywords is None:
        return "OTHER_VIOLATION_TC", "OTHER", UNNAMED
    if keyword not in keywords:
        keyword = "OTHER"
    return category, keyword, (other or UNNAMED) if keyword == "OTHER" else ""


def _upwards(category: str, keyword: str, other: str) -> tuple[str, str, str]:
    return (
        category_line(template.TOTAL),
        category_line(category),
        category_line(category, keyword, other=other),
    )


def _add(counts: Counts, part: int, line: str, field: str, value: Any) -> None:
    number = float(value) if isinstance(value, float) else int(value)
    counts[part, line, field] = counts.get((part, line, field), 0) + number  # type: ignore[operator]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
