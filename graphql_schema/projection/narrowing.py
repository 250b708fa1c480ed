"""Where the rows of a list or of groups come from: a table within a scope, narrowed by the filters that were given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql_schema.projection.declaring import Published
from graphql_schema.projection.drafting import Binder, Draft
from graphql_schema.projection.filtering import Each, Either, Where, Words
from graphql_schema.projection.ordering import Conditions, Key, columns_of
from graphql_schema.projection.paging import Given

MOST_RANGES: Final = 8  # of one filter; more values are one condition
COUNTED: Final = 1_000  # rows of a word, to tell the rarest: words that have more are equally common


@dataclass(slots=True)
class Rows:
    """Where the rows of a list come from. `apart`: for each filter with several values, a range for each value."""

    tables: str
    columns: Callable[[Key], str]
    scope: str
    conditions: list[str] = field(default_factory=list)
    together: list[str] = field(default_factory=list)
    apart: list[list[Conditions]] = field(default_factory=list)

    @property
    def where(self) -> str:
        return " and ".join([self.scope, *self.conditions, *self.together])

    def within(self, ranges: Sequence[Conditions]) -> str:
        return " and ".join([self.scope, *self.conditions, *(condition for group in ranges for condition in group)])


def narrowed(c: Draft, target: Published, row: str, site: int, scope: Callable[[Published, str], str]) -> Rows:
    """The rows of `target` within `scope` that meet the filters given at `site`."""
    rows = Rows(f"{target.table} {row}", columns_of(row), scope(target, row))
    filters = c.plan.sites[site].source.filters
    for index, given in enumerate(c.arguments[site].filters):
        assert filters is not None
        condition = filters.conditions[given.name]
        if isinstance(condition, Where):
            type_ = condition.sql.split("{value}::")[1].split(")")[0].split(" ")[0]
            value = c.parameter(_filter_binder(site, index), type_)
            rows.conditions.append(f"({c.fill(condition.sql, row).replace(f'{{value}}::{type_}', value)})")
        elif isinstance(condition, Either):
            rows.conditions.append(f"({c.fill(condition.yes if given.variant else condition.no, row)})")
        elif isinstance(condition, Each):
            _each_value(c, rows, f"{row}.{condition.column}", given, _filter_binder(site, index))
        else:
            _with_words(c, rows, condition, target, row, scope, given, _filter_binder(site, index))
    return rows


def _each_value(c: Draft, rows: Rows, column: str, given: Given, bind: Binder) -> None:
    values = c.parameter(bind, "text[]")
    together = f"{column} = any({values})"
    if given.variant > MOST_RANGES:
        rows.conditions.append(together)
        return
    rows.together.append(together)
    rows.apart.append([(f"{column} = ({values})[{number + 1}]",) for number in range(given.variant)])


def _with_words(
    c: Draft,
    rows: Rows,
    condition: Words,
    target: Published,
    row: str,
    scope: Callable[[Published, str], str],
    given: Given,
    bind: Binder,
) -> None:
    """The rows of the rarest word, in its index's order; each must have the other words as well."""
    model, word = condition.model, c.alias()
    table = Published(cls=target.cls, model=model, kind=None, needs=None)
    columns = [column for column in model._meta.fields_db_projection.values() if column not in ("agency_id", "word")]
    words = c.parameter(bind, "text[]")
    rows.tables = f"{table.table} {word} join {target.table} {row} on {row}.id = {word}.{condition.row}"
    # The word lies within the scope, and its row where the word lies: found by its id alone.
    rows.scope = f"{scope(table, word)} and {c.referred_conditions(target, row, table, word)}"
    rows.columns = lambda key: (
        f"{word}.{condition.row}" if key.column == "id" else f"{word if key.column in columns else row}.{key.column}"
    )
    if not given.variant:
        rows.conditions.append(f"{word}.word = ({words})[1]")
        return
    counted, other = c.alias(), c.alias()
    few = (
        f"select from {table.table} {counted} where {scope(table, counted)} and {counted}.word = x.word limit {COUNTED}"
    )
    same = " and ".join(f"{other}.{column} = {word}.{column}" for column in columns)
    has_word = f"select from {table.table} {other} where {other}.agency_id = {c.agency()} and {other}.word = x.word"
    numbered = f"unnest({words}) with ordinality x(word, place)"
    rarest = f"select x.word from {numbered} order by (select count(*) from ({few}) few), x.place limit 1"
    others = f"select from unnest({words}) x(word) where x.word <> {word}.word and not exists ({has_word} and {same})"
    rows.conditions += [f"{word}.word = ({rarest})", f"not exists ({others})"]


def _filter_binder(site: int, index: int) -> Binder:
    return lambda _actor, arguments, _wanted: arguments[site].filters[index].value
