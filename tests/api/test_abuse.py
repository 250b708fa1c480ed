"""What costs much is refused before it runs, and what waits does not take others with it."""

import asyncio
from contextvars import Context
from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.kit.ids import new_id
from backend.notices import Notice, Recipient, tell
from tenants.database import pool
from tenants.scope import agency_scope


def code(answer: Any) -> str:
    return answer["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "document",
    [
        "{ " + " ".join("agency { id }" for _ in range(250)) + " }",
        "{ agency { " + " ".join("workspaces { nodes { id } }" for _ in range(250)) + " } }",
        "{ " + " ".join("...F" for _ in range(150)) + " } fragment F on Query { __typename }",
    ],
)
async def test_a_document_made_to_stall_validation_is_refused_before_it(
    api: httpx.AsyncClient, acme: Cast, document: str
) -> None:
    answer = await ask(api, acme.tokens["owner"], document)
    assert code(answer) == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize(
    "document",
    [
        "{ workspace(slug: \"forum\") { posts(first: 100) { nodes { " + " ".join(f"a{n}: member {{ postCount }}" for n in range(20)) + " } } } }",
        "query($ids: [ID!]!) { " + " ".join(f"a{n}: nodes(ids: $ids) {{ id }}" for n in range(120)) + " }",
        "{ workspace(slug: \"forum\") { " + " ".join(f"a{n}: posts(first: 100) {{ edges {{ cursor }} }}" for n in range(110)) + " } }",
        "{ workspace(slug: \"forum\") { posts { nodes " + "{ replies(first: 100) { nodes " * 14 + "{ id }" + " } }" * 14 + " } } }",
    ],
)  # fmt: skip
async def test_what_is_dear_has_its_price(api: httpx.AsyncClient, acme: Cast, document: str) -> None:
    ids = [f"post_{new_id()}" for _ in range(100)]
    answer = await ask(api, acme.tokens["owner"], document, **({"ids": ids} if "$ids" in document else {}))
    assert code(answer) == "QUERY_TOO_COMPLEX"


async def test_the_shell_of_every_app_never_starves_the_pool(api: httpx.AsyncClient, acme: Cast) -> None:
    """viewer spans agencies: it must have its answer before the request holds a connection."""
    document = "{ viewer { memberships { agencySlug workspaces { slug } } } agency { slug } }"
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(ask(api, acme.tokens["moderator"], document) for _ in range(60)))
    assert all("errors" not in answer for answer in answers)


async def test_an_error_inside_a_query_is_masked_with_an_id(api: httpx.AsyncClient, acme: Cast, monkeypatch) -> None:
    from graphql_schema.projection import listing

    monkeypatch.setattr(listing, "order_by", lambda *_, **__: "1 / 0")
    answer = await ask(api, acme.tokens["owner"], "{ broken: workspaces(first: 7) { nodes { id } } }")
    assert code(answer) == "INTERNAL_SERVER_ERROR"
    assert len(answer["errors"][0]["extensions"]["errorId"]) == 32


async def test_no_connection_free_is_said_so(api: httpx.AsyncClient, acme: Cast, monkeypatch) -> None:
    monkeypatch.setattr("tenants.scope.ACQUIRE_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("tenants.database.ACQUIRE_TIMEOUT_SECONDS", 0.2)
    held = [await pool().acquire() for _ in range(pool().get_max_size())]
    try:
        answer = await ask(api, acme.tokens["owner"], "{ agency { id } }")
        assert code(answer) == "SERVICE_UNAVAILABLE"
    finally:
        for connection in held:
            await pool().release(connection)


async def test_a_case_that_somebody_else_holds_is_busy_and_no_bug(api: httpx.AsyncClient, acme: Cast) -> None:
    case = await acme.case()
    async with agency_scope(acme.system) as scope:
        await scope.execute("select 1 from cases where agency_id = $1 and id = $2 for update", acme.agency_id, case.id)
        asking = ask(
            api, acme.tokens["owner"],
            "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code } } }",
            i={"postId": f"post_{case.post_id}", "reason": "x"},
        )  # fmt: skip
        # A context of its own: the request must not find itself inside the scope that is open here.
        answer = await asyncio.create_task(asking, context=Context())
    assert code(answer) == "BUSY"


async def test_a_notice_is_its_readers_alone_however_it_is_asked_for(api: httpx.AsyncClient, acme: Cast) -> None:
    post = await acme.post()
    async with agency_scope(acme.system):
        await tell(
            [Recipient(membership_id=acme.owner.membership_id)],
            kind="report_decided",
            subject_id=post.id,
            workspace_id=post.workspace_id,
            text="secret",
        )
        notice = await Notice.get(subject_id=post.id)
    document = "query($id: ID!) { node(id: $id) { ... on Notice { text } } nodes(ids: [$id]) { id } }"
    seen = {
        who: await ask(api, acme.tokens[who], document, id=f"notice_{notice.id}")
        for who in ("owner", "lead", "contractor", "stakeholder")
    }
    assert seen["owner"]["data"]["node"] == {"text": "secret"}
    assert all(seen[who] == {"data": {"node": None, "nodes": [None]}} for who in ("lead", "contractor", "stakeholder"))


@pytest.mark.parametrize("key", ["0001-01-01T00:00:00+23:59", "2026-01-01", "nonsense", "99999999999999999999"])
async def test_a_forged_cursor_is_bad_input(api: httpx.AsyncClient, acme: Cast, key: str) -> None:
    import base64

    for name, field in (("Workspace.posts -posted_at", "posts"), ("Workspace.members -first_seen_at", "members")):
        cursor = base64.b64encode(f"{name} {key} {acme.agency_id}".encode()).decode()
        answer = await ask(
            api,
            acme.tokens["owner"],
            f'query($c: String) {{ workspace(slug: "forum") {{ {field}(after: $c) {{ nodes {{ id }} }} }} }}',
            c=cursor,
        )
        assert code(answer) == "BAD_USER_INPUT"
    post = await acme.post()
    cursor = base64.b64encode(f"Post.versions -version {key} {post.id}".encode()).decode()
    answer = await ask(
        api,
        acme.tokens["owner"],
        "query($id: ID!, $c: String) { post(id: $id) { versions(after: $c) { nodes { text } } } }",
        id=f"post_{post.id}",
        c=cursor,
    )
    assert code(answer) == "BAD_USER_INPUT"
