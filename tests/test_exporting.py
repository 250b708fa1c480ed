"""Exports: everything of somebody, for them alone, with what whoever asked may see while it is written."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend import journal
from backend.evidence import place_hold
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.leaving import Export, link_to_export, request_export
from backend.leaving import reading as reading_module
from backend.operating import replay_job
from backend.outbox import Job
from backend.outside import stored_files
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.tables import Reach, tenant_models
from workers.catalogue import CATALOGUE

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def export(cast: Cast, actor: Actor, **named: Any) -> Export:
    async with agency_scope(actor):
        export_id = await request_export(actor, **named)
    await cast.run_jobs("write_export")
    async with agency_scope(cast.system):
        return await Export.get(id=export_id)


async def content(done: Export) -> bytes:
    assert done.state == "done", done.problem
    return await stored_files().get(str(done.path)) or b""


def rows_of(data: bytes) -> dict[str, list[dict[str, Any]]]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return {
        name.removesuffix(".ndjson"): [json.loads(line) for line in archive.read(name).splitlines()]
        for name in archive.namelist()
        if name.endswith(".ndjson")
    }


async def every_id(cast: Cast) -> set[str]:
    """Every uuid in any column of any row of the agency, and its people's."""
    found: set[str] = set()
    async with agency_scope(cast.system) as scope:
        for model in tenant_models():
            where = "id = $1" if model.reach is Reach.ROOT else "agency_id = $1"
            rows = await scope.fetch(f"select * from {model._meta.db_table} where {where}", cast.agency_id)
            found |= {str(value) for row in rows for value in row.values() if isinstance(value, UUID)}
    return found


async def test_an_export_of_an_agency_has_every_row_and_no_id_of_another(acme: Cast, globex: Cast) -> None:
    await acme.case()
    await globex.case()
    done = await export(acme, acme.owner, what="agency")
    data = await content(done)
    rows = rows_of(data)
    # As whoever asked: what an escalation restricts is not theirs to take along (tests/safety).
    async with agency_scope(acme.owner) as scope:
        for model in tenant_models():
            table = model._meta.db_table
            # An export changes its own row, and is then told of and recorded.
            if model.stays_inside is not None or table in ("exports", "journal", "notices", "notice_deliveries"):
                continue
            where = "id = $1" if model.reach is Reach.ROOT else "agency_id = $1"
            where += f" and {model.leaves_if}" if model.leaves_if is not None else ""
            count = await scope.fetchval(f"select count(*) from {table} t where {where}", acme.agency_id)
            assert len(rows[table]) == count, table
    ids = set(UUIDS.findall("".join(map(json.dumps, rows.values()))))
    assert str(acme.agency_id) in ids
    theirs = await every_id(globex)
    assert len(theirs) > 50
    assert not theirs & ids
    for model in tenant_models():
        assert not model.stays_inside or model._meta.db_table not in rows
        for row in rows.get(model._meta.db_table, ()):
            assert not set(row) & set(model.inside)
    assert done.row_count == sum(map(len, rows.values()))
    assert done.counts == {table: len(found) for table, found in rows.items() if found}
    assert done.byte_count == len(data)
    about = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("export.json"))
    assert (about["what"], about["agency"]) == ("agency", str(acme.agency_id))


async def test_an_export_of_a_client_has_nothing_of_another_client(acme: Cast) -> None:
    await acme.case(workspace="forum")
    await acme.case(workspace="shop", policy="shop:harassment")
    rows = rows_of(
        await content(await export(acme, acme.owner, what="workspace", workspace_id=acme.workspaces["forum"]))
    )
    assert rows["posts"]
    for table, found in rows.items():
        ids = {row["id"] if table == "workspaces" else row["workspace_id"] for row in found}
        assert ids <= {str(acme.workspaces["forum"])}, table
    assert "memberships" not in rows


async def test_who_works_for_one_client_only_exports_that_one(acme: Cast) -> None:
    narrowed = acme.owner.narrowed_to(acme.workspaces["forum"])
    async with agency_scope(narrowed):
        with pytest.raises(Invalid):
            await request_export(narrowed, what="agency")
        with pytest.raises(Invalid):
            await request_export(narrowed, what="journal")
        with pytest.raises(NotFound):
            await request_export(narrowed, what="workspace", workspace_id=acme.workspaces["shop"])
    shop = await acme.post(workspace="shop")
    async with agency_scope(acme.deputy):
        with pytest.raises(NotFound):
            await request_export(acme.deputy, what="member", member_id=shop.member_id)
    done = await export(acme, acme.deputy, what="workspace", workspace_id=acme.workspaces["chat"])
    text = (await content(done)) and json.dumps(rows_of(await content(done)))
    for other in ("forum", "shop"):
        assert str(acme.workspaces[other]) not in text


