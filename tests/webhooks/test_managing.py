"""Endpoints in the API: who sets them up, what is told once, and whom deliveries are hidden from."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask
from webhooks.conftest import deliveries, endpoint, run_turns, says, server

from backend.journal import JournalEntry
from backend.kit.ids import new_id
from backend.outside import rotate_secrets
from backend.webhooks import KINDS, WebhookEndpoint
from graphql_schema.webhooks import WebhookEventKind
from tenants.scope import agency_scope

CREATE = """mutation($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
  secret endpoint { id url description kinds conditions selection version disabledAt workspace { slug } }
  userErrors { code path } } }"""
DELIVERIES = """{ agency { webhookEndpoints(first: 5) { nodes { id deliveries(first: 5) { nodes { state attempt
  event { kind subjectId workspace { slug } } attempts(first: 5) { nodes { status problem } } } } } } } }"""


async def create(api: httpx.AsyncClient, token: str, **input: Any) -> Any:
    given = {"url": "https://example.com/hooks", "kinds": ["CASE_DECIDED"], **input}
    return (await ask(api, token, CREATE, input=given))["data"]["createWebhookEndpoint"]


def test_the_published_catalogue_is_the_catalogue() -> None:
    assert {kind.value for kind in WebhookEventKind} == set(KINDS)


async def test_the_secret_is_told_once_and_kept_sealed(api: httpx.AsyncClient, acme: Cast) -> None:
    forum = f"workspace_{acme.workspaces['forum']}"
    made = await create(api, acme.tokens["owner"], workspaceId=forum, by=["STAFF"], description="Board")
    secret = made["secret"]
    assert made == {
        "secret": secret,
        "endpoint": {
            "id": made["endpoint"]["id"],
            "url": "https://example.com/hooks",
            "description": "Board",
            "kinds": ["CASE_DECIDED"],
            "conditions": {"by": ["staff"]},
            "selection": None,
            "version": 1,
            "disabledAt": None,
            "workspace": {"slug": "forum"},
        },
        "userErrors": [],
    }
    assert secret.startswith("whsec_")
    async with agency_scope(acme.system) as scope:
        stored = await scope.fetchval("select secret from webhook_endpoints where agency_id = $1", acme.agency_id)
        lines = await JournalEntry.filter(action="webhookendpoint.created").order_by("at")
    assert secret[6:].encode() not in stored
    assert "hooks" not in str(lines[-1].detail), "the path of an address may be what opens it"
    assert lines[-1].detail["host"] == "example.com"


async def test_secrets_are_sealed_anew_with_the_agencys_next_key(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await rotate_secrets()
        await acme.case()
        await run_turns(acme)
        assert there.sent[0].verified(issued.secret)


async def test_what_was_sent_and_became_of_it_can_be_read(api: httpx.AsyncClient, acme: Cast) -> None:
    async with server(says("404 Not Found")) as there:
        issued = await endpoint(acme, there.url)
        case = await acme.case()
        await run_turns(acme)
    answer = await ask(api, acme.tokens["owner"], DELIVERIES)
    assert answer["data"]["agency"]["webhookEndpoints"]["nodes"] == [
        {
            "id": f"webhookendpoint_{issued.endpoint.id}",
            "deliveries": {
                "nodes": [
                    {
                        "state": "WAITING",
                        "attempt": 1,
                        "event": {
                            "kind": "case.reported",
                            "subjectId": f"case_{case.id}",
                            "workspace": {"slug": "forum"},
                        },
                        "attempts": {"nodes": [{"status": 404, "problem": "The endpoint answered 404."}]},
                    }
                ]
            },
        }
    ]


async def test_nobody_else_sees_endpoints_or_has_anything_replayed(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    """Another agency's, another client's, and the whole agency's for who works for some clients only."""
    async with server() as there:
        own = await endpoint(acme, there.url, workspace="forum")
        others = {
            "another client": await endpoint(acme, there.url, workspace="shop"),
            "the whole agency": await endpoint(acme, there.url, workspace=None),
        }
        foreign = await endpoint(globex, there.url)
        await globex.case()
        await acme.case(workspace="shop", policy="shop:harassment")
    seen = await ask(api, acme.tokens["deputy"], "{ agency { webhookEndpoints { nodes { id } } } }")
    assert seen["data"]["agency"]["webhookEndpoints"]["nodes"] == [{"id": f"webhookendpoint_{own.endpoint.id}"}]
    hidden = [(globex, foreign), *((acme, issued) for issued in others.values())]
    replay = "mutation($d: ID!) { replayWebhookDelivery(input: { webhookDeliveryId: $d }) { delivery { id } userErrors { code message path } } }"
    nobody = await ask(api, acme.tokens["deputy"], replay, d=f"webhookdelivery_{new_id()}")
    assert nobody["data"]["replayWebhookDelivery"]["userErrors"][0]["code"] == "NOT_FOUND"
    for cast, issued in hidden:
        [delivery] = await deliveries(cast, issued)
        id = f"webhookdelivery_{delivery.id}"
        node = await ask(api, acme.tokens["deputy"], "query($id: ID!) { node(id: $id) { id } }", id=id)
        assert node == {"data": {"node": None}}
        assert await ask(api, acme.tokens["deputy"], replay, d=id) == nobody
        assert (await deliveries(cast, issued))[0].attempt == 0
    for role in ("lead", "moderator", "stakeholder"):
        seen = await ask(api, acme.tokens[role], "{ agency { webhookEndpoints { totalCount } } }")
        assert seen["data"]["agency"]["webhookEndpoints"]["totalCount"] == 0


