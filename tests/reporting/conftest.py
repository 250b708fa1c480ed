"""A client of its own with a page for reports; who reports there has no account anywhere."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast
from inbox import Inbox

from backend.communities import Member, Post
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case, Decision, claim_next, decide, decide_appeal, report_post
from backend.outside import public_address
from backend.reporting import PublicNotice, open_report_page
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope

HERE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Place:
    """`lead` decides; `second` answers appeals. `path`: of the page for reports."""

    cast: Cast
    client: UUID
    slug: str
    lead: Actor
    second: Actor
    path: str
    page_id: UUID
    inbox: Inbox

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    @property
    def community(self) -> UUID:
        return self.cast.communities[self.slug]

    @property
    def token(self) -> str:
        return self.cast.tokens["owner"]

    async def post(self, text: str = "hello", **columns: Any) -> Post:
        return await self.cast.post(text, workspace=self.slug, **columns)

    async def member(self, *, since: datetime | None = None) -> UUID:
        async with agency_scope(self.system):
            made = await Member.create(
                workspace_id=self.client,
                community_id=self.community,
                external_id=f"m-{new_id()}",
                handle="somebody",
                first_seen_at=since or now(),
            )
            return made.id

    async def report(self, post: Post, member_id: UUID, **said: Any) -> UUID:
        said = {"reason": "rude", **said}
        async with agency_scope(self.system):
            found = await Post.get(id=post.id)
            return await report_post(self.system, found.id, member_id=member_id, **said)

    def policy(self, slug: str = "harassment") -> UUID:
        return self.cast.policies[f"{self.slug}:{slug}"]

    async def hand_in(self, api: httpx.AsyncClient, path: str | None = None, **fields: str) -> httpx.Response:
        """As a browser does, from the page itself."""
        form = {"kind": "rules", "location": "x", "reason": "It is rude.", **fields}
        return await api.post(path or self.path, data=form, headers=HERE)

    async def heard(self, api: httpx.AsyncClient, **fields: str) -> tuple[PublicNotice, str]:
        """The notice, and the path of the page where its reporter reads on."""
        response = await self.hand_in(api, **fields)
        assert response.status_code == 303, response.text
        thanks = await api.get(response.headers["location"])
        [link] = re.findall(r'<a href="([^"]+)" target', thanks.text)
        async with agency_scope(self.system):
            notice = await PublicNotice.filter(workspace_id=self.client).order_by("-received_at").first()
        assert notice is not None
        return notice, link.removeprefix(public_address())

    async def notices(self) -> list[PublicNotice]:
        async with agency_scope(self.system):
            return await PublicNotice.filter(workspace_id=self.client).order_by("received_at", "id")

    async def notice(self, id: UUID) -> PublicNotice:
        async with agency_scope(self.system):
            return await PublicNotice.get(id=id)

    async def cases(self) -> list[Case]:
        """As they are worked."""
        async with agency_scope(self.system):
            return await Case.filter(workspace_id=self.client).order_by("virtual_deadline", "id")

    async def decide(self, outcome: str, *, policy: str = "harassment", **wanted: Any) -> Decision:
        version = await self.cast.policy_version(self.client, policy)
        said: dict[str, Any] = {"outcome": outcome, "reason": "x"}
        if outcome == "violation":
            said |= {"policy_version_id": version.id, "actions": ("hide_post",)}
        async with agency_scope(self.lead):
            claim = await claim_next(self.lead, workspace_id=self.client)
            assert claim is not None
            judged = await decide(self.lead, claim.case_id, token=claim.token, **{**said, **wanted})
            assert judged.decision is not None
            return judged.decision

    async def answer_appeal(self, verdict: str, **said: Any) -> None:
        async with agency_scope(self.second):
            claim = await claim_next(self.second, workspace_id=self.client)
            assert claim is not None
            await decide_appeal(
                self.second, claim.case_id, token=claim.token, verdict=verdict, answer="Dear you.", reason="x", **said
            )

    async def mailed(self, to: str) -> list[str]:
        """Subjects, after all that waits was sent."""
        await self.cast.run_jobs("follow_decision", of=[self.client])
        await self.cast.run_jobs("mail_notifier", of=[self.client])
        return [mail["Subject"] for mail in self.inbox.to(to)]


async def found_place(cast: Cast, inbox: Inbox, **page: Any) -> Place:
    client = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    second = await cast.hire(f"second-{slug}", Role.MODERATOR, [client])
    lead = cast.owner.narrowed_to(client)
    async with agency_scope(lead) as scope:
        page_id = await open_report_page(
            lead, cast.communities[slug], **{"allows_anonymous": True, "origins": [], **page}
        )
        url = await scope.fetchval("select url from report_pages where id = $1", page_id)
    path = url.removeprefix(public_address())
    return Place(cast, client, slug, lead, second.narrowed_to(client), path, page_id, inbox)


@pytest.fixture
async def place(acme: Cast, inbox: Inbox) -> Place:
    return await found_place(acme, inbox)


@pytest.fixture
def somebody() -> str:
    """An address that nobody else has."""
    return f"n{str(new_id())[-12:]}@example.com"
