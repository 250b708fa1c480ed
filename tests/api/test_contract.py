"""The endpoint over plain HTTP: what it takes, what it sends, and under which status."""

from typing import Any

import httpx
import pytest
from cast import Cast

from backend.asgi import app
from backend.settings import Settings
from graphql_schema.transport.negotiating import EVENT_STREAM, GRAPHQL, HTML, JSON, accepted

QUERY = "{ agency { slug } }"
BROKEN = "{ agency { nonsense } }"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", (JSON,)),
        ("*/*", (JSON,)),
        ("application/*", (JSON,)),
        (GRAPHQL, (GRAPHQL,)),
        (f"{JSON};q=0.5, {GRAPHQL}", (GRAPHQL, JSON)),
        (f"{GRAPHQL}, {JSON}", (GRAPHQL, JSON)),
        (f"{GRAPHQL}, {JSON}, {EVENT_STREAM}, multipart/mixed", (GRAPHQL, JSON, EVENT_STREAM)),  # urql
        (f"{EVENT_STREAM}", (EVENT_STREAM,)),
        (f"{JSON};q=0, */*", ()),
        (f"{JSON};q=0, {GRAPHQL}", (GRAPHQL,)),
        ("text/html,application/xhtml+xml,*/*;q=0.8", (HTML, JSON)),
        ("image/png", ()),
        (f"{JSON};charset=utf-16", ()),
        (f"{JSON}; charset=UTF-8", (JSON,)),
        (";;;,,,q=", ()),
        (f"{JSON};q=nonsense", (JSON,)),
    ],
)
def test_the_most_wanted_type_that_can_be_sent(accept: str, wanted: tuple[str, ...]) -> None:
    assert accepted(accept) == wanted


