"""What a type publishes, declared once, beside its Strawberry type."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLField
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from graphql_schema.projection.filtering import Filters
from tenants.rights import Right
from tenants.tables import TenantModel, has_column, is_nullable

T = TypeVar("T")

NEEDS: Final = "tend:needs"  # in a field's metadata: its right, or None for what is the caller's own and has no scope
# In the metadata of a field that is answered in Python: the points of what it computes, as a function of its arguments by
# their names in the schema. It must not raise; what it answers is added to one point per object.
COSTS: Final = "tend:costs"
DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 100


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, and unique across all types.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether rows precede this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null for an empty page.")


@strawberry.type(description="A row of a list, with its place.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Give it as `after` or `before` to the same list in the same order.")
    node: T = strawberry.field(description="The row itself.")


@strawberry.type(description="A page of a list: 50 rows unless `first` or `last` says otherwise, 100 at most.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The rows of the page, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The rows of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    total_count: int = strawberry.field(description="How many rows the whole list has.")


# Sources: where a field comes from. `{row}` in SQL is the row of the declaring type, `{agency}` the scope's agency,
# `{membership}` the actor's, `{address}` the API's; `{sees_all}` and `{workspaces}` are the actor's reach, which may be less than the scope's.


@dataclass(frozen=True, slots=True)
class Identity:
    """The published id, `<kind>_<uuid>`."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    sql: str


@dataclass(frozen=True, slots=True)
class SameRow:
    """An object made from columns and expressions of the same row; null for whoever lacks the right to its type."""


@dataclass(frozen=True, slots=True)
class ToOne:
    """The row whose id stands in column `key`; or, with `reverse`, the one row whose column `key` holds this row's id: of
    several the one with the highest number in the column `newest`, in which no two are the same."""

    key: str
    reverse: bool = False
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """The first row that is there among several types: by type name, the column that holds the row's id. With `kind`,
    only the type whose ids have the prefix that stands in this column."""

    choices: Mapping[str, str]
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ToMany:
    """The rows whose column `key` holds this row's `own` column; all rows of the scope where `key` is None.

    `order` is an enum of orders (see `ordering`); the first one is the default. `by_workspace`: a list across
    workspaces, read from the index of each and merged.
    """

    key: str | None
    order: type[Enum]
    own: str = "id"
    where: str | None = None
    filters: Filters | None = None
    by_workspace: bool = False


@dataclass(frozen=True, slots=True)
class Groups:
    """The rows whose column `key` holds this row's id, counted by the columns that are asked for: `by` is an enum of
    columns with few values. In the type of a group a column is what its rows share, null when not grouped by."""

    key: str
    by: type[Enum]
    filters: Filters | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Of the rows of a group; `{row}` is each of them."""

    sql: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows hold this row's id in column `key` of `model`."""

    model: type[TenantModel]
    key: str
    where: str | None = None


Source = Identity | Column | Expression | SameRow | ToOne | OneOf | ToMany | Groups | Aggregate | Count


@dataclass(slots=True)
class Published:
    """`kind` is the prefix of its ids; None for objects without a row of their own."""

    cls: type
    model: type[TenantModel] | None
    kind: str | None
    needs: Right | None
    row: str | None = None

    @property
    def table(self) -> str:
        assert self.model is not None
        return str(self.model._meta.db_table)

    @property
    def workspace_column(self) -> str | None:
        return self.model.workspace_column if self.model is not None else None

    @property
    def may_lack_workspace(self) -> bool:
        """Whether there are rows of no client in particular."""
        column = self.workspace_column
        return self.model is not None and column is not None and is_nullable(self.model, column)


_BY_TYPE_NAME: dict[str, Published] = {}
_BY_KIND: dict[str, Published] = {}


def published(type_name: str) -> Published | None:
    return _BY_TYPE_NAME.get(type_name)


def published_kinds() -> Mapping[str, Published]:
    """Every type with ids of its own, by the prefix of its ids."""
    return _BY_KIND


class ProjectedField(StrawberryField):
    """A field that PostgreSQL fills; Strawberry only sees its type and arguments."""

    source: Source
    needs: Right | None  # without it the field is null

    def __copy__(self) -> "ProjectedField":
        new = super().__copy__()
        new.source, new.needs = self.source, self.needs
        return new

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        """Only reached at the root: everything below is part of a statement."""
        return LISTING


class _Listing:
    """What a list at the root resolves to, before it is projected."""


LISTING: Final = _Listing()


def _field(
    source: Source,
    description: str | None,
    arguments: list[StrawberryArgument] | None = None,
    needs: Right | None = None,
) -> Any:
    made = ProjectedField(description=description)
    made.source, made.needs = source, needs
    made.init = False
    if arguments is not None:
        made.arguments = arguments
    return made


