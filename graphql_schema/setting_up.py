"""New clients, communities and policies."""

import strawberry

from backend import communities, moderation, policies
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Community, Language
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.policies import Ground, Policy, Severity, Tier
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


@strawberry.input(description="In which language the members of a community are told about decisions.")
class SetCommunityLanguageInput:
    community_id: strawberry.ID = strawberry.field(description="The community whose members are written to.")
    language: Language = strawberry.field(description="Of what is written from now on.")


@strawberry.type(description="The community with its language.")
class SetCommunityLanguagePayload:
    community: Community | None = strawberry.field(
        default=None, description="The community as it is now; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="What breaks a policy, or just does not.")
class PolicyExampleInput:
    text: str = strawberry.field(description="Something that a member could write, at most 2,000 characters.")
    is_violation: bool = strawberry.field(description="Whether it breaks the policy.")
    note: str = strawberry.field(default="", description="Why it does or does not, at most 1,000 characters.")


@strawberry.input(description="What a policy says beyond its words; what is left out has its usual value.")
class PolicyDetailInput:
    taxonomy_code: str | None = optional("What kind of harm it is about: a `code` of `taxonomy`.")
    ground: Ground | None = optional("INCOMPATIBLE when left out; ILLEGAL needs `legalReference` and `taxonomyCode`.")
    legal_reference: str | None = optional("The law that forbids it, at most 500 characters.")
    strike_count: int | None = optional("How many points a violation counts: 0 to 100, 0 when left out.")
    strike_on_occurrence: int | None = optional("From which violation on it counts: 1 to 100, 1 when left out.")
    first_occurrence_count: int | None = optional("How many points the first one counts, where it is an exception.")
    needs_takedown: bool | None = optional("True: the member goes for good, and no points are counted.")
    needs_second_review: bool | None = optional("True: a violation is always judged twice, blind.")
    strike_days: int | None = optional("For how many days the points count: 1 to 3,650, 90 when left out.")
    examples: list[PolicyExampleInput] = strawberry.field(
        default_factory=list, description="For whoever decides, 50 at most."
    )


@strawberry.input(description="A policy that nobody goes by any more.")
class ArchivePolicyInput:
    policy_id: strawberry.ID = strawberry.field(description="The policy; decisions made by it stay.")


@strawberry.input(description="A new policy with its first version, in force at once.")
class CreatePolicyInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose communities do not accept it.")
    slug: str = strawberry.field(description=_SLUG)
    title: str = strawberry.field(description="A few words for lists and choices, at most 200 characters.")
    text: str = strawberry.field(description="The words members and moderators go by, at most 20,000 characters.")
    severity: Severity = strawberry.field(description="How grave a violation is.")
    tier: Tier = strawberry.field(description="How soon a report of it is decided.")
    detail: PolicyDetailInput | None = optional("What else it says.")


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
    detail: PolicyDetailInput | None = optional("All of what else it says; what was said before when left out.")


@strawberry.type(description="The new or revised policy.")
class PolicyPayload:
    policy: Policy | None = strawberry.field(default=None, description="The policy as it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


def _detail(given: PolicyDetailInput | None) -> policies.Detail | None:
    """Whatever is null or left out has its usual value."""
    if not given:
        return None
    names = ("taxonomy_code", "legal_reference", "strike_count", "strike_on_occurrence", "first_occurrence_count")
    said = {name: getattr(given, name) for name in (*names, "needs_takedown", "needs_second_review", "strike_days")}
    said = {name: each for name, each in said.items() if each is not None and each is not strawberry.UNSET}
    return policies.Detail(
        ground=given.ground.value if given.ground else "incompatible",
        examples=tuple(policies.Example(each.text, each.is_violation, each.note) for each in given.examples),
        **said,
    )


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

    @verb(
        SetCommunityLanguagePayload,
        "Say in which language the members of a community are told about decisions.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def set_community_language(
        self, info: Info, input: Input[SetCommunityLanguageInput]
    ) -> SetCommunityLanguagePayload:
        community_id = await communities.set_language(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            language=input.language.value,
        )
        return SetCommunityLanguagePayload(community=ref(Community, community_id))

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
            detail=_detail(input.detail),
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
            detail=_detail(input.detail),
        )
        return PolicyPayload(policy=ref(Policy, policy.id))

    @verb(
        PolicyPayload,
        "Let a policy rest: nobody reports or decides by it any more, and what was decided stays.",
        needs=Right.WRITE_POLICIES,
    )
    async def archive_policy(self, info: Info, input: Input[ArchivePolicyInput]) -> PolicyPayload:
        policy = await policies.archive_policy(
            actor_of(info.context), uuid_of("policy", input.policy_id, field="policyId")
        )
        return PolicyPayload(policy=ref(Policy, policy.id))
