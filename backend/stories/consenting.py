"""Consent to one version of a story: asked for, given by whoever tells it or written down by staff, taken back, over."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.notices import Recipient, tell
from backend.outside import NoInstallationKey
from backend.statements import address_of
from backend.stories.models import StoryConsent, StoryWithdrawal, SuccessStory
from backend.stories.telling import (
    CHANNELS,
    USES,
    change,
    consent_to,
    held_story,
    move,
    must_be_ahead,
    newest_version,
    note,
    tell_of_practices,
    writer_of,
)
from backend.stories.thresholds import EXPIRED_AT_ONCE
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_OPEN = ("member_review", "approved", "published")
TOLD: Final = {
    "agreed": "Whoever tells a story has agreed to all that it uses: it can be published.",
    "agreed_to_less": "Whoever tells a story has agreed to a part of what it uses: it has to be rewritten.",
    "declined": "Whoever tells a story does not want it told.",
    "withdrawn": "Whoever tells a story has taken their consent back: it is told nowhere any more.",
}


async def request_consent(
    actor: Actor, story_id: UUID, *, channels: Collection[str], until: datetime | None
) -> tuple[SuccessStory, str]:
    """What they are asked for, and the address where they read the newest version and answer: theirs alone, and the same each
    time. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    must_be_ahead(until, field="until")
    story = await held_story(story_id)
    asked: dict[str, Any] = {
        "asked_channels": _channels(channels),
        "asked_until": until,
        "asked_by_id": actor.membership_id or story.asked_by_id,
    }
    if story.state == "drafted":
        await move(story, "member_review", **asked)
    elif story.state in _OPEN:
        await change(story, **asked)
        await note("asked_again", story)
    else:
        raise Conflict("There is nothing to consent to, or it is over.", path=("input", "storyId"))
    return story, await link_to("consent", story.id)


async def record_consent(
    actor: Actor,
    story_id: UUID,
    *,
    version: int,
    uses: Collection[str],
    channels: Collection[str],
    expires_at: datetime | None,
    proof: str,
) -> StoryConsent:
    """What they said elsewhere, and where that can be seen. Raises NotAllowed, NotFound, Invalid, and Conflict for a version
    that is not the newest any more, and for a story that they are not asked about."""
    actor.must_hold(Right.TEACH)
    proof = clean(proof, field="proof", longest=2_000)
    must_be_ahead(expires_at, field="expiresAt")
    story = await held_story(story_id)
    return await take_consent(
        story, version=version, uses=uses, channels=channels, expires_at=expires_at, given_by="staff", recorder=writer_of(actor), proof=proof
    )  # fmt: skip


async def take_consent(
    story: SuccessStory,
    *,
    version: int,
    uses: Collection[str],
    channels: Collection[str],
    expires_at: datetime | None,
    given_by: str,
    recorder: str = "",
    proof: str = "",
) -> StoryConsent:
    """In place of the one before. Where it covers all that the version uses, the story is approved; where it does not, it goes
    back to be rewritten. What staff write down about a published story has to be published again, by somebody else: nobody
    alone lets it be told more widely than they said. Raises Invalid, Conflict. Call while holding the row lock on it."""
    newest = await newest_version(story)
    if story.state not in _OPEN or newest is None or await is_withdrawn(story):
        raise Conflict("Nobody is asked about this story now.", path=("input", "storyId"))
    if newest.version != version:
        raise Conflict("This story says something else by now: read it again.", path=("input", "version"))
    await _end(story, "replaced")
    consent = await StoryConsent.create(
        workspace_id=story.workspace_id,
        story_id=story.id,
        version_id=newest.id,
        uses=[use for use in USES if use in uses],
        channels=_channels(channels),
        given_by=given_by,
        recorder=recorder,
        proof=proof,
        expires_at=expires_at,
    )
    await note("consented", story, number=version, uses=consent.uses, channels=consent.channels, given_by=given_by)
    if given_by == "staff" and story.state == "published":
        await move(story, "member_review", because="consent_written_down")
    covers = await consent_to(story) is not None
    if given_by == "member":
        await _tell(story, "agreed" if covers else "agreed_to_less")
    if covers and story.state == "member_review":
        await move(story, "approved")
    elif not covers and story.state != "member_review":
        await move(story, "member_review", because="consent_is_narrower")
    elif story.state == "published":
        await note("told_otherwise", story)
        await tell_of_practices(story)
    return consent


