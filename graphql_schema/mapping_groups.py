"""What groups of the agency's directory mean: the mutation of whoever connects it."""

import strawberry

from backend import directory
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.directory_groups import DirectoryGroup
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import MembershipRole
from tenants.rights import Right, Role


@strawberry.input(description="All of what a group of the directory means from now on.")
class MapDirectoryGroupInput:
    group_id: strawberry.ID = strawberry.field(
        description="Whose people it is about, as `agency { directoryGroups }` has it."
    )
    role: MembershipRole | None = optional(
        "What its people are: anything but OWNER and CONTRACTOR. Left out or null: nothing, and it gives nothing."
    )
    sees_all: bool = strawberry.field(
        default=False, description="All clients, also those to come: never for somebody of a client."
    )
    workspace_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The clients its people work for; none where `seesAll`."
    )
    expected_version: int = strawberry.field(
        description="The version you read; refused with CONFLICT if it has changed."
    )


@strawberry.type(description="The group as it is now; its people have followed.")
class MapDirectoryGroupPayload:
    directory_group: DirectoryGroup | None = strawberry.field(default=None, description="The group; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class MappingGroups:
    @verb(
        MapDirectoryGroupPayload,
        "Say what the people of a directory's group are here, and for which clients. In several groups they are what the "
        "one with the most rights says. Without the header X-Workspace-Id.",
        needs=Right.MANAGE_SIGN_IN,
    )
    async def map_directory_group(self, info: Info, input: Input[MapDirectoryGroupInput]) -> MapDirectoryGroupPayload:
        group_id = uuid_of("directorygroup", input.group_id, field="groupId")
        await directory.map_group(
            actor_of(info.context),
            group_id,
            role=Role(input.role.value) if isinstance(input.role, MembershipRole) else None,
            sees_all=input.sees_all,
            workspaces=[uuid_of("workspace", each, field="workspaceIds") for each in input.workspace_ids],
            expected_version=input.expected_version,
        )
        return MapDirectoryGroupPayload(directory_group=ref(DirectoryGroup, group_id))
