"""What came to moderation, what became of it, how long it took."""

from collections.abc import Sequence
from typing import Final

from backend.client_metrics.defining import Base, Part, began
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.values import Found, Status
from backend.integrity import CLOSED_CASES, CODE_OF_REPORT
from backend.kit.survival import curve
from backend.moderation import CLAIMED_SECONDS
from tenants.rights import Right
from tenants.scope import current

_BY_TIER: Final = {Part.TIER: "tier"}
_BEGAN: Final = began("cases", "opened_at", but="b.kind <> 'golden'")
_OF_CLIENT: Final = "c.agency_id = $1 and c.workspace_id = $2 and c.kind <> 'golden'"

REPORTS: Final = Base(
    "reports",
    "report",
    Right.READ_CASES,
    f"""select r.id, r.channel = 'rule' as by_rule, {CODE_OF_REPORT} as code
          from reports r
         where r.agency_id = $1 and r.workspace_id = $2 and r.created_at >= $3 and r.created_at < $4""",
    began("reports", "created_at"),
    {Part.CODE: "code"},
)
OPENED: Final = Base(
    "opened",
    "case",
    Right.READ_CASES,
    f"""select c.id, c.tier, c.kind = 'moderation' as is_first,
               coalesce(c.closed_at < $4, false) as is_closed,
               extract(epoch from least(c.closed_at, $4, now()) - c.opened_at)::float8 as seconds
          from cases c where {_OF_CLIENT} and c.opened_at >= $3 and c.opened_at < $4""",
    _BEGAN,
    _BY_TIER,
)
# `by_member`: whom members told first: before any rule, any colleague, any stranger. `offset 0`: each column is worked out once
# for a row, however many metrics ask for it.
CLOSED: Final = Base(
    "closed",
    "case",
    Right.READ_CASES,
    f"""select c.*, k.handled
          from ({CLOSED_CASES}) c
          left join lateral (select sum({CLAIMED_SECONDS})::float8 as handled from claims k
                              where k.agency_id = $1 and k.workspace_id = $2 and k.case_id = c.id) k on true
         offset 0""",
    _BEGAN,
    {**_BY_TIER, Part.CODE: "code"},
)
APPEALED: Final = Base(
    "appealed",
    "case",
    Right.READ_CASES,
    """select c.id, c.tier, c.closed_at <= c.due_at as in_time
         from cases c
        where c.agency_id = $1 and c.workspace_id = $2 and c.kind = 'appeal' and c.state = 'closed' and c.closed_at >= $3
          and c.closed_at < $4""",
    _BEGAN,
    _BY_TIER,
)
TOUCHED: Final = Base(
    "touched",
    "case",
    Right.READ_CASES,
    f"""select c.id, c.tier, coalesce(c.first_touched_at <= c.first_touch_due_at, false) as in_time
          from cases c
         where {_OF_CLIENT} and c.first_touch_due_at >= $3 and c.first_touch_due_at < least($4, now())""",
    _BEGAN,
    _BY_TIER,
)
# What is open now and what has been closed since: two statements, each along an index of its own.
OPEN: Final = Base(
    "open",
    "case",
    Right.READ_CASES,
    f"""select c.id, c.tier, c.due_at < least($4, now()) as is_late
          from cases c where {_OF_CLIENT} and c.state <> 'closed' and c.opened_at < $4
         union all
        select c.id, c.tier, c.due_at < $4
          from cases c where {_OF_CLIENT} and c.state = 'closed' and c.closed_at >= $4 and c.opened_at < $4""",
    _BEGAN,
    _BY_TIER,
)
APPEALS: Final = Base(
    "appeals",
    "appeal",
    Right.READ_CASES,
    """select a.id, a.state in ('modified', 'overturned') as is_granted
         from appeals a
        where a.agency_id = $1 and a.workspace_id = $2 and a.answered_at >= $3 and a.answered_at < $4
          and a.state <> 'inadmissible'""",
    began("appeals", "filed_at"),
)

_TIMES: Final = over(
    f"""select tier, array_agg(seconds) as seconds, array_agg(is_closed) as ended
          from ({OPENED.sql}) b where is_first group by grouping sets ((), (tier))"""
)


async def how_long_decisions_take(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """time_to_decision: of each place."""
    told: list[dict[str, list[Found]]] = [{"time_to_decision": []} for _ in places]
    for row in await current().fetch(_TIMES, *over_values(places)):
        lasted, n = curve(row["seconds"] or [], row["ended"] or []), len(row["seconds"] or [])
        low, high = lasted.quantile_interval(0.5)
        value = lasted.quantile(0.5)
        told[row["place"]]["time_to_decision"].append(
            Found(
                value, denominator=n, n=n, low=low, high=high, of=row["tier"],
                status=Status.INSUFFICIENT_DATA if n and value is None else None,
            )
        )  # fmt: skip
    return told
