"""Users and groups come, are replaced as a whole, and go."""

from dataclasses import replace
from uuid import UUID

from scim2_models import Context

from backend import directory
from backend.web.scim.answering import Answer, Asked
from backend.web.scim.describing import Group, User
from backend.web.scim.presenting import (
    group_of,
    members_named,
    said_about,
    said_about_group,
    user_of,
    with_address,
)
from backend.web.scim.reading import shown, wanted_of


async def create_user(asked: Asked) -> Answer:
    user = User.model_validate(with_address(asked.body), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    id = await directory.provision(asked.actor, said_about(user))
    person = await directory.held(asked.actor, id)
    return shown(user_of(person, asked.base), wanted_of(User, asked), version=person.version, status=201)


async def replace_user(asked: Asked) -> Answer:
    """What is left out is cleared; but who is active and the directory's own id stay as they are."""
    user = User.model_validate(with_address(asked.body), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    before = await directory.held(asked.actor, asked.id())
    asked.must_match(before.version)
    said = said_about(user)
    if "external_id" not in user.model_fields_set:
        said = replace(said, external_id=before.external_id)
    await directory.change(asked.actor, before.id, said)
    person = await directory.held(asked.actor, before.id)
    return shown(user_of(person, asked.base), wanted_of(User, asked), version=person.version)


async def delete_user(asked: Asked) -> Answer:
    before = await directory.held(asked.actor, asked.id())
    asked.must_match(before.version)
    await directory.remove(asked.actor, before.id)
    return Answer(status=204)


async def create_group(asked: Asked) -> Answer:
    group = Group.model_validate(asked.body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    id = await directory.create_group(asked.actor, said_about_group(group), members=members_named(group))
    return await group_as_it_is(asked, id, status=201)


async def replace_group(asked: Asked) -> Answer:
    """What is left out is cleared; but the directory's own id stays as it is."""
    group = Group.model_validate(asked.body, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    before = await directory.group_held(asked.actor, asked.id())
    asked.must_match(before.version)
    said = said_about_group(group)
    if "external_id" not in group.model_fields_set:
        said = replace(said, external_id=before.external_id)
    now, wanted = set(await directory.members_among(asked.actor, before.id, None)), members_named(group)
    await directory.change_group(asked.actor, before.id, said, added=wanted - now, removed=now - wanted)
    return await group_as_it_is(asked, before.id)


async def delete_group(asked: Asked) -> Answer:
    before = await directory.group_held(asked.actor, asked.id())
    asked.must_match(before.version)
    await directory.delete_group(asked.actor, before.id)
    return Answer(status=204)


async def group_as_it_is(asked: Asked, id: UUID, *, status: int = 200) -> Answer:
    group = await directory.group(asked.actor, id)
    assert group is not None
    return shown(group_of(group, asked.base), wanted_of(Group, asked), version=group.version, status=status)
