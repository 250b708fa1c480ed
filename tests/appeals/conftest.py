"""A client of its own, where somebody writes and others complain; none of them has an account of Tend."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, write_post

from backend.communities import Member, MemberWarning, Post
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import (
    Appeal,
    Case,
    Claim,
    Decision,
    ask_member,
    claim_next,
    decide,
    decide_appeal,
    report_post,
    resume,
)
from backend.outside import public_address
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope

WORDS = "He called my brother that."


@dataclass
class Town:
    """`first` decides, `second` answers appeals."""

    cast: Cast
    client: UUID
    slug: str
    first: Actor
    second: Actor
    author: UUID
    reporter: UUID
    post: Post
    policy_version: UUID

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    async def report(self, member_id: UUID, *, words: str = WORDS) -> UUID:
        async with agency_scope(self.system) as scope:
            report_id = await report_post(self.system, self.post.id, reason=words, member_id=member_id)
            await scope.execute("update cases set virtual_deadline = '2000-01-01' where post_id = $1", self.post.id)
            return report_id

    async def decide(self, outcome: str, *, claim: Claim | None = None, **wanted: Any) -> Decision:
        said: dict[str, Any] = {"outcome": outcome, "reason": "What colleagues read."}
        if outcome == "violation":
            said |= {"policy_version_id": self.policy_version, "actions": ("hide_post",)}
        async with agency_scope(self.first):
            claim = claim or await claim_next(self.first, workspace_id=self.client)
            assert claim is not None
            judged = await decide(self.first, claim.case_id, token=claim.token, **{**said, **wanted})
            assert judged.decision is not None
            return judged.decision

    async def ask(self, whom: Any, question: str = "What did you mean?", **said: Any) -> UUID:
        async with agency_scope(self.first):
            claim = await claim_next(self.first, workspace_id=self.client)
            assert claim is not None
            return await ask_member(
                self.first, claim.case_id, token=claim.token, whom=whom, question=question, days=3, **said
            )

    async def wait_no_longer(self) -> None:
        async with agency_scope(self.first):
            await resume(self.first, (await Case.get(post_id=self.post.id)).id)

    async def answer_appeal(self, verdict: str, answer: str = "Dear you.", **said: Any) -> None:
        async with agency_scope(self.second):
            claim = await claim_next(self.second, workspace_id=self.client)
            assert claim is not None
            await decide_appeal(
                self.second, claim.case_id, token=claim.token, verdict=verdict, answer=answer, reason="x", **said
            )

    async def told(self, member_id: UUID) -> list[str]:
        """What the member was written, the oldest first."""
        await self.cast.run_jobs("carry_out_actions")
        async with agency_scope(self.system):
            written = await MemberWarning.filter(member_id=member_id, workspace_id=self.client)
            return [each.text for each in sorted(written, key=lambda each: each.action_id)]

    async def link(self, member_id: UUID) -> str:
        """The path of the link that the member was sent last."""
        [address] = re.findall(r"(\S+)$", (await self.told(member_id))[-1])
        assert address.startswith(public_address())
        return str(address.removeprefix(public_address()))

    async def appeals(self) -> list[Appeal]:
        async with agency_scope(self.system):
            return await Appeal.filter(workspace_id=self.client).order_by("filed_at")


async def found_town(cast: Cast) -> Town:
    client = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    second = await cast.hire(f"second-{slug}", Role.MODERATOR, [client])
    community = cast.communities[slug]
    async with agency_scope(system(cast.agency_id, workspace_id=client)):
        author, reporter = [
            (
                await Member.create(
                    workspace_id=client,
                    community_id=community,
                    external_id=f"x-{handle}",
                    handle=handle,
                    first_seen_at=now(),
                )
            ).id
            for handle in ("annabel", "bertram")
        ]
        post = await write_post(
            workspace_id=client,
            community_id=community,
            member_id=author,
            external_id=f"p-{new_id()}",
            text="<i>You</i> fool & co.",
            posted_at=now(),
        )
    first = cast.owner.narrowed_to(client)
    version = await cast.policy_version(client)
    town = Town(cast, client, slug, first, second.narrowed_to(client), author, reporter, post, version.id)
    await town.report(reporter)
    return town


@pytest.fixture
async def town(acme: Cast) -> Town:
    return await found_town(acme)


async def send(api: httpx.AsyncClient, path: str, text: str, **fields: str) -> httpx.Response:
    """As a browser does, from the page itself."""
    return await api.post(path, data={"text": text, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


def question_of(html: str) -> str:
    [question] = re.findall(r'name="question" value="([^"]+)"', html)
    return str(question)
