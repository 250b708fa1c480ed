"""JSON as text in SQL: whatever stands in it, PostgreSQL reads it back whole."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backend.settings import Settings
from graphql_schema.projection.declaring import Column
from graphql_schema.projection.selecting import Leaf
from graphql_schema.projection.texts import Text, literal, rendered


@pytest.fixture(scope="module")
async def postgres(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.owner_url)
    yield connection
    await connection.close()


@examples(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00") | st.sampled_from("'\\\"$")), min_size=1
    )
)
async def test_a_literal_is_the_text_it_was_made_from(postgres: asyncpg.Connection, texts: list[str]) -> None:
    row = await postgres.fetchrow(f"select {', '.join(map(literal, texts))}")
    assert list(row) == texts


@examples(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    parts=st.lists(
        st.tuples(
            st.booleans(), st.text(st.characters(codec="utf-8", exclude_characters="\x00") | st.sampled_from("'\\"))
        )
    )
)
async def test_constants_and_expressions_are_joined_in_their_order(
    postgres: asyncpg.Connection, parts: list[tuple[bool, str]]
) -> None:
    text = Text()
    for is_constant, part in parts:
        if is_constant:
            text.constant(part)
        else:
            text.sql(f"({literal(part)}::text)")
    assert await postgres.fetchval(f"select {text}") == "".join(part for _, part in parts)


def test_neighbouring_constants_melt_into_one() -> None:
    text = Text().constant("{").key(0, "a").constant("1").sql("x").key(1, "b").constant("'}")
    assert str(text) == """('{"a":1' || x || ',"b":''}')"""


def test_no_parts_are_the_empty_text() -> None:
    assert str(Text()) == "('')"


async def test_many_thousand_parts_work(postgres: asyncpg.Connection) -> None:
    text, expected = Text(), []
    for n in range(20_000):
        text.constant(f"{n},").sql("'x'::text")
        expected.append(f"{n},x")
    assert await postgres.fetchval(f"select {text}") == "".join(expected)


VALUES: list[tuple[str, bool, str, Any]] = [
    ("Int", False, "7::int", 7),
    ("Boolean", False, "true", True),
    ("JSON", False, """'{"a": [1, null]}'::jsonb""", {"a": [1, None]}),
    ("Float", False, "0.25::float8", 0.25),
    ("String", False, """('q"\\' || chr(10) || '☃')::text""", 'q"\\\n☃'),
    ("ID", False, "'post_1'::text", "post_1"),
    ("DateTime", False, "'2026-01-01 00:00:00.5+00'::timestamptz", "2026-01-01T00:00:00.5+00:00"),
    ("CaseState", False, "'in_review'::text", "IN_REVIEW"),
    ("String", True, """array['a"', null, 'b']::text[]""", ['a"', None, "b"]),
    ("Int", True, "array[1, 2]", [1, 2]),
]


@pytest.mark.parametrize(("type_name", "is_list", "sql", "value"), VALUES)
async def test_every_type_of_value_is_json(
    postgres: asyncpg.Connection, type_name: str, is_list: bool, sql: str, value: Any
) -> None:
    await postgres.execute("set time zone 'UTC'")
    for nullable in (True, False):
        leaf = Leaf(Column("x"), type_name, is_list, nullable)
        assert json.loads(await postgres.fetchval(f"select {rendered(leaf, f'({sql})')}")) == value


@pytest.mark.parametrize(("type_name", "is_list", "sql", "value"), VALUES)
async def test_null_is_null_and_never_swallows_its_row(
    postgres: asyncpg.Connection, type_name: str, is_list: bool, sql: str, value: Any
) -> None:
    leaf = Leaf(Column("x"), type_name, is_list, nullable=True)
    nothing = f"(case when false then {sql} end)"
    text = Text().constant("{").key(0, "before").constant("1").key(1, "x").sql(rendered(leaf, nothing)).constant("}")
    assert json.loads(await postgres.fetchval(f"select {text}")) == {"before": 1, "x": None}