async def post(api: httpx.AsyncClient, acme: Cast, query: str = QUERY, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.post(
        "/graphql", json={"query": query}, headers={"Authorization": f"Bearer {acme.tokens['owner']}", **given}
    )


@pytest.mark.parametrize(("accept", "status", "media_type"), [(JSON, 200, JSON), (GRAPHQL, 400, GRAPHQL)])
async def test_a_request_that_cannot_run_has_the_status_its_media_type_wants(
    api: httpx.AsyncClient, acme: Cast, accept: str, status: int, media_type: str
) -> None:
    for query in (
        BROKEN,
        "{ agency ",
        "query A { __typename } query B { __typename }",
        "query($x: Int!) { cases(first: $x) { totalCount } }",
    ):
        response = await post(api, acme, query, Accept=accept)
        assert response.status_code == status, query
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert "data" not in response.json()


async def test_what_nobody_can_send_is_not_acceptable(api: httpx.AsyncClient, acme: Cast) -> None:
    response = await post(api, acme, Accept="image/png")
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


async def test_a_query_goes_by_get_and_nothing_else(api: httpx.AsyncClient, acme: Cast) -> None:
    bearer = {"Authorization": f"Bearer {acme.tokens['owner']}"}
    answer = await api.get("/graphql", params={"query": "query($s: String) { workspace(slug: $s) { slug } }", "variables": '{"s": "forum"}'}, headers=bearer)  # fmt: skip
    assert answer.json()["data"] == {"workspace": {"slug": "forum"}}
    mutation = {"query": "mutation { claimNextCase(input: {}) { case { id } } }"}
    answer = await api.get("/graphql", params=mutation, headers=bearer)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = await api.get("/graphql", params={"query": "subscription { noticeReceived { text } }"}, headers=bearer)
    assert answer.status_code == 405


async def test_a_get_that_any_page_could_cause_is_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await api.get("/graphql", params={"query": QUERY})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "CSRF_PREVENTION"
    answer = await api.get("/graphql", params={"query": QUERY}, headers={"GraphQL-Require-Preflight": "1"})
    assert answer.status_code == 401


async def test_every_answer_carries_its_headers_and_echoes_a_short_request_id(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    for given, echoed in (("abc-123", True), ("x" * 65, False), ("a b", False)):
        response = await post(api, acme, X_Request_Id=given)
        assert (response.headers["x-request-id"] == given) is echoed
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "X-Workspace-Id" in response.headers["vary"]
    refused = await api.post("/graphql", json={})
    assert {"x-request-id", "vary", "www-authenticate"} <= set(refused.headers)


async def test_long_answers_are_compressed_for_those_who_ask(api: httpx.AsyncClient, acme: Cast) -> None:
    introspection = "{ __schema { types { name description } } }"
    plain = await post(api, acme, introspection, Accept_Encoding="identity")
    small = await post(api, acme, introspection, Accept_Encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.json() == plain.json()


async def test_only_pages_of_listed_origins_may_ask_from_a_browser(settings: Settings, acme: Cast) -> None:
    """Exactly these: not a suffix, not another scheme, not null."""
    listed = app(settings.model_copy(update={"allowed_origins": ("https://console.example",)}))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-workspace-id,idempotency-key"}  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(listed), base_url="http://tend.test") as browser:
        answer = await browser.options("/graphql", headers={"Origin": "https://console.example", **preflight})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://console.example"
        answer = await post(browser, acme, Origin="https://console.example")
        assert answer.headers["access-control-allow-origin"] == "https://console.example"
        assert "RateLimit" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
        for other in ("http://console.example", "https://console.example.evil.example", "https://evil.example", "null"):
            answer = await browser.options("/graphql", headers={"Origin": other, **preflight})
            assert answer.status_code == 400
            assert "access-control-allow-origin" not in (await post(browser, acme, Origin=other)).headers


async def test_without_a_list_no_origin_is_allowed(api: httpx.AsyncClient, acme: Cast) -> None:
    assert "access-control-allow-origin" not in (await post(api, acme, Origin="https://console.example")).headers


async def test_the_schema_is_there_for_code_generators(api: httpx.AsyncClient) -> None:
    from graphql import build_schema

    answer = await api.get("/schema.graphql")
    assert build_schema(answer.text).subscription_type is not None


async def test_a_subscription_by_post_is_told_where_to_go(api: httpx.AsyncClient, acme: Cast) -> None:
    response = await post(api, acme, "subscription { noticeReceived { text } }")
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "graphql-transport-ws" in error["message"]


UNPUBLISHED = {
    "REFUSED": "the base of all refusals; each has a code of its own",
    **dict.fromkeys(
        ("INVITATION_ENDED", "ANOTHER_ADDRESS", "SIGN_IN_FAILED", "NOT_LET_IN"),
        "of the pages for signing in, which say it in words",
    ),
    **dict.fromkeys(("WRONG_PASSWORD", "TOO_MANY_TRIES"), "of the pages for shared reports, which say it in words"),
    "TAKEN": "a directory's, in SCIM's words",
    "ADDRESS_IS_KEPT": "a directory's, in SCIM's words",
    "OWNERS_ARE_KEPT": "a directory's, in SCIM's words",
    "UNREACHABLE": "of addresses outside: whoever asks for one says it in words of their own",
    **dict.fromkeys(("NOT_CONNECTED", "NOT_SIGNED"), "told to platforms, as the status of an answer"),
    "CANNOT_COMPARE": "the command line's alone",
}


def test_every_code_in_the_source_is_published() -> None:
    """A code that no client can look up is no contract."""
    import re
    from pathlib import Path

    from graphql_schema.answering import UserErrorCode
    from graphql_schema.error_codes import ErrorCode

    published = {code.name for code in ErrorCode} | {code.name for code in UserErrorCode}
    root = Path(__file__).parents[2]
    for folder in ("graphql_schema", "tenants", "backend"):
        for path in (root / folder).rglob("*.py"):
            used: Any = re.findall(
                r'(?:"code": |code = |Refused\(\s*|NotAdmitted\(\s*)"([A-Z_]{4,})"', path.read_text()
            )
            assert set(used) <= published | UNPUBLISHED.keys(), path
