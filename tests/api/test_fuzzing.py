"""Whatever a signed-in client sends, over whichever transport: an answer with a stable code, in time, and others go on."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from cast import Cast
from fuzz_asking import ASKED, DOCUMENTS, JSON_VALUES, MESSAGES, TABLES, aliased, mangled, repeated
from fuzz_serving import CLOSES, CODES, check, errors_of, greeted, heard, serving
from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from graphql_schema.projection import remembering
from graphql_schema.transport import admitting, sockets
from graphql_schema.transport.documents import LONGEST_KEPT
from tenants.scope import agency_scope

fuzz = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SLOWEST: Final = 30  # times what it takes to read an ordinary document of 20,000 characters
ORDINARY: Final = "{ agency { " + " ".join(f"a{number:03}: id" for number in range(2_100)) + " } }"


def headers(cast: Cast, who: str = "moderator", **others: str) -> dict[str, str]:
    given = {name.replace("_", "-"): value for name, value in others.items()}
    return {"Authorization": f"Bearer {cast.tokens[who]}", "Content-Type": "application/json", **given}


@pytest.fixture(scope="module")
async def address(settings: Settings) -> AsyncIterator[str]:
    async with serving(app(settings)) as where:
        yield where


@fuzz
@given(body=st.binary(max_size=200) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
async def test_any_bytes_are_answered(api: httpx.AsyncClient, acme: Cast, body: bytes) -> None:
    check(await api.post("/graphql", content=body, headers=headers(acme)))


@fuzz
@given(
    members=st.fixed_dictionaries(
        {"query": st.sampled_from(DOCUMENTS) | JSON_VALUES},
        optional={
            **dict.fromkeys(("variables", "operationName", "documentId"), JSON_VALUES),
            "extensions": JSON_VALUES
            | st.dictionaries(st.sampled_from(["persistedQuery", "idempotencyKey"]), JSON_VALUES),
        },
    ),
    by_get=st.booleans(),
)
async def test_any_members_are_answered(
    api: httpx.AsyncClient, acme: Cast, members: dict[str, Any], by_get: bool
) -> None:
    if not by_get:
        check(await api.post("/graphql", content=json.dumps(members).encode(), headers=headers(acme)))
        return
    parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in members.items()}
    asked = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    check(await api.get(f"/graphql?{asked}", headers=headers(acme)))


@fuzz
@given(
    given=st.dictionaries(
        st.sampled_from("Accept Content-Type Content-Encoding X-Agency-Id X-Workspace-Id Authorization Idempotency-Key X-Request-Id Origin Cookie".split()),
        st.binary(max_size=30).map(lambda value: value.translate(None, b"\r\n\x00"))
        | st.sampled_from([b"text/event-stream", b"*/*;q=nan", b"q=", b"application/json;charset=utf-16", b"x" * 9_000, b"Bearer tend_s_\xff", b"forum", b"globex"]),
        max_size=3,
    ),
    document=st.sampled_from(DOCUMENTS),
)  # fmt: skip
async def test_any_headers_are_answered(
    api: httpx.AsyncClient, acme: Cast, given: Mapping[str, bytes], document: str
) -> None:
    sent = {name.lower(): value.encode() for name, value in headers(acme).items()}
    sent |= {name.lower(): value for name, value in given.items()}
    if b"stream" not in sent.get("accept", b"") or not document.startswith("subscription"):  # those would stay open
        check(await api.post("/graphql", json={"query": document}, headers=list(sent.items())))  # type: ignore[arg-type]


@settings(fuzz, max_examples=250)
@given(document=mangled(), variables=st.dictionaries(st.sampled_from("inbrsg"), JSON_VALUES, max_size=4))
async def test_any_document_with_any_variables_is_answered(
    api: httpx.AsyncClient, acme: Cast, document: str, variables: dict[str, Any]
) -> None:
    body = json.dumps({"query": document, "variables": variables}).encode()
    for accept in ("application/json", "application/graphql-response+json"):
        check(await api.post("/graphql", content=body, headers=headers(acme, Accept=accept)))


async def test_variables_of_any_depth_may_come_with_an_idempotency_key(api: httpx.AsyncClient, acme: Cast) -> None:
    nested = b'{"query": "mutation { claimNextCase(input: {}) { case { id } } }", "variables": {"x": %b}}'
    body = nested % (b"[" * 300 + b"]" * 300)
    check(await api.post("/graphql", content=body, headers=headers(acme, Idempotency_Key=secrets.token_hex(8))))


@pytest.mark.parametrize(
    "name", ["\x00" * 64, "é" * 64, "%" * 64, "g" * 64], ids=["NUL", "accents", "percent", "letters"]
)
async def test_a_document_of_no_possible_name_is_not_found(api: httpx.AsyncClient, acme: Cast, name: str) -> None:
    response = await api.post("/graphql", json={"documentId": f"sha256:{name}"}, headers=headers(acme))
    check(response)
    assert response.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    "document",
    [
        aliased("fields { name }", 40),
        aliased("fields { type { fields { name } } }", 25),
        aliased("fields { args { name description defaultValue type { kind name ofType { kind name } } } }", 48),
        repeated(("workspaces", 20), ("nodes", 20), leaf="id"),
        repeated(("workspaces", 20), ("nodes", 2), ("posts", 2), ("nodes", 2), leaf="id"),
        "\n" * 16_000 + "{ agency(" + "x: 1 " * 700 + ") { id } }",
        '{ nodes(ids: [' + '"x" ' * 2_900 + "]) { id } }",
    ],
    ids=["40 fields", "25 fields of types", "48 fields with arguments", "20 x 20", "20 x 2 x 2 x 2", "700 arguments", "2,900 ids"],
)  # fmt: skip
async def test_no_document_stops_the_process(api: httpx.AsyncClient, acme: Cast, document: str) -> None:
    await api.post("/graphql", json={"query": "{ agency { id } }"}, headers=headers(acme))
    assert len(document) <= 20_000
    took = []
    for _ in range(2):  # once may meet a collection of all the garbage of the tests before (0.8 s, seen)
        began = time.process_time()
        check(await api.post("/graphql", json={"query": document}, headers=headers(acme)))
        took.append(time.process_time() - began)
    seconds = min(took)
    began = time.process_time()
    for _ in range(3):
        parse(ORDINARY)
    ordinary = (time.process_time() - began) / 3
    assert seconds / ordinary < (SLOWEST / 4 if len(document) <= 1_024 else SLOWEST), f"{len(document)} characters"


@pytest.mark.parametrize("is_greeted", [True, False])
async def test_any_message_is_answered_or_closes_with_a_code_of_the_protocol(
    address: str, acme: Cast, is_greeted: bool
) -> None:
    for message in (*map(json.dumps, MESSAGES), "{", "", b"{}", '{"type": "\\ud800"}', " " * 100_001):
        ws = await greeted(address, acme.tokens["moderator"] if is_greeted else None)
        await ws.send(message)
        messages, closed = await heard(ws, quiet_seconds=0.15)
        assert closed is None or closed in CLOSES, (message[:60], closed)
        assert {error["extensions"]["code"] for each in messages for error in errors_of(each)} <= CODES
        await ws.close()


async def test_an_id_in_use_closes_with_4409_however_long_it_is(address: str, acme: Cast) -> None:
    ws = await greeted(address, acme.tokens["moderator"])
    payload = {"query": "subscription { noticeReceived { id } }"}
    for _ in range(2):
        await ws.send(json.dumps({"type": "subscribe", "id": "i" * 100, "payload": payload}))
    assert await heard(ws) == ([], 4409)


async def test_one_operation_too_many_has_a_code(address: str, acme: Cast) -> None:
    ws = await greeted(address, acme.tokens["moderator"])
    payload = {"query": "subscription { noticeReceived { id } }"}
    for n in range(sockets.MOST_OPERATIONS + 1):
        await ws.send(json.dumps({"type": "subscribe", "id": str(n), "payload": payload}))
    [refused], closed = await heard(ws)
    await ws.close()
    assert (refused["type"], closed) == ("error", None)
    assert refused["payload"][0].get("extensions", {}).get("code") in CODES


async def test_mutations_nobody_waits_for_count_as_operations_until_they_end(
    address: str, acme: Cast, monkeypatch
) -> None:
    running, may_end = 0, asyncio.Event()

    async def slow(*_: Any) -> Any:
        nonlocal running
        running += 1
        await may_end.wait()

    monkeypatch.setattr(sockets, "run", slow)
    ws = await greeted(address, acme.tokens["moderator"])
    payload = {"query": "mutation { claimNextCase(input: {}) { case { id } } }"}
    for _ in range(sockets.MOST_OPERATIONS + 10):
        await ws.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        await asyncio.sleep(0.01)
        await ws.send(json.dumps({"type": "complete", "id": "1"}))
    await heard(ws)
    may_end.set()
    await ws.close()
    assert running <= sockets.MOST_OPERATIONS


async def test_a_socket_that_breaks_off_while_it_begins_to_listen_is_forgotten(address: str, acme: Cast) -> None:
    token = acme.tokens["contractor"]
    subscribe = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { caseChanged { id } }"}}
    for _ in range(10):
        ws = await greeted(address, token)
        await ws.send(json.dumps(subscribe))
        ws.transport.abort()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while admitting._staying[token]:
                await asyncio.sleep(0.1)
    assert admitting._staying[token] == 0


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "file://", "[", "http://["])
async def test_a_page_of_any_other_origin_is_refused(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"], origin=origin)  # type: ignore[arg-type, list-item]
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "document",
    ["{ agency { id } }", "{", "{ x }", "subscription { x }", 'subscription { caseChanged(id: "x") { id } }',
     "subscription($i: ID!) { queueChanged(workspaceId: $i) { id } }"],
)  # fmt: skip
async def test_an_event_stream_ends_as_one(address: str, acme: Cast, document: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        response = await client.post(
            f"http://{address}/graphql", json={"query": document}, headers=headers(acme, Accept="text/event-stream")
        )
    check(response)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


@pytest.mark.parametrize(
    "body",
    [{"query": "{ x }"}, {"query": "query($n: Int!) { workspaces(first: $n) { totalCount } }"},
     {"query": "{ workspaces(first: 100) { nodes { posts(first: 100) { nodes { id } } } } }"},
     {"query": "subscription { noticeReceived { id } }"}, {"documentId": "sha256:" + "0" * 64}],
    ids=["invalid", "variable", "too dear", "subscription", "no such document"],
)  # fmt: skip
async def test_what_is_refused_has_its_price_on_every_transport(settings: Settings, acme: Cast, body: Any) -> None:
    points = {"points_per_token": 10, "redis_queue": f"tend:{secrets.token_hex(4)}"}
    async with serving(app(settings.model_copy(update=points))) as where, httpx.AsyncClient() as client:
        answers = [await client.post(f"http://{where}/graphql", json=body, headers=headers(acme)) for _ in range(12)]
        ws = await greeted(where, acme.tokens["colleague"])
        for n in range(12):
            payload = body | {"operationName": "none"} if "subscription" in str(body) else body
            await ws.send(json.dumps({"type": "subscribe", "id": str(n), "payload": payload}))
        messages, _ = await heard(ws)
        await ws.close()
    assert answers[-1].status_code == 429
    assert "RATE_LIMITED" in {error["extensions"]["code"] for each in messages for error in errors_of(each)}


async def test_a_refused_document_is_not_remembered(api: httpx.AsyncClient, acme: Cast) -> None:
    document = f"mutation M{secrets.token_hex(8)} {{ claimNextCase(input: {{}}) {{ case {{ id }} }} }}"
    hash_ = hashlib.sha256(document.encode()).hexdigest()
    known = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": hash_}})
    refused = await api.get("/graphql", params={"query": document, "extensions": known}, headers=headers(acme))
    assert refused.status_code == 405
    answer = await api.get("/graphql", params={"extensions": known}, headers=headers(acme))
    assert answer.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_what_a_client_makes_the_process_keep_is_bounded(api: httpx.AsyncClient, acme: Cast) -> None:
    lists = " ".join(f"a{n}: cases(first: $n) {{ nodes {{ id state post {{ id text }} }} }}" for n in range(20))
    document = (
        f"query($n: Int!, $b: Boolean!) {{ workspaces(first: 0) {{ nodes {{ b: id @include(if: $b) {lists} }} }} }}"
    )
    for n in range(120):
        body = {"query": document, "variables": {"n": n % 60, "b": n < 60}}
        check(await api.post("/graphql", json=body, headers=headers(acme)))
    long = document.ljust(LONGEST_KEPT + 1)
    check(await api.post("/graphql", json={"query": long, "variables": {"n": 1, "b": True}}, headers=headers(acme)))
    kept = list(remembering._operations.values())
    assert not [each for each in kept if len(each.node.loc.source.body) > LONGEST_KEPT]
    [texts] = [
        sum(len(statement.sql) for plan in each.plans.values() for statement in plan.statements.values())
        for each in kept
        if each.node.loc.source.body == document
    ]
    assert texts < 500_000, f"{texts:,} characters of SQL for one document"


async def test_ids_of_another_agency_answer_as_ids_that_nobody_has(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, address: str
) -> None:
    case, own = await globex.case(), await acme.case()
    async with agency_scope(globex.system) as scope:
        foreign = {kind: await scope.fetchval(f"select id from {table} limit 1") for kind, table in TABLES.items()}
    foreign |= {"case": case.id, "post": case.post_id, "agency": globex.agency_id}
    ws = await greeted(address, acme.tokens["owner"])
    for kind, id in foreign.items():
        for document in ASKED:
            answers = []
            for each in (id, new_id()):
                text = document.replace("OWN", f"post_{own.post_id}").replace("ID", f"{kind}_{each}")
                response = await api.post("/graphql", json={"query": text}, headers=headers(acme, "owner"))
                answers.append((response.status_code, response.content.replace(str(each).encode(), b"")))
            assert answers[0] == answers[1], (kind, document)
    for n, id in enumerate((f"case_{case.id}", f"case_{new_id()}")):
        payload = {"query": f'subscription {{ caseChanged(id: "{id}") {{ id }} }}'}
        await ws.send(json.dumps({"type": "subscribe", "id": str(n), "payload": payload}))
    await heard(ws)
    report = f'mutation {{ reportPost(input: {{ postId: "post_{case.post_id}", reason: "x" }}) {{ userErrors {{ code }} }} }}'
    await api.post("/graphql", json={"query": report}, headers=headers(globex, "owner"))
    assert await heard(ws, quiet_seconds=1) == ([], None)
    await ws.close()
