"""A client with customers, and the person of the agency who looks after them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cast import Cast, write_post

from backend.communities import Member, Post
from backend.customers import CustomerAccount, Imported, import_customers
from backend.kit.ids import new_id
from tenants.actor import Actor, system
from tenants.scope import agency_scope


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Client:
    cast: Cast
    id: UUID
    slug: str

    @property
    def lead(self) -> Actor:
        return self.cast.owner.narrowed_to(self.id)

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.id)

    async def takes_in(self, what: str, text: str, **how: Any) -> Imported:
        async with agency_scope(self.lead):
            return await import_customers(self.lead, self.id, what=what, text=text, **how)

    async def account(self, external_id: str) -> CustomerAccount:
        async with agency_scope(self.system):
            return await CustomerAccount.get(workspace_id=self.id, external_id=external_id)

    async def member(self, handle: str, **columns: Any) -> Member:
        async with agency_scope(self.system):
            return await Member.create(
                workspace_id=self.id,
                community_id=self.cast.communities[self.slug],
                external_id=f"{handle}-{new_id()}",
                handle=handle,
                first_seen_at=day("2026-01-01"),
                **columns,
            )

    async def says(self, member: Member, at: str, *, to: Post | None = None) -> Post:
        async with agency_scope(self.system):
            return await write_post(
                workspace_id=self.id,
                community_id=member.community_id,
                member_id=member.id,
                external_id=f"p-{new_id()}",
                text="x",
                posted_at=day(at),
                reply_to_id=None if to is None else to.id,
            )


@pytest.fixture
async def client(acme: Cast) -> Client:
    id = await acme.empty_workspace()
    return Client(acme, id, next(slug for slug, each in acme.workspaces.items() if each == id))
