"""What Microsoft Entra sends, in the shapes of its documentation (`Develop a SCIM endpoint`), and what it gets."""

import asyncio

from cast import Cast
from directory.asking import CORE, PATCH, Directory

from backend.kit.ids import new_id

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def new_user(mark: str) -> dict:
    return {
        "schemas": [f"{CORE}:User", ENTERPRISE],
        "externalId": f"0a21f0f2-{mark}",
        "userName": f"Test_User_{mark}",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": f"Test_User_{mark}@testuser.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
        f"{ENTERPRISE}": {"department": "Moderation"},
    }


async def test_it_creates_a_user(entra: Directory) -> None:
    mark = str(new_id())
    response = await entra.ask("POST", "/Users", new_user(mark))
    made = response.json()
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/scim+json"
    assert response.headers["location"] == made["meta"]["location"] == f"http://tend.test/scim/v2/Users/{made['id']}"
    assert response.headers["etag"] == made["meta"]["version"] == 'W/"1"'
    assert made["meta"]["created"] == made["meta"]["lastModified"]
    assert {name: value for name, value in made.items() if name not in ("id", "meta")} == {
        "schemas": [f"{CORE}:User"],
        "externalId": f"0a21f0f2-{mark}",
        "userName": f"Test_User_{mark}",
        "active": True,
        "emails": [{"value": f"test_user_{mark}@testuser.example", "type": "work"}],
        "name": {"familyName": "familyName", "givenName": "givenName"},
    }
    assert await entra.read(f"/Users/{made['id']}") == made


async def test_it_finds_a_user_by_name_in_any_case_or_by_its_own_id_or_by_address(entra: Directory) -> None:
    mark = str(new_id())
    made = (await entra.ask("POST", "/Users", new_user(mark))).json()
    for question in (
        f'userName eq "test_USER_{mark}"',
        f'externalId eq "0a21f0f2-{mark}"',
        f'emails[type eq "work"].value eq "Test_User_{mark}@testuser.example"',
    ):
        found = (await entra.ask("GET", f"/Users?filter={question}")).json()
        assert found == {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 1,
            "startIndex": 1,
            "itemsPerPage": 1,
            "Resources": [made],
        }


async def test_a_user_that_is_not_there_is_an_empty_list(entra: Directory) -> None:
    response = await entra.ask("GET", '/Users?filter=userName eq "non-existent user"')
    assert response.status_code == 200
    assert response.json() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


async def test_a_user_twice_is_a_conflict(entra: Directory) -> None:
    user = new_user(str(new_id()))
    await entra.ask("POST", "/Users", user)
    for again in (user, user | {"userName": user["userName"].upper(), "emails": [{"value": "other@testuser.example"}]}):
        response = await entra.ask("POST", "/Users", again)
        assert response.status_code == 409
        assert response.json()["scimType"] == "uniqueness"


async def test_it_changes_address_and_name_of_a_user_by_paths(entra: Directory) -> None:
    mark = str(new_id())
    made = (await entra.ask("POST", "/Users", new_user(mark))).json()
    response = await entra.patch(
        f"/Users/{made['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": f"Updated-{mark}@testuser.example"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Replace", "path": "name.formatted", "value": "not kept"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "not kept either"},
    )
    assert response.status_code == 200
    after = response.json()
    assert after["emails"] == [{"value": f"updated-{mark}@testuser.example", "type": "work"}]
    assert after["name"] == {"familyName": "updatedFamilyName", "givenName": "givenName"}
    assert after["meta"]["version"] == 'W/"2"'
    assert after["meta"]["lastModified"] > after["meta"]["created"]


async def test_it_adds_without_a_path_by_the_paths_in_the_value(entra: Directory) -> None:
    made = await entra.hire()
    response = await entra.patch(
        f"/Users/{made['id']}",
        {"op": "Add", "value": {"displayName": "Ada Lovelace", "name.givenName": "Ada", "title": "not kept"}},
    )
    assert (response.json()["displayName"], response.json()["name"]) == ("Ada Lovelace", {"givenName": "Ada"})


async def test_it_disables_and_enables_a_user_by_words(entra: Directory) -> None:
    made = await entra.hire()
    for word, is_active in (("False", False), ("True", True), (False, False)):
        response = await entra.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": word})
        assert response.json()["active"] is is_active
        found = await entra.read(f'/Users?filter=userName eq "{made["userName"]}"')
        assert [user["active"] for user in found["Resources"]] == [is_active]


