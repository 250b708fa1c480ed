"""A client goes: gone at once for nearly everybody, for good after thirty days, and not while a hold is on it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.evidence import lift_hold, place_hold
from backend.journal import Count, JournalEntry, chain_journal, verify
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.leaving import Erasure, Export, close_workspace, deleting, reopen_workspace, request_export
from backend.moderation import About, claim_next, decide, raise_danger
from backend.notices import Recipient, tell
from backend.outbox import Job
from backend.outside import stored_files
from backend.safety import Danger, Escalation, HolidayCalendar, Rota, RotaLayer
from tenants.models import Workspace
from tenants.provisioning import issue_api_key
from tenants.rights import Right, Role
from tenants.scope import agency_scope
from tenants.tables import has_column, tenant_models


@pytest.fixture
async def client(acme: Cast) -> tuple[UUID, str]:
    """A client with everything in it, and somebody who works for it."""
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)
    first = await acme.post("question", workspace=slug)
    await acme.post("answer", workspace=slug, reply_to_id=first.id)
    owner = acme.owner.narrowed_to(client)
    version = await acme.policy_version(client)
    async with agency_scope(owner):
        claim = await claim_next(owner, workspace_id=client)
        assert claim is not None
        await decide(
            owner,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=version.id,
            actions=("hide_post", "warn_member"),
        )
    await acme.run_jobs("carry_out_actions")
    return client, slug


async def rows(cast: Cast, client: UUID) -> dict[str, int]:
    async with agency_scope(cast.system) as scope:
        found = {
            model._meta.db_table: await scope.fetchval(
                f"select count(*) from {model._meta.db_table} where workspace_id = $1", client
            )
            for model in tenant_models()
            if has_column(model, "workspace_id")
        }
    return {table: count for table, count in found.items() if count}


async def close(cast: Cast, client: UUID) -> None:
    async with agency_scope(cast.owner):
        await close_workspace(cast.owner, client, grounds="They left.")


async def over(cast: Cast, client: UUID) -> None:
    async with agency_scope(cast.system) as scope:
        await scope.execute("update workspaces set deletes_at = now() where id = $1", client)


async def test_a_closed_client_is_gone_for_all_but_who_manages_clients(
    api: httpx.AsyncClient, acme: Cast, client: tuple[UUID, str]
) -> None:
    id, slug = client
    query = "query($id: ID!) { workspace(id: $id) { slug deletesAt } viewer { memberships { workspaces { slug } } } }"
    await acme.hire(f"s-{slug}", Role.STAKEHOLDER, [id])
    await acme.hire(f"m-{slug}", Role.MODERATOR, [id])
    await acme.hire(f"l-{slug}", Role.LEAD, [], sees_all=True)

    async def seen(token: str) -> bool:
        answer = await ask(api, token, query, id=f"workspace_{id}")
        listed = [w["slug"] for m in answer["data"]["viewer"]["memberships"] for w in m["workspaces"]]
        assert (slug in listed) == (answer["data"]["workspace"] is not None)
        return answer["data"]["workspace"] is not None

    everybody = [acme.tokens[f"{letter}-{slug}"] for letter in "sml"]
    assert [await seen(token) for token in everybody] == [True, True, True]  # and remembered as admitted
    await close(acme, id)
    assert [await seen(token) for token in everybody] == [False, False, False]
    assert await seen(acme.tokens["owner"])
    other = await ask(api, acme.tokens[f"l-{slug}"], "{ workspaces { nodes { slug } } }")
    assert {"forum", "shop"} <= {node["slug"] for node in other["data"]["workspaces"]["nodes"]}
    response = await api.post(
        "/graphql",
        json={"query": "{ __typename }"},
        headers={"Authorization": f"Bearer {acme.tokens[f'm-{slug}']}", "X-Workspace-Id": slug},
    )
    assert response.status_code == 403
    async with agency_scope(acme.owner):
        await reopen_workspace(acme.owner, id)
    assert [await seen(token) for token in everybody] == [True, True, True]


async def test_what_concerns_no_client_in_particular_stays_with_who_is_of_the_whole_agency(
    api: httpx.AsyncClient, acme: Cast, client: tuple[UUID, str]
) -> None:
    """A closed client is hidden from a lead and from the directory; the rest of the agency is not."""
    id, slug = client
    lead = await acme.hire(f"n-{slug}", Role.LEAD, [], sees_all=True)
    assert lead.membership_id is not None
    async with agency_scope(acme.system):
        await tell(
            [Recipient(membership_id=lead.membership_id)],
            kind="membership_changed",
            subject_id=id,
            workspace_id=None,
            text="x",
            facts={"role": "lead"},
        )
    key = await issue_api_key(acme.agency_id, name="directory", scopes=[Right.PROVISION])

    async def looks() -> tuple[int, int]:
        answer = await ask(api, acme.tokens[f"n-{slug}"], "{ notices { nodes { id } totalCount } }")
        listed = await api.get("/scim/v2/Users?count=1", headers={"Authorization": f"Bearer {key}"})
        return answer["data"]["notices"]["totalCount"], listed.status_code

    assert await looks() == (1, 200)
    await close(acme, id)
    assert await looks() == (1, 200)
    async with agency_scope(acme.owner):
        await reopen_workspace(acme.owner, id)
    assert await looks() == (1, 200)


async def test_after_thirty_days_every_row_goes_and_the_journal_keeps_its_chain(
    acme: Cast, client: tuple[UUID, str]
) -> None:
    id, slug = client
    async with agency_scope(acme.owner):
        await request_export(acme.owner, what="workspace", workspace_id=id)
    await acme.run_jobs("write_export")
    before = await rows(acme, id)
    assert {"posts", "post_words", "cases", "reports", "decisions", "claims", "warnings", "members"} <= set(before)
    await close(acme, id)
    async with agency_scope(acme.system):
        workspace = await Workspace.get(id=id)
        assert workspace.deletes_at is not None
        assert timedelta(days=29, hours=23) < workspace.deletes_at - now() <= timedelta(days=30)
        job = await Job.get(kind="delete_workspace", payload__contains={"workspace_id": str(id)})
        assert job.run_at == workspace.deletes_at
    await acme.run_jobs("delete_workspace", even_later=True)  # too early: nothing happens
    assert await rows(acme, id) == {**before, "journal": before["journal"] + 1}
    await over(acme, id)
    async with agency_scope(acme.owner):
        await deleting.enqueue("delete_workspace", job.payload)
    [done] = await acme.run_jobs("delete_workspace")
    assert done.state == "done", done.last_error
    left = await rows(acme, id)
    assert set(left) == {"journal", "erasures"}
    async with agency_scope(acme.system):
        workspace = await Workspace.get(id=id)
        assert (workspace.slug, workspace.name) == (f"deleted-{id}", "")
        proof = await Erasure.get(workspace_id=id)
        assert (proof.subject_kind, proof.grounds, proof.requested_by_id) == (
            "workspace",
            "They left.",
            acme.owner.membership_id,
        )
        assert {table: proof.counts[table] for table in before if table != "journal"} == {
            table: count for table, count in before.items() if table != "journal"
        }
        actions = [entry.action for entry in await JournalEntry.filter(workspace_id=id).order_by("-at")]
        assert actions[0] == "workspace.erased"
        assert await Export.filter(workspace_id=id).count() == 0
    assert not [path for path in await stored_files().names(f"{acme.agency_id}/exports/") if str(id) in path]
    async with agency_scope(acme.system) as scope:
        await chain_journal(scope.actor, {})
    assert not [finding async for finding in verify(acme.agency_id, count=Count()) if finding.entry_id is not None]
    del acme.workspaces[slug]


async def test_a_large_client_goes_in_pieces(
    acme: Cast, client: tuple[UUID, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, slug = client
    monkeypatch.setattr(deleting, "ERASED_AT_ONCE", 2)
    monkeypatch.setattr(deleting, "DELETED_AT_ONCE", 4)
    await close(acme, id)
    await over(acme, id)
    turns = 0
    while await acme.run_jobs("delete_workspace", even_later=True):
        turns += 1
        assert turns < 50
    assert turns > 3
    assert set(await rows(acme, id)) == {"journal", "erasures"}
    del acme.workspaces[slug]


async def test_a_file_that_comes_while_rows_go_goes_as_well(
    acme: Cast, client: tuple[UUID, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, slug = client
    late, order = f"{acme.agency_id}/{id}/pictures/{id}", deleting.children_first

    async def sent_meanwhile(*asked: Any) -> Any:
        await stored_files().put(late, b"late")
        return await order(*asked)

    monkeypatch.setattr(deleting, "children_first", sent_meanwhile)
    await close(acme, id)
    await over(acme, id)
    await acme.run_jobs("delete_workspace", even_later=True)
    assert await stored_files().get(late) is None
    del acme.workspaces[slug]


async def test_what_points_at_its_like_and_rotas_with_their_calendars_go_too(
    acme: Cast, client: tuple[UUID, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, slug = client
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(acme.system):
        about = About(case_id=case.id)
        left, told = [
            (await raise_danger(acme.system, about, Danger("medical", "x", is_drill=True)))[0] for _ in range(2)
        ]
        joined = {"state": "resolved", "outcome": "joined", "resolved_at": now(), "next_at": None}
        await Escalation.filter(id=told).update(joined_to_id=left, **joined)
        calendar = await HolidayCalendar.create(workspace_id=id, name="x", country="AT")
        rota = await Rota.create(workspace_id=id, name="x", time_zone="UTC")
        turns = {"starts_at": now(), "shift_hours": 24, "turns": [str(acme.owner.membership_id)]}
        layer = await RotaLayer.create(
            rota_id=rota.id, level=1, position=1, holidays="not_on", calendar_id=calendar.id, **turns
        )
    monkeypatch.setattr(deleting, "ERASED_AT_ONCE", 1)
    await close(acme, id)
    await over(acme, id)
    [done] = await acme.run_jobs("delete_workspace", even_later=True)
    assert done.state == "done", done.last_error
    assert set(await rows(acme, id)) == {"journal", "erasures"}
    async with agency_scope(acme.system):
        assert not await RotaLayer.exists(id=layer.id)
    del acme.workspaces[slug]


async def test_a_deleted_client_is_gone_for_owners_too(
    api: httpx.AsyncClient, acme: Cast, client: tuple[UUID, str]
) -> None:
    id, slug = client
    await close(acme, id)
    await over(acme, id)
    await acme.run_jobs("delete_workspace", even_later=True)
    answer = await ask(
        api,
        acme.tokens["owner"],
        "query($id: ID!) { workspace(id: $id) { id } viewer { memberships { workspaces { id } } } }",
        id=f"workspace_{id}",
    )
    assert answer["data"]["workspace"] is None
    assert str(id) not in str(answer)
    async with agency_scope(acme.owner):
        with pytest.raises(NotFound):
            await close_workspace(acme.owner, id, grounds="x")
        with pytest.raises(NotFound):
            await place_hold(acme.owner, id, reason="x")
    del acme.workspaces[slug]


async def test_a_hold_on_the_client_or_one_of_its_members_wins(acme: Cast, client: tuple[UUID, str]) -> None:
    id, slug = client
    post = await acme.post(workspace=slug)
    async with agency_scope(acme.owner):
        hold = await place_hold(acme.owner, id, member_id=post.member_id, reason="x")
    await close(acme, id)
    await over(acme, id)
    before = await rows(acme, id)
    await acme.run_jobs("delete_workspace", even_later=True)
    assert await rows(acme, id) == {**before, "journal": before["journal"] + 1}
    async with agency_scope(acme.system):
        assert await JournalEntry.filter(workspace_id=id, action="workspace.deletion_held").count() == 1
        again = await Job.filter(kind="delete_workspace", state="ready").order_by("-created_at").first()
        assert again is not None
        assert again.run_at > now() + timedelta(hours=23)
    async with agency_scope(acme.owner):
        await lift_hold(acme.owner, hold, grounds="over")
    await acme.run_jobs("delete_workspace", even_later=True)
    assert set(await rows(acme, id)) == {"journal", "erasures"}
    del acme.workspaces[slug]


async def test_an_opened_client_is_not_deleted(acme: Cast, client: tuple[UUID, str]) -> None:
    id, _ = client
    await close(acme, id)
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict):
            await close_workspace(acme.owner, id, grounds="again")
        await reopen_workspace(acme.owner, id)
        with pytest.raises(Conflict):
            await reopen_workspace(acme.owner, id)
    before = await rows(acme, id)
    await acme.run_jobs("delete_workspace", even_later=True)
    assert await rows(acme, id) == before


async def test_only_who_manages_clients_and_sees_all_of_them_closes_one(acme: Cast, globex: Cast) -> None:
    async with agency_scope(acme.lead):
        with pytest.raises(NotAllowed):
            await close_workspace(acme.lead, acme.workspaces["forum"], grounds="x")
    async with agency_scope(acme.deputy):
        with pytest.raises(Invalid):
            await close_workspace(acme.deputy, acme.workspaces["forum"], grounds="x")
    async with agency_scope(acme.owner):
        with pytest.raises(NotFound):
            await close_workspace(acme.owner, globex.workspaces["forum"], grounds="x")
