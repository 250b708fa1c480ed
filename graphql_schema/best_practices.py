"""Distilling best practices from stories, reviewing and publishing them."""

import strawberry

from backend import education, stories
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.practices import BestPractice, PracticeFeedback
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
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


@strawberry.input(description="Which version of which original a translation is made from.")
class PracticeTranslationInput:
    practice_id: strawberry.ID = strawberry.field(description="A best practice that is no translation itself.")
    version: int = strawberry.field(description="The number of its version.")


@strawberry.input(description="A new best practice.")
class DistilBestPracticeInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is written for.")
    slug: str = strawberry.field(description="Short name: 2 to 63 lower-case letters, digits and hyphens.")
    language: str = strawberry.field(description="In which it is written; ISO 639-1.")
    translation_of: PracticeTranslationInput | None = optional(
        "What it is a translation of; left out for an original. `readPractice` finds either by the language."
    )
    content: ContentWordsInput = strawberry.field(description="What it says.")
    evidence: list[EvidenceInput] = strawberry.field(description="The stories behind it, 1 to 20.")


@strawberry.input(description="What a best practice says next.")
class RewritePracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="One that is not in review.")
    expected_version: int = strawberry.field(description="Its `version` that you have read.")
    content: ContentWordsInput = strawberry.field(description="All of what it says from then on.")
    evidence: list[EvidenceInput] = strawberry.field(description="The stories behind it, 1 to 20.")
    source_version: int | None = optional(
        "Of a translation, and of nothing else: the original's version it is made from."
    )


@strawberry.input(description="A best practice, with nothing to add.")
class PracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="Which best practice it is.")


@strawberry.input(description="A best practice that is not good yet.")
class ReturnPracticeInput:
    practice_id: strawberry.ID = strawberry.field(description="One that is in review.")
    note: str = strawberry.field(description="Why, for its writers, at most 2,000 characters; the journal keeps it.")


@strawberry.input(description="What a reader of a best practice says.")
class GivePracticeFeedbackInput:
    practice_id: strawberry.ID = strawberry.field(description="What they have read: `PublishedPractice.practiceId`.")
    version: int = strawberry.field(description="Which version of it.")
    is_helpful: bool = strawberry.field(description="Whether they find it helpful.")
    has_solved: bool | None = optional("Whether it solved what they came with.")
    words: str | None = optional("Their words, at most 2,000 characters.")
    member_id: strawberry.ID | None = optional("Who they are, where that is known.")


@strawberry.type(description="What they said of a best practice.")
class GivePracticeFeedbackPayload:
    practice: BestPractice | None = strawberry.field(
        default=None, description="What they have read; null when refused."
    )
    feedback: PracticeFeedback | None = strawberry.field(
        default=None, description="Null when refused, and for whoever does not teach."
    )
    user_errors: list[UserError] = user_errors()


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
            original=_original(input.translation_of or None),
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
            source_version=input.source_version or None,
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

    @verb(GivePracticeFeedbackPayload, "Say for a reader whether a best practice helped.", needs=Right.LEARN)
    async def give_practice_feedback(
        self, info: Info, input: Input[GivePracticeFeedbackInput]
    ) -> GivePracticeFeedbackPayload:
        practice_id = uuid_of("practice", input.practice_id, field="practiceId")
        feedback_id = await stories.give_practice_feedback(
            actor_of(info.context),
            practice_id,
            version=input.version,
            is_helpful=input.is_helpful,
            has_solved=input.has_solved if isinstance(input.has_solved, bool) else None,
            words=input.words or "",
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return GivePracticeFeedbackPayload(
            practice=ref(BestPractice, practice_id), feedback=ref(PracticeFeedback, feedback_id)
        )


def _words(given: ContentWordsInput) -> education.Words:
    return education.Words(title=given.title, text=given.text, summary=given.summary or "")


def _original(given: PracticeTranslationInput | None) -> stories.Original | None:
    if given is None:
        return None
    return stories.Original(uuid_of("practice", given.practice_id, field="translationOf"), given.version)


def _evidence(given: list[EvidenceInput]) -> list[stories.Evidence]:
    return [stories.Evidence(uuid_of("story", each.story_id, field="evidence"), each.is_quoting) for each in given]
