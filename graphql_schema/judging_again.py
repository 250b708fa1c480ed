"""What comes after a first judgement: a second person, many at once, taking back, and questions to members."""

from enum import Enum
from typing import Literal

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Case, CaseQuestion
from graphql_schema.context import Info
from graphql_schema.decisions import Decision, Outcome
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.working_cases import ClaimPayload
from tenants.rights import Right

_DAYS = "How long a silence or suspension lasts, 1 to 3,650; without an end where it is left out."


@strawberry.input(description="A decision that was held.")
class ApproveDecisionInput:
    decision_id: strawberry.ID = strawberry.field(description="One of a case that you have not judged.")
    reason: str = strawberry.field(default="", description="At most 5,000 characters; may be empty.")


@strawberry.input(description="Another decision in place of one that was held.")
class DenyDecisionInput:
    decision_id: strawberry.ID = strawberry.field(description="One of a case that you have not judged.")
    outcome: Outcome = strawberry.field(description="Whether the post breaks a policy.")
    reason: str = strawberry.field(description="For colleagues and appeals, at most 5,000 characters.")
    policy_version_id: strawberry.ID | None = optional(
        "Which words were broken: required for VIOLATION, refused for NO_VIOLATION."
    )
    actions: list[ActionKind] = strawberry.field(default_factory=list, description="What to do in the community.")
    days: int | None = optional(_DAYS)


@strawberry.type(description="The decision that takes effect, and its case.")
class DecisionPayload:
    case: Case | None = strawberry.field(default=None, description="Closed by the decision; null when refused.")
    decision: Decision | None = strawberry.field(default=None, description="The decision; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A decision of yours, of the last ten minutes.")
class UndoDecisionInput:
    decision_id: strawberry.ID = strawberry.field(description="The decision that is in force.")
    reason: str = strawberry.field(description="For colleagues, at most 5,000 characters.")


@strawberry.input(description="A closed case that is to be judged again.")
class ReopenCaseInput:
    case_id: strawberry.ID = strawberry.field(description="Its decision stays in force until another takes its place.")
    reason: str = strawberry.field(description="For colleagues, at most 5,000 characters.")


@strawberry.type(description="The case, in its queue again.")
class ReopenCasePayload:
    case: Case | None = strawberry.field(default=None, description="Queued again; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A case of the list that you looked at.")
class PreviewedCaseInput:
    case_id: strawberry.ID = strawberry.field(description="A case that waits.")
    version: int = strawberry.field(
        description="As in `Case.version` when you saw it; a case that has changed since, or that two people have to "
        "look at, is left out."
    )


@strawberry.input(description="One decision about many cases of one client.")
class DecideCasesInput:
    cases: list[PreviewedCaseInput] = strawberry.field(description="1 to 100, each as you saw it.")
    outcome: Outcome = strawberry.field(description="Whether the posts break a policy.")
    reason: str = strawberry.field(description="Of all of them, at most 5,000 characters.")
    policy_version_id: strawberry.ID | None = optional(
        "Which words were broken: required for VIOLATION, refused for NO_VIOLATION."
    )
    actions: list[ActionKind] = strawberry.field(default_factory=list, description="What to do about each of them.")
    days: int | None = optional(_DAYS)


