"""A success story on its way: who tells it, what it says, and where it is. Consent is in consenting.py."""

from collections.abc import Collection
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.customers import CustomerAccount
from backend.education import render
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.languages import LANGUAGES
from backend.kit.texts import clean, clean_line
from backend.stories.models import StoryConsent, StoryVersion, SuccessStory
from backend.stories.thresholds import LONGEST_STORY
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

USES: Final = ("name", "logo", "quote", "metric")
CHANNELS: Final = ("site", "page", "practice", "community", "social")
# What leads where. Out of review and back leads consent alone; an edit from the review on leads back into it.
STATES: Final = MappingProxyType(
    {
        "nominated": frozenset({"qualified", "retired"}),
        "qualified": frozenset({"interviewed", "retired"}),
        "interviewed": frozenset({"drafted", "retired"}),
        "drafted": frozenset({"member_review", "retired"}),
        "member_review": frozenset({"approved", "retired"}),
        "approved": frozenset({"member_review", "published", "retired"}),
        "published": frozenset({"member_review", "retired"}),
        "retired": frozenset[str](),
    }
)


async def nominate_story(
    actor: Actor,
    workspace_id: UUID,
    *,
    member_id: UUID | None = None,
    account_id: UUID | None = None,
    language: str,
    why: str,
) -> SuccessStory:
    """Somebody has achieved something that is worth telling. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    if member_id is None and account_id is None:
        raise Invalid("Name a member or an account.", path=("input", "memberId"))
    if language not in LANGUAGES:
        raise Invalid("Tend does not know this language: two small letters of ISO 639-1.", path=("input", "language"))
    why = clean(why, field="why", longest=2_000)
    if member_id is not None and not await Member.exists(id=member_id, workspace_id=workspace_id, erased_at=None):
        raise NotFound(path=("input", "memberId"))
    if account_id is not None and not await CustomerAccount.exists(id=account_id, workspace_id=workspace_id):
        raise NotFound(path=("input", "accountId"))
    story = await SuccessStory.create(
        workspace_id=workspace_id, member_id=member_id, account_id=account_id, language=language, why=why
    )
    await note("nominated", story)
    return story


async def advance_story(actor: Actor, story_id: UUID, *, to: str, notes: str) -> SuccessStory:
    """To qualified, or interviewed; `notes` take the place of those before, for whoever teaches alone. Raises NotAllowed,
    NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    notes = clean(notes, field="notes", longest=LONGEST_STORY)
    if to not in ("qualified", "interviewed"):
        raise Invalid("What comes after has an operation of its own.", path=("input", "to"))
    story = await held_story(story_id)
    await move(story, to, notes=notes)
    return story


async def draft_story(
    actor: Actor, story_id: UUID, *, expected_version: int, title: str, text: str, uses: Collection[str]
) -> StoryVersion:
    """The next version. `uses`: what of whoever tells it is in it. What was consented to or published is neither any more,
    and goes back to them: consent is to words, not to a story. Raises NotAllowed, NotFound, Invalid, and Conflict for
    a story that somebody has changed, that nobody was interviewed for, or that is retired."""
    actor.must_hold(Right.TEACH)
    title = clean_line(title, field="title", longest=200)
    text = clean(text, field="text", longest=LONGEST_STORY)
    story = await held_story(story_id)
    if story.version != expected_version:
        raise Conflict("Somebody has changed this story since you read it.", path=("input", "expectedVersion"))
    if story.state in ("nominated", "qualified", "retired"):
        raise Conflict("Nobody was interviewed for this story, or it is over.", path=("input", "storyId"))
    before = await newest_version(story)
    version = await StoryVersion.create(
        workspace_id=story.workspace_id,
        story_id=story.id,
        version=1 if before is None else before.version + 1,
        title=title,
        text=text,
        html=render(text).html,
        uses=[use for use in USES if use in uses],
        writers=[writer_of(actor)],
    )
    to = {"interviewed": "drafted", "approved": "member_review", "published": "member_review"}.get(story.state)
    if to is None:
        await change(story, current_version_id=version.id)
        await note("rewritten", story, number=version.version)
    else:
        await move(story, to, current_version_id=version.id)
    return version


