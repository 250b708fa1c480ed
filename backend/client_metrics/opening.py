"""A number is opened down to the rows it counts, for whoever may see these."""

from dataclasses import dataclass
from uuid import UUID

from backend.client_metrics.defining import Metric, with_given
from backend.client_metrics.measuring import check_window, metric_called
from backend.client_metrics.thresholds import ROWS_PER_PAGE
from backend.client_metrics.values import Window
from backend.kit.errors import Conflict
from tenants.actor import Actor
from tenants.database import PLANS_OF_COUNTS
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class CountedRow:
    """`counts`: whether it is in the numerator, or only in the denominator; None where nothing is asked of it by itself."""

    id: UUID
    counts: bool | None


@dataclass(frozen=True, slots=True)
class Rows:
    """`kind`: what they are, as in published ids. `has_more`: ask again `after` the last of them."""

    kind: str
    rows: tuple[CountedRow, ...]
    has_more: bool


async def rows_behind(
    actor: Actor,
    workspace_id: UUID,
    name: str,
    window: Window,
    *,
    of: str | None = None,
    after: UUID | None = None,
    limit: int = ROWS_PER_PAGE,
) -> Rows:
    """By id, of the whole client or of one part. What an escalation restricts is missing for whoever is not its reader. Raises
    NotAllowed without the right to these rows, NotFound, Invalid, and Conflict for a number that is no number of rows."""
    metric = metric_called(name)
    actor.must_hold(Right.READ_WORKSPACE)
    if metric.counted is None:
        raise Conflict("This number is not counted from rows one by one.", path=("name",))
    base = metric.counted.base
    actor.must_hold(base.right)
    await find_workspace(workspace_id)
    check_window(window)
    counts = "null::boolean" if metric.counted.counts is None else f"coalesce(({metric.counted.counts}), false)"
    scope = current()
    async with scope.planned(PLANS_OF_COUNTS):
        found = await scope.fetch(
            f"""{with_given([base], "array[$2::uuid]")}select b.id, {counts} as counts from ({base.sql}) b
             where $3::timestamptz < $4::timestamptz and ({metric.counted.among}) and {_of_part(metric)}
               and ($5::uuid is null or b.id > $5) order by b.id limit $6""",
            actor.agency_id,
            workspace_id,
            window.since,
            window.until,
            after,
            limit + 1,
            of,
        )
    rows = tuple(CountedRow(row["id"], row["counts"]) for row in found[:limit])
    return Rows(base.kind, rows, len(found) > limit)


def _of_part(metric: Metric) -> str:
    """SQL: whether a row is of the part $7, null for all of the client. What has no parts has no rows of one."""
    assert metric.counted is not None
    base = metric.counted.base
    if base.is_levelled:
        return f"b.{next(iter(base.parts.values()))} is not distinct from $7::text"
    return "$7::text is null" if metric.by is None else f"($7::text is null or b.{base.parts[metric.by]} = $7)"
