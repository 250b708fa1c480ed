"""New clients, communities and policies."""

import strawberry

from backend import communities, moderation, policies
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Community
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.policies import Policy, Severity, Tier
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_SLUG = "2 to 63 lower-case letters, digits and hyphens, no hyphen at the ends; SLUG_TAKEN if another has it."


@strawberry.input(description="A new client.")
class CreateWorkspaceInput:
    slug: str = strawberry.field(description=_SLUG)
    name: str = strawberry.field(description="What people call the client, at most 200 characters.")
    time_zone: str = strawberry.field(default="UTC", description="IANA name, such as Europe/Paris.")


@strawberry.type(description="The new client, with its queue.")
class CreateWorkspacePayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The new client; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A new place where a client's members meet.")
class CreateCommunityInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose members meet there.")
    slug: str = strawberry.field(description=_SLUG)
    name: str = strawberry.field(description="What people call the community, at most 200 characters.")


@strawberry.type(description="The new community, with the built-in connection.")
class CreateCommunityPayload:
    community: Community | None = strawberry.field(default=None, description="The new community; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A new policy with its first version, in force at once.")
class CreatePolicyInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose communities do not accept it.")
    slug: str = strawberry.field(description=_SLUG)
    title: str = strawberry.field(description="A few words for lists and choices, at most 200 characters.")
    text: str = strawberry.field(description="The words members and moderators go by, at most 20,000 characters.")
    severity: Severity = strawberry.field(description="How grave a violation is.")
    tier: Tier = strawberry.field(description="How soon a report of it is decided.")


@strawberry.input(description="New words for a policy.")
class RevisePolicyInput:
    policy_id: strawberry.ID = strawberry.field(
        description="The policy whose words change; its title and short name stay."
    )
    expected_version: int = strawberry.field(
        description="The version you read; refused with CONFLICT if it has changed."
    )
    text: str = strawberry.field(description="All of the new words, at most 20,000 characters.")
    severity: Severity = strawberry.field(description="How grave a violation is from now on.")
    tier: Tier = strawberry.field(description="How soon a report of it is decided from now on.")


@strawberry.type(description="The new or revised policy.")
class PolicyPayload:
    policy: Policy | None = strawberry.field(default=None, description="The policy as it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingUp:
    @verb(
        CreateWorkspacePayload,
        "Open a workspace for a new client: without the header X-Workspace-Id.",
        needs=Right.MANAGE_WORKSPACES,
    )
    async def create_workspace(self, info: Info, input: Input[CreateWorkspaceInput]) -> CreateWorkspacePayload:
        workspace = await moderation.open_workspace(
            actor_of(info.context), slug=input.slug, name=input.name, time_zone=input.time_zone
        )
        return CreateWorkspacePayload(workspace=ref(Workspace, workspace.id))

    @verb(CreateCommunityPayload, "Open a community in a workspace.", needs=Right.MANAGE_COMMUNITIES)
    async def create_community(self, info: Info, input: Input[CreateCommunityInput]) -> CreateCommunityPayload:
        community = await communities.create_community(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
            name=input.name,
        )
        return CreateCommunityPayload(community=ref(Community, community.id))

    @verb(PolicyPayload, "Write down what a client's communities do not accept.", needs=Right.WRITE_POLICIES)
    async def create_policy(self, info: Info, input: Input[CreatePolicyInput]) -> PolicyPayload:
        policy = await policies.create_policy(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
            title=input.title,
            text=input.text,
            severity=input.severity.value,
            tier=input.tier.value,
        )
        return PolicyPayload(policy=ref(Policy, policy.id))

    @verb(
        PolicyPayload,
        "Give a policy new words; earlier decisions keep pointing at the old ones.",
        needs=Right.WRITE_POLICIES,
    )
    async def revise_policy(self, info: Info, input: Input[RevisePolicyInput]) -> PolicyPayload:
        policy = await policies.revise_policy(
            actor_of(info.context),
            uuid_of("policy", input.policy_id, field="policyId"),
            expected_version=input.expected_version,
            text=input.text,
            severity=input.severity.value,
            tier=input.tier.value,
        )
        return PolicyPayload(policy=ref(Policy, policy.id))