async def publish_story(actor: Actor, story_id: UUID) -> SuccessStory:
    """It is told from now on, where and as long as they consented. Raises NotAllowed, NotFound, and Conflict for whoever wrote
    this version or wrote the consent down, and without a consent to it."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    story = await held_story(story_id)
    consent = await consent_to(story)
    if story.state != "approved" or consent is None:
        raise Conflict("Whoever tells it has not consented to this version.", path=("input", "storyId"))
    version = await newest_version(story)
    assert version is not None
    if writer_of(actor) in (*version.writers, consent.recorder):
        raise Conflict("You wrote this, or the consent to it: somebody else has to publish it.", path=("input", "storyId"))  # fmt: skip
    await move(story, "published", published_at=now())
    return story


async def retire_story(actor: Actor, story_id: UUID) -> SuccessStory:
    """It is told no more, and stays for who teaches. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    story = await held_story(story_id)
    await move(story, "retired")
    return story


async def held_story(story_id: UUID) -> SuccessStory:
    """Locked. Raises NotFound."""
    story = await SuccessStory.filter(id=story_id).select_for_update().first()
    if story is None:
        raise NotFound(path=("input", "storyId"))
    return story


async def newest_version(story: SuccessStory) -> StoryVersion | None:
    if story.current_version_id is None:
        return None
    return await StoryVersion.get(id=story.current_version_id, workspace_id=story.workspace_id)


async def consent_to(story: SuccessStory) -> StoryConsent | None:
    """In force, for its newest version and all that this uses; None where there is none."""
    version = await newest_version(story)
    consent = await StoryConsent.get_or_none(story_id=story.id, workspace_id=story.workspace_id, ended_at=None)
    if version is None or consent is None or consent.version_id != version.id:
        return None
    if not set(version.uses) <= set(consent.uses) or (consent.expires_at is not None and consent.expires_at <= now()):
        return None
    return consent


async def move(story: SuccessStory, to: str, *, because: str | None = None, **columns: object) -> None:
    """Raises Conflict. Call while holding the row lock on it."""
    if to not in STATES[story.state]:
        raise Conflict(f"A story that is {story.state.replace('_', ' ')} cannot be {to.replace('_', ' ')}.", path=("input", "storyId"))  # fmt: skip
    was_told = story.state == "published"
    await change(story, state=to, **columns)
    await note(to, story, **({} if because is None else {"because": because}))
    if was_told:
        await note("taken_down", story)
    if was_told or to == "published":
        await tell_of_practices(story)


async def change(story: SuccessStory, **columns: object) -> None:
    """Call while holding the row lock on it."""
    story.version += 1
    await SuccessStory.filter(id=story.id, workspace_id=story.workspace_id).update(version=story.version, **columns)
    story.update_from_dict(columns)


async def note(verb: str, story: SuccessStory, **detail: Any) -> None:
    await journal.record(
        f"story.{verb}", subject_kind="story", subject_id=story.id, workspace_id=story.workspace_id, **detail
    )


def writer_of(actor: Actor) -> str:
    """Who it is; '-' for Tend itself, which is nobody else's writer."""
    return str(actor.membership_id or actor.api_client_id or "-")


def must_be_ahead(moment: datetime | None, *, field: str) -> None:
    """Raises Invalid."""
    if moment is not None and moment <= now():
        raise Invalid("This is over.", path=("input", field))


async def tell_of_practices(story: SuccessStory) -> None:
    """Best practices that quote it come and go with it; whoever keeps a copy of one hears of that."""
    rows = await current().fetch(
        """select p.id, app.is_practised(p.id, p.current_version_id) as is_there
             from practice_evidence e join best_practices p
               on p.agency_id = $1 and p.workspace_id = $2 and p.current_version_id = e.version_id and p.archived_at is null
            where e.agency_id = $1 and e.workspace_id = $2 and e.story_id = $3 and e.is_quoting order by p.id""",
        current().actor.agency_id,
        story.workspace_id,
        story.id,
    )
    for row in rows:
        await journal.record(
            "practice.published" if row["is_there"] else "practice.taken_down",
            subject_kind="practice",
            subject_id=row["id"],
            workspace_id=story.workspace_id,
            because=f"story_{story.id}",
        )
