"""GraphQL selection -> one SQL statement -> JSON: the engine, which knows no domain.

Steps: `declaring` (what a type publishes), `selecting` (a selection becomes a plan), `paging` (arguments of a list),
`compiling` (a plan becomes one statement), `serving` (the statement runs in the caller's scope).
"""

from graphql_schema.projection.declaring import (
    Connection,
    Filters,
    Node,
    PageInfo,
    column,
    count,
    identity,
    many,
    one,
    publish,
    published_kinds,
    same_row,
    sql,
)
from graphql_schema.projection.serving import Execution, Ref, ref

__all__ = [
    "Connection",
    "Execution",
    "Filters",
    "Node",
    "PageInfo",
    "Ref",
    "column",
    "count",
    "identity",
    "many",
    "one",
    "publish",
    "published_kinds",
    "ref",
    "same_row",
    "sql",
]
