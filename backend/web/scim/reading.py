"""Users and groups as they are: one by its id, or those that fit a filter."""

from collections.abc import Mapping
from typing import Any

from scim2_models import (
    Context,
    InvalidPathException,
    ListResponse,
    Resource,
    ResponseParameters,
    SearchRequest,
)

from backend import directory
from backend.kit.errors import NotFound
from backend.web.scim.answering import Answer, Asked
from backend.web.scim.describing import LARGEST_PAGE, USUAL_PAGE, Group, User
from backend.web.scim.filtering import asked_of, condition_of, order_of
from backend.web.scim.presenting import group_of, user_of


async def read_user(asked: Asked) -> Answer:
    person = await directory.person(asked.actor, asked.id())
    if person is None:
        raise NotFound
    wanted = wanted_of(User, asked)
    if asked.has_already(person.version):
        return Answer(status=304, version=person.version)
    return shown(user_of(person, asked.base), wanted, version=person.version)


async def read_group(asked: Asked) -> Answer:
    wanted = wanted_of(Group, asked)
    group = await directory.group(asked.actor, asked.id(), with_members=_shows(wanted, "members"))
    if group is None:
        raise NotFound
    if asked.has_already(group.version):
        return Answer(status=304, version=group.version)
    return shown(group_of(group, asked.base), wanted, version=group.version)


async def list_users(asked: Asked) -> Answer:
    return await _people(asked, asked.query)


async def search_users(asked: Asked) -> Answer:
    return await _people(asked, asked.body)


async def list_groups(asked: Asked) -> Answer:
    return await _groups(asked, asked.query)


async def search_groups(asked: Asked) -> Answer:
    return await _groups(asked, asked.body)


async def search(asked: Asked) -> Answer:
    """Users and then groups. Raises InvalidPathException for an order: they have none together."""
    request = asked_of(User | Group, asked.body)
    if request.sort_by is not None:
        raise InvalidPathException(detail="Users and groups together have no order: search one of them.")
    start, count = _window(request)
    people, in_all = await directory.people(asked.actor, condition_of(User, request), offset=start - 1, limit=count)
    groups, more = await directory.groups(
        asked.actor,
        condition_of(Group, request),
        offset=max(start - 1 - in_all, 0),
        limit=count - len(people),
        with_members=_shows(request, "members"),
    )
    found = [*(user_of(person, asked.base) for person in people), *(group_of(group, asked.base) for group in groups)]
    return _listed(User | Group, found, request, start=start, total=in_all + more)


def wanted_of(model: type[Any], asked: Asked) -> ResponseParameters[Any]:
    """Which attributes the answer is to have."""
    given = {name: value for name, value in asked.query.items() if name in ("attributes", "excludedAttributes")}
    wanted: ResponseParameters[Any] = ResponseParameters[model].model_validate(given)  # type: ignore[valid-type]
    return wanted


def shown(resource: Resource[Any], wanted: ResponseParameters[Any], *, version: int, status: int = 200) -> Answer:
    location = resource.meta.location if resource.meta is not None and status == 201 else None
    content = resource.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted)
    return Answer(content, status=status, version=version, location=location)


async def _people(asked: Asked, given: Mapping[str, Any]) -> Answer:
    request = asked_of(User, given)
    start, count = _window(request)
    found, total = await directory.people(
        asked.actor, condition_of(User, request), order=order_of(User, request), offset=start - 1, limit=count
    )
    return _listed(User, [user_of(person, asked.base) for person in found], request, start=start, total=total)


async def _groups(asked: Asked, given: Mapping[str, Any]) -> Answer:
    request = asked_of(Group, given)
    start, count = _window(request)
    found, total = await directory.groups(
        asked.actor,
        condition_of(Group, request),
        order=order_of(Group, request),
        offset=start - 1,
        limit=count,
        with_members=_shows(request, "members"),
    )
    return _listed(Group, [group_of(group, asked.base) for group in found], request, start=start, total=total)


def _window(request: SearchRequest[Any]) -> tuple[int, int]:
    """The place of the first, from 1, and how many."""
    count = USUAL_PAGE if request.count is None else min(request.count, LARGEST_PAGE)
    return min(request.start_index or 1, 1 << 31), count


def _listed(model: Any, resources: list[Any], request: SearchRequest[Any], *, start: int, total: int) -> Answer:
    listed = ListResponse[model](
        total_results=total, start_index=start, items_per_page=len(resources), resources=resources
    )
    return Answer(listed.model_dump_json(scim_ctx=Context.SEARCH_RESPONSE, response_parameters=request))


def _shows(wanted: ResponseParameters[Any], attribute: str) -> bool:
    def is_it(path: object) -> bool:
        return str(path).rpartition(":")[2].partition(".")[0].lower() == attribute

    if wanted.attributes:
        return any(map(is_it, wanted.attributes))
    return attribute not in {str(path).rpartition(":")[2].lower() for path in wanted.excluded_attributes or ()}