async def test_whoever_lost_the_whole_agency_meanwhile_exports_none_of_it(acme: Cast) -> None:
    actor = await acme.hire(f"x-{str(new_id())[-12:]}", Role.ADMIN, [acme.workspaces["forum"]], sees_all=True)
    async with agency_scope(actor):
        export_id = await request_export(actor, what="agency")
    async with agency_scope(acme.system) as scope:
        await scope.execute("update memberships set sees_all = false where id = $1", actor.membership_id)
    await acme.run_jobs("write_export")
    async with agency_scope(acme.system):
        failed = await Export.get(id=export_id)
    assert (failed.state, failed.path) == ("failed", None)


async def test_whose_membership_ends_before_the_job_runs_gets_nothing(acme: Cast) -> None:
    actor = await acme.hire(f"x-{str(new_id())[-12:]}", Role.ADMIN, [acme.workspaces["forum"]], sees_all=True)
    async with agency_scope(actor):
        export_id = await request_export(actor, what="workspace", workspace_id=acme.workspaces["forum"])
    async with agency_scope(acme.system) as scope:
        await scope.execute("update memberships set ends_at = now() where id = $1", actor.membership_id)
    [job] = await acme.run_jobs("write_export")
    assert job.state == "dead"
    async with agency_scope(acme.system):
        failed = await Export.get(id=export_id)
    assert (failed.state, failed.problem) == ("failed", "The membership of whoever asked for this has ended.")
    assert not [path for path in await stored_files().names(f"{acme.agency_id}/exports/") if str(export_id) in path]
    # Whoever ends the reason may replay the job, and the file is written.
    async with agency_scope(acme.system) as scope:
        await scope.execute("update memberships set ends_at = null where id = $1", actor.membership_id)
    async with agency_scope(acme.owner):
        await replay_job(acme.owner, job.id, kinds=CATALOGUE)
    await acme.run_jobs("write_export")
    async with agency_scope(acme.system):
        written = await Export.get(id=export_id)
    assert (written.state, written.problem) == ("done", None)


async def test_what_is_known_about_a_member_is_theirs_and_readable(acme: Cast) -> None:
    case = await acme.case(reporters=2)
    other = await acme.post("of somebody else")
    async with agency_scope(acme.owner):
        hold_id = await place_hold(acme.owner, case.workspace_id, member_id=case.member_id, reason="A court asks.")
        await place_hold(acme.owner, case.workspace_id, member_id=other.member_id, reason="Another one.")
    done = await export(acme, acme.owner, what="member", member_id=case.member_id)
    archive = zipfile.ZipFile(io.BytesIO(await content(done)))
    tables = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert [row["id"] for row in tables["members.json"]] == [str(case.member_id)]
    assert [row["id"] for row in tables["posts.json"]] == [str(case.post_id)]
    assert [row["id"] for row in tables["cases.json"]] == [str(case.id)]
    assert [(row["id"], row["reason"]) for row in tables["holds.json"]] == [(str(hold_id), "A court asks.")]
    assert "skips.json" not in tables
    assert tables["reports.json"] == []  # who complained about them is not theirs to know
    assert b"\n  " in archive.read("members.json")


async def test_the_journal_comes_as_lines_or_for_a_spreadsheet_that_runs_nothing(acme: Cast) -> None:
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        await journal.record(
            "test.formula",
            subject_kind="case",
            subject_id=new_id(),
            workspace_id=client,
            grounds="=HYPERLINK(1)",
        )
    lines = await content(await export(acme, acme.owner, what="journal", workspace_id=client, format="ndjson"))
    entries = [json.loads(line) for line in lines.splitlines()]
    assert "=HYPERLINK(1)" in [entry["grounds"] for entry in entries]
    assert {entry["workspace_id"] for entry in entries} == {str(client)}
    text = (await content(await export(acme, acme.owner, what="journal", workspace_id=client, format="csv"))).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert "'=HYPERLINK(1)" in [row["grounds"] for row in rows]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    whole = await content(await export(acme, acme.owner, what="journal"))
    assert {json.loads(line)["workspace_id"] for line in whole.splitlines()} > {str(client), None}


async def test_a_long_table_is_written_page_by_page(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "PAGE_ROWS", 2)
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    posts = [await acme.post(f"post {n}", workspace=slug) for n in range(5)]
    rows = rows_of(await content(await export(acme, acme.owner, what="workspace", workspace_id=client)))
    assert [row["id"] for row in rows["posts"]] == [str(post.id) for post in posts]
    async with agency_scope(acme.system):
        job = await Job.filter(kind="write_export").order_by("-created_at").first()
    assert job is not None
    assert job.progress["done"] > 0, "whoever looks at the job sees how far it is"


