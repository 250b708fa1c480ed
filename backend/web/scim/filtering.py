"""SCIM's filters as SQL conditions: attributes are looked up in a table of expressions, every value is a parameter."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from scim2_models import AttributeBinding, InvalidFilterException, InvalidPathException, Path, ScimFilter, SearchRequest
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from scim2_models.path.resolution import coerce_value

from backend.directory import GROUP_COLUMNS, PERSON_COLUMNS, Column, Condition, Order, Several
from backend.kit.ids import is_canonical
from backend.web.scim.describing import Group, User

LONGEST_FILTER: Final = 4_000  # characters
COLUMNS: Final[Mapping[type[Any], Mapping[str, Column | Several]]] = {User: PERSON_COLUMNS, Group: GROUP_COLUMNS}
# Entra asks so, which the grammar does not allow: a value path of a filter has no sub-attribute.
_ENTRA: Final = re.compile(r'^\s*emails\[type eq "work"\]\.value(?= )', re.IGNORECASE)
_EQUAL: Final = (CompareOperator.eq, CompareOperator.ne)
_ORDERS: Final = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_TYPES: Final = {"text": "text", "exact": "text", "uuid": "uuid", "boolean": "boolean", "time": "timestamptz"}


def asked_of(model: Any, given: Mapping[str, Any]) -> SearchRequest[Any]:
    """`model`: of whom is asked, perhaps several. Raises pydantic's ValidationError and InvalidFilterException."""
    text = given.get("filter")
    if isinstance(text, str):
        if len(text) > LONGEST_FILTER:
            raise InvalidFilterException(detail=f"A filter has at most {LONGEST_FILTER:,} characters.")
        given = {**given, "filter": _ENTRA.sub("emails.value", text)}
    try:
        request: SearchRequest[Any] = _bound(SearchRequest, model).model_validate(given)
    except RecursionError:
        raise InvalidFilterException(detail="The filter is nested too deep.") from None
    return request


def condition_of(model: type[Any], request: SearchRequest[Any]) -> Condition:
    """Where several kinds are asked for, one without an attribute does not fit (RFC 7644, 3.4.2.1). Raises
    InvalidFilterException."""
    if request.filter is None:
        return Condition()
    writer = _Writer(model, _bound(ScimFilter, model)(request.filter.ast), is_alone=len(request.filter.models) == 1)
    sql = writer.visit(request.filter.ast)
    return Condition(sql, tuple(writer.values))


def order_of(model: type[Any], request: SearchRequest[Any]) -> Order | None:
    """Raises InvalidPathException for what has no order here."""
    if request.sort_by is None:
        return None
    binding = request.sort_binding(model)
    column = None if binding is None else COLUMNS[model].get(_name(binding))
    if isinstance(column, Several):
        column = column.columns.get("value") if column.exists == "({condition})" else None
    if column is None:
        raise InvalidPathException(detail=f"Nothing is sorted by {request.sort_by}.")
    return Order(column.sql, descending=request.sort_order == SearchRequest.SortOrder.descending)


def _bound(generic: Any, model: Any) -> Any:
    """A type of the library for a model that is known at run time only."""
    return generic[model]


