"""POST /in/{token}: believed, stored, answered; and everything that is refused leaves nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from cast import Cast
from intake.conftest import Connect, Site, connected
from intake.payloads import a_post, discourse_post, told

from backend.intake import LARGEST_BODY, disconnect_community, rotate_connection_secret
from backend.leaving import close_workspace
from backend.outbox import Job
from tenants.scope import agency_scope

PLATFORMS = ("discourse", "slack", "mastodon", "webhook")
EVENT = told("post.created", post=a_post())


@pytest.fixture
async def site(connect: Connect) -> Site:
    return await connect("webhook")


async def jobs_of(site: Site) -> int:
    async with agency_scope(site.cast.system):
        return await Job.filter(kind="take_in_delivery", workspace_id=site.workspace_id).count()


async def test_a_delivery_is_stored_as_it_came_and_a_job_is_promised(site: Site) -> None:
    body = orjson.dumps(EVENT) + b"  \n"
    assert (await site.send(body)).status_code == 200
    [delivery] = await site.deliveries()
    assert (delivery.kind, delivery.state, delivery.body, delivery.ended_at) == ("post.created", "waiting", body, None)
    assert await jobs_of(site) == 1
    await site.take_in()


async def test_the_same_delivery_again_is_dropped_before_and_after_it_was_taken_in(site: Site) -> None:
    for _ in range(3):
        assert (await site.send(EVENT, id="msg_1")).status_code == 200
    assert await jobs_of(site) == 1
    await site.take_in()
    assert (await site.send(EVENT, id="msg_1")).status_code == 200
    assert (len(await site.deliveries()), await jobs_of(site)) == (1, 1)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_tampered_byte_is_401_and_nothing_is_kept(connect: Connect, platform: str) -> None:
    site = await connect(platform)
    body = orjson.dumps(EVENT)
    headers = site.signed(body, event="post_created")
    answer = await site.api.post(site.path, content=body.replace(b"Hello", b"Hellp"), headers=headers)
    assert answer.status_code == 401
    assert (await site.api.post(site.path, content=body)).status_code == 401
    assert (await site.deliveries(), await jobs_of(site)) == ([], 0)
    assert (await site.api.post(site.path, content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..", "\N{SNOWMAN}"])
async def test_an_address_that_nobody_was_given_is_404(api: httpx.AsyncClient, token: str) -> None:
    answer = await api.post(f"/in/{token}", content=b"{}")
    assert answer.status_code == 404


async def test_the_address_of_a_session_or_an_invitation_opens_no_connection(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    assert (await api.post(f"/in/{acme.tokens['owner']}", content=b"{}")).status_code == 404


async def test_only_post_is_taken(site: Site) -> None:
    assert (await site.api.get(site.path)).status_code == 405


async def test_after_it_was_disconnected_the_answer_is_410(site: Site) -> None:
    async with agency_scope(site.cast.owner):
        await disconnect_community(site.cast.owner, site.community_id)
    assert (await site.send(EVENT)).status_code == 410
    assert await site.deliveries() == []


async def test_of_a_client_that_is_closed_the_answer_is_410(site: Site) -> None:
    async with agency_scope(site.cast.owner):
        await close_workspace(site.cast.owner, site.workspace_id, grounds="x")
    assert (await site.send(EVENT)).status_code == 410
    assert await site.deliveries() == []


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_mebibyte_is_taken_and_a_byte_more_is_413(site: Site, is_told: bool) -> None:
    def padded(length: int) -> bytes:
        body = orjson.dumps(EVENT)
        return body + b" " * (length - len(body))

    async def in_chunks(body: bytes) -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    for length, status in ((LARGEST_BODY + 1, 413), (LARGEST_BODY, 200)):
        body = padded(length)
        content = body if is_told else in_chunks(body)
        answer = await site.api.post(site.path, content=content, headers=site.signed(body))
        assert answer.status_code == status
        assert len(await site.deliveries()) == (status == 200)
    await site.take_in()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b'"text"', b"null", b'{"type": ', b'{"a": "\xff"}', b"[" * 100_000]
)
async def test_a_body_that_is_no_json_is_400_and_seen_to_have_failed(
    connect: Connect, platform: str, body: bytes
) -> None:
    site = await connect(platform)
    if platform == "webhook" and b"\xff" in body:
        return  # the standard signs texts
    answer = await site.send(body)
    assert answer.status_code == 400
    [delivery] = await site.deliveries()
    assert (delivery.state, delivery.body) == ("failed", None)
    assert delivery.problem in ("The body is no JSON.", "The body is no JSON object.")
    assert await jobs_of(site) == 0
    assert (await site.send(body)).status_code == 400
    assert len(await site.deliveries()) == 1


async def test_another_agencys_connection_is_untouched(acme: Cast, globex: Cast, api: httpx.AsyncClient) -> None:
    """Each by its own address and secret; one's signature opens nothing of the other's."""
    here, there = await connected(acme, api, "discourse"), await connected(globex, api, "discourse")
    await here.tell(discourse_post("of acme"), event="post_created")
    assert (await there.posts(), await there.deliveries()) == ([], [])
    body = orjson.dumps(discourse_post("of nobody", id=18))
    answer = await api.post(there.path, content=body, headers=here.signed(body, event="post_created"))
    assert answer.status_code == 401
    await there.tell(discourse_post("of globex"), event="post_created")
    assert [post.text for post in await here.posts()] == ["of acme"]
    assert [post.text for post in await there.posts()] == ["of globex"]


async def test_during_a_rotation_both_secrets_are_believed_and_afterwards_one(site: Site) -> None:
    old = site.secret
    async with agency_scope(site.cast.owner):
        made = await rotate_connection_secret(
            site.cast.owner, site.community_id, secret=None, overlap=timedelta(minutes=5)
        )
    assert made.secret is not None
    for secret in (old, made.secret):
        site.secret = secret
        assert (await site.send(EVENT)).status_code == 200
    async with agency_scope(site.cast.system) as scope:
        await scope.execute("update connections set previous_until = now() where community_id = $1", site.community_id)
    for secret, status in ((old, 401), (made.secret, 200)):
        site.secret = secret
        assert (await site.send(EVENT)).status_code == status
    await site.take_in()


async def test_until_mastodon_has_said_its_secret_nothing_is_believed(acme: Cast, api: httpx.AsyncClient) -> None:
    site = await connected(acme, api, "mastodon")
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update connections set secret = null, is_ready = false where community_id = $1", site.community_id
        )
    for secret in ("", site.secret):
        site.secret = secret
        assert (await site.send({"event": "status.created", "object": {}})).status_code == 401


async def test_of_a_thousand_deliveries_at_once_none_is_lost(site: Site) -> None:
    async def one(number: int) -> int:
        event = told("post.created", minute=number / 1000, post=a_post(f"Number {number}", id=f"p{number}"))
        return (await site.send(event, id=f"msg_{number}")).status_code

    async with asyncio.timeout(120):
        statuses = await asyncio.gather(*(one(number) for number in range(1_000)))
    stored = [number for number, status in enumerate(statuses) if status == 200]
    assert {*statuses} <= {200, 503}, "what is not stored is asked for again"
    assert len(stored) > 900
    for number in set(range(1_000)) - {*stored}:
        assert await one(number) == 200
    assert (len(await site.deliveries()), await jobs_of(site)) == (1_000, 1_000)
    assert await site.take_in_at_once() == {"done"}
    assert {post.text for post in await site.posts()} == {f"Number {number}" for number in range(1_000)}
    assert {(each.state, each.body) for each in await site.deliveries()} == {("done", None)}
