"""What Okta sends, in the shapes of its reference (`Okta and SCIM Version 2.0`), and what it gets."""

from directory.asking import CORE, Directory

from backend.kit.ids import new_id


def new_user(mark: str) -> dict:
    return {
        "schemas": [f"{CORE}:User"],
        "userName": f"test.user.{mark}@okta.example",
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "value": f"test.user.{mark}@okta.example", "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": f"00u{mark}",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }


async def test_it_looks_whether_a_server_is_there(okta: Directory) -> None:
    users = await okta.read("/Users?startIndex=1&count=2")
    assert users["itemsPerPage"] == len(users["Resources"]) == 2
    assert (await okta.ask("GET", "/Groups?startIndex=1&count=100")).status_code == 200


async def test_it_creates_reads_and_replaces_a_user(okta: Directory) -> None:
    mark = str(new_id())
    response = await okta.ask("POST", "/Users", new_user(mark))
    made = response.json()
    assert response.status_code == 201
    assert "password" not in made
    assert (made["displayName"], made["name"]) == ("Test User", {"givenName": "Test", "familyName": "User"})
    replaced = await okta.ask(
        "PUT",
        f"/Users/{made['id']}",
        {
            "schemas": [f"{CORE}:User"],
            "id": made["id"],
            "userName": f"test.user.{mark}@okta.example",
            "name": {"givenName": "Another", "middleName": "", "familyName": "User"},
            "emails": [
                {
                    "primary": True,
                    "value": f"test.user.{mark}@okta.example",
                    "type": "work",
                    "display": f"test.user.{mark}@okta.example",
                }
            ],
            "active": True,
            "groups": [],
            "meta": {"resourceType": "User"},
        },
    )
    after = replaced.json()
    assert replaced.status_code == 200
    assert after["name"] == {"givenName": "Another", "familyName": "User"}
    assert "displayName" not in after
    assert after["externalId"] == f"00u{mark}"


async def test_it_deactivates_and_reactivates_without_a_path(okta: Directory) -> None:
    made = await okta.hire()
    for active in (False, True):
        response = await okta.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": active}})
        assert (response.status_code, response.json()["active"]) == (200, active)


async def test_a_put_that_does_not_say_active_leaves_it(okta: Directory) -> None:
    made = await okta.hire()
    await okta.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": False}})
    response = await okta.ask(
        "PUT", f"/Users/{made['id']}", {"schemas": [f"{CORE}:User"], "userName": made["userName"]}
    )
    assert response.json()["active"] is False


async def test_it_renames_a_group_by_a_value_with_its_id(okta: Directory) -> None:
    made, name = await okta.group(), f"Test SCIMv2 {new_id()}"
    response = await okta.patch(
        f"/Groups/{made['id']}", {"op": "replace", "value": {"id": made["id"], "displayName": name}}
    )
    assert response.status_code == 204
    assert (await okta.read(f"/Groups/{made['id']}"))["displayName"] == name


async def test_it_moves_members_in_one_request_and_replaces_them_all(okta: Directory) -> None:
    one, two, three = [await okta.hire() for _ in range(3)]
    made = await okta.group(one["id"])

    async def members() -> set[str]:
        return {member["value"] for member in (await okta.read(f"/Groups/{made['id']}")).get("members", [])}

    await okta.patch(
        f"/Groups/{made['id']}",
        {"op": "remove", "path": f'members[value eq "{one["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": two["id"], "display": two["userName"]}]},
    )
    assert await members() == {two["id"]}
    everybody = [{"value": each["id"], "display": each["userName"]} for each in (one, three)]
    await okta.patch(f"/Groups/{made['id']}", {"op": "replace", "path": "members", "value": everybody})
    assert await members() == {one["id"], three["id"]}
    await okta.patch(f"/Groups/{made['id']}", {"op": "replace", "value": {"members": everybody[:1]}})
    assert await members() == {one["id"]}
    replaced = await okta.ask(
        "PUT",
        f"/Groups/{made['id']}",
        {"schemas": [f"{CORE}:Group"], "displayName": made["displayName"], "members": everybody[1:]},
    )
    assert [member["value"] for member in replaced.json()["members"]] == [three["id"]]
    await okta.patch(f"/Groups/{made['id']}", {"op": "remove", "path": "members"})
    assert await members() == set()


async def test_a_user_shows_its_groups(okta: Directory) -> None:
    made = await okta.hire()
    group = await okta.group(made["id"])
    assert (await okta.read(f"/Users/{made['id']}"))["groups"] == [
        {
            "value": group["id"],
            "$ref": f"http://tend.test/scim/v2/Groups/{group['id']}",
            "display": group["displayName"],
        }
    ]
    assert (await okta.ask("DELETE", f"/Groups/{group['id']}")).status_code == 204
    assert (await okta.ask("GET", f"/Groups/{group['id']}")).status_code == 404
    assert "groups" not in await okta.read(f"/Users/{made['id']}")
