"""Metrics that are rows of a base, and how many of these: one statement for all of them that are asked for together."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from backend.client_metrics.defining import Base, Metric, Part, Unit
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.values import Found, counted, shared
from tenants.scope import current

_Block: TypeAlias = tuple[Base, Part | None]


async def how_many(metrics: Sequence[Metric], places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """Of each place, all of the client and its parts."""
    blocks: dict[_Block, list[Metric]] = {}
    for metric in metrics:
        assert metric.counted is not None
        blocks.setdefault((metric.counted.base, metric.by), []).append(metric)
    parts = " union all ".join(_block(n, block, asked) for n, (block, asked) in enumerate(blocks.items()))
    numbered = list(blocks.values())
    told: list[dict[str, list[Found]]] = [defaultdict(list) for _ in places]
    for row in await current().fetch(over(parts), *over_values(places)):
        for metric, among, counts in zip(numbered[row["block"]], row["among"], row["counts"], strict=True):
            is_share = metric.unit is Unit.SHARE
            found = shared(counts, among) if is_share else counted(among, has_begun=row["has_begun"])
            if among or row["part"] is None:
                told[row["place"]][metric.name].append(found.part(row["part"]))
    return told


def _block(number: int, block: _Block, metrics: Sequence[Metric]) -> str:
    """A row for all of the client and one for each part."""
    base, part = block
    asked = [metric.counted for metric in metrics if metric.counted is not None]
    among = ", ".join(f"count(*) filter (where {each.among})" for each in asked)
    counts = ", ".join(f"count(*) filter (where ({each.among}) and ({each.counts or 'false'}))" for each in asked)
    column = "null" if part is None else f"b.{base.parts[part]}"
    told = f"""select {number} as block, {column} as part, array[{among}] as among, array[{counts}] as counts,
                      {base.began} as has_begun"""
    if part is None:
        return f"{told} from ({base.sql}) b"
    return f"{told} from ({base.sql}) b group by {column if base.is_levelled else f'grouping sets ((), ({column}))'}"
