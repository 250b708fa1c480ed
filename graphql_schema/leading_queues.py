"""What leads set up: queues, routing, who looks twice, and what reviewers are measured by."""

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Case, ReportChannel
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.policies import Severity, Tier
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.queues import GoldenItem, Queue
from tenants.rights import Right

_CHANGED = "The version you read; refused with CONFLICT if it has changed."


@strawberry.input(description="A new queue.")
class CreateQueueInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose cases will wait there.")
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")
    description: str = strawberry.field(default="", description="What belongs there, at most 2,000 characters.")
    skills: list[str] = strawberry.field(
        default_factory=list, description="All of which a reviewer must have: short words, such as finance."
    )
    is_for_leads: bool = strawberry.field(default=False, description="Whether only leads are offered its cases.")


@strawberry.input(description="A queue as it is from now on.")
class ReviseQueueInput:
    queue_id: strawberry.ID = strawberry.field(description="The queue that changes.")
    expected_version: int = strawberry.field(description=_CHANGED)
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")
    description: str = strawberry.field(description="What belongs there, at most 2,000 characters; may be empty.")
    skills: list[str] = strawberry.field(description="All of which a reviewer must have; none for an empty list.")
    is_for_leads: bool = strawberry.field(description="Whether only leads are offered its cases.")


@strawberry.input(description="A queue that is used no longer.")
class ArchiveQueueInput:
    queue_id: strawberry.ID = strawberry.field(description="One without open cases, and not the client's first.")


@strawberry.type(description="A queue that was made or changed.")
class QueuePayload:
    queue: Queue | None = strawberry.field(default=None, description="The queue as it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Which cases go to a queue; what is left out asks for nothing.")
class RouteInput:
    queue_id: strawberry.ID = strawberry.field(description="Where they go: a queue of the same client, in use.")
    tiers: list[Tier] = strawberry.field(default_factory=list, description="One of these tiers.")
    severities: list[Severity] = strawberry.field(default_factory=list, description="One of these severities.")
    channels: list[ReportChannel] = strawberry.field(
        default_factory=list, description="Reported through one of these at least once."
    )
    languages: list[str] = strawberry.field(default_factory=list, description="Of one of these, such as en.")
    policy_id: strawberry.ID | None = optional("Reported under this policy at least once.")
    community_id: strawberry.ID | None = optional("Written in this community.")
    is_at_risk: bool | None = optional("Whether the author is known to be at risk.")
    is_appeal: bool | None = optional("Whether it is an appeal.")


@strawberry.input(description="All routes of a client, in the order in which they are tried.")
class SetRoutingInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose cases they send.")
    expected_version: int = strawberry.field(
        description="The `version` of the routes you read, 0 where there were none; refused with CONFLICT if it has changed."
    )
    routes: list[RouteInput] = strawberry.field(
        description="The first that fits decides; what none fits goes to the client's first queue. At most 200."
    )


@strawberry.input(description="A case that goes to another queue.")
class MoveCaseInput:
    case_id: strawberry.ID = strawberry.field(description="An open case; it stays where you send it.")
    queue_id: strawberry.ID = strawberry.field(description="A queue of the same client, in use.")


@strawberry.type(description="The case, where it waits now.")
class MoveCasePayload:
    case: Case | None = strawberry.field(default=None, description="The case; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Who looks twice, and what waits for a second person.")
class SetQualityPlanInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    expected_version: int = strawberry.field(
        description="The version you read, 0 where there was none; refused with CONFLICT if it has changed."
    )
    second_review_severities: list[Severity] = strawberry.field(
        default_factory=list, description="Cases of these are judged twice, blind."
    )
    newcomer_reviews: int = strawberry.field(
        default=50, description="How many reviews under a policy make somebody no newcomer; 0 for none, 1,000 at most."
    )
    sampled_share: float = strawberry.field(default=0.05, description="Of all other cases, judged twice: 0 to 1.")
    golden_share: float = strawberry.field(
        default=0, description="Of claims, those that get a case whose answer is known: 0 to 0.5."
    )
    held_actions: list[ActionKind] = strawberry.field(
        default_factory=list, description="Decisions with one of these wait for a second person."
    )
    held_from_days: int = strawberry.field(
        default=30, description="Of silences and suspensions, those this long or without an end."
    )


@strawberry.type(description="The client, as it is looked after from now on.")
class LedWorkspacePayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The client; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A closed case whose decision is right.")
class MakeGoldenInput:
    case_id: strawberry.ID = strawberry.field(description="Offered now and then to who has never seen it.")
    note: str = strawberry.field(default="", description="Why it is a good measure, at most 2,000 characters.")


@strawberry.input(description="A golden item that is used no longer.")
class RetireGoldenInput:
    golden_item_id: strawberry.ID = strawberry.field(description="Nobody is offered it any more.")


