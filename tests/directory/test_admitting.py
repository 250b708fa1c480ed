"""Who may ask, how much, and what is told no."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from cast import Cast
from directory.asking import CORE, PATCH, Directory

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from tenants.provisioning import issue_api_key
from tenants.rights import MACHINE_RIGHTS, Right

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATHS = [
    *("/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", f"/Schemas/{CORE}:User"),
    *("/Users", "/Groups", "/Me", "/Bulk", "/nowhere"),
]


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_valid_key_nothing_is_told(api: httpx.AsyncClient, acme: Cast, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer tend_live_nonsense"}, {"Authorization": "Basic YTpi"}):
        response = await api.get(f"/scim/v2{path}", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["schemas"] == [ERROR]


async def test_only_a_machine_of_the_whole_agency_that_may_provision_is_let_in(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    tokens = [
        acme.tokens["owner"],
        await issue_api_key(acme.agency_id, name="others", scopes=MACHINE_RIGHTS - {Right.PROVISION}),
        await issue_api_key(
            acme.agency_id, name="one client", scopes=[Right.PROVISION], workspace_id=acme.workspaces["forum"]
        ),
    ]
    for token in tokens:
        response = await api.get("/scim/v2/Users", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 403
        assert response.json()["detail"] == "This needs an API key of the whole agency with the scope `provision`."


async def test_a_key_is_of_one_agency(entra: Directory, acme: Cast) -> None:
    assert (await entra.ask("GET", "/Users", X_Agency_Id="globex")).status_code == 403
    assert (await entra.ask("GET", "/Users", X_Agency_Id="acme")).status_code == 200


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("DELETE", None),
        ("PUT", {"schemas": [], "userName": "x@example.com", "displayName": "x"}),
        ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "x"}]}),
    ],
)
@pytest.mark.parametrize("kind", ["Users", "Groups"])
async def test_another_agencys_id_answers_byte_for_byte_like_one_that_nobody_has(
    entra: Directory, okta: Directory, kind: str, method: str, body: Any
) -> None:
    theirs = await (okta.hire() if kind == "Users" else okta.group())
    answers = set()
    for id in (theirs["id"], str(new_id()), "nonsense", theirs["id"].upper()):
        response = await entra.ask(method, f"/{kind}/{id}", body)
        headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
        answers.add((response.status_code, response.content, str(sorted(headers.items()))))
    [(status, content, _)] = answers
    assert status == 404
    assert ERROR.encode() in content
    assert await okta.read(f"/{kind}/{theirs['id']}") == theirs


async def test_another_agencys_people_are_found_by_nothing_and_are_no_members(
    entra: Directory, okta: Directory
) -> None:
    theirs = await okta.hire()
    group = await okta.group(theirs["id"])
    for path in (
        f'/Users?filter=userName eq "{theirs["userName"]}"',
        f'/Users?filter=id eq "{theirs["id"]}"',
        f'/Users?filter=groups.value eq "{group["id"]}"',
        f'/Groups?filter=members.value eq "{theirs["id"]}"',
        f'/Groups?filter=displayName eq "{group["displayName"]}"',
    ):
        assert (await entra.read(path))["totalResults"] == 0
    mine = await entra.group()
    answers = set()
    for id in (theirs["id"], str(new_id())):
        response = await entra.patch(
            f"/Groups/{mine['id']}", {"op": "Add", "path": "members", "value": [{"value": id}]}
        )
        answers.add((response.status_code, response.content))
    [(status, content)] = answers
    assert status == 400
    assert b'"scimType":"invalidValue"' in content


async def test_the_same_address_in_two_agencies_is_two_people(entra: Directory, okta: Directory) -> None:
    name = f"same-{str(new_id())[-12:]}"
    one, two = await entra.hire(name), await okta.hire(name)
    assert one["id"] != two["id"]
    assert await entra.read(f"/Users/{one['id']}") == one


@pytest.mark.parametrize(
    ("body", "headers", "status", "type"),
    [
        (b"{", {}, 400, "invalidSyntax"),
        (b"[]", {}, 400, "invalidSyntax"),
        (b"null", {}, 400, "invalidSyntax"),
        (b"\xff", {}, 400, "invalidSyntax"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, {}, 400, "invalidSyntax"),
        (b"{" + b" " * (1 << 20) + b"}", {}, 413, None),
        (b"<a/>", {"content-type": "text/xml"}, 415, None),
        (b"{}", {"content-encoding": "gzip"}, 415, None),
        (b"{}", {}, 400, "invalidValue"),
        (b'{"schemas": [], "userName": "no address"}', {}, 400, "invalidValue"),
        (b'{"schemas": [], "userName": "a@b", "displayName": "\\u0000"}', {}, 400, "invalidValue"),
        (b'{"schemas": [], "userName": "a@b", "active": "perhaps"}', {}, 400, "invalidValue"),
        (b'{"schemas": [], "userName": {"a": 1}}', {}, 400, "invalidValue"),
        (b'{"schemas": [], "userName": "' + b"a" * 400 + b'@b"}', {}, 400, "invalidValue"),
    ],
)
async def test_what_cannot_be_read_is_said_to_be_so(
    entra: Directory, body: bytes, headers: dict[str, str], status: int, type: str | None
) -> None:
    response = await entra.api.post(
        "/scim/v2/Users",
        content=body,
        headers={"Authorization": f"Bearer {entra.token}", "content-type": "application/scim+json"} | headers,
    )
    assert response.status_code == status, response.text
    assert response.json().get("scimType") == type
    assert response.json()["status"] == str(status)


@pytest.mark.parametrize(
    ("operation", "type"),
    [
        ({"op": "frobnicate", "path": "active", "value": True}, "invalidValue"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "no such[", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": "id", "value": "other"}, "mutability"),
        ({"op": "replace", "path": "groups", "value": []}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": 'emails[value sw "x"].value', "value": "y"}, "noTarget"),
        ({"op": "replace", "path": "active", "value": {"a": 1}}, "invalidValue"),
        ("nonsense", "invalidValue"),
    ],
)
async def test_a_patch_that_cannot_be_done_changes_nothing(entra: Directory, operation: Any, type: str) -> None:
    made = await entra.hire()
    response = await entra.patch(
        f"/Users/{made['id']}", {"op": "replace", "path": "displayName", "value": "New"}, operation
    )
    assert (response.status_code, response.json().get("scimType")) == (400, type), response.text
    assert await entra.read(f"/Users/{made['id']}") == made


async def test_who_read_an_older_version_changes_nothing(entra: Directory) -> None:
    for kind, made in (("Users", await entra.hire()), ("Groups", await entra.group())):
        path, rename = f"/{kind}/{made['id']}", {"op": "replace", "path": "displayName", "value": f"New {new_id()}"}
        assert (await entra.patch(path, rename, If_Match='W/"7"')).status_code == 412
        assert (await entra.ask("DELETE", path, If_Match='W/"7"')).status_code == 412
        assert await entra.read(path) == made
        assert (await entra.patch(path, rename, If_Match=made["meta"]["version"])).status_code in (200, 204)
        after = await entra.read(path)
        assert (await entra.ask("GET", path, If_None_Match=after["meta"]["version"])).status_code == 304
        assert (await entra.ask("GET", path, If_None_Match=made["meta"]["version"])).status_code == 200
        assert (await entra.ask("DELETE", path, If_Match="*")).status_code == 204


async def test_what_is_not_done_says_so(entra: Directory) -> None:
    assert (await entra.ask("GET", "/Me")).status_code == 501
    assert (await entra.ask("POST", "/Bulk", {})).status_code == 501
    assert (await entra.ask("DELETE", "/Users")).status_code == 405
    assert (await entra.ask("DELETE", "/Users")).headers["allow"] == "GET, POST"
    assert (await entra.ask("GET", "/nowhere/at/all")).status_code == 404
    assert (await entra.ask("GET", '/Schemas?filter=id eq "x"')).status_code == 403
    config = await entra.read("/ServiceProviderConfig")
    assert {
        name: config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag", "changePassword")
    } == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "sort": True,
        "etag": True,
        "changePassword": False,
    }


async def test_a_directory_that_asks_too_much_waits_and_others_do_not(
    settings: Settings, entra: Directory, okta: Directory
) -> None:
    few = settings.model_copy(update={"scim_requests_per_machine": 3, "redis_queue": f"scim:{new_id()}"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(few)), base_url="http://tend.test") as api:
        busy, other = replace(entra, api=api), replace(okta, api=api)
        answers = [await busy.ask("GET", "/Users?count=1") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
        refused = answers[-1]
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert refused.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert refused.json()["status"] == "429"
        assert (await other.ask("GET", "/Users?count=1")).status_code == 200


def test_a_first_sync_passes_as_fast_as_directories_send_it() -> None:
    """Entra asks for 25 requests a second at least."""
    assert Settings().scim_requests_per_machine >= 60 * 25
