"""Numbers of one client: a dashboard, a series, and the rows that a number counts. Answered in Python."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from backend import client_metrics
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published, published
from graphql_schema.client_metrics import Metric, MetricValue, shown_metric, shown_value
from graphql_schema.context import Info
from graphql_schema.describing import value
from graphql_schema.projection.declaring import COSTS, NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

# Points: a number reads the rows of its window, which is what costs, and a step of a series is asked for by itself.
METRIC_PRICE: Final = 10  # of each metric, for each 30 days begun
STEP_PRICE: Final = 2  # of each value of a series
_PRICED_DAYS: Final = 30

_Client = Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")]
_Since = Annotated[datetime, strawberry.argument(description="When the window begins.")]
_Until = Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")]
_Name = Annotated[str, strawberry.argument(description="A name of `metricCatalogue`.")]


@strawberry.enum(description="How long each step of a series is, by the client's calendar.")
class MetricStep(Enum):
    DAY = value("day", "A day where the client is; it has 23 or 25 hours when clocks change.")
    WEEK = value("week", "From Monday to Sunday.")
    MONTH = value("month", "A month, from its first day.")


_LENGTHS: Final = {
    MetricStep.DAY: timedelta(days=1),
    MetricStep.WEEK: timedelta(days=7),
    MetricStep.MONTH: timedelta(days=28),
}


@strawberry.type(description="A number over time.")
class MetricSeries:
    values: list[MetricValue] = strawberry.field(description="The earliest first; first and last may be cut.")
    chart: JSON = strawberry.field(description="A Vega-Lite specification that draws it, without any address in it.")


@strawberry.type(description="A row that a number counts.")
class MetricRow:
    id: strawberry.ID = strawberry.field(description="Of the thing: ask for it by `nodes`.")
    counts: bool | None = strawberry.field(
        description="Whether it is in the numerator, or in the denominator alone; null where rows do not answer that."
    )


@strawberry.type(description="Some of the rows that a number counts, by id.")
class MetricRows:
    rows: list[MetricRow] = strawberry.field(description="At most 100.")
    end_cursor: strawberry.ID | None = strawberry.field(description="Give it as `afterRow` for more; null at the end.")


def _price_of_numbers(given: Mapping[str, Any]) -> int:
    names = given.get("names")
    return METRIC_PRICE * (len(client_metrics.CATALOGUE) if names is None else len(names)) * _months(given)


def _price_of_rows(given: Mapping[str, Any]) -> int:
    return METRIC_PRICE * _months(given)


def _price_of_series(given: Mapping[str, Any]) -> int:
    steps = _begun(given, _LENGTHS[given["step"]]) + 1  # the first and the last may be cut
    return METRIC_PRICE * _months(given) + STEP_PRICE * min(steps, client_metrics.MOST_STEPS)


def _months(given: Mapping[str, Any]) -> int:
    return _begun(given, timedelta(days=_PRICED_DAYS))


def _begun(given: Mapping[str, Any], length: timedelta) -> int:
    """How many of `length` a window touches; what is longer than any may be is refused when it is read."""
    window: timedelta = min(given["until"] - given["since"], client_metrics.LONGEST_WINDOW)
    return max(1, -(-window // length))


@strawberry.type
class ReadingMetrics:
    @strawberry.field(
        description="Every metric there is, in the order in which they are told.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def metric_catalogue(self, info: Info) -> list[Metric]:
        if not actor_of(info.context).holds(Right.READ_WORKSPACE):
            return []
        return [shown_metric(metric) for metric in client_metrics.CATALOGUE.values()]

    @strawberry.field(
        description="Numbers of a client in a window of ten years at most: of all of it, then of its parts. Null for one that is "
        "not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE, COSTS: _price_of_numbers},
    )
    async def metrics(
        self,
        info: Info,
        workspace_id: _Client,
        since: _Since,
        until: _Until,
        names: Annotated[
            list[str] | None, strawberry.argument(description="Names of `metricCatalogue`; all when left out.")
        ] = None,
    ) -> list[MetricValue] | None:
        found = _id("workspace", workspace_id)
        if found is None:
            return None
        try:
            window = await client_metrics.window_of(found, since=since, until=until)
            wanted = list(client_metrics.CATALOGUE) if names is None else names
            return [
                shown_value(each)
                for each in await client_metrics.measure(actor_of(info.context), found, window, wanted)
            ]
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None

    @strawberry.field(
        description="One number of all of a client over time, at most 400 steps. Null for a client that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE, COSTS: _price_of_series},
    )
    async def metric_series(
        self,
        info: Info,
        workspace_id: _Client,
        name: _Name,
        since: _Since,
        until: _Until,
        step: Annotated[MetricStep, strawberry.argument(description="How long each step is.")],
    ) -> MetricSeries | None:
        found = _id("workspace", workspace_id)
        if found is None:
            return None
        try:
            window = await client_metrics.window_of(found, since=since, until=until)
            told = await client_metrics.series(
                actor_of(info.context), found, name, window, client_metrics.Step(step.value)
            )
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return MetricSeries(values=[shown_value(each) for each in told], chart=JSON(client_metrics.chart(told)))

    @strawberry.field(
        description="The rows that a number counts, a hundred at a time. Null for a client, or rows, that are not there for you; "
        "what an escalation restricts is missing for whoever is not its reader.",
        metadata={NEEDS: Right.READ_WORKSPACE, COSTS: _price_of_rows},
    )
    async def metric_rows(
        self,
        info: Info,
        workspace_id: _Client,
        name: _Name,
        since: _Since,
        until: _Until,
        of: Annotated[str | None, strawberry.argument(description="As in `MetricValue.of`; all when left out.")] = None,
        after_row: Annotated[
            strawberry.ID | None, strawberry.argument(description="Where to go on: `endCursor` of the rows before.")
        ] = None,
    ) -> MetricRows | None:
        found, parsed = _id("workspace", workspace_id), None if after_row is None else parse_published(after_row)
        if found is None:
            return None
        if after_row is not None and parsed is None:
            raise bad_input("`afterRow` is an `endCursor`.")
        try:
            window = await client_metrics.window_of(found, since=since, until=until)
            page = await client_metrics.rows_behind(
                actor_of(info.context), found, name, window, of=of, after=parsed and parsed[1]
            )
        except (NotAllowed, NotFound):
            return None
        except (Invalid, Conflict) as refusal:
            raise bad_input(refusal.message) from None
        rows = [MetricRow(id=_published(page.kind, row.id), counts=row.counts) for row in page.rows]
        return MetricRows(rows=rows, end_cursor=rows[-1].id if page.has_more else None)


def _id(kind: str, text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


def _published(kind: str, id: UUID) -> strawberry.ID:
    return strawberry.ID(published(kind, id))
