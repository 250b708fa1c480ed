"""Appeals: who does not accept a decision, and what came of that."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.communities import Member
from graphql_schema.context import Info
from graphql_schema.decisions import Decision
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import Node, column, one, publish, ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.cases import Case


@strawberry.enum(description="What came of an appeal.")
class AppealState(Enum):
    OPEN = value("open", "Waits in a queue, or is being looked at.")
    INADMISSIBLE = value("inadmissible", "It could not be looked at; the answer says why.")
    UPHELD = value("upheld", "The decision stays as it is.")
    MODIFIED = value("modified", "Another decision took its place that also finds a violation.")
    OVERTURNED = value("overturned", "The opposite was decided, and what the decision did is reversed.")


@strawberry.enum(description="How an appeal is answered.")
class AppealVerdict(Enum):
    INADMISSIBLE = value("inadmissible", "It cannot be looked at; say why in the answer.")
    UPHELD = value("upheld", "The decision stays as it is.")
    MODIFIED = value("modified", "There is a violation, but of other words, or something else is to be done.")
    OVERTURNED = value("overturned", "The opposite is true.")


@strawberry.enum(description="Whose appeal it is.")
class Appellant(Enum):
    AUTHOR = value("author", "Of whoever wrote the post, against a violation that was found.")
    REPORTER = value("reporter", "Of whoever reported the post, against none that was found.")


@publish(moderation.Appeal, kind="appeal", needs=Right.READ_CASES)
class Appeal(Node):
    """Somebody does not accept a decision. Offered to nobody who has had to do with the case."""

    id: strawberry.ID
    appellant: Appellant = column(description="Whose appeal it is.")
    text: str = column(description="In the member's words, at most 10,000 characters.")
    state: AppealState = column(description="What came of it.")
    filed_at: datetime = column(description="When it was filed.")
    answer: str | None = column(description="What the member is answered, at most 10,000 characters; null while open.")
    answered_at: datetime | None = column(description="When it was answered; null while open.")
    member: Member | None = one(
        "member_id", description="Whose appeal it is, by name; null for whoever reported without being a member."
    )
    decision: Decision | None = one("decision_id", description="What they do not accept.")
    new_decision: Decision | None = one("new_decision_id", description="What took its place; null where it stays.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="The appeal as it waits in a queue: a case of kind APPEAL."
    )
    filed_by: Staff | None = one(
        "filed_by_id", description="Who passed it on; null where the member filed it, and where you may not see staff."
    )
    answered_by: Staff | None = one(
        "answered_by_id", description="Who answered; null while open, and where you may not see staff."
    )


@strawberry.input(description="An appeal that a member makes, passed on.")
class FileAppealInput:
    decision_id: strawberry.ID = strawberry.field(description="The decision in force that the member does not accept.")
    member_id: strawberry.ID = strawberry.field(
        description="Who wrote the post, against a violation; or a member who reported it, against none."
    )
    text: str = strawberry.field(description="In the member's words, at most 10,000 characters.")


@strawberry.type(description="The appeal, in a queue.")
class FileAppealPayload:
    appeal: Appeal | None = strawberry.field(default=None, description="The new appeal; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="The answer to the appeals of a case you have claimed.")
class DecideAppealInput:
    case_id: strawberry.ID = strawberry.field(description="A case of kind APPEAL that you have claimed.")
    claim_token: str = strawberry.field(description="From `claimNextCase`; CLAIM_LOST for any other.")
    verdict: AppealVerdict = strawberry.field(description="What comes of it.")
    answer: str = strawberry.field(description="What the member reads, at most 10,000 characters.")
    reason: str = strawberry.field(description="For colleagues, at most 5,000 characters.")
    policy_version_id: strawberry.ID | None = optional(
        "Which words were broken, where the new decision finds a violation; refused where the decision stays."
    )
    actions: list[ActionKind] = strawberry.field(
        default_factory=list, description="All that the new decision does; what the old one did besides is reversed."
    )
    days: int | None = optional("How long a silence or suspension lasts; without an end where it is left out.")


@strawberry.type(description="The appeals that were answered.")
class DecideAppealPayload:
    appeals: list[Appeal] | None = strawberry.field(
        default=None,
        description="Those that were answered: all that waited in the case, about the decision appealed against first; null when refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Appealing:
    @verb(FileAppealPayload, "Pass on that a member does not accept a decision.", needs=Right.REPORT)
    async def file_appeal(self, info: Info, input: Input[FileAppealInput]) -> FileAppealPayload:
        appeal_id = await moderation.file_appeal(
            actor_of(info.context),
            uuid_of("decision", input.decision_id, field="decisionId"),
            member_id=uuid_of("member", input.member_id, field="memberId"),
            text=input.text,
        )
        return FileAppealPayload(appeal=ref(Appeal, appeal_id))

    @verb(
        DecideAppealPayload,
        "Answer appeals: the decision stays, or another takes its place and what it did is reversed.",
        needs=Right.WORK_QUEUE,
    )
    async def decide_appeal(self, info: Info, input: Input[DecideAppealInput]) -> DecideAppealPayload:
        answered = await moderation.decide_appeal(
            actor_of(info.context),
            uuid_of("case", input.case_id, field="caseId"),
            token=input.claim_token,
            verdict=input.verdict.value,
            answer=input.answer,
            reason=input.reason,
            policy_version_id=optional_uuid_of("policyversion", input.policy_version_id, field="policyVersionId"),
            actions=[kind.value for kind in input.actions],
            days=input.days or None,
        )
        return DecideAppealPayload(appeals=[ref(Appeal, appeal_id) for appeal_id in answered])