@strawberry.type(description="What reviewers are measured by, as it is now.")
class GoldenPayload:
    golden_item: GoldenItem | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class LeadingQueues:
    @verb(QueuePayload, "Set up another queue.", needs=Right.LEAD_QUEUE)
    async def create_queue(self, info: Info, input: Input[CreateQueueInput]) -> QueuePayload:
        queue = await moderation.create_queue(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            name=input.name,
            description=input.description,
            skills=input.skills,
            is_for_leads=input.is_for_leads,
        )
        return QueuePayload(queue=ref(Queue, queue.id))

    @verb(QueuePayload, "Change a queue.", needs=Right.LEAD_QUEUE)
    async def revise_queue(self, info: Info, input: Input[ReviseQueueInput]) -> QueuePayload:
        queue = await moderation.revise_queue(
            actor_of(info.context),
            uuid_of("queue", input.queue_id, field="queueId"),
            expected_version=input.expected_version,
            name=input.name,
            description=input.description,
            skills=input.skills,
            is_for_leads=input.is_for_leads,
        )
        return QueuePayload(queue=ref(Queue, queue.id))

    @verb(QueuePayload, "Send nothing to a queue any more.", needs=Right.LEAD_QUEUE)
    async def archive_queue(self, info: Info, input: Input[ArchiveQueueInput]) -> QueuePayload:
        queue_id = uuid_of("queue", input.queue_id, field="queueId")
        queue = await moderation.archive_queue(actor_of(info.context), queue_id)
        return QueuePayload(queue=ref(Queue, queue.id))

    @verb(
        LedWorkspacePayload,
        "Say which cases go to which queue, all of it anew. Waiting cases follow with their next report.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_routing(self, info: Info, input: Input[SetRoutingInput]) -> LedWorkspacePayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await moderation.set_routing(
            actor_of(info.context),
            workspace_id,
            expected_version=input.expected_version,
            routes=[_route(route) for route in input.routes],
        )
        return LedWorkspacePayload(workspace=ref(Workspace, workspace_id))

    @verb(MoveCasePayload, "Send one case to another queue, where it stays.", needs=Right.LEAD_QUEUE)
    async def move_case(self, info: Info, input: Input[MoveCaseInput]) -> MoveCasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        queue_id = uuid_of("queue", input.queue_id, field="queueId")
        await moderation.move_case(actor_of(info.context), case_id, queue_id=queue_id)
        return MoveCasePayload(case=ref(Case, case_id))

    @verb(GoldenPayload, "Measure reviewers by a closed case from now on.", needs=Right.LEAD_QUEUE)
    async def make_golden(self, info: Info, input: Input[MakeGoldenInput]) -> GoldenPayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        item_id = await moderation.make_golden(actor_of(info.context), case_id, note=input.note)
        return GoldenPayload(golden_item=ref(GoldenItem, item_id))

    @verb(GoldenPayload, "Measure nobody by it any more.", needs=Right.LEAD_QUEUE)
    async def retire_golden(self, info: Info, input: Input[RetireGoldenInput]) -> GoldenPayload:
        item_id = uuid_of("golden", input.golden_item_id, field="goldenItemId")
        await moderation.retire_golden(actor_of(info.context), item_id)
        return GoldenPayload(golden_item=ref(GoldenItem, item_id))

    @verb(
        LedWorkspacePayload, "Say which cases of a client are judged twice, and what is held.", needs=Right.LEAD_QUEUE
    )
    async def set_quality_plan(self, info: Info, input: Input[SetQualityPlanInput]) -> LedWorkspacePayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await moderation.set_quality_plan(
            actor_of(info.context),
            workspace_id,
            expected_version=input.expected_version,
            second_review_severities=[each.value for each in input.second_review_severities],
            newcomer_reviews=input.newcomer_reviews,
            sampled_share=input.sampled_share,
            golden_share=input.golden_share,
            held_actions=[each.value for each in input.held_actions],
            held_from_days=input.held_from_days,
        )
        return LedWorkspacePayload(workspace=ref(Workspace, workspace_id))


def _route(route: RouteInput) -> moderation.Route:
    return moderation.Route(
        queue_id=uuid_of("queue", route.queue_id, field="queueId"),
        tiers=[each.value for each in route.tiers],
        severities=[each.value for each in route.severities],
        channels=[each.value for each in route.channels],
        languages=[each.strip().lower() for each in route.languages],
        policy_id=optional_uuid_of("policy", route.policy_id, field="policyId"),
        community_id=optional_uuid_of("community", route.community_id, field="communityId"),
        is_at_risk=route.is_at_risk if isinstance(route.is_at_risk, bool) else None,
        is_appeal=route.is_appeal if isinstance(route.is_appeal, bool) else None,
    )