async def test_what_cannot_be_meant_is_refused(acme: Cast) -> None:
    for named in (
        {"what": "member"},
        {"what": "workspace"},
        {"what": "agency", "workspace_id": acme.workspaces["forum"]},
        {"what": "agency", "format": "csv"},
        {"what": "journal", "format": "zip"},
        {"what": "workspace", "workspace_id": acme.workspaces["forum"], "member_id": new_id()},
    ):
        async with agency_scope(acme.owner):
            with pytest.raises(Invalid):
                await request_export(acme.owner, **named)
    async with agency_scope(acme.lead):
        with pytest.raises(NotAllowed):
            await request_export(acme.lead, what="workspace", workspace_id=acme.workspaces["forum"])


# Fetching the file -------------------------------------------------------------------------------------------------


async def link(actor: Actor, done: Export) -> str:
    async with agency_scope(actor):
        return (await link_to_export(actor, done.id)).path


async def test_a_link_gives_the_file_and_leaves_an_entry(api: httpx.AsyncClient, acme: Cast) -> None:
    done = await export(acme, acme.owner, what="workspace", workspace_id=acme.workspaces["chat"])
    answer = await ask(
        api,
        acme.tokens["admin"],
        "mutation($id: ID!) { linkToExport(input: { exportId: $id }) { path expiresAt userErrors { code } } }",
        id=f"export_{done.id}",
    )
    path = answer["data"]["linkToExport"]["path"]
    response = await api.get(path)
    assert response.status_code == 200
    assert response.content == await content(done)
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"].startswith("attachment; filename=")
    assert (response.headers["x-content-type-options"], response.headers["cache-control"]) == ("nosniff", "no-store")
    async with agency_scope(acme.system):
        entry = await JournalEntry.get(subject_id=done.id, action="export.read")
    assert (entry.actor_kind, entry.membership_id) == ("staff", acme.admin.membership_id)


async def test_a_link_opens_nothing_when_it_is_old_or_of_another_export_or_changed(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await export(acme, acme.owner, what="workspace", workspace_id=acme.workspaces["chat"])
    path = await link(acme.owner, done)
    other = await export(acme, acme.owner, what="workspace", workspace_id=acme.workspaces["chat"])
    wrong = [
        path.replace(str(done.id), str(other.id)),
        path[:-2] + ("AA" if not path.endswith("AA") else "BB"),
        path.split("?")[0],
        path.replace("export_", "case_"),
    ]
    for each in wrong:
        assert (await api.get(each)).status_code == 404
    monkeypatch.setattr("backend.outside.wrapping.now", lambda: now() + timedelta(minutes=11))
    assert (await api.get(path)).status_code == 404


@pytest.mark.parametrize("change", ["ends_at = now()", "suspended_at = now()", "role = 'lead'", "sees_all = false"])
async def test_a_link_opens_nothing_for_who_may_not_have_the_file_any_more(
    api: httpx.AsyncClient, acme: Cast, change: str
) -> None:
    done = await export(acme, acme.owner, what="agency")
    actor = await acme.hire(f"x-{str(new_id())[-12:]}", Role.ADMIN, [acme.workspaces["forum"]], sees_all=True)
    path = await link(actor, done)
    async with agency_scope(acme.system) as scope:
        await scope.execute(f"update memberships set {change} where id = $1", actor.membership_id)
    assert (await api.get(path)).status_code == 404


async def test_a_file_is_there_for_seven_days(api: httpx.AsyncClient, acme: Cast) -> None:
    done = await export(acme, acme.owner, what="workspace", workspace_id=acme.workspaces["chat"])
    assert done.finished_at is not None
    assert done.expires_at == done.finished_at + timedelta(days=7)
    path = await link(acme.owner, done)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update exports set expires_at = now() where id = $1", done.id)
    async with agency_scope(acme.system) as scope:
        await CATALOGUE["expire_exports"].work(scope.actor, {})
    assert await stored_files().get(str(done.path)) is None
    async with agency_scope(acme.owner):
        gone = await Export.get(id=done.id)
        assert (gone.state, gone.path) == ("expired", None)
        with pytest.raises(Conflict):
            await link_to_export(acme.owner, done.id)
    assert (await api.get(path)).status_code == 404


async def test_an_agency_does_not_see_the_exports_of_another(acme: Cast, globex: Cast) -> None:
    done = await export(globex, globex.owner, what="agency")
    async with agency_scope(acme.owner):
        with pytest.raises(NotFound):
            await link_to_export(acme.owner, done.id)
    async with agency_scope(globex.deputy):
        with pytest.raises(NotFound):
            await link_to_export(globex.deputy, done.id)
