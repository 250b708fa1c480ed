"""What readers are told, and what stands on the pages behind links. Words of a story leave here and through the projection only,
and both ask `app.is_told`."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from backend.communities import Member
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.stories.consenting import is_withdrawn, take_back, take_consent
from backend.stories.introducing import answer, contact_for, held_introduction, is_over
from backend.stories.models import Introduction, IntroductionSide, StoryConsent, StoryVersion, SuccessStory
from backend.stories.telling import CHANNELS, held_story, newest_version
from backend.stories.thresholds import MOST_LISTED
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import agency_scope, current

_SPOKEN: Final = ("en", "de")


@dataclass(frozen=True, slots=True)
class ToldStory:
    """On the page that anybody may read who has the address."""

    client: str
    language: str
    title: str
    html: str


@dataclass(frozen=True, slots=True)
class AskedStory:
    """On the page of whoever tells it. `version`: what it says, None once it is withdrawn. `consent`: the last that they gave to
    it, which counts while it has not ended."""

    client: str
    language: str
    state: str
    version: StoryVersion | None
    asked_channels: Collection[str]
    asked_until: datetime | None
    consent: StoryConsent | None

    @property
    def is_open(self) -> bool:
        return self.state in ("member_review", "approved", "published")

    @property
    def is_in_force(self) -> bool:
        given = self.consent
        return given is not None and given.ended_at is None and (given.expires_at is None or given.expires_at > now())


@dataclass(frozen=True, slots=True)
class AskedIntroduction:
    """On the page of one of the two. `contact`: how they reach the other one."""

    client: str
    language: str
    state: str
    reason: str
    answer: str | None
    contact: str | None
    open_until: datetime


async def told_version(actor: Actor, story_id: UUID, channel: str) -> UUID | None:
    """What a reader by that channel is shown; None for what may not be told there now. Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    rows = await _told(actor, channel, "s.id = $4", story_id)
    return rows[0] if rows else None


async def told_versions(actor: Actor, workspace_id: UUID, channel: str) -> list[UUID]:
    """Of all stories of the client that may be told by that channel now, the newest MOST_LISTED. Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    return await _told(actor, channel, "s.workspace_id = $4", workspace_id)


async def _told(actor: Actor, channel: str, which: str, id: UUID) -> list[UUID]:
    rows = await current().fetch(
        f"""select s.current_version_id as id from success_stories s
             where s.agency_id = $1 and ($2 or s.workspace_id = any($3)) and {which} and s.state = 'published'
               and app.is_told(s.id, s.current_version_id, $5)
             order by s.published_at desc, s.id limit $6""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        id,
        channel,
        MOST_LISTED,
    )
    return [row["id"] for row in rows]


async def story_behind(token: str) -> ToldStory | None:
    """None for an address that opens nothing, and for what may not be told on a page now. Call outside any scope."""
    try:
        async with _opened("story", token) as (workspace, story_id):
            told = await _told(current().actor, "page", "s.id = $4", story_id)
            if not told:
                return None
            version = await StoryVersion.get(id=told[0], workspace_id=workspace.id)
            story = await SuccessStory.get(id=story_id, workspace_id=workspace.id)
            return ToldStory(_name(workspace), story.language, version.title, version.html)
    except NotFound:
        return None


async def asked_behind(token: str) -> AskedStory | None:
    """None for an address that opens nothing, or that belonged to somebody who is forgotten. Call outside any scope."""
    try:
        async with _opened("consent", token) as (workspace, story_id):
            story = await _of_somebody(story_id)
            version = None if await is_withdrawn(story) else await newest_version(story)
            consents = StoryConsent.filter(
                story_id=story.id, workspace_id=story.workspace_id, version_id=version and version.id
            )
            return AskedStory(
                client=_name(workspace),
                language=story.language if story.language in _SPOKEN else "en",
                state=story.state,
                version=version,
                asked_channels=story.asked_channels,
                asked_until=story.asked_until,
                consent=None if version is None else await consents.order_by("-given_at", "-id").first(),
            )
    except NotFound:
        return None


