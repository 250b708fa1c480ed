"""Best practices: distilled from stories by one, published by another, and gone with a story that they quote."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Member, words_of
from backend.customers import CustomerAccount
from backend.education import Words, render
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.languages import LANGUAGES
from backend.kit.texts import clean
from backend.stories.models import BestPractice, PracticeEvidence, PracticeVersion, StoryVersion, SuccessStory
from backend.stories.telling import writer_of
from backend.stories.thresholds import MOST_EVIDENCE, QUOTED_WORDS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right
from tenants.scope import current

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`is_quoting`: what it says of the story shows whose it is; found by itself where words or a name are the same."""

    story_id: UUID
    is_quoting: bool = True


@dataclass(frozen=True, slots=True)
class Original:
    """What a translation is made from: a practice that is none itself, and the number of the version."""

    practice_id: UUID
    version: int


async def distil_best_practice(
    actor: Actor,
    workspace_id: UUID,
    *,
    slug: str,
    language: str,
    words: Words,
    evidence: Sequence[Evidence],
    original: Original | None = None,
) -> BestPractice:
    """What others can do as these stories did, or the same in another language; nobody reads it yet. Raises NotAllowed,
    NotFound, Invalid, SlugTaken, and Conflict for a translation that is there."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    check_slug(slug)
    if language not in LANGUAGES:
        raise Invalid("Tend does not know this language: two small letters of ISO 639-1.", path=("input", "language"))
    if original is not None:
        await _check_original(workspace_id, language, original)
    try:
        practice = await BestPractice.create(
            workspace_id=workspace_id,
            slug=slug,
            language=language,
            of_id=None if original is None else original.practice_id,
        )
    except IntegrityError:
        raise SlugTaken("Another best practice of this client has this short name.", path=("input", "slug")) from None
    await _write(
        actor, practice, words, evidence, writers=(), source_version=None if original is None else original.version
    )
    await _journal("distilled", practice)
    return practice


async def rewrite_practice(
    actor: Actor,
    practice_id: UUID,
    *,
    expected_version: int,
    words: Words,
    evidence: Sequence[Evidence],
    source_version: int | None = None,
) -> BestPractice:
    """Its next draft; what readers have stays. `source_version`: of a translation, and of nothing else, the version of the
    original that it is made from. Raises NotAllowed, NotFound, Invalid, and Conflict for what somebody has changed
    meanwhile, is in review, or archived."""
    practice = await _held(actor, practice_id, right=Right.TEACH)
    if practice.version != expected_version:
        raise Conflict("Somebody has changed this since you read it.", path=("input", "expectedVersion"))
    if practice.draft_state == "in_review":
        raise Conflict("This is in review: it has to be returned first.", path=("input", "practiceId"))
    if (practice.of_id is None) != (source_version is None):
        raise Invalid(
            "A translation, and nothing else, names the version it was made from.", path=("input", "sourceVersion")
        )
    if practice.of_id is not None and not await _has_version(practice.workspace_id, practice.of_id, source_version):
        raise Invalid("The original has no such version.", path=("input", "sourceVersion"))
    before = practice.draft_version_id and await PracticeVersion.get(
        id=practice.draft_version_id, workspace_id=practice.workspace_id
    )
    await _write(
        actor,
        practice,
        words,
        evidence,
        writers=before.writers if before else (),
        source_version=source_version,
    )
    await _journal("rewritten", practice)
    return practice


async def submit_practice(actor: Actor, practice_id: UUID) -> BestPractice:
    """For somebody else to read. Raises NotAllowed, NotFound, Conflict."""
    practice = await _held(actor, practice_id, right=Right.TEACH)
    _must_be("draft", practice)
    await _change(practice, draft_state="in_review")
    await _journal("submitted", practice)
    return practice


async def return_practice(actor: Actor, practice_id: UUID, *, note: str) -> BestPractice:
    """To its writers, with why. Raises NotAllowed, NotFound, Invalid, Conflict."""
    practice = await _held(actor, practice_id, right=Right.TEACH)
    note = clean(note, field="note", longest=2_000)
    _must_be("in_review", practice)
    await _change(practice, draft_state="draft")
    await _journal("returned", practice, grounds=note)
    return practice


async def publish_practice(actor: Actor, practice_id: UUID) -> BestPractice:
    """Readers have it from now on, as long as every story that it quotes may be told in best practices. Raises NotAllowed,
    NotFound, and Conflict for whoever wrote any of it, and while such a story may not be told."""
    practice = await _held(actor, practice_id, right=Right.PUBLISH_CONTENT)
    _must_be("in_review", practice)
    version = await PracticeVersion.get(id=practice.draft_version_id, workspace_id=practice.workspace_id)
    if writer_of(actor) in version.writers:
        raise Conflict("You wrote some of this: somebody else has to read and publish it.", path=("input", "practiceId"))  # fmt: skip
    await _change(practice, draft_state=None, draft_version_id=None, current_version_id=version.id)
    if not await current().fetchval("select app.is_practised($1, $2)", practice.id, version.id):
        raise Conflict("It quotes a story that may not be told in best practices now.", path=("input", "practiceId"))
    await _journal("published", practice, number=version.version)
    return practice


async def archive_practice(actor: Actor, practice_id: UUID) -> BestPractice:
    """Readers find it no more, in no language where it is an original. Raises NotAllowed, NotFound, Conflict."""
    practice = await _held(actor, practice_id, right=Right.PUBLISH_CONTENT)
    translations = BestPractice.filter(of_id=practice.id, workspace_id=practice.workspace_id, archived_at=None)
    for each in (practice, *await translations.order_by("id").select_for_update()):
        await _change(each, archived_at=now())
        await _journal("taken_down", each)
    return practice


def is_quotation(text: str, of: str, *, names: Collection[str] = ()) -> bool:
    """Whether QUOTED_WORDS words in a row stand in both, or one of the names (three letters at least) in `text`."""
    mine, theirs = (_WORD.findall(each.casefold()) for each in (text, of))
    runs = [{tuple(words[at : at + QUOTED_WORDS]) for at in range(len(words) - QUOTED_WORDS + 1)} for words in (mine, theirs)]  # fmt: skip
    if runs[0] & runs[1]:
        return True
    spoken = f" {' '.join(mine)} "
    plain = (" ".join(_WORD.findall(name.casefold())) for name in names)
    return any(len(name) > 2 and f" {name} " in spoken for name in plain)


async def _write(
    actor: Actor,
    practice: BestPractice,
    words: Words,
    evidence: Sequence[Evidence],
    *,
    writers: Collection[str],
    source_version: int | None,
) -> None:
    """Its next version, as a draft. Call while holding the row lock on it."""
    words = words.cleaned()
    shown = render(words.text)
    newest = (
        await PracticeVersion.filter(practice_id=practice.id, workspace_id=practice.workspace_id)
        .order_by("-version")
        .first()
    )
    version = await PracticeVersion.create(
        workspace_id=practice.workspace_id,
        practice_id=practice.id,
        version=1 if newest is None else newest.version + 1,
        title=words.title,
        summary=words.summary,
        text=words.text,
        html=shown.html,
        reading_seconds=shown.reading_seconds,
        words=words_of(f"{words.title} {words.summary} {words.text}"),
        source_version=source_version,
        writers=sorted({*writers, writer_of(actor)}),
    )
    said, declared = (
        f"{words.title} {words.summary} {words.text}",
        {each.story_id: each.is_quoting for each in evidence},
    )
    quoted = await _quoted_by(practice, source_version)
    for story, told in await _stories(practice.workspace_id, declared.keys() | quoted.keys()):
        is_quoting = (
            story.id in quoted
            or declared[story.id]
            or is_quotation(said, f"{told.title} {told.text}", names=await _names(story))
        )
        await PracticeEvidence.create(
            workspace_id=practice.workspace_id,
            version_id=version.id,
            story_id=story.id,
            story_version_id=quoted.get(story.id, told.id),
            is_quoting=is_quoting,
        )
    await _change(practice, draft_version_id=version.id, draft_state="draft")


async def _check_original(workspace_id: UUID, language: str, original: Original) -> None:
    """Raises NotFound, Invalid, Conflict."""
    path = ("input", "translationOf")
    found = await BestPractice.filter(id=original.practice_id, workspace_id=workspace_id).select_for_update().first()
    if found is None:
        raise NotFound(path=path)
    if found.archived_at is not None:
        raise Conflict("This was archived.", path=path)
    if found.of_id is not None or found.language == language:
        raise Invalid("A translation is of an original, in another language.", path=path)
    if not await _has_version(workspace_id, found.id, original.version):
        raise Invalid("The original has no such version.", path=path)
    if await BestPractice.exists(of_id=found.id, workspace_id=workspace_id, language=language):
        raise Conflict("It has a translation into this language: rewrite that.", path=path)


async def _has_version(workspace_id: UUID, practice_id: UUID, version: int | None) -> bool:
    return await PracticeVersion.exists(practice_id=practice_id, workspace_id=workspace_id, version=version)


async def _quoted_by(practice: BestPractice, source_version: int | None) -> dict[UUID, UUID]:
    """The stories that its original quotes there, and which version of each: in other words nobody would find the quotation, and
    it has to come down with the story all the same."""
    source = practice.of_id and await PracticeVersion.get(
        practice_id=practice.of_id, workspace_id=practice.workspace_id, version=source_version
    )
    if not source:
        return {}
    rows = PracticeEvidence.filter(version_id=source.id, workspace_id=practice.workspace_id, is_quoting=True)
    return {each.story_id: each.story_version_id for each in await rows}


async def _stories(workspace_id: UUID, wanted: Collection[UUID]) -> list[tuple[SuccessStory, StoryVersion]]:
    """With their newest versions. Raises NotFound, Invalid, and Conflict for one that may not be used."""
    if not 1 <= len(wanted) <= MOST_EVIDENCE:
        raise Invalid(f"Between one and {MOST_EVIDENCE} stories.", path=("input", "evidence"))
    found = []
    for story_id in sorted(wanted):
        story = await SuccessStory.get_or_none(id=story_id, workspace_id=workspace_id)
        if story is None:
            raise NotFound(path=("input", "evidence"))
        if story.current_version_id is None or story.state == "retired":
            raise Conflict("One of the stories says nothing yet, or is over.", path=("input", "evidence"))
        found.append((story, await StoryVersion.get(id=story.current_version_id, workspace_id=workspace_id)))
    return found


async def _names(story: SuccessStory) -> list[str]:
    member = story.member_id and await Member.get_or_none(id=story.member_id, workspace_id=story.workspace_id)
    account = story.account_id and await CustomerAccount.get_or_none(
        id=story.account_id, workspace_id=story.workspace_id
    )
    return [*([member.handle] if member else []), *([account.name] if account else [])]


async def _held(actor: Actor, practice_id: UUID, *, right: Right) -> BestPractice:
    """Locked. Raises NotAllowed, NotFound, and Conflict for one that is archived."""
    actor.must_hold(right)
    practice = await BestPractice.filter(id=practice_id).select_for_update().first()
    if practice is None:
        raise NotFound(path=("input", "practiceId"))
    if practice.archived_at is not None:
        raise Conflict("This was archived.", path=("input", "practiceId"))
    return practice


def _must_be(state: str, practice: BestPractice) -> None:
    if practice.draft_state != state:
        raise Conflict(
            "Nobody has submitted this." if state == "in_review" else "There is no draft that could be submitted.",
            path=("input", "practiceId"),
        )


async def _change(practice: BestPractice, **columns: Any) -> None:
    practice.version += 1
    await BestPractice.filter(id=practice.id, workspace_id=practice.workspace_id).update(
        version=practice.version, **columns
    )
    practice.update_from_dict(columns)


async def _journal(verb: str, practice: BestPractice, *, grounds: str | None = None, **detail: Any) -> None:
    await journal.record(
        f"practice.{verb}",
        subject_kind="practice",
        subject_id=practice.id,
        workspace_id=practice.workspace_id,
        grounds=grounds,
        **detail,
    )
