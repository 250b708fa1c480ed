"""A plan becomes one statement. PostgreSQL builds the JSON, with the response keys, as text.

Shapes and why (reference/projection.md, section 3): text joined with `||` is a quarter faster than
json_build_object; to-one is a LEFT JOIN; to-many is a correlated sub-select inside `string_agg`; the page size is a
literal, because planning needs it; everything else is a parameter. Every table carries its constant `agency_id = $1`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql_schema.projection.declaring import (
    Column,
    Count,
    Expression,
    Identity,
    Published,
    SameRow,
)
from graphql_schema.projection.paging import Page, cursor_prefix
from graphql_schema.projection.selecting import Embedded, Leaf, ListPlan, ObjectPlan, Plan
from tenants.actor import Actor
from tenants.tables import sql_type

NULL: Final = "'null'"
Binder = Callable[[Actor, Sequence[Page], Any], Any]


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    binders: tuple[Binder, ...]

    def values(self, actor: Actor, pages: Sequence[Page], wanted: Any) -> list[Any]:
        return [bind(actor, pages, wanted) for bind in self.binders]


def compile_by_id(plan: Plan, pages: Sequence[Page], actor: Actor) -> Statement:
    """Columns `id` and `json`, one row for each wanted id (a list of UUID) that is there for the actor."""
    assert isinstance(plan.root, ObjectPlan)
    compiler = _Compiler(plan, pages, actor)
    row = compiler.alias()
    joins: list[str] = []
    body = compiler.object(plan.root, row, joins)
    wanted = compiler.parameter(lambda _actor, _pages, wanted: wanted, "uuid[]")
    where = compiler.own_conditions(plan.root.published, row)
    sql = (
        f"select {row}.id, {body} as json from {plan.root.published.table} {row} {' '.join(joins)} "
        f"where {where} and {row}.id = any({wanted})"
    )
    return _numbered(sql, compiler.binders)


def compile_list(plan: Plan, pages: Sequence[Page], actor: Actor) -> Statement:
    """One row, one column: the whole connection."""
    assert isinstance(plan.root, ListPlan)
    compiler = _Compiler(plan, pages, actor)
    body = compiler.connection(plan.root, None, None)
    return _numbered(f"select {body} as json", compiler.binders)


def _numbered(sql: str, binders: Sequence[Binder]) -> Statement:
    """Parameters that ended up unused are left out: PostgreSQL cannot tell their type and refuses them. No literal of
    a statement contains a dollar sign (GraphQL names and names of columns do not)."""
    used = sorted({int(number) for number in re.findall(r"\$(\d+)::", sql)})
    place = {number: index + 1 for index, number in enumerate(used)}
    text = re.sub(r"\$(\d+)::", lambda found: f"${place[int(found[1])]}::", sql)
    return Statement(text, tuple(binders[number - 1] for number in used))


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(slots=True)
class _Text:
    """Text put together from constants and SQL; neighbouring constants melt into one."""

    parts: list[tuple[bool, str]] = field(default_factory=list)

    def constant(self, text: str) -> "_Text":
        if self.parts and self.parts[-1][0]:
            self.parts[-1] = (True, self.parts[-1][1] + text)
        else:
            self.parts.append((True, text))
        return self

    def sql(self, expression: str) -> "_Text":
        self.parts.append((False, expression))
        return self

    def __str__(self) -> str:
        """Balanced, because a plain chain of some thousand `||` exceeds PostgreSQL's stack."""

        def join(parts: list[str]) -> str:
            if len(parts) <= 40:
                return "(" + " || ".join(parts) + ")"
            half = len(parts) // 2
            return f"({join(parts[:half])} || {join(parts[half:])})"

        return join([literal(text) if constant else text for constant, text in self.parts] or ["''"])


