"""Reporting, claiming and deciding: the mutations of the queue."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import moderation
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import ActionKind, Case, Decision, Outcome, Report
from graphql_schema.context import Info
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of


@strawberry.enum(description="Why a case was passed on.")
class SkipReason(Enum):
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    LANGUAGE = "language"
    SKILL = "skill"
    WELLBEING = "wellbeing"
    OTHER = "other"


@strawberry.input(description="A complaint about a post.")
class ReportPostInput:
    post_id: strawberry.ID
    reason: str = strawberry.field(description="What is wrong with it, at most 2,000 characters.")
    policy_id: strawberry.ID | None = strawberry.UNSET
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The member who complained, where you pass a complaint on."
    )


@strawberry.type(description="The report, merged into the one open case about the post.")
class ReportPostPayload:
    report: Report | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Where to take the next case from; everything you see where both are left out.")
class ClaimNextCaseInput:
    workspace_id: strawberry.ID | None = strawberry.UNSET
    queue_id: strawberry.ID | None = strawberry.UNSET


@strawberry.type(description="Your lease on a case; `case` is null when nothing waits.")
class ClaimPayload:
    case: Case | None = None
    claim_token: str | None = strawberry.field(default=None, description="Shown once: prove the claim with it.")
    claimed_until: datetime | None = strawberry.field(default=None, description="Extend before then.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A claim of yours.")
class ClaimInput:
    case_id: strawberry.ID
    claim_token: str


@strawberry.input(description="A claim of yours, and why somebody else should look at the case.")
class SkipCaseInput:
    case_id: strawberry.ID
    claim_token: str
    reason: SkipReason
    note: str = ""


@strawberry.type(description="The case, back in its queue.")
class CasePayload:
    case: Case | None = None
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="The outcome of a case you have claimed.")
class DecideCaseInput:
    case_id: strawberry.ID
    claim_token: str
    outcome: Outcome
    reason: str = strawberry.field(description="For colleagues and appeals, at most 5,000 characters.")
    policy_version_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Which words were broken; required for a violation."
    )
    actions: list[ActionKind] = strawberry.field(default_factory=list, description="What to do in the community.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET, description="The version you read; refused with CONFLICT if the case has changed."
    )


@strawberry.type(description="The closed case and its decision.")
class DecideCasePayload:
    case: Case | None = None
    decision: Decision | None = None
    user_errors: list[UserError] = user_errors()


def _claimed(claim: moderation.Claim) -> ClaimPayload:
    return ClaimPayload(case=ref(Case, claim.case_id), claim_token=claim.token, claimed_until=claim.expires_at)


@strawberry.type
class WorkingCases:
    @verb(ReportPostPayload, "Complain about a post. Complaining again returns your first report.")
    async def report_post(self, info: Info, input: ReportPostInput) -> ReportPostPayload:
        report_id = await moderation.report_post(
            actor_of(info.context),
            uuid_of("post", input.post_id, field="postId"),
            reason=input.reason,
            policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return ReportPostPayload(report=ref(Report, report_id))

    @verb(ClaimPayload, "Take the most urgent waiting case, for ten minutes.")
    async def claim_next_case(self, info: Info, input: ClaimNextCaseInput) -> ClaimPayload:
        claim = await moderation.claim_next(
            actor_of(info.context),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            queue_id=optional_uuid_of("queue", input.queue_id, field="queueId"),
        )
        return ClaimPayload() if claim is None else _claimed(claim)

    @verb(ClaimPayload, "Keep a case for another ten minutes.")
    async def extend_claim(self, info: Info, input: ClaimInput) -> ClaimPayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        return _claimed(await moderation.extend(actor_of(info.context), case_id, token=input.claim_token))

    @verb(CasePayload, "Give a case back, for anybody.")
    async def release_claim(self, info: Info, input: ClaimInput) -> CasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.release(actor_of(info.context), case_id, token=input.claim_token)
        return CasePayload(case=ref(Case, case_id))

    @verb(CasePayload, "Give a case back, for anybody but you.")
    async def skip_case(self, info: Info, input: SkipCaseInput) -> CasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.skip(
            actor_of(info.context), case_id, token=input.claim_token, reason=input.reason.value, note=input.note
        )
        return CasePayload(case=ref(Case, case_id))

    @verb(DecideCasePayload, "Decide a case you have claimed. A decision is never changed.")
    async def decide_case(self, info: Info, input: DecideCaseInput) -> DecideCasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        decision = await moderation.decide(
            actor_of(info.context),
            case_id,
            token=input.claim_token,
            outcome=input.outcome.value,
            reason=input.reason,
            policy_version_id=optional_uuid_of("policyversion", input.policy_version_id, field="policyVersionId"),
            actions=[kind.value for kind in input.actions],
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return DecideCasePayload(case=ref(Case, case_id), decision=ref(Decision, decision.id))
