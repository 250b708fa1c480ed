"""New agencies, clients and people."""

from datetime import timedelta

import pytest
from cast import Cast

from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.moderation import Queue, open_workspace
from tenants.doors import agency_by_slug
from tenants.models import Workspace
from tenants.provisioning import SlugTaken, add_member, provision_agency
from tenants.rights import Role
from tenants.scope import agency_scope


async def test_a_short_name_belongs_to_one_agency(acme: Cast) -> None:
    with pytest.raises(SlugTaken):
        await provision_agency(slug="acme", name="Another")
    assert await agency_by_slug("acme") == acme.agency_id


async def test_an_agency_that_could_not_be_made_leaves_its_name_free(acme: Cast) -> None:
    with pytest.raises(Invalid):
        await provision_agency(slug="ghost", name="\x00")
    assert await agency_by_slug("ghost") is None


@pytest.mark.parametrize("slug", ["", "a", "A-b", "-a", "a-", "a b", "é1", "x" * 64, "a\n"])
async def test_a_short_name_is_short_and_plain(acme: Cast, slug: str) -> None:
    with pytest.raises(Invalid):
        await provision_agency(slug=slug, name="x")
    with pytest.raises(Invalid):
        async with agency_scope(acme.owner):
            await open_workspace(acme.owner, slug=slug, name="x")


async def test_two_agencies_may_call_a_client_the_same(acme: Cast, globex: Cast) -> None:
    async with agency_scope(acme.owner):
        with pytest.raises(SlugTaken):
            await open_workspace(acme.owner, slug="forum", name="x")
    async with agency_scope(globex.owner):
        assert await Workspace.exists(slug="forum")


async def test_every_workspace_has_one_queue_from_its_creation(acme: Cast) -> None:
    workspace_id = await acme.empty_workspace()
    async with agency_scope(acme.system):
        assert await Queue.filter(workspace_id=workspace_id).count() == 1


@pytest.mark.parametrize("time_zone", ["", "Mars/Base", "../etc/passwd", "x" * 100])
async def test_a_time_zone_must_exist(acme: Cast, time_zone: str) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(acme.owner):
            await open_workspace(acme.owner, slug="zone", name="x", time_zone=time_zone)


async def test_a_contractor_needs_an_end_and_nobody_is_hired_as_the_system(acme: Cast) -> None:
    for role, ends_at in ((Role.CONTRACTOR, None), (Role.SYSTEM, now() + timedelta(days=1)), (Role.API_CLIENT, None)):
        with pytest.raises(Invalid):
            await add_member(acme.agency_id, name="x", email="x@example.com", role=role, ends_at=ends_at)