async def withdraw_consent(actor: Actor, story_id: UUID) -> SuccessStory:
    """They have taken it back, or said no: from now on nobody reads a word of it, anywhere. Whoever may act for members may do
    that much. Raises NotAllowed, NotFound, and Conflict for what is withdrawn."""
    actor.must_hold(Right.LEARN)
    story = await held_story(story_id)
    await take_back(story)
    return story


async def take_back(story: SuccessStory) -> None:
    """Raises Conflict. Call while holding the row lock on it."""
    if await is_withdrawn(story):
        raise Conflict("This was withdrawn before.", path=("input", "storyId"))
    await StoryWithdrawal.create(workspace_id=story.workspace_id, subject_id=story.id)
    await _tell(story, "withdrawn" if await _end(story, "withdrawn") else "declined")
    forgotten = {"why": "", "notes": ""}
    if story.state == "retired":
        await change(story, **forgotten)
    else:
        await move(story, "retired", because="withdrawn", **forgotten)
    await note("withdrawn", story)


async def is_withdrawn(story: SuccessStory) -> bool:
    return await StoryWithdrawal.exists(workspace_id=story.workspace_id, subject_id=story.id)


async def expire_consents(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: stories whose consent is over go back to whoever tells them. Nobody was shown them since the moment it ended."""
    rows = await current().fetch(
        """select c.story_id from story_consents c
            where c.agency_id = $1 and ($2 or c.workspace_id = any($3)) and c.ended_at is null and c.expires_at <= now()
            order by c.story_id limit $4""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
        EXPIRED_AT_ONCE,
    )
    for row in rows:
        story = await held_story(row["story_id"])
        await _end(story, "expired")
        if story.state in ("approved", "published"):
            await move(story, "member_review", because="consent_expired")


async def link_to(kind: Any, target_id: UUID) -> str:
    """Raises Conflict."""
    try:
        return await address_of(kind, target_id)
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one there are no links.") from None


async def share_story(actor: Actor, story_id: UUID) -> str:
    """The address of a page on which anybody who has it reads the story, as long as it may be told there. Raises NotAllowed,
    NotFound, and Conflict where they did not consent to a page."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    story = await held_story(story_id)
    consent = await consent_to(story)
    if story.state != "published" or consent is None or "page" not in consent.channels:
        raise Conflict("It is not published, or they did not consent to a page.", path=("input", "storyId"))
    await note("shared", story)
    return await link_to("story", story.id)


def _channels(channels: Collection[str]) -> list[str]:
    """Raises Invalid."""
    wanted = [channel for channel in CHANNELS if channel in channels]
    if not wanted:
        raise Invalid("Name one channel at least.", path=("input", "channels"))
    return wanted


async def _tell(story: SuccessStory, answer: str) -> None:
    """Whoever asked, unless it is they who say so."""
    if story.asked_by_id is None or story.asked_by_id == current().actor.membership_id:
        return
    await tell(
        [Recipient(membership_id=story.asked_by_id)],
        kind="story_answered",
        subject_id=story.id,
        workspace_id=story.workspace_id,
        text=TOLD[answer],
        occasion=f"{story.version} {answer}",  # what they answer alone makes no other version of it
        facts={"answer": answer},
    )


async def _end(story: SuccessStory, because: str) -> int:
    """How many consents it were: one, or none."""
    return await StoryConsent.filter(story_id=story.id, workspace_id=story.workspace_id, ended_at=None).update(
        ended_at=now(), ended_because=because
    )
