"""A list becomes a sub-select: its page read through an index, then what is asked of each row.

Where the rows lie in several ranges of an index (a cursor on a row without a value, a filter with several values,
one range for each workspace) each range is read in order up to the page size, and the few rows are merged. A plain OR
or `= any()` under ORDER BY would read the whole list.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from graphql_schema.projection.declaring import Aggregate, Column, Published
from graphql_schema.projection.filtering import Each, Either, Where, Words
from graphql_schema.projection.ordering import Conditions, Key, at_most, beyond, order_by
from graphql_schema.projection.paging import Given, Grouping, Page, cursor_prefix
from graphql_schema.projection.selecting import GroupPlan, Leaf, ListPlan, ListSite
from graphql_schema.projection.texts import NULL, Text, literal, rendered

if TYPE_CHECKING:
    from graphql_schema.projection.compiling import Binder, Compiler

MOST_RANGES: Final = 8  # of one filter; more values are one condition
COUNTED: Final = 1_000  # rows of a word, to tell the rarest: words that have more are equally common


@dataclass(slots=True)
class _Rows:
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


def connection(c: "Compiler", plan: ListPlan, parent: Published | None, parent_row: str | None) -> str:
    """SQL text expression: the JSON of one connection, by one correlated sub-select."""
    page, site, row = c.arguments[plan.site], c.plan.sites[plan.site], c.alias()
    assert isinstance(page, Page)
    assert isinstance(site, ListSite)
    cursor = _cursor(site, page, row)
    joins: list[str] = []
    needs_rows = False
    needs_extra = any(name == "pageInfo" for _, name, _ in plan.parts)
    text = Text().constant("{")
    for index, (key, name, chosen) in enumerate(plan.parts):
        text.key(index, key)
        if name == "__typename":
            text.constant(json.dumps(chosen))
        elif name == "totalCount":
            text.sql(_total(c, plan, parent, parent_row))
        else:
            needs_rows = True
            if name == "nodes":
                _each(text, c.object(chosen, row, joins), page, row, needs_extra=needs_extra)
            elif name == "edges":
                _each(text, _edge(c, chosen, row, cursor, joins), page, row, needs_extra=needs_extra)
            else:
                _page_info(text, chosen, cursor, page)
    body = str(text.constant("}"))
    if not needs_rows:
        return body
    joined = " ".join(joins)
    limit = page.size + 1 if needs_extra else page.size
    limited = _limited(c, plan, row, _used(row, f"{body} {joined}", page.keys), limit, parent, parent_row)
    if not needs_extra:
        return f"(select {body} from ({limited}) {row} {joined})"
    inner = c.alias()
    order = order_by(page.keys, _of(inner), backward=page.backward)
    # The inner select is limited before anything is joined or numbered.
    return (
        f"(select {body} from (select {inner}.*, row_number() over (order by {order}) as rn, "
        f"count(*) over () as shown from ({limited}) {inner}) {row} {joined})"
    )


def groups(c: "Compiler", plan: GroupPlan, parent: Published, parent_row: str) -> str:
    """SQL text expression: the JSON of a list of groups."""
    grouping, target = c.arguments[plan.site], plan.object.published
    assert isinstance(grouping, Grouping)
    if c.hidden(target):
        return "'[]'"
    row, group = c.alias(), c.alias()
    rows = _rows(c, target, row, plan.site, lambda target, row: c.child_conditions(target, row, parent, parent_row))
    rows.conditions.append(f"{row}.{plan.source.key} = {parent_row}.id")
    columns = [f"{row}.{column}" for column in grouping.by]
    text = Text().constant("{")
    for index, (key, entry) in enumerate(plan.object.entries):
        text.key(index, key)
        if isinstance(entry, str):
            text.constant(json.dumps(entry))
            continue
        assert isinstance(entry, Leaf)
        if isinstance(entry.source, Aggregate):
            columns.append(f"{c.fill(entry.source.sql, row)} as a{index}")
            text.sql(rendered(entry, f"{group}.a{index}"))
        else:
            assert isinstance(entry.source, Column)
            name = entry.source.name
            text.sql(rendered(entry, f"{group}.{name}") if name in grouping.by else NULL)
    by = ", ".join(f"{row}.{column}" for column in grouping.by)
    order = ", ".join(f"{group}.{column}" for column in grouping.by)
    return (
        f"('[' || (select coalesce(string_agg({text.constant('}')}, ','{' order by ' + order if order else ''}), '') from ("
        f"select {', '.join(columns) or 'count(*)'} from {rows.tables} where {rows.where}"
        f"{' group by ' + by if by else ''}) {group}) || ']')"
    )


def _total(c: "Compiler", plan: ListPlan, parent: Published | None, parent_row: str | None) -> str:
    row = c.alias()
    rows = _list_rows(c, plan, row, parent, parent_row, workspace=None)
    return f"(select count(*)::text from {rows.tables} where {rows.where})"


def _limited(
    c: "Compiler",
    plan: ListPlan,
    row: str,
    columns: Sequence[str],
    limit: int,
    parent: Published | None,
    parent_row: str | None,
) -> str:
    """The rows of the page as a table with `columns`, in no order."""
    page = c.arguments[plan.site]
    assert isinstance(page, Page)
    across = plan.source.by_workspace and (parent is None or parent.workspace_column is None)
    if across and c.actor.is_of_agency and plan.target.may_lack_workspace:
        across = False  # rows without a workspace are in no workspace's range, and an index of the agency has them all
    space = c.alias()
    rows = _list_rows(c, plan, row, parent, parent_row, workspace=f"{space}.id" if across else None)
    starts, stops = _keyset(c, plan.site, page, rows.columns)
    rows.conditions += stops
    order = order_by(page.keys, rows.columns, backward=page.backward)
    merged = f"order by {order_by(page.keys, _of(row), backward=page.backward)} limit {limit}"
    selected = ", ".join(f"{row}.{column}" for column in columns)
    ranges = [
        f"select {selected} from {rows.tables} where {rows.within(chosen)} order by {order} limit {limit}"
        for chosen in product(*rows.apart, starts)
    ]
    if not ranges:  # a filter with no value at all
        ranges = [f"select {selected} from {rows.tables} where false"]
    text = ranges[0]
    if len(ranges) > 1:
        text = f"select * from ({' union all '.join(f'({each})' for each in ranges)}) {row} {merged}"
    if not across:
        return text
    spaces = (
        f"(select w.id from workspaces w where w.agency_id = {c.agency()}) {space}"
        if c.actor.sees_all
        else f"unnest({c.workspaces()}) {space}(id)"
    )
    return f"select {row}.* from {spaces} cross join lateral ({text}) {row} {merged}"


def _list_rows(
    c: "Compiler", plan: ListPlan, row: str, parent: Published | None, parent_row: str | None, *, workspace: str | None
) -> _Rows:
    def scope(target: Published, row: str) -> str:
        if workspace is not None:
            return c.conditions_within(target, row, workspace)
        return c.child_conditions(target, row, parent, parent_row)

    source = plan.source
    rows = _rows(c, plan.target, row, plan.site, scope)
    if source.key is not None:
        rows.conditions.append(f"{row}.{source.key} = {parent_row}.{source.own}")
    if source.where is not None:
        rows.conditions.append(f"({c.fill(source.where, row)})")
    return rows


def _rows(c: "Compiler", target: Published, row: str, site: int, scope: Callable[[Published, str], str]) -> _Rows:
    """The rows of `target` within `scope` that meet the filters given at `site`."""
    rows = _Rows(f"{target.table} {row}", _of(row), scope(target, row))
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


def _each_value(c: "Compiler", rows: _Rows, column: str, given: Given, bind: "Binder") -> None:
    values = c.parameter(bind, "text[]")
    together = f"{column} = any({values})"
    if given.variant > MOST_RANGES:
        rows.conditions.append(together)
        return
    rows.together.append(together)
    rows.apart.append([(f"{column} = ({values})[{number + 1}]",) for number in range(given.variant)])


def _with_words(
    c: "Compiler",
    rows: _Rows,
    condition: Words,
    target: Published,
    row: str,
    scope: Callable[[Published, str], str],
    given: Given,
    bind: "Binder",
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


def _keyset(c: "Compiler", site: int, page: Page, columns: Callable[[Key], str]) -> tuple[list[Conditions], list[str]]:
    """The ranges in which the page begins, and the conditions where it must stop."""
    starts: list[Conditions] = [()]
    stops: list[str] = []
    for which, position in (("after", page.after), ("before", page.before)):
        if position is None:
            continue
        parameters = {
            key.column: c.parameter(_position_binder(site, which, number), key.type)
            for number, key in enumerate(page.keys)
        }
        parameter = lambda key, parameters=parameters: parameters[key.column]  # noqa: E731
        ranges = beyond(page.keys, position, columns, parameter, backward=which == "before")
        if (which == "before") == page.backward:
            starts = ranges
            continue
        bound = at_most(page.keys, position, columns, parameter, backward=which == "before")
        stops += [] if bound is None or len(ranges) == 1 else [bound]
        stops.append(f"({' or '.join('(' + ' and '.join(each) + ')' for each in ranges)})")
    return starts, stops


def _cursor(site: ListSite, page: Page, row: str) -> str:
    keys = " || ',' || ".join(
        f"coalesce(to_json({row}.{key.column})::text, {NULL})" if key.nullable else f"to_json({row}.{key.column})::text"
        for key in page.keys[:-1]
    )
    prefix = literal(f"{cursor_prefix(site, page.order)}[")
    # encode() breaks lines after 76 characters.
    return f"translate(encode(convert_to({prefix} || {keys} || '] ' || {row}.id::text, 'UTF8'), 'base64'), E'\\n', '')"


def _each(text: Text, body: str, page: Page, row: str, *, needs_extra: bool) -> None:
    if needs_extra:
        way = "desc" if page.backward else "asc"
        rows = f"string_agg({body}, ',' order by rn {way}) filter (where rn <= {page.size})"
    else:
        rows = f"string_agg({body}, ',' order by {order_by(page.keys, _of(row), backward=False)})"
    text.constant("[").sql(f"coalesce({rows}, '')").constant("]")


def _edge(c: "Compiler", chosen: Sequence[tuple[str, str, Any]], row: str, cursor: str, joins: list[str]) -> str:
    text = Text().constant("{")
    for index, (key, name, inner) in enumerate(chosen):
        text.key(index, key)
        if name == "cursor":
            text.constant('"').sql(cursor).constant('"')
        elif name == "node":
            text.sql(c.object(inner, row, joins))
        else:
            text.constant(json.dumps(inner))
    return str(text.constant("}"))


def _page_info(text: Text, chosen: Sequence[tuple[str, str, Any]], cursor: str, page: Page) -> None:
    # count(*) of at most one row more than the page: that is why there is one row more.
    more = f"(count(*) > {page.size})::text"
    ends = {
        "first": f"min({cursor}) filter (where rn = {min(1, page.size)})",
        "last": f"min({cursor}) filter (where rn = least({page.size}, shown))",
    }
    values = {
        "hasNextPage": more if not page.backward else literal(json.dumps(page.before is not None)),
        "hasPreviousPage": more if page.backward else literal(json.dumps(page.after is not None)),
        "startCursor": ends["last" if page.backward else "first"],
        "endCursor": ends["first" if page.backward else "last"],
    }
    text.constant("{")
    for index, (key, name, inner) in enumerate(chosen):
        text.key(index, key)
        if name == "__typename":
            text.constant(json.dumps(inner))
        elif name.endswith("Cursor"):
            text.sql(f"coalesce('\"' || {values[name]} || '\"', {NULL})")
        else:
            text.sql(values[name])
    # Constants alone would be answered once per row: an empty aggregate makes it one.
    text.constant("}").sql("left(count(*)::text, 0)")


def _used(row: str, text: str, keys: Sequence[Key]) -> list[str]:
    """Only the columns that are used: wide rows cost a fifth of the statement on their way through the window."""
    return sorted({*re.findall(rf"\b{row}\.([a-z_]+)", text), *(key.column for key in keys)})


def _of(row: str) -> Callable[[Key], str]:
    return lambda key: f"{row}.{key.column}"


def _filter_binder(site: int, index: int) -> "Binder":
    return lambda _actor, arguments, _wanted: arguments[site].filters[index].value


def _position_binder(site: int, which: str, part: int) -> "Binder":
    return lambda _actor, arguments, _wanted: getattr(arguments[site], which)[part]
