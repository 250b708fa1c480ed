"""What happens in Tend, and whom it is told."""

from collections.abc import Callable
from typing import Any

import pytest
from cast import Cast
from notices.test_telling_by_mail import body

from backend.leaving import erase_member, request_export
from backend.leaving.writing import fail_export
from backend.notices import Notice
from backend.people import change_membership, invite, reinstate, suspend
from tenants.rights import Role
from tenants.scope import agency_scope


async def told(cast: Cast, membership_id: Any) -> list[tuple[str, Any]]:
    async with agency_scope(cast.system):
        rows = await Notice.filter(membership_id=membership_id).order_by("created_at", "id")
        return [(row.kind, row.facts) for row in rows]


async def test_whose_membership_changes_is_told_each_time(acme: Cast, hire: Callable[..., Any]) -> None:
    reader = await hire()
    for role in (Role.LEAD, Role.SUPPORT, Role.SUPPORT):
        async with agency_scope(acme.admin):
            await change_membership(
                acme.admin,
                reader.id,
                role=role,
                sees_all=False,
                workspaces=[reader.client],
                starts_at=None,
                ends_at=None,
            )
    assert await told(acme, reader.id) == [
        ("membership_changed", {"role": "lead"}),
        ("membership_changed", {"role": "support"}),
    ]
    mails = await reader.mails(even_later=True)
    assert "You are a lead here" in body(mails[0])


async def test_who_is_suspended_hears_of_it_when_they_are_back(acme: Cast, hire: Callable[..., Any]) -> None:
    reader = await hire()
    async with agency_scope(acme.admin):
        await suspend(acme.admin, reader.id)
    assert await told(acme, reader.id) == []
    async with agency_scope(acme.admin):
        await reinstate(acme.admin, reader.id)
    assert await told(acme, reader.id) == [("membership_changed", {"role": "moderator"})]
    assert len(await reader.mails()) == 1


async def test_who_has_not_accepted_is_told_nothing(acme: Cast, reader: Any) -> None:
    async with agency_scope(acme.admin):
        invited = await invite(
            acme.admin,
            email=f"new-{reader.email}",
            name="New",
            role=Role.LEAD,
            sees_all=False,
            workspaces=[reader.client],
        )
        await change_membership(
            acme.admin,
            invited,
            role=Role.SUPPORT,
            sees_all=False,
            workspaces=[reader.client],
            starts_at=None,
            ends_at=None,
        )
    assert await told(acme, invited) == []


@pytest.mark.parametrize("end", ["done", "failed"])
async def test_who_asked_for_an_export_is_told_how_it_ended_once(
    acme: Cast, hire: Callable[..., Any], end: str
) -> None:
    admin = await hire(Role.ADMIN, sees_all=True)
    async with agency_scope(admin.actor):
        export_id = await request_export(admin.actor, what="workspace", workspace_id=admin.client)
    if end == "done":
        await acme.run_jobs("write_export")
    else:
        for _ in range(2):
            async with agency_scope(acme.system):
                await fail_export(acme.system, {"export_id": str(export_id)}, "The disk is full.")
    assert await told(acme, admin.id) == [(f"export_{end}", {"what": "workspace"})]
    [mail] = await admin.mails()
    assert "The disk is full" not in body(mail)


async def test_who_asked_for_an_erasure_is_told_that_it_is_done(acme: Cast, hire: Callable[..., Any]) -> None:
    admin = await hire(Role.ADMIN, sees_all=True)
    slug = next(slug for slug, id in acme.workspaces.items() if id == admin.client)
    post = await acme.post("gurkensalat-99", workspace=slug)
    async with agency_scope(admin.actor):
        await erase_member(admin.actor, post.member_id, grounds="They asked for it.")
    await acme.run_jobs("erase_member")
    assert await told(acme, admin.id) == [("erasure_done", {})]
    [mail] = await admin.mails()
    assert str(post.member_id) not in mail.as_string() + mail["References"], "nothing says who it was"
