"""Queries that a generator of others makes of the committed schema: the engine and the naive execution answer alike.

Unlike our own writer it gives every argument: both ends of a page at once, sizes out of range, cursors of nothing.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from graphql import (
    ArgumentNode,
    FieldNode,
    IntValueNode,
    NullValueNode,
    ObjectFieldNode,
    OverlappingFieldsCanBeMergedRule,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    parse,
    print_ast,
    validate,
    visit,
)
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries
from projection.test_difference import ROLES, _numbers_only, compare, furnish
from projection.writing import ANSWERED_IN_PYTHON, TEXTS, Operation, Pools

import graphql_schema.schema
from graphql_schema.projection.declaring import LARGEST_PAGE, ToMany

SCHEMA = graphql_schema.schema.schema._schema
COMMITTED = build_schema(Path(graphql_schema.schema.__file__).with_name("schema.graphql").read_text())
NOT_ANSWERED = {"viewer"}  # by the naive execution
# The generator unfolds every way through the schema, and its time grows with their number, to minutes for some seeds. These
# it does not go: tests/projection/test_difference.py does.
for type_, lists in {"Rule": ("versions", "firings", "backTests"), "Workspace": ("backTests", "hashBanks")}.items():
    for name in lists:
        del COMMITTED.type_map[type_].fields[name]

# What has a meaning only in the database is a number here, and put in its place by `Meaning`. No NUL: texts with one
# are refused by the engine only.
PLACES = st.integers(0, 40).map(lambda number: nodes.String(f"#{number}"))
NOISE = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map(nodes.String)
SIZES = (1, 2, 3, 1, 2, 3, 5, 0, LARGEST_PAGE, LARGEST_PAGE + 1, -1, 2**31 - 1)
NOTHING = st.just(nodes.Null)
SCALARS = {
    "Int": st.one_of(NOTHING, NOTHING, st.sampled_from(SIZES).map(nodes.Int)),
    "String": st.one_of(NOTHING, NOTHING, NOTHING, PLACES, PLACES, PLACES, PLACES, NOISE),
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat()}Z")),
    "JSON": st.dictionaries(st.text(), st.integers()).map(json.dumps).map(nodes.String),
}
# Where a value must be given, null is none.
IDS = st.one_of(PLACES, PLACES, PLACES, PLACES, PLACES, NOISE)
ROOTS = sorted(set(COMMITTED.query_type.fields) - ANSWERED_IN_PYTHON)
# Where lists are, most can go wrong; whatever `node` may be takes most of the room.
RICH = ("agency", "cases", "workspace", "workspaces")
QUERIES = st.sampled_from([*([root] for root in (*ROOTS, *RICH, *RICH)), ROOTS]).flatmap(
    lambda fields: queries(
        COMMITTED, fields=fields, custom_scalars={**SCALARS, "ID": IDS}, print_ast=lambda document: document
    )
)


class Meaning(Visitor):
    """Puts ids, words and cursors of the database where the generator left numbers. `impossible`: some list asks for
    what nobody can serve; the engine refuses that even where no row would ever be asked for it."""

    def __init__(self, types: TypeInfo, pools: Pools) -> None:
        super().__init__()
        self.types, self.pools, self.impossible = types, pools, False

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        definition = self.types.get_field_def()
        declared: Any = definition.extensions.get("strawberry-definition") if definition is not None else None
        given = {argument.name.value: argument.value for argument in node.arguments}
        if isinstance(getattr(declared, "source", None), ToMany):
            self._page(declared, given)
        else:
            given = {name: self._id(value, node.name.value, name) for name, value in given.items()}
        arguments = tuple(
            ArgumentNode(name=argument.name, value=given[argument.name.value]) for argument in node.arguments
        )
        return FieldNode(name=node.name, alias=node.alias, arguments=arguments, selection_set=node.selection_set)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode:
        name = node.name.value
        if name in TEXTS and (place := _place(node.value)) is not None:
            return ObjectFieldNode(name=node.name, value=StringValueNode(value=_at(TEXTS[name], place)))
        return ObjectFieldNode(name=node.name, value=self._id(node.value, name.removesuffix("Id"), "id"))

    def _page(self, declared: Any, given: dict[str, Any]) -> None:
        sizes = [int(each.value) for n in ("first", "last") if isinstance(each := given.get(n), IntValueNode)]
        self.impossible |= len(sizes) == 2 or any(not 0 <= size <= LARGEST_PAGE for size in sizes)
        order = declared.source.order
        chosen = next(iter(order)) if isinstance(given["orderBy"], NullValueNode) else order[given["orderBy"].value]
        known = self.pools.cursors.get((f"{declared.origin.__name__}.{declared.python_name}", chosen.value))
        for which in ("after", "before"):
            if known and (place := _place(given[which])) is not None:
                given[which] = StringValueNode(value=_at(known, place))
            self.impossible |= isinstance(given[which], StringValueNode) and given[which].value not in (known or ())

    def _id(self, value: Any, kind: str, name: str) -> Any:
        place = _place(value)
        if place is None:
            return value
        if name == "slug":
            return StringValueNode(value=_at(("forum", "chat", "shop", "nobody"), place))
        ids = self.pools.ids.get(kind) or [id for each in self.pools.ids.values() for id in each]
        return StringValueNode(value=_at(ids, place))

    def enter_list_value(self, node: Any, *_: Any) -> Any:
        return type(node)(values=tuple(self._id(value, "", "ids") for value in node.values))


def _place(value: Any) -> int | None:
    is_place = isinstance(value, StringValueNode) and value.value[:1] == "#" and value.value[1:].isdecimal()
    return int(value.value[1:]) if is_place else None


def _at(values: Any, place: int) -> Any:
    return values[place % len(values)]


@pytest.fixture(scope="module")
async def worlds(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> list[tuple[Cast, Pools]]:
    """Both agencies, each with its ids and with cursors of its lists in every order."""
    made = [(acme, await furnish(acme, globex)), (globex, await furnish(globex, acme))]
    for cast, pools in made:
        for name, field in SCHEMA.type_map["Workspace"].fields.items():
            source = getattr(field.extensions.get("strawberry-definition"), "source", None)
            for order in source.order if isinstance(source, ToMany) else ():
                asked = f"{name}(first: 9, orderBy: {order.name}) {{ edges {{ cursor }} }}"
                document = f"{{ workspaces {{ edges {{ cursor }} nodes {{ {asked} }} }} }}"
                pools.note((await ask(api, cast.tokens["owner"], document))["data"])
        for order in SCHEMA.query_type.fields["cases"].args["orderBy"].type.values:
            document = f"{{ cases(first: 9, orderBy: {order}) {{ edges {{ cursor }} }} }}"
            pools.note((await ask(api, cast.tokens["owner"], document))["data"])
        # An order of several columns is more than the one word that `note` expects.
        pools.cursors = by_order([cursor for each in pools.cursors.values() for cursor in each])
    return made


def by_order(cursors: list[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for cursor in cursors:
        name, _, rest = base64.b64decode(cursor).decode().partition(" ")
        found.setdefault((name, rest.partition(" [")[0]), []).append(cursor)
    return found


@pytest.fixture(scope="module")
def seen() -> Iterator[Counter[str]]:
    """How the queries ended; a generator whose queries all end one way would show nothing."""
    counted: Counter[str] = Counter()
    yield counted
    assert counted["answered"] > 50, counted
    assert counted["refused by both"] > 10, counted


@examples(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(document=QUERIES, who=st.sampled_from(ROLES), world=st.integers(0, 1), narrowed=st.sampled_from((None, "forum")))
async def test_the_engine_answers_generated_queries_as_the_naive_execution_does(
    api: httpx.AsyncClient,
    worlds: list[tuple[Cast, Pools]],
    seen: Counter[str],
    document: Any,
    who: str,
    world: int,
    narrowed: str | None,
) -> None:
    cast, pools = worlds[world]
    types = TypeInfo(SCHEMA)
    meaning = Meaning(types, pools)
    text = print_ast(visit(document, TypeInfoVisitor(types, meaning)))
    # The generator at times puts two fields of one name into one place, several levels down, that cannot be one.
    assume(not validate(SCHEMA, parse(text), [OverlappingFieldsCanBeMergedRule]))
    assert not validate(SCHEMA, parse(text)), text
    ours, theirs = await compare(api, cast, who, narrowed, Operation(text, {}))
    if ours is None:
        seen["too dear"] += 1
    elif ours is True and theirs is False:
        seen["refused unreached"] += 1
        assert meaning.impossible, f"{cast.slug}.{who} {narrowed}\n{text}"
    else:
        seen["answered" if isinstance(ours, str) else "refused by both"] += 1
        assert ours == theirs or _numbers_only(ours, theirs), f"{cast.slug}.{who} {narrowed}\n{text}\n{ours}\n{theirs}"
