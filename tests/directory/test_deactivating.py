"""Whom the directory deactivates is out at once: the next request, and every socket within seconds."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import uvicorn
import websockets
from cast import Cast, ask
from directory.asking import Directory

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from tenants.database import unscoped
from tenants.doors import register_person
from tenants.models import Identity
from tenants.provisioning import let_enter
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session

AGENCY = "{ agency { slug } }"
SOON = 5


async def sign_in(cast: Cast, user: dict[str, Any], *, bound: bool = True) -> str:
    """As somebody whom the directory made and who has come in through the agency's provider."""
    async with unscoped() as connection:
        person_id = await register_person(connection, name="Somebody", email=user["emails"][0]["value"])
    async with agency_scope(cast.system) as scope:
        await scope.execute("update memberships set person_id = $2 where id = $1", UUID(user["id"]), person_id)
        await let_enter(person_id)
    return await open_session(
        person_id, method="provider" if bound else "mail", agency_id=cast.agency_id if bound else None
    )


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("way", ["active", "delete"])
async def test_the_next_request_is_refused(
    api: httpx.AsyncClient, entra: Directory, acme: Cast, bound: bool, way: str
) -> None:
    user = await entra.hire()
    token = await sign_in(acme, user, bound=bound)
    headers = {"X-Agency-Id": "acme"}
    assert await ask(api, token, AGENCY, headers=headers) == {"data": {"agency": {"slug": "acme"}}}
    if way == "active":
        await entra.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "False"})
    else:
        await entra.ask("DELETE", f"/Users/{user['id']}")
    answer = await ask(api, token, AGENCY, headers=headers)
    assert answer["errors"][0]["extensions"]["code"] == ("UNAUTHENTICATED" if bound else "FORBIDDEN")
    if way == "active" and not bound:
        await entra.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "True"})
        assert await ask(api, token, AGENCY, headers=headers) == {"data": {"agency": {"slug": "acme"}}}


async def test_an_open_socket_is_shown_out(settings: Settings, entra: Directory, acme: Cast) -> None:
    user = await entra.hire()
    token = await sign_in(acme, user)
    config = uvicorn.Config(app(settings), port=0, lifespan="off", log_config=None, ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]
        ) as opened:
            greeting = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
            await opened.send(orjson.dumps(greeting).decode())
            assert orjson.loads(await opened.recv()) == {"type": "connection_ack"}
            listening = {"query": "subscription { noticeReceived { text } }"}
            await opened.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": listening}).decode())
            await asyncio.sleep(0.3)
            await entra.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": False}})
            async with asyncio.timeout(SOON):
                await opened.wait_closed()
            assert opened.close_code == 4403
        server.should_exit = True
        await serving


async def test_owners_are_neither_deactivated_nor_deleted_nor_given_another_address(
    entra: Directory, acme: Cast
) -> None:
    path = f"/Users/{acme.owner.membership_id}"
    before = await entra.read(path)
    for response in (
        await entra.patch(path, {"op": "Replace", "path": "active", "value": False}),
        await entra.ask("DELETE", path),
        await entra.patch(path, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "me@evil.example"}),
    ):
        assert response.status_code == 409
        assert response.json() == {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409",
            "detail": "This person is an owner: owners are made, changed and ended in Tend, not by a directory.",
        }
    assert await entra.read(path) == before


async def test_an_owner_who_left_comes_back_as_nobody_much(entra: Directory, acme: Cast) -> None:
    name = f"gone-{new_id()}"
    actor = await acme.hire(name, Role.OWNER, ())
    async with agency_scope(acme.system) as scope:
        await scope.execute("update memberships set ends_at = now() where id = $1", actor.membership_id)
    assert (await entra.ask("GET", f"/Users/{actor.membership_id}")).status_code == 404
    made = await entra.ask("POST", "/Users", {"schemas": [], "userName": f"{name}@acme.example", "displayName": "Back"})
    assert made.json()["id"] == str(actor.membership_id)
    async with agency_scope(acme.system) as scope:
        row = await scope.fetchrow("select role, sees_all, name from memberships where id = $1", actor.membership_id)
    assert tuple(row) == ("support", False, "Back")


async def test_whoever_has_something_by_hand_keeps_the_address_they_are_known_by(entra: Directory, acme: Cast) -> None:
    """Otherwise a key and an account at the provider would be enough to become them."""
    actor = await acme.hire(f"by-hand-{new_id()}", Role.ADMIN, (), sees_all=True)
    path, move = f"/Users/{actor.membership_id}", f"moved-{new_id()}@directory.example"
    before = await entra.read(path)
    replace = {"op": "Replace", "path": 'emails[type eq "work"].value', "value": move}
    response = await entra.patch(path, replace)
    assert (response.status_code, "by a directory" in response.json()["detail"]) == (409, True)
    assert await entra.read(path) == before
    async with agency_scope(acme.system):
        await Identity.create(membership_id=actor.membership_id, issuer="https://idp.example", subject=str(new_id()))
    assert (await entra.patch(path, replace)).json()["emails"][0]["value"] == move
