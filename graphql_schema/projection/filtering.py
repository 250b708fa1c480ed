"""What a list may be asked to leave out, declared: an input, and for each of its fields what it means in SQL.

`read` makes of the given value what the statement is given, and the `variant`: what its text depends on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.tables import TenantModel


@dataclass(frozen=True, slots=True)
class Where:
    """SQL with `{value}::type` for the value."""

    sql: str

    def read(self, value: Any) -> tuple[Any, Any]:
        return value, None


@dataclass(frozen=True, slots=True)
class Either:
    """SQL for true and for false: written out, so that each can use a partial index."""

    yes: str
    no: str

    def read(self, value: Any) -> tuple[Any, Any]:
        return value, bool(value)


@dataclass(frozen=True, slots=True)
class Each:
    """The column has one of the given values: an index range for each, so that their order needs no sorting."""

    column: str

    def read(self, value: Any) -> tuple[Any, Any]:
        values = sorted(set(value))
        return values, len(values)


@dataclass(frozen=True, slots=True)
class Words:
    """Rows that hold all words of a text. `model` has one row per word, with the columns `word`, `row` (the id of the
    row that holds it) and those the list is ordered by; `words` takes a text apart."""

    model: type[TenantModel]
    row: str
    words: Callable[[str], list[str]]

    def read(self, value: Any) -> tuple[Any, Any]:
        words = self.words(value)
        return words, len(words) > 1


Condition = Where | Either | Each | Words


class Filters:
    """A filter input, and the condition of each of its fields by Python name. A plain text is a `Where`."""

    def __init__(self, input: type, conditions: Mapping[str, Condition | str]) -> None:
        self.input = input
        self.conditions: Mapping[str, Condition] = {
            name: Where(condition) if isinstance(condition, str) else condition
            for name, condition in conditions.items()
        }
