"""Memberships change, pause and end: at once, for whom the actor may act on, and never without an owner."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case, claim_next
from tenants.actor import Actor, system
from tenants.models import Assignment, Membership
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session, renew_session
from workers.catalogue import CATALOGUE

CHANGE = """mutation($input: ChangeMembershipInput!) { changeMembership(input: $input) {
    staff { role seesAll version } userErrors { code } } }"""
SUSPEND = "mutation($input: SuspendMembershipInput!) { suspendMembership(input: $input) { staff { state } userErrors { code } } }"
REINSTATE = (
    "mutation($input: StaffInput!) { reinstateMembership(input: $input) { staff { state } userErrors { code } } }"
)
END = "mutation($input: EndMembershipInput!) { endMembership(input: $input) { staff { state } userErrors { code } } }"
AGENCY = "{ agency { slug } }"


def code(answer: dict) -> str:
    return answer["errors"][0]["extensions"]["code"]


async def hire(cast: Cast, role: Role = Role.MODERATOR, *clients: str, **options: Any) -> tuple[str, Actor]:
    who = f"m-{str(new_id())[-12:]}"
    actor = await cast.hire(who, role, [cast.workspaces[client] for client in clients or ("forum",)], **options)
    return who, actor


async def do(api: httpx.AsyncClient, cast: Cast, document: str, who: str, actor: Actor, **values: Any) -> Any:
    answer = await ask(api, cast.tokens[who], document, input={"staffId": f"staff_{actor.membership_id}", **values})
    [payload] = answer["data"].values()
    return payload


async def hand_over(cast: Cast, actor: Actor) -> None:
    scope = system(cast.agency_id)
    async with agency_scope(scope):
        await CATALOGUE["hand_over"].work(scope, {"membership_id": str(actor.membership_id)})


async def test_who_may_do_more_than_before_renews_the_session_first(api: httpx.AsyncClient, acme: Cast) -> None:
    who, actor = await hire(acme, Role.SUPPORT)
    token = acme.tokens[who]
    assert "errors" not in await ask(api, token, AGENCY)
    changed = await do(
        api, acme, CHANGE, "admin", actor, role="LEAD", workspaceIds=[f"workspace_{acme.workspaces['forum']}"]
    )
    assert changed == {"staff": {"role": "LEAD", "seesAll": False, "version": 2}, "userErrors": []}
    assert code(await ask(api, token, AGENCY)) == "SESSION_OUTDATED"
    renewed = await api.post("/session/renew", headers={"Authorization": f"Bearer {token}"})
    fresh = renewed.json()["token"]
    assert fresh != token
    assert await ask(api, fresh, AGENCY) == {"data": {"agency": {"slug": "acme"}}}
    assert code(await ask(api, token, AGENCY)) == "UNAUTHENTICATED"


async def test_growth_in_one_agency_does_not_touch_the_other(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    both = globex.actors["both"]
    clients = [f"workspace_{globex.workspaces[client]}" for client in ("chat", "forum")]
    await do(api, globex, CHANGE, "admin", both, role="MODERATOR", workspaceIds=clients)
    token = globex.tokens["both"]
    assert code(await ask(api, token, AGENCY, headers={"X-Agency-Id": "globex"})) == "SESSION_OUTDATED"
    assert "errors" not in await ask(api, acme.tokens["both"], AGENCY, headers={"X-Agency-Id": "acme"})
    fresh = await renew_session(token)
    assert fresh is not None
    assert "errors" not in await ask(api, fresh, AGENCY, headers={"X-Agency-Id": "globex"})
    # As it was.
    await do(api, globex, CHANGE, "admin", both, role="MODERATOR", workspaceIds=clients[:1])
    async with agency_scope(globex.system):
        await Membership.filter(id=both.membership_id).update(grown_at=None)
        person_id = (await Membership.get(id=both.membership_id)).person_id
    globex.tokens["both"] = await open_session(person_id)


@pytest.mark.parametrize("how", ["narrowed", "suspended", "ended", "demoted"])
async def test_what_is_taken_away_is_gone_at_once_and_what_was_held_is_handed_over(
    api: httpx.AsyncClient, acme: Cast, how: str
) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    who, actor = await hire(acme, Role.MODERATOR, slug, "chat")
    async with agency_scope(actor):
        claim = await claim_next(actor, workspace_id=client)
    assert claim is not None
    read = "query($id: ID!) { case(id: $id) { state } }"
    assert (await ask(api, acme.tokens[who], read, id=f"case_{case.id}"))["data"]["case"]["state"] == "IN_REVIEW"
    chat = [f"workspace_{acme.workspaces['chat']}"]
    if how == "narrowed":
        await do(api, acme, CHANGE, "admin", actor, role="MODERATOR", workspaceIds=chat)
    elif how == "demoted":
        await do(api, acme, CHANGE, "admin", actor, role="SUPPORT", workspaceIds=[f"workspace_{client}", *chat])
    else:
        await do(api, acme, SUSPEND if how == "suspended" else END, "admin", actor)
    answer = await ask(api, acme.tokens[who], read, id=f"case_{case.id}")
    if how in ("narrowed", "demoted"):
        assert answer == {"data": {"case": None}}
    else:
        assert code(answer) == "FORBIDDEN"
    await hand_over(acme, actor)
    async with agency_scope(acme.system) as scope:
        found = await Case.get(id=case.id)
        assert (found.state, found.claimed_by_id) == ("queued", None)
        assert await scope.fetchval("select ended_by from claims where case_id = $1", case.id) == "handed_over"


async def test_what_is_held_where_they_still_work_stays_theirs(acme: Cast) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    _who, actor = await hire(acme, Role.MODERATOR, slug)
    async with agency_scope(actor):
        await claim_next(actor, workspace_id=client)
    await hand_over(acme, actor)
    async with agency_scope(acme.system):
        assert (await Case.get(id=case.id)).claimed_by_id == actor.membership_id


async def test_a_suspension_can_be_lifted(api: httpx.AsyncClient, acme: Cast) -> None:
    who, actor = await hire(acme)
    assert await do(api, acme, SUSPEND, "admin", actor, grounds="On leave") == {
        "staff": {"state": "SUSPENDED"},
        "userErrors": [],
    }
    assert code(await ask(api, acme.tokens[who], AGENCY)) == "FORBIDDEN"
    assert (await do(api, acme, REINSTATE, "admin", actor))["staff"] == {"state": "ACTIVE"}
    assert "errors" not in await ask(api, acme.tokens[who], AGENCY)


async def test_a_membership_gives_nothing_before_it_begins_and_after_it_ends(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    who, actor = await hire(acme, Role.CONTRACTOR, ends_at=now() + timedelta(days=2))
    clients = [f"workspace_{acme.workspaces['forum']}"]
    period = {
        "startsAt": (now() + timedelta(days=1)).isoformat(),
        "endsAt": (now() + timedelta(days=2)).isoformat(),
    }
    await do(api, acme, CHANGE, "admin", actor, role="CONTRACTOR", workspaceIds=clients, **period)
    assert code(await ask(api, acme.tokens[who], AGENCY)) == "FORBIDDEN"
    period = {"startsAt": None, "endsAt": (now() + timedelta(seconds=1)).isoformat()}
    await do(api, acme, CHANGE, "admin", actor, role="CONTRACTOR", workspaceIds=clients, **period)
    assert "errors" not in await ask(api, acme.tokens[who], AGENCY)
    await asyncio.sleep(1.05)
    assert code(await ask(api, acme.tokens[who], AGENCY)) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("who", "target", "values"),
    [
        ("deputy", "owner", {"role": "MODERATOR"}),
        ("admin", "owner", {"role": "ADMIN", "seesAll": True}),
        ("deputy", "admin", {"role": "MODERATOR"}),
        ("admin", "admin", {"role": "OWNER", "seesAll": True}),
        ("admin", "colleague", {"role": "OWNER", "seesAll": True}),
        ("deputy", "colleague", {"role": "ADMIN", "seesAll": True}),
        ("deputy", "deputy", {"role": "ADMIN", "seesAll": True}),
        ("lead", "colleague", {"role": "MODERATOR"}),
        ("lead", "lead", {"role": "ADMIN"}),
        ("moderator", "moderator", {"role": "LEAD"}),
        ("contractor", "contractor", {"role": "CONTRACTOR", "endsAt": "2100-01-01T00:00:00Z"}),
        ("stakeholder", "stakeholder", {"role": "MODERATOR"}),
    ],
)
async def test_nobody_grows_beyond_the_actor(
    api: httpx.AsyncClient, acme: Cast, who: str, target: str, values: dict[str, Any]
) -> None:
    actor = acme.actors[target]
    before = await _row(acme, actor)
    answer = await do(api, acme, CHANGE, who, actor, **values)
    assert [error["code"] for error in answer["userErrors"]] == ["NOT_ALLOWED"]
    for document in (SUSPEND, END):
        if who != target and target in ("owner", "admin") and who in ("deputy", "admin"):
            refused = await do(api, acme, document, who, actor)
            assert [error["code"] for error in refused["userErrors"]] == ["NOT_ALLOWED"]
    assert await _row(acme, actor) == before


async def test_who_works_for_other_clients_too_is_not_the_deputys_to_change(api: httpx.AsyncClient, acme: Cast) -> None:
    _who, actor = await hire(acme, Role.MODERATOR, "forum", "shop")
    before = await _row(acme, actor)
    for document, values in ((CHANGE, {"role": "SUPPORT"}), (SUSPEND, {}), (END, {})):
        refused = await do(api, acme, document, "deputy", actor, **values)
        assert [error["code"] for error in refused["userErrors"]] == ["NOT_ALLOWED"]
    narrowed = await ask(
        api,
        acme.tokens["admin"],
        END,
        headers={"X-Workspace-Id": "forum"},
        input={"staffId": f"staff_{actor.membership_id}"},
    )
    assert narrowed["data"]["endMembership"]["userErrors"] == [{"code": "NOT_ALLOWED"}]
    assert await _row(acme, actor) == before


async def test_a_version_that_has_passed_is_a_conflict(api: httpx.AsyncClient, acme: Cast) -> None:
    _who, actor = await hire(acme)
    clients = [f"workspace_{acme.workspaces['forum']}"]
    first = await do(api, acme, CHANGE, "admin", actor, role="SUPPORT", workspaceIds=clients, expectedVersion=1)
    assert first["staff"]["version"] == 2
    second = await do(api, acme, CHANGE, "owner", actor, role="LEAD", workspaceIds=clients, expectedVersion=1)
    assert second == {"staff": None, "userErrors": [{"code": "CONFLICT"}]}


async def test_everybody_may_leave_but_the_last_owner(api: httpx.AsyncClient, acme: Cast) -> None:
    who, actor = await hire(acme)
    assert (await do(api, acme, END, who, actor))["staff"] == {"state": "ENDED"}
    owner = acme.owner
    for document, values in (
        (END, {}),
        (SUSPEND, {}),
        (CHANGE, {"role": "ADMIN", "seesAll": True}),
        (CHANGE, {"role": "OWNER", "seesAll": True, "endsAt": "2100-01-01T00:00:00Z"}),
    ):
        refused = await do(api, acme, document, "owner", owner, **values)
        assert [error["code"] for error in refused["userErrors"]] == ["LAST_OWNER"]


async def test_two_owners_who_let_go_of_each_other_at_once_leave_one(api: httpx.AsyncClient, globex: Cast) -> None:
    who, second = await hire(globex, Role.OWNER, sees_all=True)
    async with agency_scope(globex.system):
        await Assignment.filter(membership_id=second.membership_id).delete()
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(
                ask(api, globex.tokens[one], SUSPEND, input={"staffId": f"staff_{other.membership_id}"})
                for one, other in (("owner", second), (who, globex.owner))
            )
        )
    async with agency_scope(globex.system) as scope:
        owners = await Membership.filter(role="owner", suspended_at=None, ends_at=None).count()
        assert owners == 1
        await scope.execute("update memberships set suspended_at = null where id = $1", globex.owner.membership_id)
        await scope.execute("update memberships set ends_at = now() where id = $1", second.membership_id)


async def _row(cast: Cast, actor: Actor) -> Any:
    async with agency_scope(cast.system) as scope:
        row = await scope.fetchrow("select * from memberships where id = $1", actor.membership_id)
        return tuple(row)
