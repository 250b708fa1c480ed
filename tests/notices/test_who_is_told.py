"""What happens in Tend, and whom it is told."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from notices.test_telling_by_mail import body

from backend.kit.errors import NotFound
from backend.leaving import erase_member, request_export
from backend.leaving.writing import fail_export
from backend.notices import KINDS, Notice, mark_read, own_notice
from backend.people import change_membership, invite, reinstate, suspend
from tenants.rights import RIGHTS_OF, Role
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


# Whatever they may do now, it was told to them alone; why everybody may go on knowing it.
FOR_THE_PERSON_ALONE = {
    "appeal_decided": "it answers an appeal of their own",
    "course_assigned": "it says what they are to learn themselves",
    "certificate_ends": "it says what they have learned themselves",
    "membership_changed": "it says what they are here",
    "recovery_proposed": "it says that they should rest themselves, and nothing of what was grave",
    "report_decided": "it answers a report of their own, and says nothing of what is in the case",
}


def test_every_kind_says_which_right_it_needs_or_why_it_needs_none() -> None:
    assert {kind for kind, about in KINDS.items() if about.needs is None} == set(FOR_THE_PERSON_ALONE)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_who_may_do_less_by_now_gets_and_reads_only_what_is_for_them_alone(
    api: httpx.AsyncClient, acme: Cast, hire: Callable[..., Any], kind: str
) -> None:
    reader = await hire(Role.ADMIN, sees_all=False)
    await reader.chats()
    await reader.is_told(kind=kind)
    query = "{ notices { nodes { id } totalCount } }"
    [notice] = (await ask(api, reader.token, query))["data"]["notices"]["nodes"]
    async with agency_scope(acme.system) as scope:
        await scope.execute("update memberships set role = 'stakeholder' where id = $1", reader.id)
    demoted = replace(reader.actor, role=Role.STAKEHOLDER, rights=RIGHTS_OF[Role.STAKEHOLDER])
    may_know = kind in FOR_THE_PERSON_ALONE or KINDS[kind].needs in RIGHTS_OF[Role.STAKEHOLDER]
    seen = (await ask(api, reader.token, query))["data"]["notices"]
    assert seen == {"nodes": [notice] if may_know else [], "totalCount": int(may_know)}
    found = await ask(api, reader.token, "query($id: ID!) { node(id: $id) { id } }", id=notice["id"])
    assert found["data"]["node"] == (notice if may_know else None)
    assert len(await reader.mails(even_later=True)) == (KINDS[kind].mail != "never" and may_know)
    if not may_know:
        assert {(state, problem) for _, state, problem in await reader.states()} == {
            ("dropped", "Whoever it was for may not know of it now.")
        }
    async with agency_scope(demoted):
        id = UUID(notice["id"].removeprefix("notice_"))
        assert (await own_notice(demoted, id) is not None) == may_know
        with nullcontext() if may_know else pytest.raises(NotFound):
            await mark_read(demoted, [id])
