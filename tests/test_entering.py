"""Who asks, and for which client: section 6a of the design, over HTTP."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from cast import Cast, ask

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.settings import Settings, as_role
from tenants import admitting, database
from tenants.models import Membership
from tenants.provisioning import add_member, create_workspace, issue_api_key
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session, revoke_session
from tenants.tokens import hash_of

AGENCY = "{ agency { slug } }"
WORKSPACES = "{ workspaces { nodes { slug } } }"


def code(answer: dict) -> str:
    return answer["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "token", [None, "", "nonsense", "tend_s_nonsense", "tend_live_nonsense", "tend_s_" + "x" * 5000, "tend_s_\u00e9"]
)
async def test_without_a_valid_token_nothing_is_answered(api: httpx.AsyncClient, acme: Cast, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    response = await api.post("/graphql", json={"query": AGENCY}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert code(response.json()) == "UNAUTHENTICATED"


async def test_a_person_of_one_agency_needs_to_name_nothing(api: httpx.AsyncClient, acme: Cast) -> None:
    assert await ask(api, acme.tokens["moderator"], AGENCY) == {"data": {"agency": {"slug": "acme"}}}


async def test_staff_see_the_workspaces_they_are_assigned_to_and_owners_all(api: httpx.AsyncClient, acme: Cast) -> None:
    async def slugs(who: str) -> list[str]:
        answer = await ask(api, acme.tokens[who], WORKSPACES)
        return [node["slug"] for node in answer["data"]["workspaces"]["nodes"] if not node["slug"].startswith("w-")]

    assert await slugs("moderator") == ["chat", "forum"]
    assert await slugs("contractor") == await slugs("stakeholder") == ["forum"]
    assert set(await slugs("owner")) >= {"chat", "forum", "shop"}


async def test_a_person_of_two_agencies_names_one(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    token = acme.tokens["both"]
    assert code(await ask(api, token, AGENCY)) == "BAD_REQUEST"
    for cast in (acme, globex):
        for name in (cast.slug, f"agency_{cast.agency_id}"):
            answer = await ask(api, token, AGENCY, headers={"X-Agency-Id": name})
            assert answer == {"data": {"agency": {"slug": cast.slug}}}


async def test_a_workspace_implies_its_agency_and_narrows_everything(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    headers = {"X-Workspace-Id": f"workspace_{globex.workspaces['chat']}"}
    answer = await ask(
        api, acme.tokens["both"], "{ agency { slug } workspaces { totalCount nodes { slug } } }", headers=headers
    )
    assert answer == {
        "data": {"agency": {"slug": "globex"}, "workspaces": {"totalCount": 1, "nodes": [{"slug": "chat"}]}}
    }
    case = await acme.case(workspace="forum")
    narrowed = {"X-Workspace-Id": "chat"}
    for who in ("owner", "moderator"):
        answer = await ask(
            api, acme.tokens[who], "query($id: ID!) { case(id: $id) { id } }", id=f"case_{case.id}", headers=narrowed
        )
        assert answer == {"data": {"case": None}}


async def test_an_unknown_agency_answers_like_one_that_is_not_yours(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    foreign = await api.post("/graphql", json={"query": AGENCY}, headers=_headers(acme, {"X-Agency-Id": "globex"}))
    unknown = await api.post("/graphql", json={"query": AGENCY}, headers=_headers(acme, {"X-Agency-Id": "nobody"}))
    assert foreign.status_code == unknown.status_code == 403
    assert foreign.content == unknown.content
    assert code(foreign.json()) == "FORBIDDEN"


async def test_an_unknown_workspace_answers_like_one_that_is_not_yours(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    answers = [
        await api.post("/graphql", json={"query": AGENCY}, headers=_headers(acme, {"X-Workspace-Id": name}))
        for name in (
            "shop",
            f"workspace_{acme.workspaces['shop']}",
            f"workspace_{globex.workspaces['forum']}",
            "nobody",
            "n" * 80,
            f"workspace_{new_id()}",
        )
    ]
    assert {(a.status_code, a.content) for a in answers} == {(403, answers[0].content)}
    assert code(answers[0].json()) == "FORBIDDEN"


@pytest.mark.parametrize("value", ["a b", "x" * 200, "workspace_'; drop", "../.."])
async def test_a_malformed_scope_is_a_bad_request(api: httpx.AsyncClient, acme: Cast, value: str) -> None:
    for name in ("X-Agency-Id", "X-Workspace-Id"):
        response = await api.post("/graphql", json={"query": AGENCY}, headers=_headers(acme, {name: value}))
        assert response.status_code == 400
        assert code(response.json()) == "BAD_REQUEST"


async def test_headers_that_contradict_each_other_are_refused(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    headers = {"X-Agency-Id": "acme", "X-Workspace-Id": f"workspace_{globex.workspaces['chat']}"}
    answer = await ask(api, acme.tokens["both"], AGENCY, headers=headers)
    assert code(answer) == "WORKSPACE_MISMATCH"


async def test_a_contractor_is_out_the_moment_the_membership_ends(api: httpx.AsyncClient, acme: Cast) -> None:
    who = f"late-{new_id()}"[:30]
    actor = await acme.hire(who, Role.CONTRACTOR, [acme.workspaces["forum"]], ends_at=now() + timedelta(days=1))
    assert "data" in await ask(api, acme.tokens[who], AGENCY)
    async with agency_scope(acme.system):
        await Membership.filter(id=actor.membership_id).update(ends_at=now() - timedelta(seconds=1))
    assert code(await ask(api, acme.tokens[who], AGENCY)) == "FORBIDDEN"
    viewer = await ask(api, acme.tokens[who], "{ viewer { memberships { role } } }")
    assert code(viewer) == "FORBIDDEN"


async def test_a_revoked_or_expired_session_opens_nothing(api: httpx.AsyncClient, acme: Cast) -> None:
    async with agency_scope(acme.system):
        person_id = (await Membership.get(id=acme.owner.membership_id)).person_id
    revoked, expired = await open_session(person_id), await open_session(person_id, lifetime=timedelta(seconds=-1))
    assert "data" in await ask(api, revoked, AGENCY)
    await revoke_session(revoked)
    for token in (revoked, expired):
        assert code(await ask(api, token, AGENCY)) == "UNAUTHENTICATED"


READ = AGENCY
WRITE = "mutation { claimNextCase(input: {}) { userErrors { code } } }"


@pytest.mark.parametrize("document", [READ, WRITE, "{ viewer { person { name } } }", "{ __typename }"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("revoked", "UNAUTHENTICATED"),
        ("expired", "UNAUTHENTICATED"),
        ("ended", "FORBIDDEN"),
        ("unassigned", "FORBIDDEN"),
        ("moved", "FORBIDDEN"),
    ],
)
async def test_what_is_taken_away_is_gone_at_once_though_the_caller_was_just_here(
    api: httpx.AsyncClient, acme: Cast, settings: Settings, document: str, change: str, expected: str
) -> None:
    who = f"gone-{new_id()}"[:40]
    actor = await acme.hire(who, Role.MODERATOR, [acme.workspaces["forum"]])
    headers = {"X-Workspace-Id": "forum"}
    for _ in range(2):
        assert "errors" not in await ask(api, acme.tokens[who], document, headers=headers)
    if change == "revoked":
        await revoke_session(acme.tokens[who])
    elif change == "expired":
        owner = await asyncpg.connect(settings.owner_url)
        await owner.execute(
            """update app.sessions set expires_at = now()
                where id = (select target_id from app.doors where kind = 'session' and key_hash = $1)""",
            hash_of(acme.tokens[who]),
        )
        await owner.close()
    async with agency_scope(acme.system) as scope:
        if change == "ended":
            await scope.execute("update memberships set ends_at = now() where id = $1", actor.membership_id)
        elif change == "unassigned":
            await scope.execute("delete from assignments where membership_id = $1", actor.membership_id)
        elif change == "moved":
            await scope.execute(
                "update assignments set workspace_id = $2 where membership_id = $1",
                actor.membership_id,
                acme.workspaces["chat"],
            )
    assert code(await ask(api, acme.tokens[who], document, headers=headers)) == expected


@pytest.mark.parametrize("document", [READ, WRITE])
async def test_whom_only_the_scope_finds_gone_is_refused_not_an_error(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    """Gone between the door and the scope, each time anew: the way through the door lets in whom the scope refuses."""
    who = f"skew-{new_id()}"[:40]
    await acme.hire(who, Role.MODERATOR, [acme.workspaces["forum"]])
    enter = admitting.enter

    async def enter_with_an_old_mark(*args: Any, **named: Any) -> Any:
        actor = await enter(*args, **named)
        return replace(actor, proof=replace(actor.proof, mark="of a moment ago"))

    monkeypatch.setattr(admitting, "enter", enter_with_an_old_mark)
    assert code(await ask(api, acme.tokens[who], document)) == "FORBIDDEN"


async def test_an_api_key_is_remembered_and_ends_at_once(api: httpx.AsyncClient, acme: Cast) -> None:
    key = await issue_api_key(acme.agency_id, name=f"site {new_id()}", workspace_id=acme.workspaces["forum"])
    for _ in range(2):
        assert "data" in await ask(api, key, WORKSPACES, headers={"X-Workspace-Id": "forum"})
    assert (hash_of(key), None, "forum") in admitting._remembered
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update credentials set expires_at = now() where id = (select target_id from doors where key_hash = $1)",
            hash_of(key),
        )
    assert code(await ask(api, key, WORKSPACES, headers={"X-Workspace-Id": "forum"})) == "UNAUTHENTICATED"
    assert (hash_of(key), None, "forum") not in admitting._remembered


async def test_the_door_says_what_the_database_says(api: httpx.AsyncClient, acme: Cast) -> None:
    """A mark made in Python that PostgreSQL makes otherwise would cost every request the way through the door again."""
    for who in ("owner", "lead", "moderator", "contractor", "stakeholder"):
        for scope in ({}, {"X-Workspace-Id": "forum"}, {"X-Workspace-Id": f"workspace_{acme.workspaces['forum']}"}):
            await ask(api, acme.tokens[who], WORKSPACES, headers=scope)
            key = (hash_of(acme.tokens[who]), None, scope.get("X-Workspace-Id"))
            _caller, actor = admitting._remembered[key]
            await admitting.confirm(actor)  # raises NoLongerAdmitted


async def test_a_short_name_that_a_second_agency_takes_is_no_longer_enough(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    email, slug = f"two-{new_id()}@example.org", f"w-{str(new_id())[-12:]}"
    for cast in (acme, globex):
        person_id, _ = await add_member(cast.agency_id, name="Two", email=email, role=Role.OWNER, workspaces=[])
    token = await open_session(person_id)
    for cast, expected in ((acme, None), (globex, "BAD_REQUEST")):
        async with agency_scope(cast.system) as scope:
            await create_workspace(scope.actor, slug=slug, name="x")
        for _ in range(2):
            answer = await ask(api, token, AGENCY, headers={"X-Workspace-Id": slug})
            assert (code(answer) if "errors" in answer else None) == expected
    for cast in (acme, globex):  # other tests want one owner
        async with agency_scope(cast.system):
            await Membership.filter(email=email).update(ends_at=now())


async def test_another_role_counts_from_the_next_request_on(api: httpx.AsyncClient, acme: Cast) -> None:
    who = f"role-{new_id()}"[:40]
    actor = await acme.hire(who, Role.MODERATOR, [acme.workspaces["forum"]])
    staff = "{ agency { staff { totalCount } } }"
    assert (await ask(api, acme.tokens[who], staff))["data"]["agency"]["staff"]["totalCount"] > 0
    async with agency_scope(acme.system):
        await Membership.filter(id=actor.membership_id).update(role="stakeholder")
    assert (await ask(api, acme.tokens[who], staff))["data"]["agency"]["staff"]["totalCount"] == 0


async def test_a_remembered_caller_costs_three_round_trips(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        original = getattr(asyncpg.Connection, name)

        async def noted(self: Any, sql: str, *args: Any, _original: Any = original, **named: Any) -> Any:
            sent.append(sql)
            return await _original(self, sql, *args, **named)

        monkeypatch.setattr(asyncpg.Connection, name, noted)
    for _ in range(3):
        sent.clear()
        await ask(api, acme.tokens["lead"], WORKSPACES)
    begin, read, end = sent
    assert begin.startswith("BEGIN READ ONLY; SET LOCAL app.agency_id")
    assert "app.admit('session'" in begin
    assert "workspaces t" in read
    assert end == "ROLLBACK"


async def test_a_mutation_of_two_fields_keeps_what_was_done_before_the_door_closed(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second field fails; the first is neither lost nor done twice."""
    who = f"twice-{new_id()}"[:40]
    await acme.hire(who, Role.ADMIN, [])
    slugs = [f"w-{str(new_id())[-12:]}" for _ in range(2)]
    create = 'createWorkspace(input: {{ slug: "{}", name: "x" }}) {{ workspace {{ slug }} userErrors {{ code }} }}'
    await ask(api, acme.tokens[who], AGENCY)
    end = agency_scope._end

    async def closing(self: Any, *, failed: bool) -> None:
        await end(self, failed=failed)
        monkeypatch.setattr(agency_scope, "_end", end)
        await revoke_session(acme.tokens[who])

    monkeypatch.setattr(agency_scope, "_end", closing)
    answer = await ask(
        api, acme.tokens[who], f"mutation {{ a: {create.format(slugs[0])} b: {create.format(slugs[1])} }}"
    )
    assert answer["data"] is None or answer["data"]["b"] is None
    assert code(answer) == "UNAUTHENTICATED"
    made = await ask(api, acme.tokens["owner"], "{ workspaces(first: 100, orderBy: NEWEST) { nodes { slug } } }")
    found = [node["slug"] for node in made["data"]["workspaces"]["nodes"]]
    assert [slug in found for slug in slugs] == [True, False]