class _Compiler:
    def __init__(self, plan: Plan, pages: Sequence[Page], actor: Actor) -> None:
        self.plan, self.pages, self.actor = plan, pages, actor
        self.binders: list[Binder] = []
        self._aliases = 0
        self._shared: dict[str, str] = {}

    def alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def parameter(self, bind: Binder, type_: str) -> str:
        self.binders.append(bind)
        return f"${len(self.binders)}::{type_}"

    def agency(self) -> str:
        return self._once("agency", lambda actor, _pages, _wanted: actor.agency_id, "uuid")

    def _workspaces(self) -> str:
        return self._once("workspaces", lambda actor, _pages, _wanted: list(actor.workspaces or ()), "uuid[]")

    def _membership(self) -> str:
        return self._once("membership", lambda actor, _pages, _wanted: actor.membership_id, "uuid")

    def _once(self, name: str, bind: Binder, type_: str) -> str:
        if name not in self._shared:
            self._shared[name] = self.parameter(bind, type_)
        return self._shared[name]

    def fill(self, template: str, row: str) -> str:
        """The placeholders of a declared SQL expression."""
        text = template.replace("{row}", row)
        if "{agency}" in text:
            text = text.replace("{agency}", self.agency())
        if "{membership}" in text:
            text = text.replace("{membership}", self._membership())
        return text

    def hidden(self, target: Published) -> bool:
        return target.needs is not None and not self.actor.holds(target.needs)

    def own_conditions(self, target: Published, row: str) -> str:
        """What the wall checks, as constants the planner can use; `false` without the right to see the type at all."""
        if self.hidden(target):
            return "false"
        column = "id" if target.table == "agencies" else "agency_id"
        conditions = [f"{row}.{column} = {self.agency()}"]
        if target.workspace_column is not None and not self.actor.sees_all:
            conditions.append(f"{row}.{target.workspace_column} = any({self._workspaces()})")
        return " and ".join(conditions) + self._row_condition(target, row)

    def _row_condition(self, target: Published, row: str) -> str:
        return "" if target.row is None else f" and ({self.fill(target.row, row)})"

    def child_conditions(self, target: Published, row: str, parent: Published | None, parent_row: str | None) -> str:
        """Of a row reached from another one: in the same workspace where both have one."""
        if (
            parent is not None
            and parent.workspace_column is not None
            and target.workspace_column is not None
            and not self.hidden(target)
        ):
            return (
                f"{row}.agency_id = {self.agency()} "
                f"and {row}.{target.workspace_column} = {parent_row}.{parent.workspace_column}"
                f"{self._row_condition(target, row)}"
            )
        return self.own_conditions(target, row)

    def object(self, plan: ObjectPlan, row: str, joins: list[str]) -> str:
        """SQL text expression, never NULL while `row` is there. Joins for to-one references are added to `joins`."""
        text = _Text().constant("{")
        for index, (key, entry) in enumerate(plan.entries):
            text.constant(f'{"," if index else ""}"{key}":')
            if isinstance(entry, str):
                text.constant(json.dumps(entry))
            elif isinstance(entry, Leaf):
                self._leaf(entry, plan.published, row, text)
            elif isinstance(entry, ListPlan):
                text.sql(self.connection(entry, plan.published, row))
            else:
                text.sql(self._embedded(entry, plan.published, row, joins))
        return str(text.constant("}"))

    def _embedded(self, entry: Embedded, parent: Published, row: str, joins: list[str]) -> str:
        if isinstance(entry.source, SameRow):
            return self.object(entry.object, row, joins)
        target = entry.object.published
        if self.hidden(target):
            return NULL
        other = self.alias()
        match = (
            f"{other}.{entry.source.key} = {row}.id"
            if entry.source.reverse
            else f"{other}.id = {row}.{entry.source.key}"
        )
        # The join stands before those of the object inside it, which refer to it.
        joins.append(
            f"left join {target.table} {other} on {self.child_conditions(target, other, parent, row)} and {match}"
        )
        body = self.object(entry.object, other, joins)
        return f"case when {other}.id is null then {NULL} else {body} end"

    def _leaf(self, leaf: Leaf, parent: Published, row: str, text: _Text) -> None:
        source = leaf.source
        if isinstance(source, Identity):
            text.constant(f'"{parent.kind}_').sql(f"{row}.id::text").constant('"')
            return
        if isinstance(source, Column):
            expression = f"{row}.{source.name}"
        elif isinstance(source, Expression):
            expression = f"({self.fill(source.sql, row)})"
        else:
            assert isinstance(source, Count)
            expression = self._count(source, parent, row)
        if not leaf.is_list and leaf.type_name in ("Int", "Boolean", "JSON"):
            rendered = f"{expression}::text"
        elif not leaf.is_list and leaf.type_name not in ("String", "DateTime", "Float", "ID"):
            # An enum: a check constraint keeps its texts to plain words, so nothing needs escaping.
            rendered = f"'\"' || upper({expression}) || '\"'"
        else:
            rendered = f"to_json({expression})::text"
        text.sql(f"coalesce({rendered}, {NULL})" if leaf.nullable else f"({rendered})")

    def _count(self, source: Count, parent: Published, row: str) -> str:
        other = self.alias()
        table = source.model._meta.db_table
        conditions = [f"{other}.agency_id = {self.agency()}", f"{other}.{source.key} = {row}.id"]
        if source.model.workspace_column is not None and parent.workspace_column is not None:
            conditions.append(f"{other}.{source.model.workspace_column} = {row}.{parent.workspace_column}")
        if source.where is not None:
            conditions.append(self.fill(source.where, other))
        return f"(select count(*) from {table} {other} where {' and '.join(conditions)})"

    def connection(self, plan: ListPlan, parent: Published | None, parent_row: str | None) -> str:
        """SQL text expression: the JSON of one connection, by one correlated sub-select."""
        page, target, row = self.pages[plan.site], plan.target, self.alias()
        base = self._base_conditions(plan, row, parent, parent_row)
        cursor = self._cursor(plan, row, page)
        joins: list[str] = []
        needs_rows = False
        needs_extra = any(name == "pageInfo" for _, name, _ in plan.parts)
        text = _Text().constant("{")
        for index, (key, name, chosen) in enumerate(plan.parts):
            text.constant(f'{"," if index else ""}"{key}":')
            if name == "__typename":
                text.constant(json.dumps(chosen))
            elif name == "totalCount":
                text.sql(f"(select count(*)::text from {target.table} {row} where {base})")
            elif name == "nodes":
                needs_rows = True
                self._rows(text, self.object(chosen, row, joins), row, page, needs_extra=needs_extra)
            elif name == "edges":
                needs_rows = True
                self._rows(text, self._edge(chosen, row, cursor, joins), row, page, needs_extra=needs_extra)
            else:
                needs_rows = True
                self._page_info(text, chosen, cursor, page)
        body = str(text.constant("}"))
        if not needs_rows:
            return body
        limit = page.size + 1 if needs_extra else page.size
        order = self._order(page)
        # Only the columns that are used: wide rows cost a fifth of the statement on their way through the window.
        used = set(re.findall(rf"\b{row}\.([a-z_]+)", f"{body} {' '.join(joins)}")) | {
            page.order.removeprefix("-"),
            "id",
        }
        limited = (
            f"select {', '.join(f'{row}.{column}' for column in sorted(used))} from {target.table} {row} where {base}{self._keyset(plan, row, page)} "
            f"order by {order.format(row=row)} limit {limit}"
        )
        if not needs_extra:
            return f"(select {body} from ({limited}) {row} {' '.join(joins)})"
        inner = self.alias()
        # The inner select is limited before anything is joined or numbered.
        return (
            f"(select {body} from (select {inner}.*, row_number() over (order by {order.format(row=inner)}) as rn, "
            f"count(*) over () as shown from ({limited}) {inner}) {row} {' '.join(joins)})"
        )

    def _base_conditions(self, plan: ListPlan, row: str, parent: Published | None, parent_row: str | None) -> str:
        source, page = plan.source, self.pages[plan.site]
        conditions = [self.child_conditions(plan.target, row, parent, parent_row)]
        if source.key is not None:
            conditions.append(f"{row}.{source.key} = {parent_row}.{source.own}")
        if source.where is not None:
            conditions.append(f"({self.fill(source.where, row)})")
        for index, (name, _value) in enumerate(page.filters):
            assert source.filters is not None
            template = self.fill(source.filters.conditions[name], row)
            type_ = (
                "boolean" if "{value}::" not in template else template.split("{value}::")[1].split(")")[0].split(" ")[0]
            )
            value = self.parameter(_filter_binder(plan.site, index), type_)
            conditions.append("(" + template.replace(f"{{value}}::{type_}", value).replace("{value}", value) + ")")
        return " and ".join(conditions)

    def _order(self, page: Page) -> str:
        descending = page.order.startswith("-") != page.backward
        way = "desc" if descending else "asc"
        return f"{{row}}.{page.order.removeprefix('-')} {way}, {{row}}.id {way}"

    def _keyset(self, plan: ListPlan, row: str, page: Page) -> str:
        """Rows between the cursors. One direction and no NULL in the key, so a row comparison is right and fastest."""
        key, descending = page.order.removeprefix("-"), page.order.startswith("-")
        assert plan.target.model is not None
        type_ = sql_type(plan.target.model, key)
        text = ""
        for position, sign in ((page.after, "<" if descending else ">"), (page.before, ">" if descending else "<")):
            if position is None:
                continue
            which = "after" if position is page.after else "before"
            at = self.parameter(_position_binder(plan.site, which, 0), type_)
            id_ = self.parameter(_position_binder(plan.site, which, 1), "uuid")
            text += f" and ({row}.{key}, {row}.id) {sign} ({at}, {id_})"
        return text

    def _cursor(self, plan: ListPlan, row: str, page: Page) -> str:
        prefix = literal(cursor_prefix(self.plan.sites[plan.site], page.order))
        key = f"{row}.{page.order.removeprefix('-')}::text"
        # encode() breaks lines after 76 characters.
        return (
            f"translate(encode(convert_to({prefix} || {key} || ' ' || {row}.id::text, 'UTF8'), 'base64'), E'\\n', '')"
        )

    def _rows(self, text: _Text, body: str, row: str, page: Page, *, needs_extra: bool) -> None:
        if needs_extra:
            way = "desc" if page.backward else "asc"
            rows = f"string_agg({body}, ',' order by rn {way}) filter (where rn <= {page.size})"
        else:
            descending = page.order.startswith("-")
            way = "desc" if descending else "asc"
            rows = f"string_agg({body}, ',' order by {row}.{page.order.removeprefix('-')} {way}, {row}.id {way})"
        text.constant("[").sql(f"coalesce({rows}, '')").constant("]")

    def _edge(self, chosen: Sequence[tuple[str, str, Any]], row: str, cursor: str, joins: list[str]) -> str:
        text = _Text().constant("{")
        for index, (key, name, inner) in enumerate(chosen):
            text.constant(f'{"," if index else ""}"{key}":')
            if name == "cursor":
                text.constant('"').sql(cursor).constant('"')
            elif name == "node":
                text.sql(self.object(inner, row, joins))
            else:
                text.constant(json.dumps(inner))
        return str(text.constant("}"))

    def _page_info(self, text: _Text, chosen: Sequence[tuple[str, str, Any]], cursor: str, page: Page) -> None:
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
            text.constant(f'{"," if index else ""}"{key}":')
            if name == "__typename":
                text.constant(json.dumps(inner))
            elif name.endswith("Cursor"):
                text.sql(f"coalesce('\"' || {values[name]} || '\"', {NULL})")
            else:
                text.sql(values[name])
        # Constants alone would be answered once per row: an empty aggregate makes it one.
        text.constant("}").sql("left(count(*)::text, 0)")


def _filter_binder(site: int, index: int) -> Binder:
    return lambda _actor, pages, _wanted: pages[site].filters[index][1]


def _position_binder(site: int, which: str, part: int) -> Binder:
    return lambda _actor, pages, _wanted: getattr(pages[site], which)[part]
