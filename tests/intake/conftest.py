"""Sites of clients, as their platforms speak to Tend: over HTTP, signed, in the shape of what was recorded."""

import asyncio
import hashlib
import hmac
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from cast import Cast
from standardwebhooks.webhooks import Webhook

from backend.communities import Connection, Post, PostVersion
from backend.intake import PlatformDelivery, connect_community
from backend.kit.clock import now
from backend.moderation import Report
from backend.outbox import Job
from tenants.scope import agency_scope
from workers.running import run_job

KIND = "take_in_delivery"
SECRETS = {"slack": "8f742231b10e8888abcd99yyyzzz85a5", "mastodon": "a-secret-of-mastodon"}


@dataclass
class Site:
    cast: Cast
    api: httpx.AsyncClient
    platform: str
    workspace_id: UUID
    community_id: UUID
    path: str
    secret: str
    numbers: Any = field(default_factory=itertools.count)

    def signed(
        self, body: bytes, *, event: str = "", id: str | None = None, moment: datetime | None = None
    ) -> dict[str, str]:
        moment = moment or now()
        seconds = str(int(moment.timestamp()))
        if self.platform == "discourse":
            return {
                "X-Discourse-Instance": "https://forum.example",
                "X-Discourse-Event-Id": str(next(self.numbers)),
                "X-Discourse-Event-Type": event.partition("_")[0],
                "X-Discourse-Event": event,
                "X-Discourse-Event-Signature": f"sha256={self._mac(body)}",
                "Content-Type": "application/json",
            }
        if self.platform == "slack":
            return {
                "X-Slack-Request-Timestamp": seconds,
                "X-Slack-Signature": f"v0={self._mac(b'v0:' + seconds.encode() + b':' + body)}",
            }
        if self.platform == "mastodon":
            return {"X-Hub-Signature": f"sha256={self._mac(body)}"}
        id = id or f"msg_{next(self.numbers)}"
        return {
            "webhook-id": id,
            "webhook-timestamp": seconds,
            "webhook-signature": Webhook(self.secret).sign(id, moment, body.decode()),
        }

    def _mac(self, body: bytes) -> str:
        return hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    async def send(self, document: Any, **how: Any) -> httpx.Response:
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        return await self.api.post(self.path, content=body, headers=self.signed(body, **how))

    async def tell(self, document: Any, **how: Any) -> None:
        """Delivered, and taken in."""
        answer = await self.send(document, **how)
        assert (answer.status_code, answer.text) == (200, "")
        await self.take_in()

    async def take_in(self, *, even_later: bool = False) -> None:
        await self.cast.run_jobs(KIND, even_later=even_later)

    async def take_in_at_once(self) -> set[str]:
        """All that wait, by eight hands at the same time; how their jobs ended."""
        async with agency_scope(self.cast.system) as scope:
            rows = await scope.fetch(
                """update jobs set state = 'sent' where agency_id = $1 and kind = $2 and workspace_id = $3
                      and state = 'ready' returning id""",
                self.cast.agency_id,
                KIND,
                self.workspace_id,
            )
        hands = asyncio.Semaphore(8)

        async def one(job_id: UUID) -> None:
            async with hands:
                await run_job(self.cast.agency_id, job_id)

        async with asyncio.timeout(120):
            await asyncio.gather(*(one(row["id"]) for row in rows))
        async with agency_scope(self.cast.system):
            return {job.state for job in await Job.filter(kind=KIND, workspace_id=self.workspace_id)}

    async def posts(self) -> list[Post]:
        async with agency_scope(self.cast.system):
            return await Post.filter(community_id=self.community_id).order_by("external_id")

    async def post(self) -> Post:
        [post] = await self.posts()
        return post

    async def versions(self) -> list[str]:
        async with agency_scope(self.cast.system):
            [post] = await Post.filter(community_id=self.community_id)
            return [each.text for each in await PostVersion.filter(post_id=post.id).order_by("version")]

    async def reports(self) -> list[Report]:
        async with agency_scope(self.cast.system):
            return await Report.filter(workspace_id=self.workspace_id).order_by("created_at")

    async def deliveries(self) -> list[PlatformDelivery]:
        async with agency_scope(self.cast.system):
            connection = await Connection.get(community_id=self.community_id)
            return await PlatformDelivery.filter(connection_id=connection.id).order_by("received_at", "id")

    async def states(self) -> list[tuple[str, str, str | None]]:
        return [(each.kind, each.state, each.problem) for each in await self.deliveries()]


Connect = Callable[..., Awaitable[Site]]


async def connected(cast: Cast, api: httpx.AsyncClient, platform: str) -> Site:
    """A client of its own whose one community is connected."""
    workspace_id = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == workspace_id)
    community_id, secret = cast.communities[slug], SECRETS.get(platform)
    async with agency_scope(cast.owner):
        made = await connect_community(
            cast.owner, community_id, platform=platform, address="https://site.example", secret=secret
        )
    assert made.deliver_to is not None
    path = httpx.URL(made.deliver_to).path
    return Site(cast, api, platform, workspace_id, community_id, path, secret or made.secret or "")


@pytest.fixture
def connect(acme: Cast, api: httpx.AsyncClient) -> Connect:
    async def site(platform: str, *, cast: Cast = acme) -> Site:
        return await connected(cast, api, platform)

    return site
