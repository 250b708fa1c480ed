"""Pages: every row once, in order, both ways, ties included."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.communities import Member
from backend.kit.ids import new_id
from tenants.scope import agency_scope

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def client(acme: Cast) -> UUID:
    """23 members, seen at five moments (one of them with microseconds), some with the same handle."""
    workspace_id = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == workspace_id)
    async with agency_scope(acme.system):
        for n in range(23):
            await Member.create(
                workspace_id=workspace_id,
                community_id=acme.communities[slug],
                external_id=f"m{n}",
                handle=("ä b|c" if n % 2 else f"x {n % 5} y"),
                kind="bot" if n % 7 == 0 else "person",
                first_seen_at=EPOCH + timedelta(days=n % 5, microseconds=123 if n % 5 == 2 else 0),
            )
    return workspace_id


async def page(api: httpx.AsyncClient, acme: Cast, client: UUID, order: str, **arguments: Any) -> Any:
    answer = await ask(
        api,
        acme.tokens["owner"],
        """query($w: ID!, $first: Int, $after: String, $last: Int, $before: String, $order: MemberOrder) { workspace(id: $w) {
             members(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
               totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }""",
        w=f"workspace_{client}",
        order=order,
        **arguments,
    )
    assert "errors" not in answer, answer
    return answer["data"]["workspace"]["members"]


async def expected(acme: Cast, client: UUID, *keys: str) -> list[str]:
    async with agency_scope(acme.system):
        return [f"member_{row.id}" for row in await Member.filter(workspace_id=client).order_by(*keys)]


ORDERS = [("HANDLE", ("handle", "id")), ("OLDEST", ("first_seen_at", "id")), ("NEWEST", ("-first_seen_at", "-id"))]


@pytest.mark.parametrize(("order", "keys"), ORDERS)
@pytest.mark.parametrize("size", [1, 4, 23, 100])
async def test_following_cursors_forwards_meets_every_row_once(
    api: httpx.AsyncClient, acme: Cast, client: UUID, order: str, keys: tuple[str, str], size: int
) -> None:
    seen, after = [], None
    while True:
        found = await page(api, acme, client, order, first=size, after=after)
        assert found["totalCount"] == 23
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [edge["node"]["id"] for edge in found["edges"]]
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        assert found["pageInfo"]["endCursor"] == found["edges"][-1]["cursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert seen == await expected(acme, client, *keys)


@pytest.mark.parametrize(("order", "keys"), ORDERS)
@pytest.mark.parametrize("size", [1, 4, 23, 100])
async def test_following_cursors_backwards_meets_every_row_once(
    api: httpx.AsyncClient, acme: Cast, client: UUID, order: str, keys: tuple[str, str], size: int
) -> None:
    seen, before = [], None
    while True:
        found = await page(api, acme, client, order, last=size, before=before)
        seen = [edge["node"]["id"] for edge in found["edges"]] + seen
        assert found["pageInfo"]["hasNextPage"] is (before is not None)
        if not found["pageInfo"]["hasPreviousPage"]:
            break
        before = found["pageInfo"]["startCursor"]
    assert seen == await expected(acme, client, *keys)


async def test_between_two_cursors(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    everything = (await page(api, acme, client, "OLDEST", first=100))["edges"]
    middle = await page(
        api, acme, client, "OLDEST", first=100, after=everything[4]["cursor"], before=everything[9]["cursor"]
    )
    assert middle["edges"] == everything[5:9]
    middle = await page(
        api, acme, client, "OLDEST", last=2, after=everything[4]["cursor"], before=everything[9]["cursor"]
    )
    assert middle["edges"] == everything[7:9]


async def test_a_row_inserted_between_pages_repeats_and_loses_none(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    first = await page(api, acme, client, "NEWEST", first=10)
    async with agency_scope(acme.system):
        some = await Member.filter(workspace_id=client).first()
        fresh = await Member.create(
            workspace_id=client, community_id=some.community_id, external_id=f"late-{new_id()}", handle="late",
            first_seen_at=EPOCH + timedelta(days=40),
        )  # fmt: skip
    rest = await page(api, acme, client, "NEWEST", first=100, after=first["pageInfo"]["endCursor"])
    ids = [edge["node"]["id"] for edge in first["edges"] + rest["edges"]]
    assert len(ids) == len(set(ids)) == 23
    async with agency_scope(acme.system):
        await Member.filter(id=fresh.id).delete()


async def test_filters_hold_for_rows_and_for_the_count(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    answer = await ask(
        api, acme.tokens["owner"],
        """query($w: ID!) { workspace(id: $w) { members(filter: { kind: BOT }, first: 2) { totalCount nodes { kind } pageInfo { hasNextPage } }
             people: members(filter: { kind: PERSON, handle: "ä b|c" }) { totalCount nodes { handle } } } }""",
        w=f"workspace_{client}",
    )  # fmt: skip
    workspace = answer["data"]["workspace"]
    assert workspace["members"] == {"totalCount": 4, "nodes": [{"kind": "BOT"}] * 2, "pageInfo": {"hasNextPage": True}}
    assert workspace["people"]["totalCount"] == len(workspace["people"]["nodes"]) == 9
