"""What a number about a client's community says of itself: all that has to be known to believe it."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import client_metrics
from graphql_schema.describing import value


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


def shown_metric(of: client_metrics.Metric) -> Metric:
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
