"""Any order, any rows, any position: SQL finds what lies beyond it, as Python's own sorting says."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backend.moderation import Case
from backend.settings import Settings
from graphql_schema.projection.ordering import Key, at_most, beyond, keys_of, order_by

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# Few values of each type, so that there are ties; and those whose order a text or a float could get wrong.
VALUES: dict[str, list[Any]] = {
    "integer": [-1, 0, 9, 10],
    "text": ["", "B", "a", "a b", "ä"],
    "float8": [-1.5, 0.0, 2.0, 1e300],
    "timestamptz": [EPOCH, EPOCH + timedelta(microseconds=1), EPOCH + timedelta(days=1)],
}
IDS = [UUID(int=n << 120 | n) for n in (1, 2, 3, 0x7F, 0x80, 0xFF)]
Row = dict[str, Any]


@dataclass
class Scene:
    keys: tuple[Key, ...]
    rows: list[Row]
    position: Row


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    columns = [
        Key(name, draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from(sorted(VALUES))))
        for name in ("a", "b", "c")[: draw(st.integers(1, 3))]
    ]
    keys = (*columns, Key("id", columns[-1].descending, nullable=False, type="uuid"))
    values = {
        key.column: st.sampled_from([*VALUES[key.type], None, None] if key.nullable else VALUES[key.type])
        for key in columns
    }
    row = st.fixed_dictionaries({"id": st.sampled_from(IDS), **values})
    rows = draw(st.lists(row, max_size=len(IDS), unique_by=lambda row: row["id"]))
    # Of a row that is there, or of one that is not (any more).
    return Scene(keys, rows, draw(st.sampled_from(rows) | row if rows else row))


def in_order(rows: Sequence[Row], keys: Sequence[Key]) -> list[Row]:
    found = list(rows)
    for key in reversed(keys):  # sorting is stable: the first key is sorted by last
        with_value = [row for row in found if row[key.column] is not None]
        without = [row for row in found if row[key.column] is None]
        with_value.sort(key=lambda row, key=key: row[key.column], reverse=key.descending)  # type: ignore[misc]
        found = with_value + without
    return found


def around(scene: Scene) -> tuple[list[UUID], list[UUID]]:
    """The ids before the position and those after it."""
    others = [row for row in scene.rows if row != scene.position]
    found = in_order([*others, scene.position], scene.keys)
    place = next(n for n, row in enumerate(found) if row is scene.position)
    return [row["id"] for row in found[:place]], [row["id"] for row in found[place + 1 :]]


def of_row(key: Key) -> str:
    return f"r.{key.column}"


def of_position(key: Key) -> str:
    return f"p.{key.column}"


def asking(scene: Scene) -> str:
    """One row: all ids in order, and for each way the ids beyond the position, and those that the bound lets through."""
    columns = ", ".join(key.column for key in scene.keys)
    unnested = ", ".join(f"${n}::{key.type}[]" for n, key in enumerate(scene.keys, 1))
    single = ", ".join(f"${n}::{key.type}" for n, key in enumerate(scene.keys, 1 + len(scene.keys)))
    selected = [f"array(select id from rows r order by {order_by(scene.keys, of_row, backward=False)})"]
    values = [scene.position[key.column] for key in scene.keys]
    for backward in (False, True):
        ranges = beyond(scene.keys, values, of_row, of_position, backward=backward)
        each = [f"select r.* from rows r, position p where {' and '.join(conditions)}" for conditions in ranges]
        order = order_by(scene.keys, of_row, backward=backward)
        selected.append(f"array(select id from ({' union all '.join(each)}) r order by {order})")
        bound = at_most(scene.keys, values, of_row, of_position, backward=backward)
        selected.append(f"array(select r.id from rows r, position p where {bound or 'true'})")
    return (
        f"with rows({columns}) as (select * from unnest({unnested})), position({columns}) as (select {single}) "
        f"select {', '.join(selected)}"
    )


@pytest.fixture(scope="module")
async def postgres(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.owner_url)
    yield connection
    await connection.close()


@examples(max_examples=300, deadline=None, derandomize=True, database=None)
@given(scene=scenes())
async def test_what_lies_beyond_a_position_is_what_sorting_in_python_puts_there(
    postgres: asyncpg.Connection, scene: Scene
) -> None:
    lists = [[row[key.column] for row in scene.rows] for key in scene.keys]
    everything, after, bound_after, before, bound_before = await postgres.fetchrow(
        asking(scene), *lists, *(scene.position[key.column] for key in scene.keys)
    )
    assert everything == [row["id"] for row in in_order(scene.rows, scene.keys)]
    rows_before, rows_after = around(scene)
    # Lists, not sets: ranges that overlap would give a row twice.
    assert after == rows_after
    assert before == rows_before[::-1]
    assert set(after) <= set(bound_after)
    assert set(before) <= set(bound_before)


@examples(max_examples=300, deadline=None, derandomize=True, database=None)
@given(scene=scenes(), backward=st.booleans())
def test_a_bound_is_there_unless_rows_without_a_value_lie_beyond(scene: Scene, backward: bool) -> None:
    first = scene.keys[0]
    value = scene.position[first.column]
    bound = at_most(
        scene.keys, [scene.position[key.column] for key in scene.keys], of_row, of_position, backward=backward
    )
    assert (bound is None) == (value is None or (first.nullable and not backward))


def key(column: str, *, descending: bool = False, nullable: bool = False) -> Key:
    return Key(column, descending, nullable, "integer")


def ranges_of(*keys: Key, values: Sequence[Any], backward: bool = False) -> list[tuple[str, ...]]:
    last = Key("id", keys[-1].descending, nullable=False, type="uuid")
    return beyond((*keys, last), (*values, IDS[0]), of_row, of_position, backward=backward)


def test_columns_that_run_one_way_are_one_range() -> None:
    assert ranges_of(key("a"), key("b"), values=(1, 2)) == [("(r.a, r.b, r.id) > (p.a, p.b, p.id)",)]
    assert ranges_of(key("a"), values=(1,), backward=True) == [("(r.a, r.id) < (p.a, p.id)",)]


def test_where_the_way_turns_a_second_range_begins() -> None:
    assert ranges_of(key("a", descending=True), key("b"), values=(1, 2)) == [
        ("(r.a) < (p.a)",),
        ("(r.a) = (p.a)", "(r.b, r.id) > (p.b, p.id)"),
    ]


def test_rows_without_a_value_are_a_range_of_their_own() -> None:
    closed = key("a", descending=True, nullable=True)
    assert ranges_of(closed, values=(1,)) == [("(r.a, r.id) < (p.a, p.id)",), ("r.a is null",)]
    assert ranges_of(closed, values=(None,)) == [("r.a is null", "(r.id) < (p.id)")]
    assert ranges_of(closed, values=(None,), backward=True) == [
        ("r.a is null", "(r.id) > (p.id)"),
        ("r.a is not null",),
    ]


def test_an_order_is_written_as_its_index_is() -> None:
    keys = keys_of(Case, "-closed_at")
    assert order_by(keys, lambda key: key.column, backward=False) == "closed_at desc nulls last, id desc"
    assert order_by(keys, lambda key: key.column, backward=True) == "closed_at asc nulls first, id asc"
    keys = keys_of(Case, "-report_count, opened_at")
    assert order_by(keys, lambda key: key.column, backward=False) == "report_count desc, opened_at asc, id asc"
    assert order_by(keys, lambda key: key.column, backward=True) == "report_count asc, opened_at desc, id desc"
