"""Distilling best practices from stories, reviewing and publishing them."""

import strawberry

from backend import education, stories
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.stories import BestPractice
from graphql_schema.writing_content import ContentWordsInput
from tenants.rights import Right


@strawberry.input(description="A story behind a best practice.")
class EvidenceInput:
    story_id: strawberry.ID = strawberry.field(description="One that is written, and not retired.")
    is_quoting: bool = strawberry.field(
        default=True,
        description="Whether its words, a name or a number are in the practice. Seven words in a row that are the same, or the "
        "name of the member or the account, count in any case.",
    )


@strawberry.input(description="A new best practice.")
class DistilBestPracticeInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is written for.")
    slug: str = strawberry.field(description="Short name: 2 to 63 lower-case letters, digits and hyphens.")
    language: str = strawberry.field(description="In which it is written; ISO 639-1.")
    content: ContentWordsInput = strawberry.field(description="What it says.")
    evidence: list[EvidenceInput] = strawberry.field(description="The stories behind it, 1 to 20.")


@strawberry.input(description="What a best practice says next.")
class RewritePracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="One that is not in review.")
    expected_version: int = strawberry.field(description="Its `version` that you have read.")
    content: ContentWordsInput = strawberry.field(description="All of what it says from then on.")
    evidence: list[EvidenceInput] = strawberry.field(description="The stories behind it, 1 to 20.")


@strawberry.input(description="A best practice, with nothing to add.")
class PracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="Which best practice it is.")


@strawberry.input(description="A best practice that is not good yet.")
class ReturnPracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="One that is in review.")
    note: str = strawberry.field(description="Why, for its writers, at most 2,000 characters; the journal keeps it.")


@strawberry.type(description="The best practice, as it is now.")
class PracticePayload:
    practice: BestPractice | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class DistillingPractices:
    @verb(PracticePayload, "Write a best practice, distilled from stories; nobody reads it yet.", needs=Right.TEACH)
    async def distil_best_practice(self, info: Info, input: Input[DistilBestPracticeInput]) -> PracticePayload:
        practice = await stories.distil_best_practice(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
            language=input.language,
            words=_words(input.content),
            evidence=_evidence(input.evidence),
        )
        return PracticePayload(practice=ref(BestPractice, practice.id))

    @verb(PracticePayload, "Write the next version of a best practice; you cannot publish it then.", needs=Right.TEACH)
    async def rewrite_practice(self, info: Info, input: Input[RewritePracticeInput]) -> PracticePayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        await stories.rewrite_practice(
            actor_of(info.context),
            practice_id,
            expected_version=input.expected_version,
            words=_words(input.content),
            evidence=_evidence(input.evidence),
        )
        return PracticePayload(practice=ref(BestPractice, practice_id))

    @verb(PracticePayload, "Ask somebody else to read and publish a best practice.", needs=Right.TEACH)
    async def submit_practice(self, info: Info, input: Input[PracticeInput]) -> PracticePayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        await stories.submit_practice(actor_of(info.context), practice_id)
        return PracticePayload(practice=ref(BestPractice, practice_id))

    @verb(PracticePayload, "Give a best practice back to its writers.", needs=Right.TEACH)
    async def return_practice(self, info: Info, input: Input[ReturnPracticeInput]) -> PracticePayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        await stories.return_practice(actor_of(info.context), practice_id, note=input.note)
        return PracticePayload(practice=ref(BestPractice, practice_id))

    @verb(
        PracticePayload,
        "Let readers have a best practice that is in review, and that you wrote no word of.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def publish_practice(self, info: Info, input: Input[PracticeInput]) -> PracticePayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        await stories.publish_practice(actor_of(info.context), practice_id)
        return PracticePayload(practice=ref(BestPractice, practice_id))

    @verb(PracticePayload, "Take a best practice away from readers.", needs=Right.PUBLISH_CONTENT)
    async def archive_practice(self, info: Info, input: Input[PracticeInput]) -> PracticePayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        await stories.archive_practice(actor_of(info.context), practice_id)
        return PracticePayload(practice=ref(BestPractice, practice_id))


def _words(given: ContentWordsInput) -> education.Words:
    return education.Words(title=given.title, text=given.text, summary=given.summary or "")


def _evidence(given: list[EvidenceInput]) -> list[stories.Evidence]:
    return [stories.Evidence(uuid_of("story", each.story_id, field="evidence"), each.is_quoting) for each in given]
