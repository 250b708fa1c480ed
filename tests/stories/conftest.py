"""A client with somebody who writes stories, somebody who publishes them, and members who tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from cast import Cast

from backend.communities import Member
from backend.education import Words
from backend.kit.ids import new_id
from backend.stories import (
    BestPractice,
    Evidence,
    SuccessStory,
    advance_story,
    distil_best_practice,
    draft_story,
    nominate_story,
    publish_practice,
    publish_story,
    record_consent,
    request_consent,
    submit_practice,
)
from backend.stories.consenting import take_consent
from backend.stories.telling import held_story
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope

EVERYWHERE = ("site", "page", "practice", "community", "social")


@dataclass
class Desk:
    cast: Cast
    client: UUID
    slug: str
    writer: Actor
    editor: Actor

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    def token(self, who: str) -> str:
        return self.cast.tokens[f"{who}-{self.slug}"]

    async def member(self, handle: str = "") -> Member:
        async with agency_scope(self.system):
            return await Member.create(
                workspace_id=self.client,
                community_id=self.cast.communities[self.slug],
                external_id=str(new_id()),
                handle=handle or f"m-{new_id()}",
                first_seen_at=datetime.fromisoformat("2026-01-01T00:00:00+00:00"),
            )

    async def read(self, story: SuccessStory) -> SuccessStory:
        async with agency_scope(self.system):
            return await SuccessStory.get(id=story.id)

    async def nominated(self, member: Member | None = None) -> SuccessStory:
        member = member or await self.member()
        async with agency_scope(self.writer):
            return await nominate_story(self.writer, self.client, member_id=member.id, language="en", why="They grew.")

    async def write(self, story: SuccessStory, text: str = "We grew.", *, uses: Sequence[str] = ("quote",)) -> None:
        version = (await self.read(story)).version
        async with agency_scope(self.writer):
            await draft_story(
                self.writer, story.id, expected_version=version, title="How they grew", text=text, uses=uses
            )

    async def drafted(self, text: str = "We grew.", *, member: Member | None = None, **how: Any) -> SuccessStory:
        story = await self.nominated(member)
        async with agency_scope(self.writer):
            for to in ("qualified", "interviewed"):
                await advance_story(self.writer, story.id, to=to, notes="They said so.")
        await self.write(story, text, **how)
        return story

    async def ask(self, story: SuccessStory, *channels: str, until: datetime | None = None) -> str:
        """The path of their page."""
        async with agency_scope(self.writer):
            _, address = await request_consent(self.writer, story.id, channels=channels or EVERYWHERE, until=until)
        return address[address.index("/consent/") :]

    async def consent(
        self, story: SuccessStory, *, by: Actor | None = None, version: int = 1, uses: Sequence[str] = ("quote",),
        channels: Sequence[str] = EVERYWHERE, expires_at: datetime | None = None,
    ) -> None:  # fmt: skip
        who = by or self.writer
        async with agency_scope(who):
            await record_consent(
                who, story.id, version=version, uses=uses, channels=channels, expires_at=expires_at, proof="a letter"
            )

    async def agrees(
        self, story: SuccessStory, *, version: int = 1, uses: Sequence[str] = ("quote",),
        channels: Sequence[str] = EVERYWHERE,
    ) -> None:  # fmt: skip
        """As on their page."""
        async with agency_scope(self.system):
            held = await held_story(story.id)
            await take_consent(held, version=version, uses=uses, channels=channels, expires_at=None, given_by="member")

    async def published(self, text: str = "We grew.", *, uses: Sequence[str] = ("quote",), member: Member | None = None, **how: Any) -> SuccessStory:  # fmt: skip
        story = await self.drafted(text, uses=uses, member=member)
        await self.ask(story)
        await self.consent(story, uses=uses, **how)
        async with agency_scope(self.editor):
            await publish_story(self.editor, story.id)
        return story

    async def practice(self, story: SuccessStory, text: str = "Do as they did.", *, is_quoting: bool = True) -> BestPractice:  # fmt: skip
        """Distilled from the story, and published."""
        async with agency_scope(self.writer):
            practice = await distil_best_practice(
                self.writer, self.client, slug=f"p-{new_id()}", language="en", words=Words("Do this", text),
                evidence=[Evidence(story.id, is_quoting)],
            )  # fmt: skip
            await submit_practice(self.writer, practice.id)
        async with agency_scope(self.editor):
            await publish_practice(self.editor, practice.id)
        return practice


@pytest.fixture
async def desk(acme: Cast) -> Desk:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    hired = [await acme.hire(f"{who}-{slug}", Role.EDUCATOR, [client], sees_all=False) for who in ("writer", "editor")]
    return Desk(acme, client, slug, *hired)