def is_about_the_caller(field: GraphQLField) -> bool:
    declared = field.extensions.get("strawberry-definition")
    return declared is not None and declared.metadata.get(NEEDS, declared) is None


def identity() -> Any:
    return _field(Identity(), "Opaque, and unique across all types.")


def column(name: str = "", *, needs: Right | None = None, description: str | None = None) -> Any:
    """A column of the model; of the field's own name where `name` is left out."""
    return _field(Column(name), description, needs=needs)


def sql(expression: str, *, needs: Right | None = None, description: str | None = None) -> Any:
    return _field(Expression(expression), description, needs=needs)


def same_row(*, description: str | None = None) -> Any:
    return _field(SameRow(), description)


def one(key: str, *, reverse: bool = False, newest: str | None = None, description: str | None = None) -> Any:
    return _field(ToOne(key, reverse, newest), description)


def one_of(choices: Mapping[str, str], *, kind: str | None = None, description: str | None = None) -> Any:
    """`choices`: the column that holds the row's id, by the name of the published type."""
    return _field(OneOf(choices, kind), description)


def count(
    model: type[TenantModel],
    key: str,
    *,
    where: str | None = None,
    needs: Right | None = None,
    description: str | None = None,
) -> Any:
    return _field(Count(model, key, where), description, needs=needs)


def aggregate(expression: str, *, description: str | None = None) -> Any:
    return _field(Aggregate(expression), description)


def many(
    key: str | None,
    *,
    order: type[Enum],
    own: str = "id",
    where: str | None = None,
    filters: Filters | None = None,
    by_workspace: bool = False,
    description: str | None = None,
) -> Any:
    arguments = [
        _argument("first", int | None, "Rows from the beginning, or after `after`: 0 to 100, 50 when left out."),
        _argument("after", str | None, "Only rows after this cursor."),
        _argument("last", int | None, "Rows from the end, or before `before`; not together with `first`."),
        _argument("before", str | None, "Only rows before this cursor."),
        _argument("order_by", order | None, "In which order; ties are broken by id."),
        *_filter(filters),
    ]
    return _field(ToMany(key, order, own, where, filters, by_workspace), description, arguments)


def groups(key: str, *, by: type[Enum], filters: Filters | None = None, description: str | None = None) -> Any:
    arguments = [_argument("by", list[by], "By which columns; by none, all rows are one group."), *_filter(filters)]  # type: ignore[valid-type]
    return _field(Groups(key, by, filters), description, arguments)


def _filter(filters: Filters | None) -> list[StrawberryArgument]:
    return [] if filters is None else [_argument("filter", filters.input | None, "Only rows that meet all of these.")]


def _argument(name: str, type_: Any, text: str) -> StrawberryArgument:
    # UNSET, not None: otherwise the schema prints `= null` on every optional argument.
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_),
        default=strawberry.UNSET,
        description=text,
    )


@dataclass_transform(field_specifiers=(column, sql, one, one_of, many, groups, aggregate, count, identity, same_row))
def publish(
    model: type[TenantModel] | None, *, kind: str | None = None, needs: Right | None = None, row: str | None = None
) -> Callable[[type[T]], type[T]]:
    """Make a class a published type over `model`. A field without a source is the column of its name.

    `needs`: without this right nobody finds a row of the type: lists are empty, references null. `row`: a condition on
    every row, however it is reached. Raises TypeError for
    a field the engine cannot project (a resolver, a permission class, an extension).
    """

    def decorate(cls: type[T]) -> type[T]:
        for name in inspect.get_annotations(cls):
            if name not in cls.__dict__:
                setattr(cls, name, identity() if name == "id" else column())
        made = strawberry.type(cls, description=inspect.getdoc(cls))
        entry = Published(cls=made, model=model, kind=kind, needs=needs, row=row)
        for declared in made.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            if not isinstance(declared, ProjectedField) or declared.permission_classes or declared.extensions:
                raise TypeError(f"{cls.__name__}.{declared.python_name} cannot be projected; declare it by its source.")
            source = declared.source
            if isinstance(source, Column) and not source.name:
                source = Column(declared.python_name)
                declared.source = source
            if isinstance(source, Column) and model is not None and not has_column(model, source.name):
                raise TypeError(f"{cls.__name__}.{declared.python_name}: {model.__name__} has no column {source.name}.")
        _BY_TYPE_NAME[cls.__name__] = entry
        if kind is not None:
            if kind in _BY_KIND:
                raise TypeError(f"Two types publish ids as {kind}_….")
            _BY_KIND[kind] = entry
        return made

    return decorate
