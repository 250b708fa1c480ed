"""Filters become SQL with parameters: what fits is what the words of RFC 7644 say, and nothing in them is run."""

from random import Random
from typing import Any

import pytest
from directory.asking import CORE, Directory
from scim2_models import SCIMException, ScimFilter

from backend.kit.ids import new_id
from backend.web.scim.describing import User


@pytest.fixture(scope="module")
async def people(directories: Any, acme: Any) -> tuple[Directory, list[dict[str, Any]], str]:
    """Three users with one mark in common."""
    directory, mark = directories[acme.agency_id], str(new_id())[-12:]
    ada = await directory.hire(f"ada-{mark}", displayName="Ada", name={"givenName": "Ada", "familyName": mark})
    bob = await directory.hire(f"bob-{mark}", name={"familyName": mark.upper()}, externalId=f"X{mark}")
    cy = await directory.hire(f"cy-{mark}", displayName="100%_\\'\"", name={"familyName": mark}, active=False)
    await directory.group(ada["id"], name=f"group {mark}")
    return directory, [ada, bob, cy], mark


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ('userName eq "ADA-{mark}@directory.example"', "ada"),
        ('userName ne "ada-{mark}@directory.example"', "bob cy"),
        ('userName co "ADA"', "ada"),
        ('userName sw "b"', "bob"),
        ('emails.value ew "example"', "ada bob cy"),
        ('emails eq "bob-{mark}@directory.example"', "bob"),
        ('emails[type eq "work" and value sw "cy"]', "cy"),
        ('emails.type eq "home"', ""),
        ('externalId eq "X{mark}"', "bob"),
        ('externalId eq "x{mark}"', ""),
        ("externalId pr", "bob"),
        ("not (externalId pr)", "ada cy"),
        ('displayName eq "ada"', "ada"),
        ('not (displayName eq "ada")', "bob cy"),
        ("displayName eq null", "bob"),
        ('displayName eq "100%_\\\\\'\\""', "cy"),
        ('displayName co "%"', "cy"),
        ('displayName sw "1_"', ""),
        ("active eq true", "ada bob"),
        ("active eq false", "cy"),
        ("active ne true", "cy"),
        ("name.givenName pr", "ada"),
        ('name.givenName pr or (active eq false and userName co "cy")', "ada cy"),
        ('userName gt "b"', "bob cy"),
        ('meta.created lt "2020-01-01T00:00:00Z"', ""),
        ('meta.lastModified gt "2020-01-01T00:00:00Z"', "ada bob cy"),
        ('groups.display eq "GROUP {mark}"', "ada"),
        ("groups pr", "ada"),
        ('id eq "nonsense"', ""),
        ('id ne "nonsense"', "ada bob cy"),
        (f'{CORE}:User:userName sw "ada"', "ada"),
        ("userName eq \"' or '1'='1\"", ""),
        ('userName eq "\\u0000"', ""),
    ],
)
async def test_a_filter_finds_what_it_says(people: Any, question: str, found: str) -> None:
    directory, users, mark = people
    names = {user["id"]: user["userName"].partition("-")[0] for user in users}
    text = f'name.familyName eq "{mark}" and ({question.replace("{mark}", mark)})'
    response = await directory.api.get(
        "/scim/v2/Users", params={"filter": text}, headers={"Authorization": f"Bearer {directory.token}"}
    )
    assert response.status_code == 200, response.text
    assert " ".join(names[user["id"]] for user in response.json()["Resources"]) == found


@pytest.mark.parametrize(
    "question",
    [
        "userName",
        "userName eq",
        'userName xx "a"',
        'nothing eq "a"',
        'name eq "a"',
        'password eq "a"',
        'active gt "a"',
        "active co true",
        'meta.created gt "yesterday"',
        'meta.created gt "2026-01-01T00:00:00"',
        'id co "a"',
        'displayName[value eq "a"]',
        "(" * 2_000,
        "not (" * 700 + "active pr" + ")" * 700,
        f'userName eq "{"a" * 5_000}"',
    ],
)
async def test_what_is_no_filter_is_said_to_be_none(entra: Directory, question: str) -> None:
    response = await entra.api.get(
        "/scim/v2/Users", params={"filter": question}, headers={"Authorization": f"Bearer {entra.token}"}
    )
    assert (response.status_code, response.json().get("scimType")) == (400, "invalidFilter"), response.text


