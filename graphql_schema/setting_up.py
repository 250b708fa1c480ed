"""New clients, communities, policies and rules."""

import strawberry

from backend import communities, moderation, policies
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Community
from graphql_schema.context import Info
from graphql_schema.policies import Policy, Rule, Severity, Tier
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of

_SLUG = "2 to 63 lower-case letters, digits and hyphens."


@strawberry.input(description="A new client.")
class CreateWorkspaceInput:
    slug: str = strawberry.field(description=_SLUG)
    name: str
    time_zone: str = strawberry.field(default="UTC", description="IANA name, such as Europe/Paris.")


@strawberry.type(description="The new client, with its queue.")
class CreateWorkspacePayload:
    workspace: Workspace | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A new place where a client's members meet.")
class CreateCommunityInput:
    workspace_id: strawberry.ID
    slug: str = strawberry.field(description=_SLUG)
    name: str


@strawberry.type(description="The new community, with the built-in connection.")
class CreateCommunityPayload:
    community: Community | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A new policy, with its first version.")
class CreatePolicyInput:
    workspace_id: strawberry.ID
    slug: str = strawberry.field(description=_SLUG)
    title: str
    text: str = strawberry.field(description="The words members and moderators go by, at most 20,000 characters.")
    severity: Severity
    tier: Tier


@strawberry.input(description="New words for a policy.")
class RevisePolicyInput:
    policy_id: strawberry.ID
    expected_version: int = strawberry.field(
        description="The version you read; refused with CONFLICT if it has changed."
    )
    text: str
    severity: Severity
    tier: Tier


@strawberry.type(description="The policy.")
class PolicyPayload:
    policy: Policy | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A new rule: give either words or a pattern.")
class CreateRuleInput:
    workspace_id: strawberry.ID
    name: str
    policy_id: strawberry.ID
    words: list[str] = strawberry.field(default_factory=list, description="Whole words, in any case; at most 2,000.")
    pattern: str | None = strawberry.field(
        default=strawberry.UNSET, description="RE2: look-around and back-references do not exist there."
    )


@strawberry.type(description="The rule; it is applied to what was already posted as well.")
class CreateRulePayload:
    rule: Rule | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingUp:
    @verb(CreateWorkspacePayload, "Open a workspace for a new client.")
    async def create_workspace(self, info: Info, input: CreateWorkspaceInput) -> CreateWorkspacePayload:
        workspace = await moderation.open_workspace(
            actor_of(info.context), slug=input.slug, name=input.name, time_zone=input.time_zone
        )
        return CreateWorkspacePayload(workspace=ref(Workspace, workspace.id))

    @verb(CreateCommunityPayload, "Open a community in a workspace.")
    async def create_community(self, info: Info, input: CreateCommunityInput) -> CreateCommunityPayload:
        community = await communities.create_community(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
            name=input.name,
        )
        return CreateCommunityPayload(community=ref(Community, community.id))

    @verb(PolicyPayload, "Write down what a client's communities do not accept.")
    async def create_policy(self, info: Info, input: CreatePolicyInput) -> PolicyPayload:
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

    @verb(PolicyPayload, "Give a policy new words; earlier decisions keep pointing at the old ones.")
    async def revise_policy(self, info: Info, input: RevisePolicyInput) -> PolicyPayload:
        policy = await policies.revise_policy(
            actor_of(info.context),
            uuid_of("policy", input.policy_id, field="policyId"),
            expected_version=input.expected_version,
            text=input.text,
            severity=input.severity.value,
            tier=input.tier.value,
        )
        return PolicyPayload(policy=ref(Policy, policy.id))

    @verb(CreateRulePayload, "Let Tend report posts by itself.")
    async def create_rule(self, info: Info, input: CreateRuleInput) -> CreateRulePayload:
        rule = await moderation.create_rule(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            name=input.name,
            policy_id=uuid_of("policy", input.policy_id, field="policyId"),
            words=input.words,
            pattern=input.pattern if isinstance(input.pattern, str) else None,
        )
        return CreateRulePayload(rule=ref(Rule, rule.id))
