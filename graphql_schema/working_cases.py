"""Reporting, claiming and deciding: the mutations of the queue."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Case, Report
from graphql_schema.context import Info
from graphql_schema.decisions import Decision, Outcome, Review
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_OF_THE_CLAIM = "From `claimNextCase`; CLAIM_LOST for any other, or when the claim has ended."


@strawberry.enum(description="Why a case was passed on.")
class SkipReason(Enum):
    CONFLICT_OF_INTEREST = value("conflict_of_interest", "You are too close to somebody in it.")
    LANGUAGE = value("language", "You do not read its language well enough.")
    SKILL = value("skill", "It needs knowledge that you do not have.")
    WELLBEING = value("wellbeing", "It is not good for you to look at.")
    OTHER = value("other", "Anything else: say it in `note`.")


@strawberry.input(description="A complaint about a post.")
class ReportPostInput:
    post_id: strawberry.ID = strawberry.field(description="The post that is complained about.")
    reason: str = strawberry.field(description="What is wrong with it, at most 2,000 characters.")
    policy_id: strawberry.ID | None = optional(
        "The policy of the same client that it breaks; without one the report counts as LOW."
    )
    member_id: strawberry.ID | None = optional("The member who complained, where you pass a complaint on.")


@strawberry.type(description="The report, merged into the one open case about the post.")
class ReportPostPayload:
    report: Report | None = strawberry.field(
        default=None, description="Yours, or your first about this post while its case is open; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Where to take the next case from; everything you see where both are left out.")
class ClaimNextCaseInput:
    workspace_id: strawberry.ID | None = optional("Only cases of this client.")
    queue_id: strawberry.ID | None = optional("Only cases of this queue.")


@strawberry.type(description="Your lease on a case; `case` is null when nothing waits.")
class ClaimPayload:
    case: Case | None = strawberry.field(
        default=None, description="Yours until `claimedUntil`; null when nothing waits, or when refused."
    )
    claim_token: str | None = strawberry.field(
        default=None, description="Shown only here: every mutation about the claim asks for it."
    )
    claimed_until: datetime | None = strawberry.field(
        default=None, description="Extend before then, or the case goes back to its queue."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A claim of yours.")
class ClaimInput:
    case_id: strawberry.ID = strawberry.field(description="The case you have claimed.")
    claim_token: str = strawberry.field(description=_OF_THE_CLAIM)
    visible_seconds: int | None = optional(
        "How long the case has been in sight since you claimed it; where nothing is said, all of the time counts."
    )


@strawberry.input(description="A claim of yours, and why somebody else should look at the case.")
class SkipCaseInput:
    case_id: strawberry.ID = strawberry.field(description="The case you have claimed.")
    claim_token: str = strawberry.field(description=_OF_THE_CLAIM)
    reason: SkipReason = strawberry.field(description="Why you pass it on; goes into the journal.")
    note: str = strawberry.field(
        default="", description="What else there is to say, at most 2,000 characters; may be empty."
    )


@strawberry.type(description="The case, back in its queue.")
class CasePayload:
    case: Case | None = strawberry.field(default=None, description="Queued again; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="The outcome of a case you have claimed.")
class DecideCaseInput:
    case_id: strawberry.ID = strawberry.field(description="The case you have claimed.")
    claim_token: str = strawberry.field(description=_OF_THE_CLAIM)
    outcome: Outcome = strawberry.field(description="Whether the post breaks a policy.")
    reason: str = strawberry.field(description="For colleagues and appeals, at most 5,000 characters.")
    policy_version_id: strawberry.ID | None = optional(
        "Which words were broken: required for VIOLATION, refused for NO_VIOLATION."
    )
    actions: list[ActionKind] = strawberry.field(
        default_factory=list, description="What to do in the community; refused for NO_VIOLATION."
    )
    days: int | None = optional(
        "How long a silence or suspension lasts, 1 to 3,650; without an end where it is left out."
    )
    expected_version: int | None = optional("The version you read; refused with CONFLICT if the case has changed.")
    explanation: str | None = optional(
        "For the member, at most 1,500 characters: what of the post breaks the policy. May not name or quote reporters."
    )


@strawberry.type(description="The case, your review, and the decision once enough people have looked.")
class DecideCasePayload:
    case: Case | None = strawberry.field(
        default=None,
        description="CLOSED by the decision, HELD where a second person has to approve it, QUEUED for another review; null "
        "when refused.",
    )
    review: Review | None = strawberry.field(default=None, description="What you think of it; null when refused.")
    decision: Decision | None = strawberry.field(
        default=None, description="The outcome as it is kept; null when refused, and while another review is due."
    )
    user_errors: list[UserError] = user_errors()


def _claimed(claim: moderation.Claim) -> ClaimPayload:
    return ClaimPayload(case=ref(Case, claim.case_id), claim_token=claim.token, claimed_until=claim.expires_at)


def _seen(input: ClaimInput) -> int | None:
    return input.visible_seconds if isinstance(input.visible_seconds, int) else None


@strawberry.type
class WorkingCases:
    @verb(
        ReportPostPayload,
        "Complain about a post. Complaining again returns your first report.",
        needs=Right.REPORT,
    )
    async def report_post(self, info: Info, input: Input[ReportPostInput]) -> ReportPostPayload:
        report_id = await moderation.report_post(
            actor_of(info.context),
            uuid_of("post", input.post_id, field="postId"),
            reason=input.reason,
            policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return ReportPostPayload(report=ref(Report, report_id))

    @verb(
        ClaimPayload,
        "Take the most urgent waiting case you have not skipped, for ten minutes.",
        needs=Right.WORK_QUEUE,
    )
    async def claim_next_case(self, info: Info, input: Input[ClaimNextCaseInput]) -> ClaimPayload:
        claim = await moderation.claim_next(
            actor_of(info.context),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            queue_id=optional_uuid_of("queue", input.queue_id, field="queueId"),
        )
        return ClaimPayload() if claim is None else _claimed(claim)

    @verb(
        ClaimPayload,
        "Keep a case for ten minutes from now, at most two hours after you claimed it.",
        needs=Right.WORK_QUEUE,
    )
    async def extend_claim(self, info: Info, input: Input[ClaimInput]) -> ClaimPayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        claim = await moderation.extend(
            actor_of(info.context), case_id, token=input.claim_token, visible_seconds=_seen(input)
        )
        return _claimed(claim)

    @verb(CasePayload, "Give a case back, for anybody.", needs=Right.WORK_QUEUE)
    async def release_claim(self, info: Info, input: Input[ClaimInput]) -> CasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.release(actor_of(info.context), case_id, token=input.claim_token, visible_seconds=_seen(input))
        return CasePayload(case=ref(Case, case_id))

    @verb(CasePayload, "Give a case back, for anybody but you.", needs=Right.WORK_QUEUE)
    async def skip_case(self, info: Info, input: Input[SkipCaseInput]) -> CasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.skip(
            actor_of(info.context), case_id, token=input.claim_token, reason=input.reason.value, note=input.note
        )
        return CasePayload(case=ref(Case, case_id))

    @verb(
        DecideCasePayload,
        "Judge a case you have claimed. Unless the client's plan wants another look, it is closed, and those who reported "
        "the post are told.",
        needs=Right.WORK_QUEUE,
    )
    async def decide_case(self, info: Info, input: Input[DecideCaseInput]) -> DecideCasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        judged = await moderation.decide(
            actor_of(info.context),
            case_id,
            token=input.claim_token,
            outcome=input.outcome.value,
            reason=input.reason,
            policy_version_id=optional_uuid_of("policyversion", input.policy_version_id, field="policyVersionId"),
            actions=[kind.value for kind in input.actions],
            days=input.days or None,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
            explanation=input.explanation or "",
        )
        return DecideCasePayload(
            case=ref(Case, case_id),
            review=ref(Review, judged.review.id),
            decision=None if judged.decision is None else ref(Decision, judged.decision.id),
        )