class _Writer(FilterVisitor[str]):
    """`values` fill with the parameters of what was visited."""

    def __init__(self, model: type[Any], filter: ScimFilter[Any], *, is_alone: bool) -> None:
        self.values: list[Any] = []
        self._columns = COLUMNS[model]
        self._filter = filter
        self._is_alone = is_alone
        self._within: tuple[AttributeBinding, Several] | None = None

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        word = " and " if node.op == LogicalOperator.and_ else " or "
        return f"({word.join(self.visit(term) for term in node.terms)})"

    def visit_not(self, node: Not) -> str:
        return f"(not {self.visit(node.expr)})"

    def visit_value_path(self, node: ValuePath) -> str:
        binding = self._filter.resolve(node.attr_path, strict=self._is_alone)
        if binding is None:
            return "false"
        several = None if binding is None or self._within else self._columns.get(_name(binding, whole=True))
        if not isinstance(several, Several):
            raise _unknown(node.attr_path)
        self._within = binding, several
        try:
            return several.exists.format(condition=self.visit(node.val_filter))
        finally:
            self._within = None

    def visit_present(self, node: Present) -> str:
        found = self._found(node.attr_path)
        if found is None:
            return "false"
        column, several, _ = found
        present = (
            f"coalesce({column.sql} <> '', false)"
            if column.kind in ("text", "exact")
            else f"({column.sql} is not null)"
        )
        return present if several is None else several.exists.format(condition=present)

    def visit_comparison(self, node: Comparison) -> str:
        found = self._found(node.attr_path)
        if found is None:
            return "false"
        column, several, binding = found
        if several is None:
            return self._compared(column, binding, node.op, node.value)
        # Of several values none is the one that `ne` names; and of nothing, none is.
        op, is_turned = node.op, node.op == CompareOperator.ne
        if node.value is None and op in _EQUAL:
            op, is_turned = CompareOperator.ne, not is_turned
        elif is_turned:
            op = CompareOperator.eq
        holds = several.exists.format(condition=self._compared(column, binding, op, node.value))
        return f"(not {holds})" if is_turned else holds

    def _compared(self, column: Column, binding: AttributeBinding, op: CompareOperator, given: Any) -> str:
        """Never null: `not` of a comparison with nothing is true."""
        if given is None:
            if op not in _EQUAL:
                raise InvalidFilterException(detail=f"Nothing is {op.value} null.")
            return f"({column.sql} is {'' if op == CompareOperator.eq else 'not '}null)"
        value = coerce_value(binding, given, op)
        if column.kind == "uuid":
            return self._compared_id(column.sql, op, value)
        if column.kind in ("text", "exact"):
            value = str(value) if column.kind == "exact" else str(value).lower()
            if "\x00" in value:
                return "false" if op != CompareOperator.ne else "true"
        elif column.kind == "time" and (not isinstance(value, datetime) or value.tzinfo is None):
            raise InvalidFilterException(detail="A time needs its zone, such as 2026-11-25T12:00:00Z.")
        parameter = self._parameter(value, _TYPES[column.kind])
        match op:
            case CompareOperator.eq:
                return f"coalesce({column.sql} = {parameter}, false)"
            case CompareOperator.ne:
                return f"({column.sql} is distinct from {parameter})"
            case CompareOperator.co:
                return f"coalesce(position({parameter} in {column.sql}) > 0, false)"
            case CompareOperator.sw:
                return f"coalesce(starts_with({column.sql}, {parameter}), false)"
            case CompareOperator.ew:
                return f"coalesce(right({column.sql}, length({parameter})) = {parameter}, false)"
        return f"coalesce({column.sql} {_ORDERS[op.value]} {parameter}, false)"

    def _compared_id(self, sql: str, op: CompareOperator, value: str) -> str:
        """An id is one or it is not; what cannot be one is none."""
        if op not in _EQUAL:
            raise InvalidFilterException(detail="Ids are compared by eq and ne.")
        same = f"({sql} = {self._parameter(UUID(value), 'uuid')})" if is_canonical(value) else "false"
        return same if op == CompareOperator.eq else f"(not {same})"

    def _parameter(self, value: Any, type: str) -> str:
        self.values.append(value)
        return f"{{{len(self.values) - 1}}}::{type}"

    def _found(self, path: AttrPath) -> tuple[Column, Several | None, AttributeBinding] | None:
        """The column, what it is one of, and what the model says of it. Raises InvalidFilterException."""
        if self._within is not None:
            outer, several = self._within
            inner = Path[outer.field_type](str(path)).resolve()  # type: ignore[name-defined]
            column = None if inner is None else several.columns.get(_name(inner))
            if inner is None or column is None:
                raise _unknown(path)
            return column, None, inner
        binding = self._filter.resolve_comparison(path, strict=self._is_alone)
        if binding is None:
            return None
        found = self._columns.get(_name(binding)) or self._columns.get(_name(binding, whole=True))
        if isinstance(found, Column):
            return found, None, binding
        if isinstance(found, Several):
            sub = binding.sub_field_name or "value"
            column = found.columns.get(sub)
            if column is not None:
                return column, found, binding
        raise _unknown(path)


def _name(binding: AttributeBinding, *, whole: bool = False) -> str:
    """As the tables of columns have it: `name.givenName`, or `name` for the whole."""
    name = binding.urn.rpartition(":")[2]
    return name.partition(".")[0] if whole else name


def _unknown(path: AttrPath) -> InvalidFilterException:
    return InvalidFilterException(detail=f"Nothing is filtered by {path}.")