async def test_it_deletes_a_user_and_finds_it_no_more(entra: Directory) -> None:
    user = new_user(str(new_id()))
    made = (await entra.ask("POST", "/Users", user)).json()
    response = await entra.ask("DELETE", f"/Users/{made['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await entra.ask(method, f"/Users/{made['id']}")).status_code == 404
    again = (await entra.ask("POST", "/Users", user)).json()
    assert again["id"] == made["id"]
    assert again["active"] is True


async def test_it_creates_a_group_and_reads_it_without_its_members(entra: Directory) -> None:
    name, mark = f"Group {new_id()}", str(new_id())
    body = {
        "schemas": [f"{CORE}:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": mark,
        "displayName": name,
        "members": [],
        "meta": {"resourceType": "Group"},
    }
    response = await entra.ask("POST", "/Groups", body)
    made = response.json()
    assert response.status_code == 201
    assert (made["displayName"], made["externalId"]) == (name, mark)
    member = await entra.hire()
    await entra.patch(f"/Groups/{made['id']}", {"op": "Add", "path": "members", "value": [{"value": member["id"]}]})
    for path in (
        f"/Groups/{made['id']}?excludedAttributes=members",
        f'/Groups?excludedAttributes=members&filter=displayName eq "{name}"',
    ):
        read = await entra.read(path)
        [group] = read.get("Resources", [read])
        assert "members" not in group
        assert group["id"] == made["id"]
    assert (await entra.ask("POST", "/Groups", body | {"externalId": None})).json()["scimType"] == "uniqueness"


async def test_it_renames_a_group(entra: Directory) -> None:
    made, name = await entra.group(), f"Renamed {new_id()}"
    response = await entra.patch(f"/Groups/{made['id']}", {"op": "Replace", "path": "displayName", "value": name})
    assert (response.status_code, response.content, response.headers["etag"]) == (204, b"", 'W/"2"')
    assert (await entra.read(f"/Groups/{made['id']}"))["displayName"] == name


async def test_it_adds_members_one_by_one_and_removes_them_by_value_or_by_path(entra: Directory) -> None:
    made = await entra.group()
    people = [(await entra.hire())["id"] for _ in range(3)]

    async def members() -> list[str]:
        return [member["value"] for member in (await entra.read(f"/Groups/{made['id']}")).get("members", [])]

    for person in people:
        value = [{"$ref": None, "value": person}]
        assert (
            await entra.patch(f"/Groups/{made['id']}", {"op": "Add", "path": "members", "value": value})
        ).status_code == 204
    assert await members() == sorted(people)
    await entra.patch(f"/Groups/{made['id']}", {"op": "Add", "path": "members", "value": [{"value": people[0]}]})
    assert await members() == sorted(people)
    value = [{"$ref": None, "value": people[0]}]
    await entra.patch(f"/Groups/{made['id']}", {"op": "Remove", "path": "members", "value": value})
    assert await members() == sorted(people[1:])
    await entra.patch(f"/Groups/{made['id']}", {"op": "Remove", "path": f'members[value eq "{people[1]}"]'})
    assert await members() == people[2:]
    found = await entra.read(f'/Groups?filter=id eq "{made["id"]}" and members eq "{people[2]}"')
    assert [group["id"] for group in found["Resources"]] == [made["id"]]
    assert (await entra.read(f'/Groups?filter=id eq "{made["id"]}" and members eq "{people[0]}"'))["totalResults"] == 0


async def test_somebody_invited_by_hand_is_found_by_address_and_keeps_their_role(entra: Directory, acme: Cast) -> None:
    found = await entra.read(f'/Users?filter=userName eq "COLLEAGUE@{acme.slug}.example"')
    [user] = found["Resources"]
    assert (user["displayName"], user["active"]) == (acme.colleague.name, True)
    mark = str(new_id())
    patched = await entra.patch(f"/Users/{user['id']}", {"op": "Add", "path": "externalId", "value": mark})
    assert patched.json()["externalId"] == mark
    assert PATCH not in patched.text


async def test_the_same_user_twice_at_the_same_moment_is_one_user(entra: Directory) -> None:
    user = new_user(str(new_id()))
    async with asyncio.timeout(20):
        responses = await asyncio.gather(*(entra.ask("POST", "/Users", user) for _ in range(4)))
    assert sorted(response.status_code for response in responses) == [201, 409, 409, 409]
    assert {response.json().get("scimType") for response in responses} == {None, "uniqueness"}
