"""The arguments of a list: page size, cursor, order, filter. Everything a client may get wrong is refused here."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import GraphQLError, get_named_type
from strawberry.utils.str_converters import to_snake_case

from backend.kit.ids import parse_published
from graphql_schema.projection.declaring import DEFAULT_PAGE, LARGEST_PAGE, Published
from graphql_schema.projection.selecting import Site
from tenants.tables import sql_type

# A value that no row has: a malformed id finds what an unknown one finds.
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Page:
    """`size` rows in `order` (a column, `-` in front for descending) from the end if `backward`.

    `position` is (key, id) of the row the page starts after, `other` of the row where it must stop.
    """

    size: int
    backward: bool
    order: str
    after: tuple[Any, UUID] | None
    before: tuple[Any, UUID] | None
    filters: tuple[tuple[str, Any], ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the text of a statement depends on."""
        return (
            self.size,
            self.backward,
            self.order,
            self.after is not None,
            self.before is not None,
            tuple(name for name, _ in self.filters),
        )


def bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def page_of(site: Site, target: Published, arguments: dict[str, Any]) -> Page:
    """Raises GraphQLError (BAD_USER_INPUT)."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise bad_input("Give either `first` or `last`.")
    size = last if last is not None else first if first is not None else DEFAULT_PAGE
    if not 0 <= size <= LARGEST_PAGE:
        raise bad_input(f"A page has 0 to {LARGEST_PAGE} rows.")
    chosen = arguments.get("orderBy")
    order = _value(chosen) if chosen is not None else next(iter(site.source.order)).value
    return Page(
        size=size,
        backward=last is not None,
        order=order,
        after=_position(arguments.get("after"), site, target, order),
        before=_position(arguments.get("before"), site, target, order),
        filters=tuple(
            (to_snake_case(name), _given(value, is_id=_is_id(site, name)))
            for name, value in sorted((arguments.get("filter") or {}).items())
            if value is not None
        ),
    )


def cursor_prefix(site: Site, order: str) -> str:
    """Binds a cursor to its list and order. A cursor is no secret: it only names a row its reader has seen."""
    return f"{site.name} {order} "


def _position(cursor: str | None, site: Site, target: Published, order: str) -> tuple[Any, UUID] | None:
    if cursor is None:
        return None
    prefix = cursor_prefix(site, order)
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        key, id_text = text[len(prefix) : -37], text[-36:]
        if not text.startswith(prefix) or text[-37] != " ":
            raise ValueError
        return _key(target, order, key), UUID(id_text)
    except (ValueError, IndexError, OverflowError, binascii.Error):
        raise bad_input("Invalid cursor.") from None


def _key(target: Published, order: str, text: str) -> Any:
    """Raises ValueError for what cannot be a key of this order."""
    assert target.model is not None
    kind = sql_type(target.model, order.removeprefix("-"))
    if kind == "timestamptz":
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    if kind == "integer":
        number = int(text)
        if str(number) != text or not -(2**31) <= number < 2**31:
            raise ValueError(text)
        return number
    if kind != "text" or "\x00" in text:
        raise ValueError(kind)
    return text


def _is_id(site: Site, name: str) -> bool:
    filter_type: Any = get_named_type(site.definition.args["filter"].type)
    return bool(get_named_type(filter_type.fields[name].type).name == "ID")


def _given(value: Any, *, is_id: bool) -> Any:
    if isinstance(value, list):
        return [_given(item, is_id=is_id) for item in value]
    if is_id:
        parsed = parse_published(value)
        return parsed[1] if parsed is not None else NOBODY
    value = _value(value)
    if isinstance(value, str) and "\x00" in value:
        raise bad_input("The text contains a NUL character.")
    return value


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
