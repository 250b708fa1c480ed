from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cast import Cast

from backend.communities import Post
from backend.kit.clock import now
from backend.moderation import Case, claim_next, decide, report_post
from backend.policies import Policy
from backend.ruling import Rule, RuleFiring, apply_rules, make_rule_live, shadow_rule, write_rule
from tenants.actor import Actor, system
from tenants.scope import agency_scope


@dataclass
class Client:
    """A client of its own, whose lead writes rules."""

    cast: Cast
    id: UUID
    slug: str

    @property
    def lead(self) -> Actor:
        return self.cast.owner.narrowed_to(self.id)

    async def policy_id(self) -> UUID:
        async with agency_scope(self.cast.system):
            return (await Policy.get(workspace_id=self.id, slug="spam")).id

    async def rule(self, conditions: Any, *, state: str = "live", name: str = "A rule", **what: Any) -> Rule:
        policy_id = await self.policy_id()
        async with agency_scope(self.lead):
            rule = await write_rule(self.lead, self.id, name=name, policy_id=policy_id, conditions=conditions, **what)
            if state == "live":
                return await make_rule_live(self.lead, rule.id, expected_version=1, despite="a test")
            return rule if state == "draft" else await shadow_rule(self.lead, rule.id)

    async def post(self, text: str, *, by: Post | None = None, **columns: Any) -> Post:
        """By a new member, or by whoever wrote that other post."""
        post = await self.cast.post(text, workspace=self.slug, **columns)
        if by is not None:
            async with agency_scope(self.cast.system):
                await Post.filter(id=post.id).update(member_id=by.member_id)
        return post

    async def apply(self, **payload: Any) -> None:
        actor = system(self.cast.agency_id, workspace_id=self.id)
        async with agency_scope(actor):
            await apply_rules(actor, payload)

    async def found(self, **which: Any) -> set[UUID]:
        """The posts that rules have found."""
        async with agency_scope(self.cast.system):
            return {firing.post_id for firing in await RuleFiring.filter(workspace_id=self.id, **which)}

    async def finds(self, conditions: Any) -> set[UUID]:
        """What a rule tried in the shadow finds among all posts."""
        rule = await self.rule(conditions, state="shadow", name=f"Rule {now()}")
        await self.apply()
        return await self.found(rule_id=rule.id)

    async def decide(self, post: Post, outcome: str) -> None:
        """Somebody reports it, and somebody decides."""
        version = await self.cast.policy_version(self.id) if outcome == "violation" else None
        async with agency_scope(self.lead):
            await report_post(self.lead, post.id, reason="x")
            case = await Case.get(post_id=post.id, state="queued")
            claim = await claim_next(self.lead, workspace_id=self.id)
            assert claim is not None
            assert claim.case_id == case.id, "others wait as well"
            await decide(
                self.lead,
                case.id,
                token=claim.token,
                outcome=outcome,
                reason="x",
                policy_version_id=version.id if version else None,
            )


@pytest.fixture
async def client(acme: Cast) -> Client:
    workspace_id = await acme.empty_workspace()
    return Client(acme, workspace_id, next(slug for slug, id in acme.workspaces.items() if id == workspace_id))


@pytest.fixture
def ago() -> Callable[..., Any]:
    return lambda **span: now() - timedelta(**span)
