"""What people may do follows the groups they are in, once an admin has said what those mean."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from directory.asking import Directory

from backend.kit.ids import new_id
from tenants.rights import Role
from tenants.scope import agency_scope

MAP = """mutation($input: MapDirectoryGroupInput!) { mapDirectoryGroup(input: $input) {
  directoryGroup { displayName role seesAll memberCount version workspaces { nodes { workspace { slug } } } }
  userErrors { code path } } }"""


class Agency:
    """acme, with what its admins say about groups."""

    def __init__(self, api: httpx.AsyncClient, cast: Cast) -> None:
        self.api, self.cast = api, cast

    async def map(
        self, group: dict[str, Any], role: str | None, *workspaces: str, who: str = "owner", **more: Any
    ) -> Any:
        async with agency_scope(self.cast.system) as scope:
            version = await scope.fetchval("select version from directory_groups where id = $1", UUID(group["id"]))
        given = {
            "groupId": f"directorygroup_{group['id']}",
            "role": role,
            "workspaceIds": [f"workspace_{self.cast.workspaces[each]}" for each in workspaces],
            "expectedVersion": version,
        } | more
        answer = await ask(self.api, self.cast.tokens[who], MAP, input=given)
        return answer["data"]["mapDirectoryGroup"]

    async def reach(self, user: dict[str, Any]) -> tuple[str, bool, set[str]]:
        """Role, whether all clients, and which."""
        async with agency_scope(self.cast.system) as scope:
            row = await scope.fetchrow(
                """select role, sees_all, array(select w.slug from assignments s join workspaces w on w.id = s.workspace_id
                    where s.membership_id = m.id) as slugs from memberships m where id = $1""",
                UUID(user["id"]),
            )
        return row["role"], row["sees_all"], set(row["slugs"])


@pytest.fixture
def agency(api: httpx.AsyncClient, acme: Cast) -> Agency:
    return Agency(api, acme)


NOTHING = ("support", False, set())


async def test_without_a_mapped_group_nobody_sees_anything(entra: Directory, agency: Agency) -> None:
    made = await entra.hire()
    await entra.group(made["id"])
    assert await agency.reach(made) == NOTHING


async def test_mapping_a_group_gives_its_people_its_role_and_clients(entra: Directory, agency: Agency) -> None:
    made = await entra.hire()
    group = await entra.group(made["id"])
    answer = await agency.map(group, "MODERATOR", "forum", "chat")
    assert answer == {
        "directoryGroup": {
            "displayName": group["displayName"],
            "role": "MODERATOR",
            "seesAll": False,
            "memberCount": 1,
            "version": 2,
            "workspaces": {"nodes": answer["directoryGroup"]["workspaces"]["nodes"]},
        },
        "userErrors": [],
    }
    assert {each["workspace"]["slug"] for each in answer["directoryGroup"]["workspaces"]["nodes"]} == {"forum", "chat"}
    assert await agency.reach(made) == ("moderator", False, {"forum", "chat"})
    await agency.map(group, "LEAD", seesAll=True)
    assert await agency.reach(made) == ("lead", True, set())
    await agency.map(group, None)
    assert await agency.reach(made) == NOTHING


async def test_who_joins_follows_and_who_leaves_loses(entra: Directory, agency: Agency) -> None:
    made, group = await entra.hire(), await entra.group()
    await agency.map(group, "EDUCATOR", "shop")
    member = [{"value": made["id"]}]
    await entra.patch(f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": member})
    assert await agency.reach(made) == ("educator", False, {"shop"})
    await entra.patch(f"/Groups/{group['id']}", {"op": "Remove", "path": "members", "value": member})
    assert await agency.reach(made) == NOTHING
    await entra.patch(f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": member})
    await entra.ask("DELETE", f"/Groups/{group['id']}")
    assert await agency.reach(made) == NOTHING


async def test_of_several_groups_the_role_with_the_most_rights_counts_and_only_its_clients(
    entra: Directory, agency: Agency
) -> None:
    made = await entra.hire()
    groups = [await entra.group(made["id"]) for _ in range(4)]
    await agency.map(groups[0], "SUPPORT", seesAll=True)
    assert await agency.reach(made) == ("support", True, set())
    await agency.map(groups[1], "LEAD", "forum")
    await agency.map(groups[2], "MODERATOR", "shop")
    assert await agency.reach(made) == ("lead", False, {"forum"})
    await agency.map(groups[3], "LEAD", "chat")
    assert await agency.reach(made) == ("lead", False, {"forum", "chat"})
    for group in (groups[1], groups[3]):
        await entra.ask("DELETE", f"/Groups/{group['id']}")
    assert await agency.reach(made) == ("moderator", False, {"shop"})


async def test_somebody_hired_by_hand_is_left_alone_until_a_mapped_group_has_them(
    entra: Directory, agency: Agency, acme: Cast
) -> None:
    actor = await acme.hire(f"by-hand-{new_id()}", Role.LEAD, [acme.workspaces["forum"]])
    user = {"id": str(actor.membership_id)}
    await entra.patch(f"/Users/{user['id']}", {"op": "Add", "path": "externalId", "value": str(new_id())})
    group = await entra.group(user["id"])
    assert await agency.reach(user) == ("lead", False, {"forum"})
    await agency.map(group, "MODERATOR", "chat")
    assert await agency.reach(user) == ("moderator", False, {"chat"})


async def test_an_owner_in_a_group_stays_an_owner(entra: Directory, agency: Agency, acme: Cast) -> None:
    owner = {"id": str(acme.owner.membership_id)}
    answer = await agency.map(await entra.group(owner["id"]), "SUPPORT", "forum")
    assert answer["userErrors"] == []
    assert await agency.reach(owner) == ("owner", True, set())


@pytest.mark.parametrize(
    ("role", "workspaces", "more", "error"),
    [
        ("OWNER", [], {"seesAll": True}, ("INVALID", ["input", "role"])),
        ("CONTRACTOR", ["forum"], {}, ("INVALID", ["input", "role"])),
        ("STAKEHOLDER", [], {"seesAll": True}, ("INVALID", ["input", "seesAll"])),
        ("LEAD", ["forum"], {"seesAll": True}, ("INVALID", ["input", "workspaceIds"])),
        (None, ["forum"], {}, ("INVALID", ["input", "role"])),
        ("LEAD", ["forum"], {"expectedVersion": 7}, ("CONFLICT", ["input", "expectedVersion"])),
    ],
)
async def test_what_no_group_can_mean_is_refused(
    entra: Directory,
    agency: Agency,
    role: str | None,
    workspaces: list[str],
    more: dict[str, Any],
    error: tuple[str, list[str]],
) -> None:
    made = await entra.hire()
    group = await entra.group(made["id"])
    answer = await agency.map(group, role, *workspaces, **more)
    assert answer == {"directoryGroup": None, "userErrors": [{"code": error[0], "path": error[1]}]}
    assert await agency.reach(made) == NOTHING


async def test_two_groups_that_take_somebody_at_the_same_moment_both_count(entra: Directory, agency: Agency) -> None:
    for _ in range(5):
        made = await entra.hire()
        groups = [await entra.group() for _ in range(2)]
        await agency.map(groups[0], "LEAD", "forum")
        await agency.map(groups[1], "LEAD", "shop")
        member = {"op": "Add", "path": "members", "value": [{"value": made["id"]}]}
        async with asyncio.timeout(20):
            await asyncio.gather(*(entra.patch(f"/Groups/{group['id']}", member) for group in groups))
        assert await agency.reach(made) == ("lead", False, {"forum", "shop"})


async def test_what_rights_grow_by_a_group_wait_for_a_new_session(entra: Directory, agency: Agency) -> None:
    made = await entra.hire()
    await agency.map(await entra.group(made["id"]), "ADMIN", seesAll=True)
    async with agency_scope(agency.cast.system) as scope:
        assert await scope.fetchval("select grown_at > created_at from memberships where id = $1", UUID(made["id"]))
