"""A plan becomes one statement. PostgreSQL builds the JSON, with the response keys, as text.

Shapes and why (reference/projection.md, section 3): text joined with `||` is a quarter faster than
json_build_object; to-one is a LEFT JOIN; to-many is a correlated sub-select inside `string_agg`; the page size is a
literal, because planning needs it; everything else is a parameter. Every table carries its constant `agency_id = $1`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql_schema.projection.declaring import Column, Count, Expression, Identity, Published, SameRow
from graphql_schema.projection.drafting import Binder, Draft
from graphql_schema.projection.grouping import groups
from graphql_schema.projection.listing import connection
from graphql_schema.projection.paging import Arguments
from graphql_schema.projection.selecting import Choice, Embedded, GroupPlan, Leaf, ListPlan, ObjectPlan, Plan
from graphql_schema.projection.texts import NULL, Text, rendered
from tenants.actor import Actor


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    binders: tuple[Binder, ...]

    def values(self, actor: Actor, arguments: Sequence[Arguments], wanted: Any) -> list[Any]:
        return [bind(actor, arguments, wanted) for bind in self.binders]


def compile_by_id(plan: Plan, arguments: Sequence[Arguments], actor: Actor) -> Statement:
    """Columns `id` and `json`, one row for each wanted id (a list of UUID) that is there for the actor."""
    assert isinstance(plan.root, ObjectPlan)
    compiler = Compiler(plan, arguments, actor)
    row, asked = compiler.alias(), compiler.alias()
    joins: list[str] = []
    body = compiler.object(plan.root, row, joins)
    wanted = compiler.parameter(lambda _actor, _arguments, wanted: wanted, "uuid[]")
    # Joined to the ids, one by one through the primary key: of `id = any()` the planner only knows that there may be many.
    sql = (
        f"select {row}.id, {body} as json from unnest({wanted}) {asked}(id) join {plan.root.published.table} {row} "
        f"on {compiler.own_conditions(plan.root.published, row)} and {row}.id = {asked}.id {' '.join(joins)}"
    )
    return _numbered(sql, compiler.binders)


def compile_list(plan: Plan, arguments: Sequence[Arguments], actor: Actor) -> Statement:
    """One row, one column: the whole connection."""
    assert isinstance(plan.root, ListPlan)
    compiler = Compiler(plan, arguments, actor)
    body = connection(compiler, plan.root, None, None)
    return _numbered(f"select {body} as json", compiler.binders)


@lru_cache(maxsize=256)
def together(texts: tuple[str, ...]) -> str:
    """One statement for several that answer with `id` and `json`: their rows, with the place of the statement in
    `which`. Its parameters are theirs, one after the other."""
    parts, shift = [], 0
    for which, text in enumerate(texts):
        moved = re.sub(r"\$(\d+)::", lambda found, shift=shift: f"${int(found[1]) + shift}::", text)  # type: ignore[misc]
        parts.append(f"select {which} as which, each.id::text, each.json from ({moved}) each")
        shift += max(int(number) for number in re.findall(r"\$(\d+)::", text))
    return " union all ".join(parts)


def _numbered(sql: str, binders: Sequence[Binder]) -> Statement:
    """Parameters that ended up unused are left out: PostgreSQL cannot tell their type and refuses them. No literal of
    a statement contains a dollar sign (GraphQL names and names of columns do not)."""
    used = sorted({int(number) for number in re.findall(r"\$(\d+)::", sql)})
    place = {number: index + 1 for index, number in enumerate(used)}
    text = re.sub(r"\$(\d+)::", lambda found: f"${place[int(found[1])]}::", sql)
    return Statement(text, tuple(binders[number - 1] for number in used))


class Compiler(Draft):
    """Objects of one row, with all that is in them."""

    def object(self, plan: ObjectPlan, row: str, joins: list[str]) -> str:
        text = Text().constant("{")
        for index, (key, entry) in enumerate(plan.entries):
            text.key(index, key)
            if isinstance(entry, str):
                text.constant(json.dumps(entry))
            elif isinstance(entry, Leaf):
                self._leaf(entry, plan.published, row, text)
            elif isinstance(entry, ListPlan):
                text.sql(connection(self, entry, plan.published, row))
            elif isinstance(entry, GroupPlan):
                text.sql(groups(self, entry, plan.published, row))
            elif isinstance(entry, Choice):
                text.sql(self._choice(entry, plan.published, row, joins))
            else:
                text.sql(self._embedded(entry, plan.published, row, joins))
        return str(text.constant("}"))

    def _embedded(self, entry: Embedded, parent: Published, row: str, joins: list[str]) -> str:
        target = entry.object.published
        if isinstance(entry.source, SameRow):
            return NULL if self.hidden(target) else self.object(entry.object, row, joins)
        key, reverse, newest = entry.source.key, entry.source.reverse, entry.source.newest

        def match(other: str) -> str:
            if reverse:
                matches = f"{self.child_conditions(target, other, parent, row)} and {other}.{key} = {row}.id"
                if newest is None:
                    return matches
                each = self.alias()
                mine = f"{self.child_conditions(target, each, parent, row)} and {each}.{key} = {row}.id"
                return f"{matches} and {other}.{newest} = (select max({each}.{newest}) from {target.table} {each} where {mine})"
            return f"{self.referred_conditions(target, other, parent, row)} and {other}.id = {row}.{key}"

        other, body = self._joined(entry.object, joins, match)
        return NULL if body is None else f"case when {other}.id is null then {NULL} else {body} end"

    def _choice(self, entry: Choice, parent: Published, row: str, joins: list[str]) -> str:
        source, cases = entry.source, []
        for plan in entry.objects:
            target = plan.published
            kind = "" if source.kind is None else f" and {row}.{source.kind} = '{target.kind}'"
            key = f"{row}.{source.choices[target.cls.__name__]}{kind}"

            def match(other: str, target: Published = target, key: str = key) -> str:
                return f"{self.referred_conditions(target, other, parent, row)} and {other}.id = {key}"

            other, body = self._joined(plan, joins, match)
            if body is not None:
                cases.append(f"when {other}.id is not null then {body}")
        return f"case {' '.join(cases)} else {NULL} end" if cases else NULL

    def _joined(self, plan: ObjectPlan, joins: list[str], match: Callable[[str], str]) -> tuple[str, str | None]:
        """The alias of the one row that matches, and its object; None for a type that the actor may not see."""
        other = self.alias()
        if self.hidden(plan.published):
            return other, None
        # The join stands before those of the object inside it, which refer to it.
        joins.append(f"left join {plan.published.table} {other} on {match(other)}")
        return other, self.object(plan, other, joins)

    def _leaf(self, leaf: Leaf, parent: Published, row: str, text: Text) -> None:
        source = leaf.source
        if leaf.needs is not None and not self.actor.holds(leaf.needs):
            text.constant("null")
        elif isinstance(source, Identity):
            text.constant(f'"{parent.kind}_').sql(f"{row}.id::text").constant('"')
        elif isinstance(source, Column):
            text.sql(rendered(leaf, f"{row}.{source.name}"))
        elif isinstance(source, Expression):
            text.sql(rendered(leaf, f"({self.fill(source.sql, row)})"))
        else:
            assert isinstance(source, Count)
            text.sql(rendered(leaf, self._count(source, parent, row)))

    def _count(self, source: Count, parent: Published, row: str) -> str:
        other = self.alias()
        table = source.model._meta.db_table
        conditions = [f"{other}.agency_id = {self.agency()}", f"{other}.{source.key} = {row}.id"]
        if source.model.workspace_column is not None and parent.workspace_column is not None:
            conditions.append(f"{other}.{source.model.workspace_column} = {row}.{parent.workspace_column}")
        if source.where is not None:
            conditions.append(self.fill(source.where, other))
        return f"(select count(*) from {table} {other} where {' and '.join(conditions)})"
