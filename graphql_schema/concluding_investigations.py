"""The end of investigations: who acts on them, and what was found."""

import strawberry

from backend import integrity
from backend.safety import Danger
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.answering_escalations import grade
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.escalations import Escalation
from graphql_schema.investigating import InvestigationPayload
from graphql_schema.investigations import (
    Investigation,
    InvestigationOutcome,
)
from graphql_schema.on_call import DangerKind
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_ID = "The investigation, which is open."


@strawberry.input(description="Posts that moderation should judge.")
class ReferToModerationInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)
    subject_ids: list[strawberry.ID] = strawberry.field(description="Subjects of kind POST.")
    reason: str = strawberry.field(description="What is wrong with them, at most 2,000 characters.")
    policy_id: strawberry.ID | None = optional("The policy they break.")


@strawberry.input(description="Somebody who may come to harm, or do it.")
class ReferToSafetyInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)
    investigation_subject_id: strawberry.ID = strawberry.field(description="A subject of kind MEMBER, POST or CASE.")
    kind: DangerKind = strawberry.field(description="What danger it is.")
    summary: str = strawberry.field(description="What you know, at most 5,000 characters; in no page and no notice.")
    impact: int | None = optional("1 a life or a child's safety, 2 serious harm, 3 limited, 4 a breach of rules.")
    urgency: int | None = optional("1 now, 2 within a day, 3 within days, 4 none. Unknown counts as 1.")


@strawberry.input(description="What was found.")
class ConcludeInvestigationInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)
    outcome: InvestigationOutcome = strawberry.field(description="What came of it.")
    finding: str = strawberry.field(description="For colleagues, at most 20,000 characters.")
    client_summary: str | None = optional(
        "What the client reads, at most 5,000 characters; it names no member it is about. Left out, the client hears nothing."
    )
    expected_version: int | None = optional("Its `version` as you read it; refused where it has changed.")


@strawberry.input(description="An investigation to go on with.")
class ReopenInvestigationInput:
    investigation_id: strawberry.ID = strawberry.field(description="The investigation, which is concluded.")
    reason: str = strawberry.field(description="What came up, at most 2,000 characters.")


@strawberry.type(description="The escalation that goes on now.")
class ReferToSafetyPayload:
    escalation: Escalation | None = strawberry.field(default=None, description="New or joined; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ConcludingInvestigations:
    @verb(InvestigationPayload, "Have moderation judge some of its posts.", needs=Right.WORK_QUEUE)
    async def refer_to_moderation(self, info: Info, input: Input[ReferToModerationInput]) -> InvestigationPayload:
        found = await integrity.refer_to_moderation(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            [uuid_of("subject", each, field="subjectIds") for each in input.subject_ids],
            reason=input.reason,
            policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(ReferToSafetyPayload, "Somebody may come to harm: whoever is on call is paged now.", needs=Right.WORK_QUEUE)
    async def refer_to_safety(self, info: Info, input: Input[ReferToSafetyInput]) -> ReferToSafetyPayload:
        found = await integrity.refer_to_safety(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            uuid_of("subject", input.investigation_subject_id, field="investigationSubjectId"),
            Danger(
                kind=input.kind.value,
                summary=input.summary,
                impact=grade(input.impact),
                urgency=grade(input.urgency),
            ),
        )
        return ReferToSafetyPayload(escalation=ref(Escalation, found))

    @verb(
        InvestigationPayload,
        "Say what was found. The client reads its summary, and members who reported its cases are told.",
        needs=Right.LEAD_QUEUE,
    )
    async def conclude_investigation(
        self, info: Info, input: Input[ConcludeInvestigationInput]
    ) -> InvestigationPayload:
        found = await integrity.conclude(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            outcome=input.outcome.value,
            finding=input.finding,
            client_summary=input.client_summary or "",
            expected_version=input.expected_version or None,
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(InvestigationPayload, "Go on with one that was concluded.", needs=Right.LEAD_QUEUE)
    async def reopen_investigation(self, info: Info, input: Input[ReopenInvestigationInput]) -> InvestigationPayload:
        found = await integrity.reopen(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            reason=input.reason,
        )
        return InvestigationPayload(investigation=ref(Investigation, found))