async def test_pages_are_what_was_asked_for_and_never_more_than_two_hundred(people: Any) -> None:
    directory, _, mark = people
    fits = f'filter=name.familyName eq "{mark}"'

    async def page(more: str) -> tuple[int, int, int, list[str]]:
        found = await directory.read(f"/Users?{fits}&{more}")
        names = [user["userName"].partition("-")[0] for user in found["Resources"]]
        return found["totalResults"], found["startIndex"], found["itemsPerPage"], names

    by = "sortBy=userName&sortOrder"
    assert await page(f"{by}=ascending") == (3, 1, 3, ["ada", "bob", "cy"])
    assert await page(f"{by}=descending&count=2") == (3, 1, 2, ["cy", "bob"])
    assert await page(f"{by}=ascending&startIndex=3&count=2") == (3, 3, 1, ["cy"])
    assert await page("startIndex=9") == (3, 9, 0, [])
    assert await page("count=0") == (3, 1, 0, [])
    assert await page("startIndex=-5&count=1") == (3, 1, 1, ["ada"])
    # Without a display name bob comes last, and first the other way round.
    assert (await page("sortBy=displayName"))[3] == ["cy", "ada", "bob"]
    assert (await page("sortBy=displayName&sortOrder=descending"))[3] == ["bob", "ada", "cy"]
    assert (await directory.ask("GET", "/Users?sortBy=groups")).json()["scimType"] == "invalidPath"
    assert (await directory.read("/Users?count=100000"))["itemsPerPage"] <= 200


async def test_only_the_attributes_that_were_asked_for_are_sent(people: Any) -> None:
    directory, [ada, *_], _mark = people
    path = f"/Users/{ada['id']}"
    assert await directory.read(f"{path}?attributes=userName,name.givenName") == {
        "schemas": ada["schemas"],
        "id": ada["id"],
        "userName": ada["userName"],
        "name": {"givenName": "Ada"},
    }
    without = await directory.read(f"{path}?excludedAttributes=emails,meta,groups,name")
    assert set(without) == {"schemas", "id", "userName", "displayName", "active"}
    assert (await directory.ask("GET", f"{path}?attributes=a&excludedAttributes=b")).status_code == 400


async def test_a_search_by_post_finds_users_and_groups(people: Any) -> None:
    directory, [ada, bob, cy], mark = people
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
    found = (
        await directory.ask(
            "POST", "/Users/.search", search | {"filter": f'name.familyName eq "{mark}"', "attributes": ["userName"]}
        )
    ).json()
    assert [user["id"] for user in found["Resources"]] == [ada["id"], bob["id"], cy["id"]]
    assert set(found["Resources"][0]) == {"schemas", "id", "userName"}
    both = search | {"filter": f'displayName eq "group {mark}" or name.familyName eq "{mark}"'}
    for start, count, kinds in ((1, 10, ["User"] * 3 + ["Group"]), (3, 2, ["User", "Group"]), (4, 1, ["Group"])):
        found = (await directory.ask("POST", "/.search", both | {"startIndex": start, "count": count})).json()
        assert found["totalResults"] == 4
        assert [each["meta"]["resourceType"] for each in found["Resources"]] == kinds


WORDS = [
    "userName",
    "displayName",
    "externalId",
    "emails.value",
    "name.givenName",
    "active",
    "emails.type",
    "groups.display",
]
VALUES = [
    "ada",
    "ADA",
    "a",
    "",
    "work",
    "bob-{mark}@directory.example",
    "X{mark}",
    "100%_",
    "group",
    "zz",
    True,
    False,
    None,
]


def question_of(random: Random, mark: str, depth: int = 2) -> str:
    if depth and random.random() < 0.6:
        word = random.choice(["and", "or"])
        left, right = (question_of(random, mark, depth - 1) for _ in range(2))
        return f"({left}) {word} {random.choice(['', 'not '])}({right})"
    path = random.choice(WORDS)
    if random.random() < 0.2:
        return f"{path} pr"
    value = random.choice(VALUES)
    value = value.replace("{mark}", mark) if isinstance(value, str) else value
    return f"{path} {random.choice(['eq', 'ne', 'co', 'sw', 'ew'])} {ScimFilter.quote(value)}"


async def test_three_hundred_made_up_filters_find_what_the_library_finds_in_memory(people: Any) -> None:
    directory, [ada, *others], mark = people
    everybody = [await directory.read(f"/Users/{ada['id']}"), *others]  # she has joined a group meanwhile
    users = [User.model_validate(user) for user in everybody]
    random, compared = Random(7), 0
    for _ in range(300):
        question = question_of(random, mark)
        response = await directory.api.get(
            "/scim/v2/Users",
            params={"filter": f'name.familyName eq "{mark}" and ({question})', "attributes": "id"},
            headers={"Authorization": f"Bearer {directory.token}"},
        )
        try:
            fits = ScimFilter[User](question)
        except SCIMException:
            assert response.status_code == 400, question
            continue
        if response.status_code == 400:  # orders and comparisons that make no sense here, such as co null
            assert "null" in question, (question, response.text)
            continue
        found = {user["id"] for user in response.json()["Resources"]}
        assert found == {user.id for user in users if fits.match(user)}, question
        compared += len(found)
    assert compared > 100
