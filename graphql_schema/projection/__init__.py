"""GraphQL selection -> one SQL statement -> JSON: the engine, which knows no domain.

Steps: `declaring` (what a type publishes; `filtering`: how its lists are filtered), `selecting` (a selection becomes a plan), `paging` (the arguments of its
lists), `pricing` (what it costs), `compiling` (a plan becomes one statement; `listing`: its lists, `ordering`: their order
and cursors, `texts`: JSON as text), `remembering` (what is known of an operation), `reading` (the statement runs in the caller's scope), `serving` (inside graphql-core's
executor; `going_straight`: without it).
"""

from graphql_schema.projection.declaring import (
    Connection,
    Node,
    PageInfo,
    aggregate,
    column,
    count,
    groups,
    identity,
    many,
    one,
    one_of,
    publish,
    published_kinds,
    same_row,
    sql,
)
from graphql_schema.projection.filtering import Each, Either, Filters, Words
from graphql_schema.projection.going_straight import straight
from graphql_schema.projection.reading import Ref, ref
from graphql_schema.projection.serving import Execution

__all__ = [
    "Connection",
    "Each",
    "Either",
    "Execution",
    "Filters",
    "Node",
    "PageInfo",
    "Ref",
    "Words",
    "aggregate",
    "column",
    "count",
    "groups",
    "identity",
    "many",
    "one",
    "one_of",
    "publish",
    "published_kinds",
    "ref",
    "same_row",
    "sql",
    "straight",
]