async def test_who_works_for_some_clients_names_one_of_them(api: httpx.AsyncClient, acme: Cast) -> None:
    async def codes(**input: Any) -> list[dict[str, Any]]:
        return (await create(api, acme.tokens["deputy"], **input))["userErrors"]

    assert await codes() == [{"code": "INVALID", "path": ["input", "workspaceId"]}]
    shop = f"workspace_{acme.workspaces['shop']}"
    assert await codes(workspaceId=shop) == [{"code": "NOT_FOUND", "path": ["input", "workspaceId"]}]
    assert await codes(workspaceId=f"workspace_{acme.workspaces['chat']}") == []


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"url": "http://example.com/"}, ["input", "url"]),
        ({"url": ""}, ["input", "url"]),
        ({"kinds": []}, ["input", "kinds"]),
        ({"description": "x" * 201}, ["input", "description"]),
        ({"selection": "{ nonsense }"}, ["input", "selection"]),
        ({"workspaceIds": ["workspace_00000000-0000-7000-8000-000000000000"]}, ["input", "workspaceIds"]),
    ],
)
async def test_what_cannot_be_accepted_says_which_field(
    api: httpx.AsyncClient, acme: Cast, input: dict[str, Any], path: list[str]
) -> None:
    made = await create(api, acme.tokens["owner"], **input)
    assert made["endpoint"] is None
    assert made["secret"] is None
    assert [error["path"] for error in made["userErrors"]] == [path]


async def test_a_change_is_for_what_comes_and_refused_where_somebody_was_faster(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    change = """mutation($input: ChangeWebhookEndpointInput!) { changeWebhookEndpoint(input: $input) {
      endpoint { url kinds version } userErrors { code path } } }"""
    async with server() as there, server() as elsewhere:
        issued = await endpoint(acme, there.url)
        given = {
            "endpointId": f"webhookendpoint_{issued.endpoint.id}",
            "url": elsewhere.url,
            "kinds": ["CASE_CLAIMED", "CASE_REPORTED"],
            "expectedVersion": 1,
        }
        first = await ask(api, acme.tokens["owner"], change, input=given)
        assert first["data"]["changeWebhookEndpoint"] == {
            "endpoint": {"url": elsewhere.url, "kinds": ["CASE_CLAIMED", "CASE_REPORTED"], "version": 2},
            "userErrors": [],
        }
        second = await ask(api, acme.tokens["owner"], change, input=given)
        assert second["data"]["changeWebhookEndpoint"]["userErrors"] == [
            {"code": "CONFLICT", "path": ["input", "expectedVersion"]}
        ]
        await acme.case()
        await run_turns(acme)
        assert (len(there.sent), len(elsewhere.sent)) == (0, 1)


async def test_a_test_event_is_sent_whatever_kinds_it_hears_of(api: httpx.AsyncClient, acme: Cast) -> None:
    send = "mutation($e: ID!) { sendWebhookTest(input: { endpointId: $e }) { delivery { id state event { kind } } userErrors { code } } }"
    async with server() as there:
        issued = await endpoint(acme, there.url, "hold.lifted")
        id = f"webhookendpoint_{issued.endpoint.id}"
        answer = (await ask(api, acme.tokens["owner"], send, e=id))["data"]["sendWebhookTest"]
        assert answer["delivery"]["event"] == {"kind": "webhook.test"}
        await run_turns(acme)
    [sent] = there.sent
    assert sent.verified(issued.secret)["type"] == "webhook.test"
    assert sent.headers["webhook-id"] == answer["delivery"]["id"]
    assert sent.told["data"] == {"id": id}


async def test_an_agency_has_a_hundred_endpoints_at_most(api: httpx.AsyncClient, acme: Cast) -> None:
    from backend.webhooks import subscribing

    issued = await endpoint(acme, "https://example.com/")
    async with agency_scope(acme.system):
        for _ in range(subscribing.MOST_ENDPOINTS - 1):
            await WebhookEndpoint.create(
                url="x", description="", kinds=["hold.lifted"], scopes=[], secret=issued.endpoint.secret
            )
    made = await create(api, acme.tokens["owner"])
    assert [error["code"] for error in made["userErrors"]] == ["CONFLICT"]
