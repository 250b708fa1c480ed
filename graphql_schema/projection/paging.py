"""The arguments of a list: page size, cursor, order, filter. Everything a client may get wrong is refused here."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLError, get_named_type
from strawberry.utils.str_converters import to_snake_case

from backend.kit.ids import parse_published
from graphql_schema.projection.declaring import DEFAULT_PAGE, LARGEST_PAGE
from graphql_schema.projection.filtering import Filters
from graphql_schema.projection.ordering import Key, keys_of
from graphql_schema.projection.selecting import GroupSite, ListSite, Site

# A value that no row has: a malformed id finds what an unknown one finds.
NOBODY = UUID(int=0)
Position = tuple[Any, ...]  # the values of the order's keys, the id last


@dataclass(frozen=True, slots=True)
class Given:
    """A filter with its value. `variant`: what the text of its condition depends on."""

    name: str
    value: Any
    variant: Any


@dataclass(frozen=True, slots=True)
class Page:
    """`size` rows in `order`, from the end if `backward`; `after` and `before` are the rows they lie between."""

    size: int
    backward: bool
    order: str
    keys: tuple[Key, ...]
    after: Position | None
    before: Position | None
    filters: tuple[Given, ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the text of a statement depends on."""
        return (
            self.size,
            self.backward,
            self.order,
            _holes(self.after),
            _holes(self.before),
            tuple((given.name, given.variant) for given in self.filters),
        )


@dataclass(frozen=True, slots=True)
class Grouping:
    """The arguments of a list of groups: the columns in the order they are grouped by."""

    by: tuple[str, ...]
    filters: tuple[Given, ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        return (self.by, tuple((given.name, given.variant) for given in self.filters))


Arguments = Page | Grouping


def bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def arguments_of(site: Site, arguments: dict[str, Any]) -> Arguments:
    """Raises GraphQLError (BAD_USER_INPUT)."""
    return _page(site, arguments) if isinstance(site, ListSite) else _grouping(site, arguments)


def _page(site: ListSite, arguments: dict[str, Any]) -> Page:
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise bad_input("Give either `first` or `last`.")
    size = last if last is not None else first if first is not None else DEFAULT_PAGE
    if not 0 <= size <= LARGEST_PAGE:
        raise bad_input(f"A page has 0 to {LARGEST_PAGE} rows.")
    chosen = arguments.get("orderBy")
    order = _value(chosen) if chosen is not None else next(iter(site.source.order)).value
    assert site.target.model is not None
    keys = keys_of(site.target.model, order)
    return Page(
        size=size,
        backward=last is not None,
        order=order,
        keys=keys,
        after=_position(arguments.get("after"), site, order, keys),
        before=_position(arguments.get("before"), site, order, keys),
        filters=_filters(site, site.source.filters, arguments),
    )


def _grouping(site: GroupSite, arguments: dict[str, Any]) -> Grouping:
    by = tuple(dict.fromkeys(_value(chosen) for chosen in arguments["by"]))
    return Grouping(by, _filters(site, site.source.filters, arguments))


def _filters(site: Site, filters: Filters | None, arguments: dict[str, Any]) -> tuple[Given, ...]:
    found = []
    for graphql_name, value in sorted((arguments.get("filter") or {}).items()):
        if value is None:
            continue
        assert filters is not None
        name = to_snake_case(graphql_name)
        given, variant = filters.conditions[name].read(_plain(value, is_id=_is_id(site, graphql_name)))
        found.append(Given(name, given, variant))
    return tuple(found)


def cursor_prefix(site: ListSite, order: str) -> str:
    """Binds a cursor to its list and order. A cursor is no secret: it only names a row its reader has seen."""
    return f"{site.name} {order} "


def _position(cursor: str | None, site: ListSite, order: str, keys: tuple[Key, ...]) -> Position | None:
    if cursor is None:
        return None
    prefix = cursor_prefix(site, order)
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        if not text.startswith(prefix) or text[-37] != " ":
            raise ValueError
        values = orjson.loads(text[len(prefix) : -37])
        if not isinstance(values, list) or len(values) != len(keys) - 1:
            raise ValueError
        return (*(_key(key, value) for key, value in zip(keys[:-1], values, strict=True)), UUID(text[-36:]))
    except (ValueError, IndexError, OverflowError, binascii.Error):
        raise bad_input("Invalid cursor.") from None


def _key(key: Key, value: Any) -> Any:
    """Raises ValueError for what cannot be a value of this key."""
    if value is None and key.nullable:
        return None
    if key.type == "timestamptz" and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    elif key.type == "integer" and type(value) is int and -(2**31) <= value < 2**31:
        return value
    elif key.type == "float8" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif key.type == "text" and isinstance(value, str) and "\x00" not in value:
        return value
    raise ValueError(key.column)


def _holes(position: Position | None) -> tuple[bool, ...] | None:
    return None if position is None else tuple(value is None for value in position)


def _is_id(site: Site, name: str) -> bool:
    filter_type: Any = get_named_type(site.definition.args["filter"].type)
    return bool(get_named_type(filter_type.fields[name].type).name == "ID")


def _plain(value: Any, *, is_id: bool) -> Any:
    if isinstance(value, list):
        return [_plain(item, is_id=is_id) for item in value]
    if is_id:
        parsed = parse_published(value)
        return parsed[1] if parsed is not None else NOBODY
    value = _value(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)  # asyncpg would take it for the time of this machine
    if isinstance(value, str) and "\x00" in value:
        raise bad_input("The text contains a NUL character.")
    return value


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
