"""Changes of a part, in the shape of RFC 7644 and in those of Entra and Okta."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from scim2_models import Context, PatchOp, PatchOperation
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from backend import directory
from backend.kit.ids import is_canonical
from backend.web.scim.answering import Answer, Asked
from backend.web.scim.changing import group_as_it_is
from backend.web.scim.describing import Group, User
from backend.web.scim.presenting import (
    members_named,
    members_of,
    said_about,
    said_about_group,
    user_of,
)
from backend.web.scim.reading import shown, wanted_of


async def patch_user(asked: Asked) -> Answer:
    patch = PatchOp[User].model_validate(asked.body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    before = await directory.held(asked.actor, asked.id())
    asked.must_match(before.version)
    user = user_of(before, asked.base)
    patch.patch(user)
    await directory.change(asked.actor, before.id, said_about(user))
    person = await directory.held(asked.actor, before.id)
    return shown(user_of(person, asked.base), wanted_of(User, asked), version=person.version)


async def patch_group(asked: Asked) -> Answer:
    """204, unless the request says which attributes it wants: a group may have thousands of members, and a directory
    adds one of them at a time. For the same reason only members that the request names are read."""
    patch = PatchOp[Group].model_validate(_with_plain_removals(asked.body), scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    before = await directory.group_held(asked.actor, asked.id())
    asked.must_match(before.version)
    now = await directory.members_among(asked.actor, before.id, _members_named(patch))
    group = Group(
        id=str(before.id),  # Okta repeats it in the value of a renaming
        external_id=before.external_id,
        display_name=before.display_name,
        members=members_of(now, asked.base) or None,
    )
    patch.patch(group)
    wanted = members_named(group)
    await directory.change_group(
        asked.actor, before.id, said_about_group(group), added=wanted - set(now), removed=set(now) - wanted
    )
    if "attributes" in asked.query or "excludedAttributes" in asked.query:
        return await group_as_it_is(asked, before.id)
    after = await directory.group_held(asked.actor, before.id)
    return Answer(status=204, version=after.version)


def _with_plain_removals(body: Any) -> Any:
    """Entra names members to remove as `{"$ref": null, "value": id}`, and the library compares every key of it."""

    def plain(value: Any) -> Any:
        kept = {key: item for key, item in value.items() if key.lower() == "value"} if isinstance(value, dict) else {}
        return kept or value

    def operation(given: Any) -> Any:
        names = {key.lower(): key for key in given} if isinstance(given, dict) else {}
        value = given[names["value"]] if "value" in names else None
        if value is None or str(given.get(names.get("op", ""))).lower() != "remove":
            return given
        return {**given, names["value"]: [plain(each) for each in (value if isinstance(value, list) else [value])]}

    names = {key.lower(): key for key in body}
    operations = body.get(names.get("operations", ""))
    if not isinstance(operations, list):
        return body
    return {**body, names["operations"]: [operation(each) for each in operations]}


def _members_named(patch: PatchOp[Group]) -> set[UUID] | None:
    """Of whom the operations speak; None: of all."""
    named: set[str] = set()
    for operation in patch.operations or ():
        for each in _named_by(operation):
            if each is None:
                return None
            named.add(each)
    return {UUID(each) for each in named if is_canonical(each)}


def _named_by(operation: PatchOperation[Group]) -> Iterator[str | None]:
    """Ids; None: perhaps all."""
    if operation.path is None:
        given = operation.value if isinstance(operation.value, dict) else {}
        for key, value in given.items():
            if key.rpartition(":")[2].partition("[")[0].partition(".")[0].lower() == "members":
                whole = operation.op == PatchOperation.Op.add and key.rpartition(":")[2].lower() == "members"
                yield from _ids(value) if whole else [None]
        return
    binding = operation.path.resolve()
    if binding is None or binding.field_name != "members":
        return
    if operation.path.value_filter is not None:
        yield from _compared(operation.path.value_filter)
    elif operation.op == PatchOperation.Op.replace_ or binding.sub_field_name or operation.value is None:
        yield None
    yield from _ids(operation.value)


def _ids(value: Any) -> Iterator[str | None]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield from (str(id) for key, id in each.items() if key.lower() == "value")


def _compared(node: FilterNode) -> Iterator[str | None]:
    """The ids of `value eq "…"`, alone or joined by `or`."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        for term in node.terms:
            yield from _compared(term)
    elif isinstance(node, Comparison) and node.op == CompareOperator.eq and node.attr_path.attr.lower() == "value":
        yield str(node.value)
    else:
        yield None