async def consent_behind(
    token: str, *, version: int, uses: Collection[str], channels: Collection[str], expires_at: datetime | None
) -> None:
    """Given by whoever has the link. Raises NotFound, Invalid, Conflict. Call outside any scope."""
    if not set(channels) <= set(CHANNELS):
        raise Invalid("This form cannot be read.")
    if expires_at is not None and expires_at <= now():
        raise Invalid("This is over.", path=("input", "expiresAt"))
    async with _opened("consent", token, read_only=False) as (_, story_id):
        await held_story(story_id)
        story = await _of_somebody(story_id)
        await take_consent(
            story, version=version, uses=uses, channels=channels, expires_at=expires_at, given_by="member"
        )


async def withdraw_behind(token: str) -> None:
    """Raises NotFound, Conflict. Call outside any scope."""
    async with _opened("consent", token, read_only=False) as (_, story_id):
        await take_back(await held_story(story_id))


async def introduction_behind(token: str) -> AskedIntroduction | None:
    """None for an address that opens nothing, or where one of the two is forgotten. Call outside any scope."""
    try:
        async with _opened("introduction", token) as (workspace, side_id):
            side, introduction = await _both(side_id)
            return AskedIntroduction(
                client=_name(workspace),
                language=await _language(introduction),
                state="declined" if is_over(introduction) else introduction.state,
                reason=introduction.reason,
                answer=side.answer,
                contact=await contact_for(introduction, side),
                open_until=introduction.open_until,
            )
    except NotFound:
        return None


async def answer_behind(token: str, *, accepts: bool, contact: str) -> None:
    """Raises NotFound, Invalid, Conflict. Call outside any scope."""
    async with _opened("introduction", token, read_only=False) as (_, side_id):
        found = await IntroductionSide.get_or_none(id=side_id)
        if found is None:
            raise NotFound
        await held_introduction(found.introduction_id)
        side, introduction = await _both(side_id)
        await answer(introduction, side, accepts=accepts, contact=contact)


@asynccontextmanager
async def _opened(
    kind: Literal["story", "consent", "introduction"], token: str, *, read_only: bool = True
) -> AsyncIterator[tuple[Workspace, UUID]]:
    """The client and the id behind a link, in a scope of that client. Raises NotFound for a link that was made up, and for a
    client that is closed."""
    found = await target_of(kind, token)
    if found is None:
        raise NotFound
    agency_id, target_id = found
    table = "introduction_sides" if kind == "introduction" else "success_stories"
    async with agency_scope(system(agency_id), read_only=True) as scope:
        workspace_id = await scope.fetchval(
            f"""select t.workspace_id from {table} t
                  join workspaces w on w.agency_id = $1 and w.id = t.workspace_id and w.deletes_at is null
                 where t.agency_id = $1 and t.id = $2""",
            agency_id,
            target_id,
        )
    if workspace_id is None:
        raise NotFound
    async with agency_scope(system(agency_id, workspace_id=workspace_id), read_only=read_only):
        yield await Workspace.get(id=workspace_id), target_id


async def _of_somebody(story_id: UUID) -> SuccessStory:
    """Raises NotFound for the story of a member who is forgotten."""
    story = await SuccessStory.get_or_none(id=story_id)
    if story is None or await _is_forgotten(story.workspace_id, story.member_id):
        raise NotFound
    return story


async def _both(side_id: UUID) -> tuple[IntroductionSide, Introduction]:
    """Raises NotFound where one of them is forgotten."""
    side = await IntroductionSide.get_or_none(id=side_id)
    if side is None:
        raise NotFound
    introduction = await Introduction.get(id=side.introduction_id, workspace_id=side.workspace_id)
    for each in await IntroductionSide.filter(introduction_id=introduction.id, workspace_id=side.workspace_id):
        if await _is_forgotten(each.workspace_id, each.member_id):
            raise NotFound
    return side, introduction


async def _is_forgotten(workspace_id: UUID, member_id: UUID | None) -> bool:
    if member_id is None:
        return False
    return not await Member.exists(id=member_id, workspace_id=workspace_id, erased_at=None)


async def _language(introduction: Introduction) -> str:
    """That of the community of the two."""
    spoken: str = await current().fetchval(
        """select c.language from introduction_sides s
             join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = s.member_id
             join communities c on c.agency_id = $1 and c.workspace_id = $2 and c.id = m.community_id
            where s.agency_id = $1 and s.workspace_id = $2 and s.introduction_id = $3 order by s.id limit 1""",
        current().actor.agency_id,
        introduction.workspace_id,
        introduction.id,
    )
    return spoken if spoken in _SPOKEN else "en"


def _name(workspace: Workspace) -> str:
    return workspace.brand_name or workspace.name