async def test_an_api_key_is_bound_to_its_workspace(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    key = await issue_api_key(acme.agency_id, name="site", workspace_id=acme.workspaces["forum"])
    assert await ask(api, key, WORKSPACES) == {"data": {"workspaces": {"nodes": [{"slug": "forum"}]}}}
    assert "data" in await ask(api, key, WORKSPACES, headers={"X-Workspace-Id": "forum"})
    for header, value in (("X-Workspace-Id", "chat"), ("X-Agency-Id", "globex"), ("X-Agency-Id", "nobody")):
        answer = await ask(api, key, WORKSPACES, headers={header: value})
        assert code(answer) == "WORKSPACE_MISMATCH"
    ended = await issue_api_key(acme.agency_id, name="old", ends_at=now() - timedelta(seconds=1))
    assert code(await ask(api, ended, WORKSPACES)) == "UNAUTHENTICATED"


async def test_viewer_lists_every_membership_without_a_scope(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    answer = await ask(
        api,
        acme.tokens["both"],
        "{ viewer { person { name email } memberships { agencySlug role workspaces { slug } } } }",
    )
    assert answer == {
        "data": {
            "viewer": {
                "person": {"name": "Both", "email": "both@example.com"},
                "memberships": [
                    {"agencySlug": slug, "role": "MODERATOR", "workspaces": [{"slug": "chat"}]}
                    for slug in ("acme", "globex")
                ],
            }
        }
    }


async def test_a_stakeholder_sees_counts_and_policies_but_no_member_post_case_or_staff(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    case = await acme.case(workspace="forum")
    document = """query($id: ID!, $case: ID!, $post: ID!) {
      workspace(id: $id) { name caseCounts { queued } policies { totalCount } members { totalCount nodes { id } }
        posts { totalCount nodes { id } } cases { totalCount nodes { id } } journal { totalCount } }
      case(id: $case) { id } post(id: $post) { id } agency { staff { totalCount nodes { name } } } }"""
    answer = await ask(
        api,
        acme.tokens["stakeholder"],
        document,
        id=f"workspace_{acme.workspaces['forum']}",
        case=f"case_{case.id}",
        post=f"post_{case.post_id}",
    )
    workspace = answer["data"]["workspace"]
    assert workspace["caseCounts"]["queued"] >= 1
    owners = await ask(
        api,
        acme.tokens["owner"],
        "query($id: ID!) { workspace(id: $id) { policies { totalCount } } }",
        id=f"workspace_{acme.workspaces['forum']}",
    )
    assert workspace["policies"] == owners["data"]["workspace"]["policies"]
    assert workspace["policies"]["totalCount"] >= 2
    empty = {"totalCount": 0, "nodes": []}
    assert (workspace["members"], workspace["posts"], workspace["cases"]) == (empty, empty, empty)
    assert workspace["journal"] == {"totalCount": 0}
    assert (answer["data"]["case"], answer["data"]["post"]) == (None, None)
    assert answer["data"]["agency"]["staff"] == empty


@pytest.mark.parametrize("role", ["postgres", "tend_owner"])
async def test_tend_refuses_to_start_with_more_power_than_it_needs(settings: Settings, role: str) -> None:
    try:
        connection = await asyncpg.connect(as_role(settings.app_url, role))
    except asyncpg.PostgresError:
        pytest.skip(f"nobody can log in as {role} here")
    with pytest.raises(database.TooMuchPower):
        await database.refuse_power_of(connection)
    await connection.close()


def _headers(cast: Cast, more: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {cast.tokens['moderator']}", **more}
