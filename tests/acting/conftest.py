"""Communities of clients of their own, on platforms that are faked and served on real ports."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from acting.fake_discourse import KEY, STAFF, FakeDiscourse
from acting.fake_slack import TOKEN, FakeSlack
from cast import Cast
from starlette.applications import Starlette

from backend import acting
from backend.acting import Action, lift_precautions, order_action, slack
from backend.communities import Connection, Member, Post
from backend.intake import connect_community
from backend.kit.clock import now
from backend.moderation import Case
from backend.outside import allow_origins
from tenants.scope import agency_scope

JOB = "carry_out_actions"
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
_served: list[str] = []


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    _served.append(origin)
    yield origin
    _served.remove(origin)
    server.should_exit = True
    await running


@pytest.fixture(scope="session")
async def the_discourse(stage: Any) -> AsyncIterator[tuple[FakeDiscourse, str]]:
    fake = FakeDiscourse()
    async with served(fake.app()) as origin:
        yield fake, origin


@pytest.fixture(scope="session")
async def the_slack(stage: Any) -> AsyncIterator[tuple[FakeSlack, str]]:
    fake = FakeSlack()
    async with served(fake.app()) as origin:
        yield fake, origin


@pytest.fixture(autouse=True)
def only_these_are_allowed() -> Iterator[None]:
    allow_origins(_served)
    yield
    allow_origins([])


@dataclass
class Place:
    """A community with one post (4711, by member 17) about which there is a case."""

    cast: Cast
    workspace_id: UUID
    community_id: UUID
    connection_id: UUID
    post_id: UUID
    member_id: UUID
    case_id: UUID
    path: str
    secret: str

    async def order(self, kind: str, *, until: datetime | None = None, **more: Any) -> Action:
        async with agency_scope(more.pop("by", self.cast.owner)):
            return await order_action(
                workspace_id=self.workspace_id,
                case_id=self.case_id,
                post_id=self.post_id,
                member_id=self.member_id,
                kind=kind,
                until=until,
                **more,
            )

    async def take_back(self) -> list[Action]:
        async with agency_scope(self.cast.owner):
            return await lift_precautions(self.workspace_id, self.post_id)

    async def turn(self, *, even_later: bool = False) -> None:
        """Jobs that wait, and those that they promise for now."""
        async with asyncio.timeout(30):
            while jobs := await self.cast.run_jobs(JOB, even_later=even_later):
                assert {job.state for job in jobs} == {"done"}, [job.last_error for job in jobs]
                if even_later:
                    return

    async def as_if_due(self) -> None:
        """What waits for its next try, or for its platform, waits no longer; and is tried."""
        async with agency_scope(self.cast.system) as scope:
            for change in (
                "update actions set next_at = now() where state in ('queued', 'sent') and",
                "update acting_keys set rests_until = null, paced_until = now() where",
                "update jobs set run_at = now() where kind = 'carry_out_actions' and state = 'ready' and",
            ):
                await scope.execute(
                    f"{change} agency_id = $1 and workspace_id = $2", self.cast.agency_id, self.workspace_id
                )
        await self.turn()

    async def read(self, action: Action) -> Action:
        async with agency_scope(self.cast.system):
            return await Action.get(id=action.id)

    async def all(self) -> list[tuple[str, str]]:
        async with agency_scope(self.cast.system):
            return [(a.kind, a.state) for a in await Action.filter(workspace_id=self.workspace_id).order_by("id")]

    async def post(self) -> Post:
        async with agency_scope(self.cast.system):
            return await Post.get(id=self.post_id)


async def place(cast: Cast, platform: str, *, post: str = "4711", member: str = "17") -> Place:
    workspace_id = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == workspace_id)
    community_id = cast.communities[slug]
    case: Case = await cast.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(cast.owner) as scope:
        await Post.filter(id=case.post_id).update(external_id=post)
        await Member.filter(id=case.member_id).update(external_id=member)
        path, secret = "", ""
        if platform != "built_in":
            given = SLACK_SECRET if platform == "slack" else None
            made = await connect_community(
                cast.owner, community_id, platform=platform, address="https://site.example", secret=given
            )
            path, secret = (made.deliver_to or "").partition("/in/")[2], made.secret or ""
        connection = await Connection.get(community_id=community_id)
        await scope.execute("delete from jobs where agency_id = $1 and workspace_id = $2", cast.agency_id, workspace_id)
    return Place(
        cast, workspace_id, community_id, connection.id, case.post_id, case.member_id, case.id, f"/in/{path}", secret
    )


@pytest.fixture
async def forum(acme: Cast, the_discourse: tuple[FakeDiscourse, str]) -> Place:
    """On Discourse, where Tend may act."""
    fake, origin = the_discourse
    fake.reset()
    fake.add_post(4711)
    found = await place(acme, "discourse")
    await let(found, api_key=KEY, api_user=STAFF, address=origin)
    return found


@pytest.fixture
def discourse(the_discourse: tuple[FakeDiscourse, str]) -> FakeDiscourse:
    return the_discourse[0]


@pytest.fixture
async def chat(acme: Cast, the_slack: tuple[FakeSlack, str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """On Slack, where Tend may act."""
    fake, origin = the_slack
    fake.reset()
    fake.messages["C1", "1700000000.000100"] = {"ts": "1700000000.000100", "text": "rude"}
    monkeypatch.setattr(slack, "ADDRESS", f"{origin}/api")
    found = await place(acme, "slack", post="C1/1700000000.000100", member="U17")
    await let(found, api_key=TOKEN)
    return found


@pytest.fixture
def slack_there(the_slack: tuple[FakeSlack, str]) -> FakeSlack:
    return the_slack[0]


async def let(
    where: Place, *, api_key: str | None, api_user: str | None = None, address: str | None = None
) -> str | None:
    async with agency_scope(where.cast.owner):
        return await acting.let_tend_act(
            where.cast.owner, where.community_id, api_key=api_key, api_user=api_user, address=address
        )


def soon() -> datetime:
    return now().replace(microsecond=0)
