"""Whatever arrives at /graphql, the answer is JSON with a stable code, and never a trace."""

import gzip
import json

import httpx
import pytest
from cast import Cast, ask

from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.outbox import Job, enqueue
from backend.policies import Policy
from tenants.scope import agency_scope

QUERY = "{ agency { slug } }"


def code(response: httpx.Response) -> str:
    body = response.json()
    assert "Traceback" not in response.text
    return body["errors"][0]["extensions"]["code"]


async def send(api: httpx.AsyncClient, acme: Cast, body: bytes, **headers: str) -> httpx.Response:
    return await api.post(
        "/graphql",
        content=body,
        headers={
            "Authorization": f"Bearer {acme.tokens['owner']}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b'{"query": 3}', b'{"query": ""}', b'{"query": null}', b"{}",
     b'[{"query": "{ __typename }"}]', b'{"query": "{ __typename }", "variables": 3}', b'{"query": "{ __typename }", "operationName": 3}',
     b'{"query": "\xed\xa0\x80"}', b"[" * 20_000, b'{"variables": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
async def test_what_is_no_request_is_a_bad_request(api: httpx.AsyncClient, acme: Cast, body: bytes) -> None:
    response = await send(api, acme, body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("ends", [b'"}}', b"", b'\\"'], ids=["whole", "open", "escaped"])
async def test_commas_of_a_text_are_no_values(api: httpx.AsyncClient, acme: Cast, ends: bytes) -> None:
    text = b'{"query": "{ __typename }", "variables": {"list": "' + b'a,\\",' * 20_000 + ends
    response = await send(api, acme, text)
    assert "values" not in response.text
    assert response.status_code == (200 if ends.endswith(b"}") else 400)
    many = await send(api, acme, b'{"query": "{ __typename }", "variables": {"list": [' + b"1," * 20_001 + b"1]}}")
    assert "20,000 values" in many.text


async def test_a_body_of_more_than_a_megabyte_is_refused_whatever_it_claims(api: httpx.AsyncClient, acme: Cast) -> None:
    response = await send(api, acme, b'{"query": "' + b"x" * (1 << 20) + b'"}')
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")

    async def pieces():
        for _ in range(20):
            yield b"x" * 100_000

    response = await api.post("/graphql", content=pieces(), headers={
        "Authorization": f"Bearer {acme.tokens['owner']}", "Content-Type": "application/json"})  # fmt: skip
    assert response.status_code == 413


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
)
async def test_only_json_is_taken(api: httpx.AsyncClient, acme: Cast, media_type: str) -> None:
    response = await send(api, acme, b'{"query": "{ __typename }"}', Content_Type=media_type)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_body_is_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    response = await send(api, acme, gzip.compress(b'{"query": "{ __typename }"}'), Content_Encoding="gzip")
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_told_which_one_works(api: httpx.AsyncClient, acme: Cast, method: str) -> None:
    response = await api.request(
        method, "/graphql?query={__typename}", headers={"Authorization": f"Bearer {acme.tokens['owner']}"}
    )
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ agency ", "GRAPHQL_PARSE_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription { x }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename } fragment F on Query { agency { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($x: Int!) { workspaces(first: $x) { totalCount } }", "BAD_USER_INPUT"),
        ("{ a " + " ".join("id" for _ in range(3000)) + " }", "GRAPHQL_PARSE_FAILED"),
        ("{ " + "x" * 20_001 + " }", "QUERY_TOO_COMPLEX"),
        ("fragment F on Query { ...F } { ...F }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_document_that_cannot_run_has_no_data_and_a_code(
    api: httpx.AsyncClient, acme: Cast, document: str, expected: str
) -> None:
    answer = await ask(api, acme.tokens["owner"], document)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == expected


@pytest.mark.parametrize("arguments", ["first: -1", "first: 101", "first: 1000000", "last: -1", "first: 1, last: 1", 'after: "x"',
                                       'after: ""', 'before: "V29ya3NwYWNl"', 'after: "\\u0000"'])  # fmt: skip
async def test_a_page_nobody_can_serve_is_refused(api: httpx.AsyncClient, acme: Cast, arguments: str) -> None:
    answer = await ask(api, acme.tokens["owner"], f"{{ workspaces({arguments}) {{ totalCount nodes {{ id }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_page_of_nothing_is_empty(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await ask(
        api,
        acme.tokens["owner"],
        "{ workspaces(first: 0) { nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } }",
    )
    assert answer["data"]["workspaces"] == {
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": True, "endCursor": None},
    }


async def test_a_cursor_of_another_list_or_order_is_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await ask(api, acme.tokens["owner"], "{ workspaces(first: 1) { pageInfo { endCursor } } }")
    cursor = answer["data"]["workspaces"]["pageInfo"]["endCursor"]
    for query in (
        "workspaces(after: $c, orderBy: NEWEST) { totalCount nodes { id } }",
        "agency { staff(after: $c) { nodes { id } } }",
    ):
        answer = await ask(api, acme.tokens["owner"], f"query($c: String!) {{ {query} }}", c=cursor)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_query_that_costs_too_much_is_refused_with_its_cost(api: httpx.AsyncClient, acme: Cast) -> None:
    deep = "{ workspaces(first: 100) { nodes { posts(first: 100) { nodes { id } } } } }"
    answer = await ask(api, acme.tokens["owner"], deep)
    assert answer["errors"][0]["extensions"] == {"code": "QUERY_TOO_COMPLEX", "cost": 10201, "maximumCost": 10000}


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "", " ", "x" * 100_000])
async def test_a_text_nobody_can_keep_is_a_user_error(api: httpx.AsyncClient, acme: Cast, text: str) -> None:
    post = await acme.post()
    body = {"query": "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code path } } }",
            "variables": {"i": {"postId": f"post_{post.id}", "reason": text}}}  # fmt: skip
    response = await send(api, acme, json.dumps(body).encode())
    if text == "\ud800":
        # A lone surrogate is no Unicode text at all.
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    else:
        assert response.json()["data"]["reportPost"]["userErrors"] == [{"code": "INVALID", "path": ["input", "reason"]}]


@pytest.mark.parametrize(
    ("mutation", "answers", "field", "more"),
    [
        ("createWorkspace", "workspace", "name", {"slug"}),
        ("createCommunity", "community", "name", {"slug", "workspaceId"}),
        ("createPolicy", "policy", "title", {"slug", "workspaceId", "text", "severity", "tier"}),
        ("createRule", "rule", "name", {"workspaceId", "policyId", "words"}),
        ("createApiClient", "apiClient", "name", {"scopes"}),
        ("invitePerson", "staff", "name", {"email", "role", "workspaceIds"}),
    ],
)
async def test_a_name_is_kept_on_one_line(
    api: httpx.AsyncClient, acme: Cast, mutation: str, answers: str, field: str, more: set[str]
) -> None:
    """In a mail, what comes after the first would leave the subject and begin the text."""
    forum = f"workspace_{acme.workspaces['forum']}"
    short = f"n-{new_id()}"[:40]
    usual = {
        "slug": short,
        "workspaceId": forum,
        "workspaceIds": [forum],
        "policyId": f"policy_{acme.policies['spam']}",
        "text": "a\n\nb",
        "severity": "LOW",
        "tier": "LOW",
        "words": [short],
        "scopes": ["REPORT"],
        "email": f"{short}@example.com",
        "role": "MODERATOR",
    }
    kind = mutation[0].upper() + mutation[1:] + "Input!"
    document = (
        f"mutation($i: {kind}) {{ {mutation}(input: $i) {{ {answers} {{ {field} }} userErrors {{ message }} }} }}"
    )
    values = {name: usual[name] for name in more}
    answer = await ask(api, acme.tokens["owner"], document, i={field: " Ada\r\n\n\u2028 Lovelace\t", **values})
    assert answer["data"][mutation] == {answers: {field: "Ada Lovelace"}, "userErrors": []}


@pytest.mark.parametrize("value", ["a\x00b", "x" * 10_000, "'; drop table app.cases; --", "%", "\\"])
async def test_a_strange_filter_or_name_finds_nothing(api: httpx.AsyncClient, acme: Cast, value: str) -> None:
    answer = await ask(api, acme.tokens["owner"], "query($s: String!) { workspace(slug: $s) { id } }", s=value)
    assert answer == {"data": {"workspace": None}}
    answer = await ask(
        api,
        acme.tokens["owner"],
        'query($s: String!) { workspace(slug: "forum") { members(filter: { handle: $s }) { totalCount } } }',
        s=value,
    )
    assert (
        answer.get("data") == {"workspace": {"members": {"totalCount": 0}}}
        or answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    )


async def test_too_many_nodes_at_once_are_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await ask(api, acme.tokens["owner"], "query($i: [ID!]!) { nodes(ids: $i) { id } }", i=["x"] * 101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_bug_is_answered_with_an_id_and_nothing_else(api: httpx.AsyncClient, acme: Cast, monkeypatch) -> None:
    async def broken(*_args, **_kwargs):
        raise RuntimeError("postgresql://secret@host")

    monkeypatch.setattr("graphql_schema.working_cases.moderation.claim_next", broken)
    response = await api.post(
        "/graphql",
        json={"query": "mutation { claimNextCase(input: {}) { case { id } userErrors { code } } }"},
        headers={"Authorization": f"Bearer {acme.tokens['owner']}"},
    )
    assert "secret" not in response.text
    [error] = response.json()["errors"]
    assert error["message"] == "Internal server error."
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(error["extensions"]["errorId"]) == 32


async def test_a_bad_argument_in_a_payload_undoes_the_mutation(api: httpx.AsyncClient, acme: Cast) -> None:
    post = await acme.post()
    answer = await ask(
        api, acme.tokens["owner"],
        "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { case { reports(first: 1000) { totalCount } } } userErrors { code } } }",
        i={"postId": f"post_{post.id}", "reason": "x"},
    )  # fmt: skip
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    seen = await ask(
        api,
        acme.tokens["owner"],
        "query($id: ID!) { post(id: $id) { id member { cases { totalCount } } } }",
        id=f"post_{post.id}",
    )
    assert seen["data"]["post"]["member"]["cases"]["totalCount"] == 0


async def test_a_refusal_after_a_write_undoes_the_write(api: httpx.AsyncClient, acme: Cast, monkeypatch) -> None:
    async def writes_and_refuses(_actor, workspace_id, **_what):
        await Policy.create(workspace_id=workspace_id, slug="half-written", title="x")
        await enqueue("half_written", {})
        raise Conflict("No.")

    monkeypatch.setattr("graphql_schema.setting_up.policies.create_policy", writes_and_refuses)
    answer = await ask(
        api, acme.tokens["owner"],
        "mutation($i: CreatePolicyInput!) { createPolicy(input: $i) { policy { id } userErrors { code } } }",
        i={"workspaceId": f"workspace_{acme.workspaces['forum']}", "slug": "x1", "title": "x", "text": "x", "severity": "LOW", "tier": "LOW"},
    )  # fmt: skip
    assert answer == {"data": {"createPolicy": {"policy": None, "userErrors": [{"code": "CONFLICT"}]}}}
    async with agency_scope(acme.system):
        assert not await Policy.exists(slug="half-written")
        assert not await Job.exists(kind="half_written")
