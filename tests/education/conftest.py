"""A client of its own, with somebody who teaches and somebody who reviews."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from cast import Cast

from backend.communities import Member
from backend.education import (
    ContentItem,
    ContentVersion,
    Words,
    publish_draft,
    start_content,
    submit_draft,
)
from backend.kit.ids import new_id
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope


@dataclass
class School:
    cast: Cast
    client: UUID
    slug: str
    educator: Actor
    reviewer: Actor

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    @property
    def lead(self) -> Actor:
        return self.cast.owner.narrowed_to(self.client)

    def token(self, who: str) -> str:
        return self.cast.tokens[f"{who}-{self.slug}"]

    async def hire(self, who: str, role: Role) -> Actor:
        return await self.cast.hire(f"{who}-{self.slug}", role, [self.client], sees_all=False)

    async def member(self) -> UUID:
        post = await self.cast.post(workspace=self.slug)
        async with agency_scope(self.system):
            return (await Member.get(id=post.member_id)).id

    async def draft(self, text: str = "Some words.", **more: Any) -> tuple[UUID, UUID]:
        """Of a new item; its id and the draft's."""
        given = {"kind": "article", "slug": f"a-{new_id()}", "language": "en", **more}
        title, summary = given.pop("title", "A title"), given.pop("summary", "")
        async with agency_scope(self.educator):
            item, draft = await start_content(self.educator, self.client, words=Words(title, text, summary), **given)
        return item.id, draft.id

    async def publish(self, draft_id: UUID) -> ContentVersion:
        async with agency_scope(self.educator):
            await submit_draft(self.educator, draft_id)
        async with agency_scope(self.reviewer):
            return await publish_draft(self.reviewer, draft_id)

    async def published(self, text: str = "Some words.", **more: Any) -> tuple[ContentItem, ContentVersion]:
        item_id, draft_id = await self.draft(text, **more)
        version = await self.publish(draft_id)
        async with agency_scope(self.system):
            return await ContentItem.get(id=item_id), version


@pytest.fixture
async def school(acme: Cast) -> School:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    hired = [
        await acme.hire(f"{who}-{slug}", Role.EDUCATOR, [client], sees_all=False) for who in ("educator", "reviewer")
    ]
    return School(acme, client, slug, *hired)
