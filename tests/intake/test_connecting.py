"""Connecting through the API: who may, what is told once, and what the journal keeps."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask
from intake.conftest import Connect, Site
from intake.payloads import a_post, told

from backend.communities import Connection
from backend.intake import PlatformDelivery
from backend.journal import JournalEntry
from tenants.scope import agency_scope

CONNECT = """mutation($input: ConnectCommunityInput!) { connectCommunity(input: $input) {
    deliverTo secret community { id connection { platform address isReady connectedAt disconnectedAt lastReceivedAt } }
    userErrors { code message path } } }"""
ROTATE = """mutation($input: RotateConnectionSecretInput!) { rotateConnectionSecret(input: $input) {
    secret community { id } userErrors { code message path } } }"""
DISCONNECT = """mutation($input: DisconnectCommunityInput!) { disconnectCommunity(input: $input) {
    community { connection { platform isReady disconnectedAt } } userErrors { code message path } } }"""
REPLAY = """mutation($input: ReplayPlatformDeliveryInput!) { replayPlatformDelivery(input: $input) {
    delivery { id state problem } userErrors { code message path } } }"""
LIST = """query($id: ID!) { node(id: $id) { ... on Community { connection { platform lastReceivedAt
    deliveries(first: 10) { totalCount nodes { id kind state problem receivedAt endedAt canBeReplayed } }
    failed: deliveries(filter: { state: FAILED }) { totalCount } } } } }"""


@pytest.fixture
async def community(acme: Cast) -> str:
    workspace_id = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == workspace_id)
    return f"community_{acme.communities[slug]}"


async def done(api: httpx.AsyncClient, acme: Cast, document: str, *, who: str = "owner", **input: Any) -> Any:
    answer = await ask(api, acme.tokens[who], document, input=input)
    [payload] = answer["data"].values()
    return payload


def codes(payload: Any) -> list[tuple[str, list[str] | None]]:
    return [(error["code"], error["path"]) for error in payload["userErrors"]]


async def test_a_community_is_connected_and_what_opens_it_is_told_once(
    api: httpx.AsyncClient, acme: Cast, community: str
) -> None:
    made = await done(api, acme, CONNECT, communityId=community, platform="WEBHOOK", address="https://site.example")
    assert made["userErrors"] == []
    assert made["deliverTo"].startswith("http")
    assert made["secret"].startswith("whsec_")
    connection = made["community"]["connection"]
    assert connection.pop("connectedAt")
    assert connection == {
        "platform": "WEBHOOK",
        "address": "https://site.example",
        "isReady": True,
        "disconnectedAt": None,
        "lastReceivedAt": None,
    }
    token = made["deliverTo"].rpartition("/")[2]
    async with agency_scope(acme.system) as scope:
        row = await scope.fetchval("select c::text from connections c where community_id = $1", _uuid(community))
        entries = await JournalEntry.filter(subject_id=_uuid(community))
        kept = await scope.fetch("select payload::text as text from jobs")
    for text in (row, str([entry.detail for entry in entries]), *(each["text"] for each in kept)):
        assert token not in text
        assert made["secret"] not in text
    assert [(e.action, e.detail) for e in entries if e.action == "community.connected"] == [
        ("community.connected", {"platform": "webhook", "host": "site.example"})
    ]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"platform": "BUILT_IN"}, "INVALID", "platform"),
        ({"platform": "SLACK"}, "INVALID", "secret"),
        ({"platform": "SLACK", "secret": "too short"}, "INVALID", "secret"),
        ({"platform": "DISCOURSE", "secret": "x" * 201}, "INVALID", "secret"),
        ({"platform": "WEBHOOK", "secret": "not-a-standard-secret"}, "INVALID", "secret"),
        ({"platform": "WEBHOOK", "secret": "whsec_short"}, "INVALID", "secret"),
        ({"platform": "WEBHOOK", "address": "http://site.example"}, "INVALID", "address"),
        ({"platform": "WEBHOOK", "address": "https://me:secret@site.example"}, "INVALID", "address"),
    ],
)
async def test_what_cannot_be_connected_is_refused_and_nothing_changes(
    api: httpx.AsyncClient, acme: Cast, community: str, input: dict[str, str], code: str, field: str
) -> None:
    payload = await done(api, acme, CONNECT, communityId=community, **input)
    assert codes(payload) == [(code, ["input", field])]
    async with agency_scope(acme.system) as scope:
        connection = await Connection.get(community_id=_uuid(community))
        doors = await scope.fetchval("select count(*) from doors where target_id = $1", connection.id)
    assert (connection.platform, connection.version, doors) == ("built_in", 1, 0)


async def test_without_the_right_nobody_connects(api: httpx.AsyncClient, acme: Cast, community: str) -> None:
    forum = f"community_{acme.communities['forum']}"
    for who in ("moderator", "stakeholder"):
        payload = await done(api, acme, CONNECT, who=who, communityId=forum, platform="WEBHOOK")
        assert codes(payload) == [("NOT_ALLOWED", None)]
    assert codes(await done(api, acme, CONNECT, who="lead", communityId=community, platform="WEBHOOK")) == [
        ("NOT_FOUND", ["input", "communityId"])
    ]


async def test_a_connected_community_is_disconnected_first_and_its_old_address_opens_nothing_then(
    api: httpx.AsyncClient, acme: Cast, community: str
) -> None:
    first = await done(api, acme, CONNECT, communityId=community, platform="WEBHOOK")
    again = await done(api, acme, CONNECT, communityId=community, platform="DISCOURSE")
    assert codes(again) == [("CONFLICT", ["input", "communityId"])]
    gone = await done(api, acme, DISCONNECT, communityId=community)
    assert gone["community"]["connection"].pop("disconnectedAt")
    assert gone["community"]["connection"] == {"platform": "WEBHOOK", "isReady": False}
    assert codes(await done(api, acme, DISCONNECT, communityId=community)) == [("CONFLICT", ["input", "communityId"])]
    assert codes(await done(api, acme, ROTATE, communityId=community)) == [("CONFLICT", ["input", "communityId"])]
    path = httpx.URL(first["deliverTo"]).path
    assert (await api.post(path, content=b"{}")).status_code == 410
    second = await done(api, acme, CONNECT, communityId=community, platform="DISCOURSE")
    assert second["community"]["connection"]["isReady"]
    assert (await api.post(path, content=b"{}")).status_code == 404
    assert (await api.post(httpx.URL(second["deliverTo"]).path, content=b"{}")).status_code == 401


async def test_mastodon_says_its_secret_once_it_has_the_address(
    api: httpx.AsyncClient, acme: Cast, community: str
) -> None:
    made = await done(api, acme, CONNECT, communityId=community, platform="MASTODON")
    assert (made["secret"], made["community"]["connection"]["isReady"]) == (None, False)
    assert codes(await done(api, acme, ROTATE, communityId=community)) == [("INVALID", ["input", "secret"])]
    given = await done(api, acme, ROTATE, communityId=community, secret="what-mastodon-shows")
    assert (given["secret"], given["userErrors"]) == (None, [])
    async with agency_scope(acme.system):
        connection = await Connection.get(community_id=_uuid(community))
    assert connection.secret is not None
    assert connection.previous_secret is None


async def test_a_rotation_of_more_than_a_week_is_refused(api: httpx.AsyncClient, acme: Cast, community: str) -> None:
    await done(api, acme, CONNECT, communityId=community, platform="WEBHOOK")
    for minutes in (-1, 10_081):
        payload = await done(api, acme, ROTATE, communityId=community, overlapMinutes=minutes)
        assert codes(payload) == [("INVALID", ["input", "overlapMinutes"])]
    made = await done(api, acme, ROTATE, communityId=community, overlapMinutes=10_080)
    assert made["secret"].startswith("whsec_")


async def test_deliveries_are_listed_without_their_words_and_one_that_failed_is_replayed(
    api: httpx.AsyncClient, acme: Cast, connect: Connect
) -> None:
    site = await connect("webhook")
    await site.tell(told("post.created", post=a_post("a secret")))
    await site.tell(told("post.created", post=a_post("a secret", id="2") | {"postedAt": "soon, said the secret"}))
    answer = await ask(api, acme.tokens["owner"], LIST, id=f"community_{site.community_id}")
    connection = answer["data"]["node"]["connection"]
    assert "secret" not in str(answer)
    nodes = connection["deliveries"]["nodes"]
    assert [(node["state"], node["problem"], node["canBeReplayed"]) for node in nodes] == [
        ("FAILED", "data.post.postedAt is no date and time.", True),
        ("DONE", None, False),
    ]
    assert connection["lastReceivedAt"] == nodes[0]["receivedAt"]
    assert connection["failed"]["totalCount"] == 1

    refused = await done(api, acme, REPLAY, platformDeliveryId=nodes[1]["id"])
    assert codes(refused) == [("CONFLICT", ["input", "platformDeliveryId"])]
    async with agency_scope(acme.system) as scope:  # as if the fault had been Tend's, and is mended
        body = (await PlatformDelivery.get(state="failed", connection_id=await _connection(site))).body
        await scope.execute(
            "update platform_deliveries set body = $2 where state = 'failed' and workspace_id = $1",
            site.workspace_id,
            body.replace(b"soon, said the secret", b"2026-11-25T10:00:00Z"),
        )
    replayed = await done(api, acme, REPLAY, platformDeliveryId=nodes[0]["id"])
    assert replayed["delivery"] == {"id": nodes[0]["id"], "state": "WAITING", "problem": None}
    await site.take_in()
    assert len(await site.posts()) == 2
    assert {(each.state, each.body) for each in await site.deliveries()} == {("done", None)}
    async with agency_scope(acme.system):
        assert (
            await JournalEntry.filter(action="community.delivery_replayed", workspace_id=site.workspace_id).count() == 1
        )


async def _connection(site: Site) -> Any:
    return (await Connection.get(community_id=site.community_id)).id


def _uuid(community: str) -> str:
    return community.removeprefix("community_")
