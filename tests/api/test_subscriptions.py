"""What is heard as it happens: from any process, within the listener's rights and scope, and not a moment longer."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import websockets
from cast import Cast, ask

from backend.asgi import app
from backend.kit.ids import new_id
from backend.moderation import claim_next, decide, release
from backend.notices import Recipient, tell
from backend.settings import Settings
from tenants.models import Assignment, Membership
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session, revoke_session

CASE = "subscription($id: ID) { caseChanged(id: $id) { id state assignee { name } } }"
QUEUE = "subscription($id: ID!) { queueChanged(workspaceId: $id) { slug caseCounts { queued inReview } } }"
NOTICE = "subscription { noticeReceived { text } }"
SOON = 5


@pytest.fixture(scope="module")
async def server(settings: Settings) -> AsyncIterator[str]:
    """A real server in this process: host and port."""
    import uvicorn

    config = uvicorn.Config(
        app(settings), port=0, lifespan="off", log_level="warning", ws="websockets-sansio", ws_max_size=100_000
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def socket(server: str, token: str | None, **scope: str) -> AsyncIterator[Any]:
    """Open and greeted."""
    async with (
        asyncio.timeout(30),
        websockets.connect(f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"]) as opened,
    ):
        await say(opened, type="connection_init", payload={"Authorization": f"Bearer {token}", **scope})
        assert await hear(opened) == {"type": "connection_ack"}
        yield opened


async def say(opened: Any, **message: Any) -> None:
    await opened.send(orjson.dumps(message).decode())


async def hear(opened: Any, seconds: float = SOON) -> Any:
    async with asyncio.timeout(seconds):
        return orjson.loads(await opened.recv())


async def listen(opened: Any, query: str, *, to: str | None = None, id: str = "1") -> None:
    """To the thing with the id `to`. The protocol has no word for `I listen now`, so this waits a moment."""
    await say(opened, type="subscribe", id=id, payload={"query": query, "variables": {"id": to}})
    await asyncio.sleep(0.3)


async def silence(opened: Any, seconds: float = 0.7) -> None:
    with pytest.raises(TimeoutError):
        await hear(opened, seconds)


def data_of(message: Any) -> Any:
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


async def case_in(acme: Cast, client: UUID) -> Any:
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    return await acme.case(workspace=slug, policy=f"{slug}:harassment")


async def test_every_move_of_a_case_is_told(server: str, acme: Cast, client: UUID) -> None:
    moderator = acme.owner.narrowed_to(client)
    case = await case_in(acme, client)
    async with socket(server, acme.tokens["owner"]) as opened:
        await listen(opened, CASE, to=f"case_{case.id}")
        async with agency_scope(moderator):
            claim = await claim_next(moderator, workspace_id=client)
        told = data_of(await hear(opened))["caseChanged"]
        assert told == {"id": f"case_{case.id}", "state": "IN_REVIEW", "assignee": {"name": acme.owner.name}}
        async with agency_scope(moderator):
            await release(moderator, claim.case_id, token=claim.token)
        assert data_of(await hear(opened))["caseChanged"]["state"] == "QUEUED"
        async with agency_scope(moderator):
            claim = await claim_next(moderator, workspace_id=client)
            await decide(moderator, claim.case_id, token=claim.token, outcome="no_violation", reason="fine")
        assert data_of(await hear(opened))["caseChanged"]["state"] == "CLOSED"
        await case_in(acme, client)
        await silence(opened)
        await listen(opened, CASE, id="all")
        await say(opened, type="complete", id="1")
        await case_in(acme, client)
        assert (await hear(opened))["id"] == "all"
        await silence(opened)


async def test_a_queue_tells_its_counts_and_many_moves_at_once_are_few_events(
    server: str, acme: Cast, client: UUID
) -> None:
    async with socket(server, acme.tokens["owner"]) as opened:
        await listen(opened, QUEUE, to=f"workspace_{client}")
        await asyncio.gather(*(case_in(acme, client) for _ in range(8)))
        told = []
        with suppress(TimeoutError):
            while True:
                told.append(data_of(await hear(opened, 1))["queueChanged"]["caseCounts"]["queued"])
        assert told == sorted(told)
        assert told[-1] == 8
        assert len(told) <= 8


async def test_a_notice_is_told_to_its_reader_alone(server: str, acme: Cast) -> None:
    post = await acme.post()
    async with socket(server, acme.tokens["lead"]) as reader, socket(server, acme.tokens["moderator"]) as other:
        for opened in (reader, other):
            await listen(opened, NOTICE)
        async with agency_scope(acme.system):
            await tell(
                [Recipient(membership_id=acme.lead.membership_id)],
                kind="report_decided",
                subject_id=post.id,
                workspace_id=post.workspace_id,
                text="for the lead",
            )
        assert data_of(await hear(reader)) == {"noticeReceived": {"text": "for the lead"}}
        await silence(other)


async def test_what_is_not_theirs_is_never_told_and_looks_like_what_is_not_there(
    server: str, acme: Cast, globex: Cast, client: UUID
) -> None:
    """Another agency, another client, a stakeholder without the right: all as silent as an id that nobody has."""
    case = await case_in(acme, client)
    moderator = acme.owner.narrowed_to(client)
    theirs, nobodys = f"case_{case.id}", f"case_{new_id()}"
    for token, id in (
        (globex.tokens["owner"], theirs),
        (acme.tokens["contractor"], theirs),
        (acme.tokens["stakeholder"], theirs),
        (acme.tokens["owner"], nobodys),
    ):
        async with socket(server, token) as opened:
            await listen(opened, CASE, to=id)
            if id is theirs:
                await listen(opened, CASE, id="2")
                await listen(opened, QUEUE, to=f"workspace_{client}", id="3")
            async with agency_scope(moderator):
                claim = await claim_next(moderator, workspace_id=client)
                await release(moderator, claim.case_id, token=claim.token)
            await silence(opened)


async def test_a_scope_narrows_what_is_heard(server: str, acme: Cast, client: UUID) -> None:
    async with socket(server, acme.tokens["owner"], **{"X-Workspace-Id": "forum"}) as narrowed:
        await listen(narrowed, CASE)
        await case_in(acme, client)
        await silence(narrowed)
        await acme.case(workspace="forum")
        assert data_of(await hear(narrowed))["caseChanged"]["state"] == "QUEUED"


async def test_a_revoked_session_is_shown_out_within_five_seconds(server: str, acme: Cast) -> None:
    async with agency_scope(acme.system):
        person_id = (await Membership.get(id=acme.lead.membership_id)).person_id
    token = await open_session(person_id)
    async with socket(server, token) as opened:
        await listen(opened, CASE)
        await revoke_session(token)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(opened, 5)
        assert closed.value.rcvd.code == 4403
    async with websockets.connect(f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"]) as again:
        await say(again, type="connection_init", payload={"Authorization": f"Bearer {token}"})
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(again)
        assert closed.value.rcvd.code == 4403


async def test_a_revoked_session_hears_not_even_the_next_event(server: str, acme: Cast, client: UUID) -> None:
    async with agency_scope(acme.system):
        person_id = (await Membership.get(id=acme.owner.membership_id)).person_id
    token = await open_session(person_id)
    async with socket(server, token) as opened:
        await listen(opened, CASE)
        await case_in(acme, client)
        data_of(await hear(opened))
        await revoke_session(token)
        await case_in(acme, client)
        with pytest.raises(websockets.ConnectionClosed):
            message = await hear(opened)
            assert message["type"] == "error", message
            assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            await hear(opened)


async def test_who_is_taken_off_a_client_hears_of_it_no_more_and_of_others_still(
    server: str, acme: Cast, client: UUID
) -> None:
    who = f"leaver-{str(new_id())[-6:]}"
    await acme.hire(who, Role.CONTRACTOR, [client, acme.workspaces["chat"]], ends_at=datetime(2100, 1, 1, tzinfo=UTC))
    async with socket(server, acme.tokens[who]) as opened:
        await listen(opened, CASE)
        await case_in(acme, client)
        data_of(await hear(opened))
        async with agency_scope(acme.system):
            await Assignment.filter(membership_id=acme.actors[who].membership_id, workspace_id=client).delete()
        await case_in(acme, client)
        await silence(opened)
        await acme.case(workspace="chat", policy="chat:harassment")
        assert data_of(await hear(opened))["caseChanged"]["state"] == "QUEUED"


async def test_what_one_process_does_another_tells(server: str, settings: Settings, acme: Cast, client: UUID) -> None:
    """A second API process takes the mutation; a worker hides the post. Both are heard here."""
    await case_in(acme, client)
    environment = os.environ | {
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_REDIS_QUEUE": settings.redis_queue,
        "TEND_PORT": "0",
    }
    script = (
        "import asyncio, httpx, sys\n"
        "from backend.asgi import app\n"
        "async def main():\n"
        "    served = app()\n"
        "    async with served.router.lifespan_context(served):\n"
        "        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url='http://x') as api:\n"
        "            answer = await api.post('/graphql', json={'query': sys.argv[2]},\n"
        "                headers={'Authorization': 'Bearer ' + sys.argv[1], 'X-Workspace-Id': sys.argv[3]})\n"
        "            print(answer.text)\n"
        "            await asyncio.sleep(0.5)\n"
        "asyncio.run(main())\n"
    )
    mutation = "mutation { claimNextCase(input: {}) { case { id } userErrors { code } } }"
    async with socket(server, acme.tokens["owner"]) as opened:
        await listen(opened, CASE)
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, acme.tokens["owner"], mutation, f"workspace_{client}",
            env=environment, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told: Any = {}
        while told.get("state") != "IN_REVIEW":  # that it was opened may be told first
            told = data_of(await hear(opened, 20))["caseChanged"]
        printed, _ = await other.communicate()
        assert orjson.loads(printed)["data"]["claimNextCase"]["case"]["id"] == told["id"]


async def test_after_a_gap_in_redis_what_was_missed_is_told(server: str, acme: Cast, client: UUID, settings) -> None:
    """Redis drops its connections; what happens meanwhile is found in the journal."""
    from redis.asyncio import Redis

    async with socket(server, acme.tokens["owner"]) as opened:
        await listen(opened, CASE)
        await listen(opened, NOTICE, id="n")
        async with Redis.from_url(settings.redis) as redis:
            await redis.client_kill_filter(_type="pubsub", skipme=True)
        case = await case_in(acme, client)
        told = set()
        while f"case_{case.id}" not in told:
            data = data_of(await hear(opened, 10))  # what was told shortly before may be told again
            told.add(data.get("caseChanged", {}).get("id"))


async def test_an_event_stream_tells_the_same_and_ends_with_the_session(server: str, acme: Cast, client: UUID) -> None:
    async with agency_scope(acme.system):
        person_id = (await Membership.get(id=acme.owner.membership_id)).person_id
    token = await open_session(person_id)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient(base_url=f"http://{server}", timeout=20) as api,
        api.stream("POST", "/graphql", json={"query": CASE}, headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == ":"
        await asyncio.sleep(0.3)
        await case_in(acme, client)
        event = [line async for line in _until_blank(lines)]
        assert event[0] == "event: next"
        assert orjson.loads(event[1].removeprefix("data: "))["data"]["caseChanged"]["state"] == "QUEUED"
        await revoke_session(token)
        async with asyncio.timeout(5):
            event = [line async for line in _until_blank(lines)]
            assert orjson.loads(event[1].removeprefix("data: "))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            event = [line async for line in _until_blank(lines)]
            assert event[0] == "event: complete"


async def _until_blank(lines: Any) -> AsyncIterator[str]:
    seen = False
    async for line in lines:
        if line and not line.startswith(":"):
            seen = True
            yield line
        elif seen:
            return


async def test_queries_and_mutations_go_over_a_socket_too_each_with_a_fresh_look(
    server: str, acme: Cast, client: UUID
) -> None:
    async with socket(server, acme.tokens["owner"], **{"X-Workspace-Id": f"workspace_{client}"}) as opened:
        for queued in range(2):
            await say(
                opened,
                type="subscribe",
                id="a",
                payload={"query": "{ workspaces { nodes { caseCounts { queued } } } }"},
            )
            told = await hear(opened)
            assert data_of(told)["workspaces"]["nodes"] == [{"caseCounts": {"queued": queued}}]
            assert told["payload"]["extensions"]["cost"]["requested"] > 0
            assert await hear(opened) == {"id": "a", "type": "complete"}
            await case_in(acme, client)
        claim = {"query": "mutation { claimNextCase(input: {}) { case { state } userErrors { code } } }",
                 "extensions": {"idempotencyKey": "over-a-socket"}}  # fmt: skip
        for _ in range(2):
            await say(opened, type="subscribe", id="m", payload=claim)
            assert data_of(await hear(opened))["claimNextCase"]["case"] == {"state": "IN_REVIEW"}
            await hear(opened)
    async with httpx.AsyncClient(base_url=f"http://{server}") as api:
        document = "query($id: ID!) { workspace(id: $id) { caseCounts { queued inReview } } }"
        answer = await ask(api, acme.tokens["owner"], document, id=f"workspace_{client}")
    assert answer["data"]["workspace"]["caseCounts"] == {"queued": 1, "inReview": 1}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "subscription { caseChanged { nonsense } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { caseChanged {"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": CASE, "variables": {"id": "nonsense"}}, "BAD_USER_INPUT"),
        ({"query": QUEUE, "variables": {}}, "BAD_USER_INPUT"),
        ({"query": 3}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
        ({"documentId": "sha256:" + "0" * 64}, "DOCUMENT_NOT_FOUND"),
    ],
)
async def test_a_mistake_is_an_error_of_its_operation_and_the_socket_stays_open(
    server: str, acme: Cast, payload: Any, code: str
) -> None:
    async with socket(server, acme.tokens["owner"]) as opened:
        await say(opened, type="subscribe", id="x", payload=payload)
        told = await hear(opened)
        assert (told["id"], told["type"]) == ("x", "error")
        assert told["payload"][0]["extensions"]["code"] == code
        await say(opened, type="ping")
        assert await hear(opened) == {"type": "pong"}


async def test_a_page_of_another_origin_opens_no_socket(server: str, acme: Cast) -> None:
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(
            f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"], origin="https://evil.example"
        )
    async with websockets.connect(
        f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"], origin=f"http://{server}"
    ):
        pass
