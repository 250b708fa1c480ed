"""A mutation sent again under the same Idempotency-Key answers the same and is done once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast

from backend.idempotency import KeptAnswer, forget_answers
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Report
from backend.policies import Policy
from tenants.scope import agency_scope, current

CLAIM = "mutation Claim($i: ClaimNextCaseInput!) { claimNextCase(input: $i) { claimToken case { id state } userErrors { code } } }"
POLICY = """mutation($i: CreatePolicyInput!) { createPolicy(input: $i) { policy { id } userErrors { code path } } }"""


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


async def open_cases(acme: Cast, client: UUID, count: int) -> None:
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    for _ in range(count):
        await acme.case(workspace=slug, policy=f"{slug}:harassment")


async def send(
    api: httpx.AsyncClient, token: str, key: str | None, query: str, variables: Any = None, **headers: str
) -> httpx.Response:
    given = {"Authorization": f"Bearer {token}", **headers, **({"Idempotency-Key": key} if key else {})}
    return await api.post("/graphql", json={"query": query, "variables": variables}, headers=given)


def claim_of(client: UUID) -> dict[str, Any]:
    return {"i": {"workspaceId": f"workspace_{client}"}}


async def test_the_same_request_again_answers_the_same_and_does_nothing(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    await open_cases(acme, client, 2)
    key = str(new_id())
    answers = [await send(api, acme.tokens["owner"], key, CLAIM, claim_of(client)) for _ in range(3)]
    assert [a.status_code for a in answers] == [200] * 3
    first = answers[0].json()["data"]["claimNextCase"]
    assert first["case"]["state"] == "IN_REVIEW"
    assert all(answer.json()["data"]["claimNextCase"] == first for answer in answers)
    fresh = await send(api, acme.tokens["owner"], str(new_id()), CLAIM, claim_of(client))
    assert fresh.json()["data"]["claimNextCase"]["case"]["id"] != first["case"]["id"]


async def test_sent_many_times_at_once_it_is_done_once(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    await open_cases(acme, client, 8)
    key = str(new_id())
    async with asyncio.timeout(30):
        answers = await asyncio.gather(
            *(send(api, acme.tokens["owner"], key, CLAIM, claim_of(client)) for _ in range(8))
        )
    assert {a.status_code for a in answers} <= {200, 409}
    done = {a.json()["data"]["claimNextCase"]["claimToken"] for a in answers if a.status_code == 200}
    assert len(done) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_CONFLICT"
            assert "data" not in answer.json()
    async with agency_scope(acme.system) as scope:
        claimed = "select count(*) from cases where workspace_id = $1 and state = 'in_review'"
        assert await scope.fetchval(claimed, client) == 1


async def test_while_it_runs_the_second_hears_of_the_first(
    api: httpx.AsyncClient, acme: Cast, client: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend import moderation

    await open_cases(acme, client, 1)
    running, go_on, claim_next = asyncio.Event(), asyncio.Event(), moderation.claim_next

    async def slowly(*args: Any, **named: Any) -> Any:
        running.set()
        await go_on.wait()
        return await claim_next(*args, **named)

    monkeypatch.setattr("graphql_schema.working_cases.moderation.claim_next", slowly)
    key = str(new_id())
    async with asyncio.timeout(20):
        first = asyncio.create_task(send(api, acme.tokens["owner"], key, CLAIM, claim_of(client)))
        await running.wait()
        second = await send(api, acme.tokens["owner"], key, CLAIM, claim_of(client))
        assert second.status_code == 409
        go_on.set()
        assert (await first).status_code == 200


async def test_another_request_under_the_key_is_refused(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    """Another document, other variables, another scope: any of them."""
    await open_cases(acme, client, 3)
    key = str(new_id())
    await send(api, acme.tokens["owner"], key, CLAIM, claim_of(client))
    for query, variables, scope in (
        (CLAIM + " ", claim_of(client), {}),
        (CLAIM, {"i": {}}, {}),
        (CLAIM, claim_of(client), {"X-Workspace-Id": f"workspace_{client}"}),
    ):
        answer = await send(api, acme.tokens["owner"], key, query, variables, **scope)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_key_is_its_principals_own(api: httpx.AsyncClient, acme: Cast, globex: Cast, client: UUID) -> None:
    key = str(new_id())
    post, theirs = await acme.post(), await globex.post()
    report = "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code } } }"
    seen = set()
    for cast, who, about in ((acme, "owner", post), (acme, "lead", post), (globex, "owner", theirs)):
        answer = await send(api, cast.tokens[who], key, report, {"i": {"postId": f"post_{about.id}", "reason": "x"}})
        seen.add(answer.json()["data"]["reportPost"]["report"]["id"])
    assert len(seen) == 3


async def test_a_refusal_is_not_kept_and_may_be_tried_again(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    """Nothing was done, so there is nothing to answer twice: once the reason is gone, the same key does it."""
    key, slug = str(new_id()), f"s-{str(new_id())[-8:]}"
    wanted = {"i": {"workspaceId": f"workspace_{client}", "slug": slug, "title": "T", "text": "No.", "severity": "LOW", "tier": "LOW"}}  # fmt: skip
    async with agency_scope(acme.system):
        taken = await Policy.create(workspace_id=client, slug=slug, title="x")
    first = await send(api, acme.tokens["owner"], key, POLICY, wanted)
    assert first.json()["data"]["createPolicy"]["userErrors"][0]["code"] == "SLUG_TAKEN"
    async with agency_scope(acme.system):
        await Policy.filter(id=taken.id).delete()
    answers = [await send(api, acme.tokens["owner"], key, POLICY, wanted) for _ in range(2)]
    assert answers[0].json()["data"]["createPolicy"]["policy"] is not None
    assert answers[0].json()["data"] == answers[1].json()["data"]


async def test_each_field_of_an_operation_is_done_once(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    """The second field fails the first time: sent again, only that one is done."""
    post, key = await acme.post(), str(new_id())
    report = """mutation($p: ID!, $n: Int!) {
        a: reportPost(input: { postId: $p, reason: "a" }) { report { id } }
        b: claimNextCase(input: {}) { case { reports(first: $n) { nodes { id } } } } }"""
    variables = {"p": f"post_{post.id}", "n": 2}
    first, again = [await send(api, acme.tokens["lead"], key, report, variables) for _ in range(2)]
    assert first.json()["data"] == again.json()["data"]
    async with agency_scope(acme.system):
        assert await Report.filter(post_id=post.id).count() == 1


async def test_what_was_told_once_is_kept_unreadable(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    """A claim's token is in the answer; whoever reads the table without the client's key reads nothing."""
    await open_cases(acme, client, 1)
    key = str(new_id())
    answer = await send(api, acme.tokens["owner"], key, CLAIM, claim_of(client))
    token = answer.json()["data"]["claimNextCase"]["claimToken"]
    async with agency_scope(acme.system):
        rows = await KeptAnswer.all()
        assert rows
        for row in rows:
            kept = row.answer + row.lookup + row.fingerprint
            assert token.encode() not in kept
            assert key.encode() not in kept


async def test_after_a_day_it_is_forgotten(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    await open_cases(acme, client, 2)
    key = str(new_id())

    async def claimed() -> str:
        answer = await send(api, acme.tokens["owner"], key, CLAIM, claim_of(client))
        return answer.json()["data"]["claimNextCase"]["case"]["id"]

    first = await claimed()
    async with agency_scope(acme.system):
        await KeptAnswer.all().update(created_at=now() - timedelta(hours=23, minutes=59))
    assert await claimed() == first
    async with agency_scope(acme.system):
        await KeptAnswer.all().update(created_at=now() - timedelta(hours=25))
    second = await claimed()
    assert second != first
    assert await claimed() == second
    async with agency_scope(acme.system):
        await KeptAnswer.all().update(created_at=now() - timedelta(hours=25))
        await forget_answers(acme.system, {})
        assert await KeptAnswer.all().count() == 0


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "caf\u00e9".encode("latin-1").decode("latin-1")])
async def test_a_key_nobody_can_mean_is_refused(api: httpx.AsyncClient, acme: Cast, key: str) -> None:
    response = await api.post(
        "/graphql",
        json={"query": "{ __typename }"},
        headers={"Authorization": f"Bearer {acme.tokens['owner']}", "Idempotency-Key": key.encode("latin-1")},  # type: ignore[dict-item]
    )
    assert response.status_code == 400


async def test_a_query_with_a_key_is_simply_read(api: httpx.AsyncClient, acme: Cast) -> None:
    async with agency_scope(acme.system):
        before = await KeptAnswer.all().count()
    for query in ("{ agency { slug } }", "{ agency { name } }"):
        assert (await send(api, acme.tokens["owner"], "one-key", query)).status_code == 200
    async with agency_scope(acme.system):
        assert await KeptAnswer.all().count() == before
        assert current() is not None
