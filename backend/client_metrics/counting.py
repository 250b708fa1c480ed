"""Metrics that are rows of a base, and how many of these: one statement for all of them that are asked for together, which reads
the rows of each base once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from backend.client_metrics.defining import Base, Metric, Part, Unit
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.values import Found, averaged, counted, shared
from tenants.scope import current


async def how_many(metrics: Sequence[Metric], places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """Of each place, all of the client and its parts."""
    blocks: dict[Base, list[Metric]] = {}
    for metric in metrics:
        assert metric.counted is not None
        blocks.setdefault(metric.counted.base, []).append(metric)
    sql = " union all ".join(_block(n, base, asked) for n, (base, asked) in enumerate(blocks.items()))
    numbered = list(blocks.values())
    told: list[dict[str, list[Found]]] = [defaultdict(list) for _ in places]
    for row in await current().fetch(over(sql, *blocks), *over_values(places)):
        for n, metric in enumerate(numbered[row["block"]]):
            if row["kind"] in (None, metric.by) and (row["among"][n] or row["kind"] is None):
                told[row["place"]][metric.name].append(_found(metric, row, n).part(row["part"]))
    return told


def _found(metric: Metric, row: Any, n: int) -> Found:
    assert metric.counted is not None
    if metric.counted.averages is not None:
        return averaged(row["totals"][n] or 0, row["among"][n], row["spreads"][n])
    if metric.unit is Unit.SHARE:
        return shared(row["counts"][n], row["among"][n])
    return counted(row["among"][n], has_begun=row["has_begun"])


def _block(number: int, base: Base, metrics: Sequence[Metric]) -> str:
    """A row for all of the client, without a `kind`, and one for each part of each kind."""
    asked = [metric.counted for metric in metrics if metric.counted is not None]
    kinds = list(dict.fromkeys(metric.by for metric in metrics if metric.by is not None))
    columns = [base.parts[kind] for kind in kinds]
    among = ", ".join(f"count(*) filter (where {each.among})" for each in asked)
    counts = ", ".join(f"count(*) filter (where ({each.among}) and ({each.counts or 'false'}))" for each in asked)
    totals, spreads = (
        ", ".join(f"{told}({each.averages or 'null'}::float8) filter (where {each.among})" for each in asked)
        for told in ("sum", "stddev_samp")
    )
    return f"""select {number} as block, {_kind(base, kinds, columns)} as kind, {_part(columns)} as part,
                      array[{among}] as among, array[{counts}] as counts, array[{totals}] as totals,
                      array[{spreads}] as spreads, {base.began} as has_begun
                 from ({base.sql}) b{_grouped(base, columns)}"""


def _kind(base: Base, kinds: Sequence[Part], columns: Sequence[str]) -> str:
    if not kinds:
        return "null"
    is_one = "b.{} is not null" if base.is_levelled else "grouping(b.{}) = 0"
    told = " ".join(f"when {is_one.format(column)} then '{kind}'" for kind, column in zip(kinds, columns, strict=True))
    return f"case {told} end"


def _part(columns: Sequence[str]) -> str:
    return f"coalesce({', '.join(f'b.{column}' for column in columns)})" if columns else "null"


def _grouped(base: Base, columns: Sequence[str]) -> str:
    """Nothing where only all of the client is asked for, of which there is a row also without any."""
    if not columns:
        return f" where b.{next(iter(base.parts.values()))} is null" if base.is_levelled else ""
    if base.is_levelled:
        return f" group by b.{columns[0]}"
    return f" group by grouping sets ((), {', '.join(f'(b.{column})' for column in columns)})"
