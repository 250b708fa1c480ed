"""Working on investigations: what they are about, what connects it, and what came of it."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import integrity
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Case
from graphql_schema.communities import Member, Post
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.investigations import (
    Investigation,
    InvestigationTie,
    SubjectKind,
    TieKind,
)
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_ID = "The investigation, which is open."


@strawberry.input(description="What is suspected.")
class OpenInvestigationInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    title: str = strawberry.field(description="What people call it, at most 200 characters.")
    question: str = strawberry.field(description="What is suspected, at most 5,000 characters.")
    taxonomy_code: str | None = optional("What it would be, such as IN-CIB, of the 49 codes.")


@strawberry.input(description="A subject: give an `id` for a member, post or case, else a `value`.")
class SubjectInput:
    kind: SubjectKind = strawberry.field(description="What it is.")
    id: strawberry.ID | None = optional("The member, post or case.")
    value: str | None = optional("The account, link, payment or booking, at most 500 characters.")
    note: str | None = optional("Why it is here, at most 2,000 characters.")


@strawberry.input(description="More of what an investigation is about.")
class AddInvestigationSubjectsInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)
    subjects: list[SubjectInput] = strawberry.field(
        description="1 to 50; those that are there already stay as they are."
    )


@strawberry.input(description="Something that is no part of it.")
class RemoveInvestigationSubjectInput:
    investigation_subject_id: strawberry.ID = strawberry.field(description="The subject; its ties go with it.")
    reason: str = strawberry.field(description="Why it is no part of it, at most 2,000 characters.")


@strawberry.input(description="Which investigation to look through.")
class LookForTiesInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)


@strawberry.input(description="A tie that Tend does not see.")
class NoteTieInput:
    first_subject_id: strawberry.ID = strawberry.field(description="A subject of the investigation.")
    second_subject_id: strawberry.ID = strawberry.field(description="Another subject of the same one.")
    because: str = strawberry.field(description="What connects them, at most 2,000 characters.")
    post_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Posts that show it; with `caseIds` ten at most."
    )
    case_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Cases that show it.")


@strawberry.input(description="Words of whoever works on it.")
class NoteInInvestigationInput:
    investigation_id: strawberry.ID = strawberry.field(description=_ID)
    text: str = strawberry.field(description="At most 5,000 characters.")


@strawberry.enum(description="What the client knows of a member.")
class ReferenceKind(Enum):
    ACCOUNT = value("account", "An account of theirs somewhere.")
    PAYMENT = value("payment", "A payment of theirs.")
    BOOKING = value("booking", "A booking of theirs.")


@strawberry.input(description="Whose payment, booking or account it was.")
class ReferenceInput:
    kind: ReferenceKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="Its reference, at most 200 characters; blanks and case tell none apart.")
    member_id: strawberry.ID = strawberry.field(description="Whose it is.")


@strawberry.input(description="What the client knows of its members.")
class NoteReferencesInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client they are members of.")
    references: list[ReferenceInput] = strawberry.field(description="1 to 1,000; known ones change nothing.")


@strawberry.type(description="The investigation after what was done.")
class InvestigationPayload:
    investigation: Investigation | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="A member who is no subject, and is strongly connected with one.")
class Candidate:
    member: Member | None = strawberry.field(description="Who it is; null for whoever may not read content.")
    because: TieKind = strawberry.field(description="What connects them.")


@strawberry.type(description="What was found among the subjects, and who else belongs to it, perhaps.")
class LookForTiesPayload:
    investigation: Investigation | None = strawberry.field(default=None, description="As it is now; null when refused.")
    candidates: list[Candidate] | None = strawberry.field(
        default=None, description="At most 20 members to think about; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The tie between the two.")
class NoteTiePayload:
    tie: InvestigationTie | None = strawberry.field(default=None, description="The new one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="What of it was new.")
class NoteReferencesPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The client; null when refused.")
    new_count: int | None = strawberry.field(default=None, description="How many were new; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Something that happened to what an investigation is about, or in the investigation.")
class TimelineEvent:
    at: datetime = strawberry.field(description="When it happened.")
    kind: str = strawberry.field(
        description="One of member_seen, posted, edited, removed, hidden, reported, case_opened, case_closed, or investigation_ and "
        "a kind of its entries."
    )
    text: str = strawberry.field(
        description="The version of an edit, the channel of a report, the outcome of a case, the words of an entry."
    )
    member: Member | None = strawberry.field(description="Who was seen or reported; null for other kinds.")
    post: Post | None = strawberry.field(description="Which post; null where it is about none.")
    case: Case | None = strawberry.field(description="Which case; null where it is about none.")


def happened(event: integrity.Happened) -> TimelineEvent:
    return TimelineEvent(
        at=event.at,
        kind=event.kind,
        text=event.text,
        member=None if event.member_id is None else ref(Member, event.member_id),
        post=None if event.post_id is None else ref(Post, event.post_id),
        case=None if event.case_id is None else ref(Case, event.case_id),
    )


@strawberry.type
class Investigating:
    @verb(InvestigationPayload, "Begin to look into something; you lead it.", needs=Right.WORK_QUEUE)
    async def open_investigation(self, info: Info, input: Input[OpenInvestigationInput]) -> InvestigationPayload:
        found = await integrity.open_investigation(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            title=input.title,
            question=input.question,
            taxonomy_code=input.taxonomy_code or None,
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(
        InvestigationPayload,
        "Add what it is about. What connects it is looked for at once.",
        needs=Right.WORK_QUEUE,
    )
    async def add_investigation_subjects(
        self, info: Info, input: Input[AddInvestigationSubjectsInput]
    ) -> InvestigationPayload:
        found = await integrity.add_subjects(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            [
                integrity.Subject(
                    kind=each.kind.value,
                    id=optional_uuid_of(each.kind.value, each.id, field="subjects"),
                    value=each.value or None,
                    note=each.note or "",
                )
                for each in input.subjects
            ],
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(InvestigationPayload, "Take something out of it, with its ties.", needs=Right.WORK_QUEUE)
    async def remove_investigation_subject(
        self, info: Info, input: Input[RemoveInvestigationSubjectInput]
    ) -> InvestigationPayload:
        found = await integrity.remove_subject(
            actor_of(info.context),
            uuid_of("subject", input.investigation_subject_id, field="investigationSubjectId"),
            reason=input.reason,
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(
        LookForTiesPayload,
        "Look again for what connects its subjects, in what Tend knows by now.",
        needs=Right.WORK_QUEUE,
    )
    async def look_for_ties(self, info: Info, input: Input[LookForTiesInput]) -> LookForTiesPayload:
        id = uuid_of("investigation", input.investigation_id, field="investigationId")
        candidates = await integrity.look_again(actor_of(info.context), id)
        return LookForTiesPayload(
            investigation=ref(Investigation, id),
            candidates=[
                Candidate(member=ref(Member, each.member_id), because=TieKind(each.because)) for each in candidates
            ],
        )

    @verb(NoteTiePayload, "Note a tie that Tend does not see.", needs=Right.WORK_QUEUE)
    async def note_tie(self, info: Info, input: Input[NoteTieInput]) -> NoteTiePayload:
        found = await integrity.note_tie(
            actor_of(info.context),
            uuid_of("subject", input.first_subject_id, field="firstSubjectId"),
            uuid_of("subject", input.second_subject_id, field="secondSubjectId"),
            because=input.because,
            post_ids=[uuid_of("post", each, field="postIds") for each in input.post_ids],
            case_ids=[uuid_of("case", each, field="caseIds") for each in input.case_ids],
        )
        return NoteTiePayload(tie=ref(InvestigationTie, found))

    @verb(InvestigationPayload, "Write something down.", needs=Right.WORK_QUEUE)
    async def note_in_investigation(self, info: Info, input: Input[NoteInInvestigationInput]) -> InvestigationPayload:
        found = await integrity.note(
            actor_of(info.context),
            uuid_of("investigation", input.investigation_id, field="investigationId"),
            text=input.text,
        )
        return InvestigationPayload(investigation=ref(Investigation, found))

    @verb(
        NoteReferencesPayload,
        "Tell which payments, bookings and accounts are whose: the same one of two members connects them.",
        needs=Right.IMPORT,
    )
    async def note_references(self, info: Info, input: Input[NoteReferencesInput]) -> NoteReferencesPayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        new = await integrity.note_references(
            actor_of(info.context),
            workspace_id,
            [
                integrity.Told(each.kind.value, each.value, uuid_of("member", each.member_id, field="references"))
                for each in input.references
            ],
        )
        return NoteReferencesPayload(workspace=ref(Workspace, workspace_id), new_count=new)
