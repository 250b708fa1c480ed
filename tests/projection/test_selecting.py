"""A selection means what the GraphQL specification says, however it is written."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.moderation import Case
from graphql_schema.projection import serving
from tenants import scope as scope_module


@pytest.fixture
async def case(acme: Cast) -> Case:
    return await acme.case(reporters=3)


async def get(api: httpx.AsyncClient, acme: Cast, document: str, who: str = "owner", **variables: Any) -> Any:
    answer = await ask(api, acme.tokens[who], document, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


async def test_aliases_and_repeated_fields_merge(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    data = await get(
        api,
        acme,
        """query($id: ID!) { a: case(id: $id) { id one: state post { id } post { words: text } two: state
             reports(first: 2) { nodes { reason } } reports(first: 2) { nodes { channel } totalCount } }
             b: case(id: $id) { reports(first: 1) { nodes { id } } } }""",
        id=f"case_{case.id}",
    )
    assert list(data["a"]) == ["id", "one", "post", "two", "reports"]
    assert data["a"]["post"] == {"id": f"post_{case.post_id}", "words": "hello"}
    assert data["a"]["reports"] == {"nodes": [{"reason": "rude", "channel": "MEMBER"}] * 2, "totalCount": 3}
    assert len(data["b"]["reports"]["nodes"]) == 1


async def test_fragments_on_types_and_interfaces(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    data = await get(
        api,
        acme,
        """query($id: ID!) { node(id: $id) { ...N ... on Case { state ...C } ... on Post { text } ... { __typename } } }
           fragment N on Node { id kind: __typename } fragment C on Case { post { ...P } } fragment P on Post { text }""",
        id=f"case_{case.id}",
    )
    assert data["node"] == {
        "id": f"case_{case.id}",
        "kind": "Case",
        "state": "QUEUED",
        "post": {"text": "hello"},
        "__typename": "Case",
    }


@pytest.mark.parametrize("yes", [True, False])
async def test_skip_and_include_choose_by_variable_though_plans_are_kept(
    api: httpx.AsyncClient, acme: Cast, case: Case, yes: bool
) -> None:
    document = """query($id: ID!, $yes: Boolean!) { case(id: $id) { id state @include(if: $yes) tier @skip(if: $yes)
                    ...F @include(if: $yes) } } fragment F on Case { version }"""
    for _ in range(2):
        data = await get(api, acme, document, id=f"case_{case.id}", yes=yes)
        assert set(data["case"]) == ({"id", "state", "version"} if yes else {"id", "tier"})


async def test_variables_and_their_defaults(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    document = """query($id: ID!, $n: Int = 1, $order: CreationOrder = NEWEST) {
                    case(id: $id) { reports(first: $n, orderBy: $order) { nodes { id } } } }"""
    one = await get(api, acme, document, id=f"case_{case.id}")
    two = await get(api, acme, document, id=f"case_{case.id}", n=2)
    old = await get(api, acme, document, id=f"case_{case.id}", n=1, order="OLDEST")
    assert [len(data["case"]["reports"]["nodes"]) for data in (one, two, old)] == [1, 2, 1]
    assert (
        one["case"]["reports"]["nodes"][0] == two["case"]["reports"]["nodes"][0] != old["case"]["reports"]["nodes"][0]
    )


async def test_a_null_argument_is_like_none(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    data = await get(
        api,
        acme,
        """query($id: ID!, $x: String, $f: CaseFilter) { case(id: $id) { reports(first: null, after: $x, orderBy: null) {
             nodes { id } } workspace { cases(filter: $f, first: 1) { nodes { id } } } } }""",
        id=f"case_{case.id}",
        x=None,
        f=None,
    )
    assert len(data["case"]["reports"]["nodes"]) == 3
    data = await get(
        api, acme, '{ workspace(slug: "forum") { cases(filter: { state: null, isMine: null }) { totalCount } } }'
    )
    assert data["workspace"]["cases"]["totalCount"] >= 1


async def test_nodes_answers_in_order_with_nulls_in_place_by_one_statement(
    api: httpx.AsyncClient, acme: Cast, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = []
    fetch = scope_module.agency_scope.fetch

    async def counted(self: Any, sql: str, *values: Any) -> Any:
        statements.append(sql)
        return await fetch(self, sql, *values)

    monkeypatch.setattr(scope_module.agency_scope, "fetch", counted)
    ids = [
        f"post_{case.post_id}",
        "nonsense",
        f"case_{case.id}",
        f"member_{case.member_id}",
        f"case_{case.id}",
        f"case_{case.post_id}",
    ]
    data = await get(
        api, acme, "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Post { text } ... on Case { state } } }", ids=ids
    )
    assert data["nodes"] == [
        {"id": ids[0], "text": "hello"}, None, {"id": ids[2], "state": "QUEUED"}, {"id": ids[3]}, {"id": ids[2], "state": "QUEUED"}, None,
    ]  # fmt: skip
    [statement] = statements
    assert statement.count("as json from unnest(") == 3


async def test_computed_and_projected_root_fields_mix(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    data = await get(
        api, acme, "query($id: ID!) { viewer { person { name } } __schema { queryType { name } } case(id: $id) { id } agency { slug } }",
        id=f"case_{case.id}",
    )  # fmt: skip
    assert data["viewer"]["person"] == {"name": "owner of acme"}
    assert data["__schema"] == {"queryType": {"name": "Query"}}
    assert (data["case"]["id"], data["agency"]["slug"]) == (f"case_{case.id}", "acme")


@pytest.mark.parametrize(
    "text",
    ['"quotes" and \\ and / and \b\f\n\r\t', "\u2028\u2029 ☃ 𝄞 \x7f\x01", "{\"json\": [1]}", "'; drop table x; --", "</script>", "$1 $$ {row}", "%s %(x)s", ""],
)  # fmt: skip
async def test_every_text_arrives_as_it_was_posted(api: httpx.AsyncClient, acme: Cast, text: str) -> None:
    post = await acme.post(text)
    data = await get(api, acme, "query($id: ID!) { post(id: $id) { text } }", id=f"post_{post.id}")
    assert data["post"]["text"] == text


async def test_fifty_aliases_of_one_list_are_one_answer(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    parts = " ".join(f"a{n}: reports(first: {n % 3}) {{ nodes {{ id }} }}" for n in range(50))
    data = await get(api, acme, f"query($id: ID!) {{ case(id: $id) {{ {parts} }} }}", id=f"case_{case.id}")
    assert [len(data["case"][f"a{n}"]["nodes"]) for n in range(6)] == [0, 1, 2, 0, 1, 2]


async def test_the_same_plan_serves_every_role_with_what_it_may_see(
    api: httpx.AsyncClient, acme: Cast, case: Case
) -> None:
    document = "query($id: ID!) { case(id: $id) { id } workspaces { totalCount } }"
    seen = {
        who: await get(api, acme, document, who, id=f"case_{case.id}")
        for who in ("owner", "moderator", "contractor", "stakeholder")
    }
    assert [seen[who]["case"] is not None for who in seen] == [True, True, True, False]
    assert [seen[who]["workspaces"]["totalCount"] for who in ("moderator", "contractor", "stakeholder")] == [2, 1, 1]


async def test_what_ran_once_goes_straight_and_answers_the_same(
    api: httpx.AsyncClient, acme: Cast, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """query($id: ID!, $slug: String, $first: Int = 2) {
        a: case(id: $id) { id reports(first: $first) { nodes { reason } } } node(id: $id) { __typename id }
        nodes(ids: [$id]) { id } workspace(slug: $slug) { slug } agency { slug } workspaces { totalCount } }"""
    variables = {"id": f"case_{case.id}", "slug": "forum"}
    first = await get(api, acme, document, **variables)
    runs = []
    execute = serving.Execution.execute_operation

    def counted(self: Any, *args: Any) -> Any:
        runs.append(self)
        return execute(self, *args)

    monkeypatch.setattr(serving.Execution, "execute_operation", counted)
    second = await get(api, acme, document, **variables)
    assert list(second.items()) == list(first.items())
    assert len(second["a"]["reports"]["nodes"]) == 2
    assert not runs
    # Another reader, and what only the executor can tell.
    stakeholder = await get(api, acme, document, who="stakeholder", **variables)
    assert stakeholder["a"] is None
    assert not runs
    for wrong in ({"id": None}, {"first": 101}, {"first": "x"}, {"slug": ""}):
        answer = await ask(api, acme.tokens["owner"], document, **{**variables, **wrong})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", wrong
    assert len(runs) == 2  # the other two are refused before anything runs


@pytest.mark.parametrize(
    "document",
    [
        "query($yes: Boolean!) { workspaces @include(if: $yes) { totalCount } }",
        "{ ... { workspaces { totalCount } } }",
        "{ workspaces { totalCount } workspaces { nodes { id } } }",
        "{ workspaces { totalCount } __typename }",
        "{ viewer { person { name } } }",
    ],
)
async def test_what_needs_the_executor_keeps_it(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    first = await get(api, acme, document, yes=True)
    runs = []
    execute = serving.Execution.execute_operation
    monkeypatch.setattr(
        serving.Execution, "execute_operation", lambda self, *args: runs.append(self) or execute(self, *args)
    )
    assert await get(api, acme, document, yes=True) == first
    assert len(runs) == 1


async def test_what_one_role_may_read_is_not_handed_to_another(api: httpx.AsyncClient, acme: Cast, case: Case) -> None:
    """Plans and statements are kept for a document: by what its reader may see, in whichever order they come."""
    document = """query($id: ID!, $case: ID!) { workspace(id: $id) { cases(first: 1) { nodes { id } } posts(first: 1) { nodes { text } }
        journal(first: 1) { nodes { action } } members(first: 1) { nodes { violationCount } } }
        nodes(ids: [$case]) { id } agency { staff(first: 1) { nodes { name endsAt } } } }"""
    variables = {"id": f"workspace_{acme.workspaces['forum']}", "case": f"case_{case.id}"}

    async def as_(who: str) -> Any:
        return await get(api, acme, document, who=who, **variables)

    hidden = await as_("stakeholder")
    for _ in range(2):
        seen = await as_("moderator")
        assert seen["workspace"]["cases"]["nodes"]
        assert seen["workspace"]["journal"]["nodes"]
        assert seen["nodes"] != [None]
        assert seen["agency"]["staff"]["nodes"][0]["name"]
        assert (await as_("contractor"))["workspace"]["journal"] == {"nodes": []}
        assert await as_("stakeholder") == hidden
    assert hidden == {
        "workspace": {
            "cases": {"nodes": []},
            "posts": {"nodes": []},
            "journal": {"nodes": []},
            "members": {"nodes": []},
        },
        "nodes": [None],
        "agency": {"staff": {"nodes": []}},
    }
