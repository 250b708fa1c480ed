"""The order of a list, and the rows beyond a position in it.

An order is the value of an order enum: columns with commas between, `-` in front for descending. Rows without a value
come last, whichever way the column runs. The id breaks ties and runs as the last column does. Read backwards,
everything turns round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tenants.tables import TenantModel, is_nullable, sql_type

# Conditions that all hold for a row, as SQL.
Conditions = tuple[str, ...]
# SQL of a key's column, or of the parameter that holds a position's value of it.
Text = Callable[["Key"], str]


@dataclass(frozen=True, slots=True)
class Key:
    column: str
    descending: bool
    nullable: bool
    type: str  # PostgreSQL's


@lru_cache(maxsize=1_000)
def keys_of(model: type[TenantModel], order: str) -> tuple[Key, ...]:
    keys = []
    for part in order.split(", "):
        column = part.removeprefix("-")
        keys.append(Key(column, part.startswith("-"), is_nullable(model, column), sql_type(model, column)))
    return (*keys, Key("id", keys[-1].descending, nullable=False, type="uuid"))


def columns_of(row: str) -> Text:
    """The columns of the keys in this row."""
    return lambda key: f"{row}.{key.column}"


def order_by(keys: Sequence[Key], column: Text, *, backward: bool) -> str:
    return ", ".join(f"{column(key)} {_way(key, backward=backward)}" for key in keys)


def _way(key: Key, *, backward: bool) -> str:
    way = "desc" if key.descending != backward else "asc"
    # PostgreSQL's default is `asc nulls last` and `desc nulls first`.
    if key.nullable and key.descending:
        return f"{way} nulls {'first' if backward else 'last'}"
    return way


def beyond(
    keys: Sequence[Key], values: Sequence[Any], column: Text, parameter: Text, *, backward: bool
) -> list[Conditions]:
    """The rows after a position (before it, where `backward`): ranges of an index that do not overlap.

    One range wherever possible: a row comparison costs 0.05 ms, the same as alternatives joined by OR 2.9 ms.
    """
    if not keys:
        return []
    first, value = keys[0], values[0]
    if value is None:
        ranges = [
            (f"{column(first)} is null", *rest)
            for rest in beyond(keys[1:], values[1:], column, parameter, backward=backward)
        ]
        return [*ranges, (f"{column(first)} is not null",)] if backward else ranges
    run = _run(keys, values)
    own = ", ".join(column(key) for key in keys[:run])
    theirs = ", ".join(parameter(key) for key in keys[:run])
    sign = "<" if first.descending != backward else ">"
    ranges = [(f"({own}) {sign} ({theirs})",)]
    ranges += [
        (f"({own}) = ({theirs})", *rest)
        for rest in beyond(keys[run:], values[run:], column, parameter, backward=backward)
    ]
    if first.nullable and not backward:
        ranges.append((f"{column(first)} is null",))
    return ranges


def at_most(keys: Sequence[Key], values: Sequence[Any], column: Text, parameter: Text, *, backward: bool) -> str | None:
    """A bound that every row of `beyond` meets, for the index to stop at: on the first key alone."""
    first = keys[0]
    if values[0] is None or (first.nullable and not backward):
        return None
    return f"{column(first)} {'<=' if first.descending != backward else '>='} {parameter(first)}"


def _run(keys: Sequence[Key], values: Sequence[Any]) -> int:
    """How many keys one row comparison covers: they run one way, and only the first may lack a value."""
    count = 1
    while (
        count < len(keys)
        and keys[count].descending == keys[0].descending
        and not keys[count].nullable
        and values[count] is not None
    ):
        count += 1
    return count
