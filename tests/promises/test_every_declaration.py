"""What holds for every mutation and every type that is declared: it is in the schema. A class left out of a list, or a
file that nobody imports, is no error anywhere else."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from strawberry.utils.str_converters import to_camel_case

from graphql_schema.projection.declaring import published
from graphql_schema.schema import schema

ROOT = Path(__file__).parents[2]
SCHEMA = schema._schema


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for file in sorted((ROOT / "graphql_schema").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                yield str(file.relative_to(ROOT)), node


def is_declared_by(node: ast.ClassDef | ast.AsyncFunctionDef, *decorators: str) -> bool:
    return any(
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in decorators
        for call in node.decorator_list
    )


VERBS = [
    (file, class_.name, to_camel_case(method.name))
    for file, class_ in classes()
    for method in class_.body
    if isinstance(method, ast.AsyncFunctionDef) and is_declared_by(method, "verb", "own_verb")
]
PUBLISHED = [(file, class_.name) for file, class_ in classes() if is_declared_by(class_, "publish")]


@pytest.mark.parametrize(("file", "class_name", "verb"), VERBS)
def test_every_verb_is_a_mutation(file: str, class_name: str, verb: str) -> None:
    assert verb in SCHEMA.mutation_type.fields, (
        f"{file}: list {class_name} among the classes of Mutation in graphql_schema/schema.py"
    )


def test_no_verb_hides_another() -> None:
    twice = [verb for verb, count in Counter(verb for _, _, verb in VERBS).items() if count > 1]
    assert not twice, f"two classes of Mutation have it, and one answers: give one of them another name: {twice}"


def test_every_mutation_is_a_verb() -> None:
    others = set(SCHEMA.mutation_type.fields) - {verb for _, _, verb in VERBS}
    assert not others, f"declare it with @verb, which asks for its right and answers refusals as data: {others}"


@pytest.mark.parametrize(("file", "name"), PUBLISHED)
def test_every_published_type_is_in_the_schema(file: str, name: str) -> None:
    assert published(name) is not None, (
        f"{file}: nothing that is in the schema imports it: give {name} to a field, or import it in graphql_schema/queries.py"
    )
    assert name in SCHEMA.type_map, f"{file}: no field leads to {name}; give it one, or a `kind` for `node`"
