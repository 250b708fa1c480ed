"""What colleagues can judge, whom they are too close to, and what they can bear."""

import strawberry

from backend import moderation
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.queues import ConflictOfInterest
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.input(description="What a colleague can judge.")
class SetSkillsInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose skills they are.")
    skills: list[str] = strawberry.field(description="All of them: short words that queues ask for.")


@strawberry.input(description="What you read and can bear.")
class SetOwnLimitsInput:
    languages: list[str] = strawberry.field(
        default_factory=list, description="Codes of those you read, such as en; none for whatever comes."
    )
    avoids_severe: bool = strawberry.field(default=False, description="True: severe cases are never offered to you.")
    soft_limit: int | None = optional(
        "Weighted seconds in a shift, after which lighter cases go first; 48,600 at most."
    )
    hard_limit: int | None = optional("Weighted seconds, after which severe ones are not offered; 97,200 at most.")


@strawberry.type(description="What a colleague can judge or bear, as it is now.")
class ReviewerPayload:
    staff: Staff | None = strawberry.field(default=None, description="Whose it is; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Whom you are too close to.")
class DeclareConflictInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client; all of it where nothing else is named.")
    member_id: strawberry.ID | None = optional("Only this member: as author, or as who complained.")
    community_id: strawberry.ID | None = optional("All members of this community.")
    reason: str = strawberry.field(default="", description="At most 2,000 characters; may be empty.")


@strawberry.input(description="A conflict that does not hold any more.")
class EndConflictInput:
    conflict_id: strawberry.ID = strawberry.field(description="One of yours; a lead ends anybody's.")


@strawberry.type(description="The conflict of interest.")
class ConflictPayload:
    conflict: ConflictOfInterest | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class MindingReviewers:
    @verb(ReviewerPayload, "Say what a colleague can judge.", needs=Right.LEAD_QUEUE)
    async def set_skills(self, info: Info, input: Input[SetSkillsInput]) -> ReviewerPayload:
        staff_id = uuid_of("staff", input.staff_id, field="staffId")
        await moderation.set_skills(actor_of(info.context), staff_id, skills=input.skills)
        return ReviewerPayload(staff=ref(Staff, staff_id))

    @verb(ReviewerPayload, "Say what you read and can bear.", needs=Right.WORK_QUEUE)
    async def set_own_limits(self, info: Info, input: Input[SetOwnLimitsInput]) -> ReviewerPayload:
        staff_id = await moderation.set_own_limits(
            actor_of(info.context),
            languages=input.languages,
            avoids_severe=input.avoids_severe,
            soft_limit=input.soft_limit or None,
            hard_limit=input.hard_limit or None,
        )
        return ReviewerPayload(staff=ref(Staff, staff_id))

    @verb(ConflictPayload, "Say whom you are too close to judge.", needs=Right.WORK_QUEUE)
    async def declare_conflict(self, info: Info, input: Input[DeclareConflictInput]) -> ConflictPayload:
        conflict_id = await moderation.declare_conflict(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
            community_id=optional_uuid_of("community", input.community_id, field="communityId"),
            reason=input.reason,
        )
        return ConflictPayload(conflict=ref(ConflictOfInterest, conflict_id))

    @verb(ConflictPayload, "Say that a conflict of interest does not hold any more.", needs=Right.WORK_QUEUE)
    async def end_conflict(self, info: Info, input: Input[EndConflictInput]) -> ConflictPayload:
        conflict_id = uuid_of("conflict", input.conflict_id, field="conflictId")
        await moderation.end_conflict(actor_of(info.context), conflict_id)
        return ConflictPayload(conflict=ref(ConflictOfInterest, conflict_id))
