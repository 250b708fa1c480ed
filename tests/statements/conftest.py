"""A client of its own, where somebody writes, others complain, and a moderator decides."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from cast import Cast, write_post

from backend.communities import Member, Post
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Decision, claim_next, decide, report_post
from backend.policies import Detail, create_policy, current_version, revise_policy
from backend.statements import Statement
from tenants.actor import Actor, system
from tenants.scope import agency_scope


@dataclass
class Place:
    cast: Cast
    client: UUID
    slug: str

    @property
    def community(self) -> UUID:
        return self.cast.communities[self.slug]

    @property
    def moderator(self) -> Actor:
        return self.cast.owner.narrowed_to(self.client)

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    async def member(self, handle: str) -> UUID:
        async with agency_scope(self.system):
            member = await Member.create(
                workspace_id=self.client,
                community_id=self.community,
                external_id=f"{handle}-{new_id()}",
                handle=handle,
                first_seen_at=now(),
            )
            return member.id

    async def post(self, member_id: UUID, text: str = "You fool.", **columns: Any) -> Post:
        async with agency_scope(self.system):
            return await write_post(
                workspace_id=self.client,
                community_id=self.community,
                member_id=member_id,
                external_id=f"p-{new_id()}",
                text=text,
                **{"posted_at": now(), **columns},
            )

    async def policy(self, **detail: Any) -> UUID:
        async with agency_scope(self.system):
            policy = await create_policy(
                self.system,
                self.client,
                slug=f"p-{str(new_id())[-12:]}",
                title="No insults",
                text="Do not insult each other.",
                severity="high",
                tier="high",
                detail=Detail(**detail),
            )
            return policy.id

    async def revise(self, policy_id: UUID, **detail: Any) -> None:
        async with agency_scope(self.system):
            version = await current_version(policy_id)
            assert version is not None
            await revise_policy(
                self.system,
                policy_id,
                expected_version=version.version,
                text="Do not insult anybody.",
                severity="high",
                tier="high",
                detail=Detail(**detail) if detail else None,
            )

    async def decide(
        self, post: Post, policy_id: UUID | None, *, reporter: UUID | None = None, words: str = "rude", **wanted: Any
    ) -> Decision:
        """By the policy as it is now; None: no violation. Complained about by the reporter, else by staff."""
        moderator = self.moderator
        async with agency_scope(moderator) as scope:
            await report_post(moderator, post.id, reason=words, member_id=reporter)
            await scope.execute("update cases set virtual_deadline = '2000-01-01' where post_id = $1", post.id)
            claim = await claim_next(moderator, workspace_id=self.client)
            assert claim is not None
            version = None if policy_id is None else await current_version(policy_id)
            judged = await decide(
                moderator,
                claim.case_id,
                token=claim.token,
                **{
                    "outcome": "no_violation" if version is None else "violation",
                    "reason": "x",
                    "policy_version_id": None if version is None else version.id,
                    "actions": () if version is None else ("hide_post",),
                    **wanted,
                },
            )
        assert judged.decision is not None
        return judged.decision

    async def statement(self, decision: Decision) -> Statement:
        async with agency_scope(self.system):
            return await Statement.get(decision_id=decision.id)


@pytest.fixture
async def place(acme: Cast) -> Place:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    return Place(acme, client, slug)
