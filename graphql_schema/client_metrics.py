"""Numbers about clients' communities: answered in Python, each with all that has to be known to believe it."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from backend import client_metrics
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published, published
from graphql_schema.agencies import Workspace
from graphql_schema.context import Info
from graphql_schema.describing import value
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_Client = Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")]
_Since = Annotated[datetime, strawberry.argument(description="When the window begins.")]
_Until = Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")]
_Name = Annotated[str, strawberry.argument(description="A name of `metricCatalogue`.")]


@strawberry.enum(description="Whether there is a number to show.")
class MetricStatus(Enum):
    OK = value("OK", "There is one.")
    INSUFFICIENT_DATA = value("INSUFFICIENT_DATA", "There is something, and too little to say anything by.")
    NO_DATA = value("NO_DATA", "There is nothing to count from; it is neither zero nor a hundred per cent.")


@strawberry.enum(description="Which way a number should go.")
class MetricBetter(Enum):
    UP = value("up", "More is better.")
    DOWN = value("down", "Less is better.")
    NEITHER = value("neither", "It says what there is, not how good that is.")


@strawberry.enum(description="How long each step of a series is, by the client's calendar.")
class MetricStep(Enum):
    DAY = value("day", "A day where the client is; it has 23 or 25 hours when clocks change.")
    WEEK = value("week", "From Monday to Sunday.")
    MONTH = value("month", "A month, from its first day.")


@strawberry.enum(description="Why a client needs attention, the gravest first.")
class AttentionReasonKind(Enum):
    ESCALATION_LATE = value("escalation_late", "Escalations that nobody has taken in time.")
    NOBODY_ON_CALL = value("nobody_on_call", "Times within the coming week at which nobody is on call.")
    ESCALATION_OPEN = value("escalation_open", "Escalations that are not resolved.")
    OPEN_PAST_DUE = value("open_past_due", "Cases that are open past their `dueAt`.")
    BELOW_GOAL = value("below_goal", "Surely less than 90 % of the cases closed this week were closed in time.")
    REPORTS_RISING = value("reports_rising", "More reports than last week, beyond chance.")
    ACTIVITY_FALLING = value("activity_falling", "Fewer people wrote than last week, beyond chance.")
    CERTIFICATES_MISSING = value("certificates_missing", "Certificates that colleagues need there and do not hold.")


@strawberry.type(description="What is counted, and how.")
class Metric:
    name: str = strawberry.field(description="What it is asked for by.")
    title: str = strawberry.field(description="What it is called, in English.")
    section: str = strawberry.field(description="What it belongs to: community, moderation, and so on.")
    question: str = strawberry.field(description="What it answers.")
    formula: str = strawberry.field(description="How, in words.")
    unit: str = strawberry.field(
        description="What its values are in: share (0 to 1), difference (of shares), index (0 to 1), seconds, or things "
        "that are counted."
    )
    better: MetricBetter = strawberry.field(description="Which way it should go.")
    sources: list[str] = strawberry.field(description="The tables it is counted from.")
    owner: str = strawberry.field(description="The part of Tend whose rows they are.")
    version: int = strawberry.field(description="Grows when the formula changes: numbers of two versions differ.")
    parts: str | None = strawberry.field(description="What else it is told of, such as community; null for nothing.")
    rows: str | None = strawberry.field(
        description="The kind of the rows it opens to, as in ids; null where it does not."
    )
    fewest: int = strawberry.field(description="Of fewer things nothing is said.")


@strawberry.type(description="One number of one window.")
class MetricValue:
    metric: str = strawberry.field(description="A name of `metricCatalogue`.")
    of: str | None = strawberry.field(
        description="The part it is about (an id, a tier, a severity, a code, a day); null for all of the client."
    )
    status: MetricStatus = strawberry.field(description="Whether there is a number to show.")
    value: float | None = strawberry.field(description="The number; null unless `status` is OK.")
    unit: str = strawberry.field(description="As in `Metric.unit`.")
    numerator: float | None = strawberry.field(description="What was counted; null where nothing is divided.")
    denominator: float | None = strawberry.field(description="Of what; null where nothing is divided.")
    n: int = strawberry.field(description="How many things say so.")
    low: float | None = strawberry.field(description="Lower end of its 95 % interval; null where it has none.")
    high: float | None = strawberry.field(description="Upper end of its 95 % interval; null where it has none.")
    coverage: float | None = strawberry.field(
        description="The share of what should be counted that could be; null where all of it is."
    )
    exclusions: list[str] = strawberry.field(description="What is left out, such as bots.")
    sentence: str | None = strawberry.field(description="What has to stand wherever the number stands.")
    since: datetime = strawberry.field(description="When its window begins.")
    until: datetime = strawberry.field(description="When that ends, which is no part of it.")
    version: int = strawberry.field(description="Which formula gave it, as in `Metric.version`.")


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


@strawberry.type(description="One reason for which a client needs attention.")
class AttentionReason:
    kind: AttentionReasonKind = strawberry.field(description="What it is about.")
    count: int = strawberry.field(description="How many there are of it.")
    value: MetricValue | None = strawberry.field(description="The number of this week that says so; null for a rota.")
    before: MetricValue | None = strawberry.field(description="That of last week, where they are compared.")


@strawberry.type(description="A client that needs attention this week.")
class ClientAttention:
    workspace: Workspace | None = strawberry.field(description="What it is about.")
    reasons: list[AttentionReason] = strawberry.field(description="Why, the gravest first.")


@strawberry.type
class ReadingMetrics:
    @strawberry.field(
        description="Every metric there is, in the order in which they are told.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def metric_catalogue(self, info: Info) -> list[Metric]:
        if not actor_of(info.context).holds(Right.READ_WORKSPACE):
            return []
        return [_metric(metric) for metric in client_metrics.CATALOGUE.values()]

    @strawberry.field(
        description="Numbers of a client in a window of ten years at most: of all of it, then of its parts. Null for one that is "
        "not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
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
        metadata={NEEDS: Right.READ_WORKSPACE},
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
        metadata={NEEDS: Right.READ_WORKSPACE},
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

    @strawberry.field(
        description="Which of your clients need attention this week, and why. Ranked by their gravest reason, in the order of "
        "AttentionReasonKind; of those alike by how many reasons they have, then by how many there are of the gravest, "
        "then by name. Empty for whoever is not of the agency.",
        metadata={NEEDS: Right.READ_STAFF},
    )
    async def clients_needing_attention(self, info: Info) -> list[ClientAttention]:
        try:
            found = await client_metrics.clients_needing_attention(actor_of(info.context))
        except NotAllowed:
            return []
        return [
            ClientAttention(
                workspace=ref(Workspace, each.workspace_id),
                reasons=[
                    AttentionReason(
                        kind=AttentionReasonKind(reason.why.value),
                        count=reason.count,
                        value=None if reason.value is None else shown_value(reason.value),
                        before=None if reason.before is None else shown_value(reason.before),
                    )
                    for reason in each.reasons
                ],
            )
            for each in found
        ]


def _id(kind: str, text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


def _published(kind: str, id: UUID) -> strawberry.ID:
    return strawberry.ID(published(kind, id))


def _metric(of: client_metrics.Metric) -> Metric:
    return Metric(
        name=of.name,
        title=of.title,
        section=of.section.value,
        question=of.question,
        formula=of.formula,
        unit=of.unit.value,
        better=MetricBetter(of.better.value),
        sources=list(of.sources),
        owner=of.owner,
        version=of.version,
        parts=of.by and of.by.value,
        rows=of.rows,
        fewest=of.fewest,
    )


def shown_value(of: client_metrics.Value) -> MetricValue:
    return MetricValue(
        metric=of.metric,
        of=of.of,
        status=MetricStatus(of.status.value),
        value=of.value,
        unit=of.unit,
        numerator=of.numerator,
        denominator=of.denominator,
        n=of.n,
        low=of.low,
        high=of.high,
        coverage=of.coverage,
        exclusions=list(of.exclusions),
        sentence=of.sentence,
        since=of.window.since,
        until=of.window.until,
        version=of.version,
    )