@strawberry.type(description="What was decided, and what was left out.")
class DecideCasesPayload:
    decisions: list[Decision] | None = strawberry.field(
        default=None, description="One for each case that was decided; null when refused."
    )
    left_out: list[Case] | None = strawberry.field(
        default=None,
        description="Cases that were not: they have changed since, somebody has them, or they are not for you; null when "
        "refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.enum(description="Whom a question goes to.")
class Asked(Enum):
    AUTHOR = value("author", "Who wrote the post.")
    REPORTER = value("reporter", "The member who made a report.")


@strawberry.input(description="A question about a case you have claimed.")
class AskMemberInput:
    case_id: strawberry.ID = strawberry.field(description="The case you have claimed; it waits, and your claim ends.")
    claim_token: str = strawberry.field(description="From `claimNextCase`; CLAIM_LOST for any other.")
    whom: Asked = strawberry.field(description="Who is asked.")
    report_id: strawberry.ID | None = optional("For REPORTER: whose report; one that a member made.")
    question: str = strawberry.field(description="In the words the member reads, at most 5,000 characters.")
    days: int = strawberry.field(default=3, description="How long the case waits: 1 to 30.")


@strawberry.input(description="What a member answered.")
class RecordAnswerInput:
    question_id: strawberry.ID = strawberry.field(description="The question; each is answered once.")
    answer: str = strawberry.field(description="In the member's words, at most 10,000 characters.")


@strawberry.type(description="The question and its case.")
class QuestionPayload:
    question: CaseQuestion | None = strawberry.field(default=None, description="As it is now; null when refused.")
    case: Case | None = strawberry.field(default=None, description="Where it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A case that waits for an answer.")
class ResumeCaseInput:
    case_id: strawberry.ID = strawberry.field(description="It goes back to its queue at once.")


@strawberry.type
class JudgingAgain:
    @verb(DecisionPayload, "Let a held decision take effect.", needs=Right.LEAD_QUEUE)
    async def approve_decision(self, info: Info, input: Input[ApproveDecisionInput]) -> DecisionPayload:
        decision = await moderation.approve_decision(
            actor_of(info.context),
            uuid_of("decision", input.decision_id, field="decisionId"),
            reason=input.reason,
        )
        return DecisionPayload(case=ref(Case, decision.case_id), decision=ref(Decision, decision.id))

    @verb(DecisionPayload, "Decide otherwise than a held decision; both are kept.", needs=Right.LEAD_QUEUE)
    async def deny_decision(self, info: Info, input: Input[DenyDecisionInput]) -> DecisionPayload:
        decision = await moderation.deny_decision(
            actor_of(info.context),
            uuid_of("decision", input.decision_id, field="decisionId"),
            outcome=input.outcome.value,
            reason=input.reason,
            policy_version_id=optional_uuid_of("policyversion", input.policy_version_id, field="policyVersionId"),
            actions=[kind.value for kind in input.actions],
            days=input.days or None,
        )
        return DecisionPayload(case=ref(Case, decision.case_id), decision=ref(Decision, decision.id))

    @verb(
        ClaimPayload,
        "Take your own decision back within ten minutes: what it did is reversed, and you have the case again.",
        needs=Right.WORK_QUEUE,
    )
    async def undo_decision(self, info: Info, input: Input[UndoDecisionInput]) -> ClaimPayload:
        claim = await moderation.undo_decision(
            actor_of(info.context), uuid_of("decision", input.decision_id, field="decisionId"), reason=input.reason
        )
        return ClaimPayload(case=ref(Case, claim.case_id), claim_token=claim.token, claimed_until=claim.expires_at)

    @verb(ReopenCasePayload, "Have a closed case judged again, by somebody who has not.", needs=Right.LEAD_QUEUE)
    async def reopen_case(self, info: Info, input: Input[ReopenCaseInput]) -> ReopenCasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.reopen_case(actor_of(info.context), case_id, reason=input.reason)
        return ReopenCasePayload(case=ref(Case, case_id))

    @verb(
        DecideCasesPayload,
        "Decide many waiting cases alike, exactly as you saw them; the rest is left out and said.",
        needs=Right.LEAD_QUEUE,
    )
    async def decide_cases(self, info: Info, input: Input[DecideCasesInput]) -> DecideCasesPayload:
        decisions, left_out = await moderation.decide_many(
            actor_of(info.context),
            [moderation.Previewed(uuid_of("case", each.case_id, field="cases"), each.version) for each in input.cases],
            outcome=input.outcome.value,
            reason=input.reason,
            policy_version_id=optional_uuid_of("policyversion", input.policy_version_id, field="policyVersionId"),
            actions=[kind.value for kind in input.actions],
            days=input.days or None,
        )
        return DecideCasesPayload(
            decisions=[ref(Decision, decision.id) for decision in decisions],
            left_out=[ref(Case, each) for each in left_out],
        )

    @verb(
        QuestionPayload,
        "Ask a member, and let the case wait with its clock standing still.",
        needs=Right.WORK_QUEUE,
    )
    async def ask_member(self, info: Info, input: Input[AskMemberInput]) -> QuestionPayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        whom: Literal["author", "reporter"] = input.whom.value
        question_id = await moderation.ask_member(
            actor_of(info.context),
            case_id,
            token=input.claim_token,
            whom=whom,
            question=input.question,
            days=input.days,
            report_id=optional_uuid_of("report", input.report_id, field="reportId"),
        )
        return QuestionPayload(question=ref(CaseQuestion, question_id), case=ref(Case, case_id))

    @verb(QuestionPayload, "Pass on what a member answered; the case is back in its queue.", needs=Right.REPORT)
    async def record_answer(self, info: Info, input: Input[RecordAnswerInput]) -> QuestionPayload:
        question_id = uuid_of("question", input.question_id, field="questionId")
        case_id = await moderation.record_answer(actor_of(info.context), question_id, answer=input.answer)
        return QuestionPayload(question=ref(CaseQuestion, question_id), case=ref(Case, case_id))

    @verb(ReopenCasePayload, "Wait no longer for an answer.", needs=Right.WORK_QUEUE)
    async def resume_case(self, info: Info, input: Input[ResumeCaseInput]) -> ReopenCasePayload:
        case_id = uuid_of("case", input.case_id, field="caseId")
        await moderation.resume(actor_of(info.context), case_id)
        return ReopenCasePayload(case=ref(Case, case_id))
