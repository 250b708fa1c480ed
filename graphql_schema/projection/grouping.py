"""A list of groups becomes a sub-select with GROUP BY: of each group its columns and what is counted in it."""

import json

from graphql_schema.projection.declaring import Aggregate, Column, Published
from graphql_schema.projection.drafting import Draft
from graphql_schema.projection.narrowing import narrowed
from graphql_schema.projection.paging import Grouping
from graphql_schema.projection.selecting import GroupPlan, Leaf
from graphql_schema.projection.texts import NULL, Text, rendered


def groups(c: Draft, plan: GroupPlan, parent: Published, parent_row: str) -> str:
    """SQL text expression: the JSON of a list of groups."""
    grouping, target = c.arguments[plan.site], plan.object.published
    assert isinstance(grouping, Grouping)
    if c.hidden(target):
        return "'[]'"
    row, group = c.alias(), c.alias()
    rows = narrowed(c, target, row, plan.site, lambda target, row: c.child_conditions(target, row, parent, parent_row))
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
