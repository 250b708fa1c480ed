"""Who reads a report: the client's own people and whoever has a link that opens it, and nobody else, in any form."""

import asyncio
import hashlib
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import structlog
from cast import Cast, ask
from papers import a_case_opened, a_draft, a_link, a_published, made, paths, publish
from pypdf import PdfReader

from backend.client_reports import (
    ClientReport,
    ClientReportLink,
    ClientReportSnapshot,
    ClientReportView,
    Goal,
    comment_on_client_report,
    correct_client_report,
    revoke_client_report_link,
    share_client_report,
)
from backend.communities import Member
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from backend.notices import Notice, Recipient, tell
from tenants.doors import COOKIE_WITHOUT_TLS
from tenants.models import Membership
from tenants.rights import Role
from tenants.scope import agency_scope

SECRET = "a long password"
CONTENT = "query($id: ID!) { clientReportContent(id: $id) { title inShort words goals { status } sections { name } } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"


async def get(api: httpx.AsyncClient, cast: Cast, who: str, path: str) -> httpx.Response:
    return await api.get(path, headers={"Cookie": f"{COOKIE_WITHOUT_TLS}={cast.tokens[who]}"})


async def stakeholder_of(cast: Cast, client: UUID) -> str:
    who = f"reader-{str(new_id())[-10:]}"
    await cast.hire(who, Role.STAKEHOLDER, [client])
    return who


async def test_a_stakeholder_reads_what_is_published_in_every_form(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client, words="The *new rota* holds.")
    page, pdf, csv, told = [await get(api, acme, who, path) for path in paths(report.id)]
    assert [page.status_code, pdf.status_code, csv.status_code, told.status_code] == [200] * 4
    assert "The <em>new rota</em> holds." in page.text
    assert pdf.content.startswith(b"%PDF-1.7")
    assert csv.text.splitlines()[0].startswith("client,period_start,period_end,report_version,section,span,metric")
    async with agency_scope(acme.owner):
        snapshot = await ClientReportSnapshot.get(report_id=report.id, workspace_id=client)
    assert told.json()["inputHash"] == snapshot.input_hash
    assert {row.split(",")[6] for row in csv.text.splitlines()[1:]} == set(snapshot.document["metrics"])
    answer = await ask(api, acme.tokens[who], CONTENT, id=f"clientreport_{report.id}")
    assert answer["data"]["clientReportContent"]["words"] == "The *new rota* holds."
    listed = await get(api, acme, who, "/client-reports")
    assert f"/client-reports/clientreport_{report.id}" in listed.text
    landed = await get(api, acme, who, "/signed-in")
    assert (landed.status_code, landed.headers["location"]) == (303, "/client-reports")


async def test_a_stakeholder_of_one_client_reaches_nothing_of_another(
    acme: Cast, globex: Cast, api: httpx.AsyncClient
) -> None:
    client, other = await acme.empty_workspace(), await acme.empty_workspace()
    report = await a_published(acme, other)
    link_id, _ = await a_link(acme, report.id)
    who = await stakeholder_of(acme, client)
    nothing = new_id()
    for cast, name in ((acme, who), (globex, "stakeholder"), (globex, "owner")):
        for path, missing in zip(paths(report.id), paths(nothing), strict=True):
            answer, same = await get(api, cast, name, path), await get(api, cast, name, missing)
            assert (answer.status_code, answer.content) == (same.status_code, same.content) == (404, same.content)
        assert str(report.id) not in (await get(api, cast, name, "/client-reports")).text
        theirs, same = [await get(api, cast, name, f"/client-reports?client=workspace_{id}") for id in (other, nothing)]
        assert (theirs.status_code, theirs.content) == (same.status_code, same.content)
        for id in (
            f"clientreport_{report.id}",
            f"clientreportlink_{link_id}",
            f"clientreportdefinition_{report.definition_id}",
        ):
            assert (await ask(api, cast.tokens[name], NODE, headers={"X-Agency-Id": cast.slug}, id=id))["data"] == {
                "node": None
            }
        answer = await ask(
            api, cast.tokens[name], CONTENT, headers={"X-Agency-Id": cast.slug}, id=f"clientreport_{report.id}"
        )
        assert answer["data"] == {"clientReportContent": None}
        wanted = "mutation($id: ID!) { linkToClientReport(input: {clientReportId: $id}) { path userErrors { code } } }"
        answer = await ask(
            api, cast.tokens[name], wanted, headers={"X-Agency-Id": cast.slug}, id=f"clientreport_{report.id}"
        )
        assert answer["data"]["linkToClientReport"] == {"path": None, "userErrors": [{"code": "NOT_FOUND"}]}
    for path in paths(report.id):  # and who is not signed in is asked to be
        answer = await api.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_what_was_written_on_the_way_is_for_who_leads(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, acme.workspaces["forum"], period_start="2026-06-01")
    _, path = await a_link(acme, report.id)
    await api.get(path)
    query = """query($id: ID!) { node(id: $id) { ... on ClientReport { state problem words snapshot { documentHash }
                 links { totalCount } views { totalCount } } } }"""
    seen = {}
    for who in ("lead", "stakeholder"):
        seen[who] = (await ask(api, acme.tokens[who], query, id=f"clientreport_{report.id}"))["data"]["node"]
        assert (seen[who]["state"], len(seen[who]["snapshot"]["documentHash"])) == ("PUBLISHED", 64)
    lead, stakeholder = seen["lead"], seen["stakeholder"]
    assert (lead["links"]["totalCount"], lead["views"]["totalCount"]) == (1, 1)
    assert lead["words"]["summary"]["writers"] == [f"staff_{acme.owner.membership_id}"]
    assert (stakeholder["words"], stakeholder["problem"]) == (None, None)
    assert (stakeholder["links"]["totalCount"], stakeholder["views"]["totalCount"]) == (0, 0)


async def test_drafts_are_for_who_leads(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_draft(acme, acme.workspaces["forum"], period_start="2026-05-01")
    page, *_ = paths(report.id)
    assert "This is a draft" in (await get(api, acme, "lead", page)).text
    for who in ("stakeholder", "moderator", "contractor", "educator", "client_contributor"):
        assert (await get(api, acme, who, page)).status_code == 404
        assert str(report.id) not in (await get(api, acme, who, "/client-reports")).text
        assert (await ask(api, acme.tokens[who], NODE, id=f"clientreport_{report.id}"))["data"] == {"node": None}
        answer = await ask(api, acme.tokens[who], CONTENT, id=f"clientreport_{report.id}")
        assert answer["data"] == {"clientReportContent": None}


async def test_a_file_opens_by_a_link_for_whom_it_was_made(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, acme.workspaces["forum"], period_start="2026-04-01")
    wanted = """mutation($id: ID!) { linkToClientReport(input: {clientReportId: $id, form: CSV}) { path userErrors { code } } }"""
    answer = await ask(api, acme.tokens["stakeholder"], wanted, id=f"clientreport_{report.id}")
    path = answer["data"]["linkToClientReport"]["path"]
    assert (await api.get(path)).text.startswith("client,")
    changed = path[:-9] + ("A" if path[-9] != "A" else "B") + path[-8:]  # of the last letter some bits mean nothing
    assert (await api.get(changed)).status_code == 404
    other = await a_published(acme, acme.workspaces["forum"], period_start="2026-03-01")
    assert (await api.get(path.replace(str(report.id), str(other.id)))).status_code == 404


async def test_a_link_shows_what_it_may_until_it_ends_and_says_who_looked(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    goal = {"metric": "open_cases", "direction": "at_most", "target": 5, "since": "2026-01-01"}
    report = await a_published(acme, client, words="Ours.", goals=[Goal(**goal)], shows_staff=True)
    open_id, open_path = await a_link(acme, report.id)
    _, partial = await a_link(acme, report.id, shows_words=False, hidden_sections=["moderation"])
    _, named = await a_link(acme, report.id, shows_staff=True)
    shown = await api.get(open_path)
    assert shown.status_code == 200
    assert "Ours." in shown.text
    assert 'id="moderation"' in shown.text
    assert "Backlog" in shown.text
    assert "owner of acme" not in shown.text
    assert "owner of acme" in (await api.get(named)).text
    for form in ("", "/report.csv", "/report.json"):
        hidden = (await api.get(partial + form)).text
        assert "Ours." not in hidden
        assert "open_cases" not in hidden
        assert "Backlog" not in hidden
        assert "owner of acme" not in hidden
    assert (await api.get(f"{partial}/report.pdf")).content.startswith(b"%PDF")
    await api.get(open_path)  # within the minute: no line more
    await api.get(f"{open_path}/report.json")
    async with agency_scope(acme.owner):
        views = await ClientReportView.filter(link_id=open_id, workspace_id=client).order_by("at", "id")
        assert [(view.form, view.membership_id) for view in views] == [("page", None), ("json", None)]
        await ClientReportLink.filter(id=open_id).update(expires_at=now() - timedelta(seconds=1))
    ended = await api.get(open_path)
    never = await api.get("/shared/" + "x" * 43)
    assert (ended.status_code, ended.content) == (never.status_code, never.content) == (404, never.content)


async def test_a_link_that_is_taken_back_opens_nothing_at_once(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, await acme.empty_workspace())
    link_id, path = await a_link(acme, report.id)
    assert (await api.get(path)).status_code == 200
    async with agency_scope(acme.owner):
        await revoke_client_report_link(acme.owner, link_id)
        with pytest.raises(Conflict):
            await revoke_client_report_link(acme.owner, link_id)
    for form in ("", "/report.pdf", "/report.csv", "/report.json"):
        assert (await api.get(path + form)).status_code == 404


async def test_a_password_is_asked_for_and_few_may_be_tried(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, await acme.empty_workspace())
    link_id, path = await a_link(acme, report.id, password=SECRET)
    _, other = await a_link(acme, report.id, password=SECRET)
    assert 'type="password"' in (await api.get(path)).text
    assert (await api.get(f"{path}/report.pdf")).status_code == 303
    assert (await api.post(path, data={"password": "another password"})).status_code == 403
    assert (
        await api.post(path, data={"password": SECRET}, headers={"Sec-Fetch-Site": "cross-site"})
    ).status_code == 403
    passed = await api.post(path, data={"password": SECRET})
    assert (passed.status_code, passed.headers["location"]) == (303, path)
    name, _, value = passed.headers["set-cookie"].partition(";")[0].partition("=")
    assert "HttpOnly" in passed.headers["set-cookie"]
    with_cookie = {"Cookie": f"{name}={value}"}
    assert "What matters" in (await api.get(path, headers=with_cookie)).text
    theirs = (await api.post(other, data={"password": SECRET})).headers["set-cookie"].partition("=")[0]
    api.cookies.clear()
    for cookie in (name, theirs):  # it opens that link alone, whatever it is called
        assert 'type="password"' in (await api.get(other, headers={"Cookie": f"{cookie}={value}"})).text
    api.cookies.clear()
    tries = await asyncio.gather(*[api.post(path, data={"password": "wrong"}) for _ in range(8)])
    assert sorted(each.status_code for each in tries) == [403] * 5 + [429] * 3
    assert (await api.post(path, data={"password": SECRET})).status_code == 429
    async with agency_scope(acme.owner):
        await ClientReportLink.filter(id=link_id).update(tries_since=now() - timedelta(minutes=16))
    assert (await api.post(path, data={"password": SECRET})).status_code == 303
    api.cookies.clear()


async def test_who_was_not_let_in_is_counted_for_who_leads(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, acme.workspaces["forum"], period_start="2026-01-01")
    link_id, path = await a_link(acme, report.id, password=SECRET)
    query = """query($id: ID!) { node(id: $id) { ... on ClientReportLink {
                 wrongPasswordCount lateVisitCount lastRefusedAt } } }"""

    async def counted() -> tuple[int, int, bool]:
        answer = await ask(api, acme.tokens["lead"], query, id=f"clientreportlink_{link_id}")
        told = answer["data"]["node"]
        return told["wrongPasswordCount"], told["lateVisitCount"], told["lastRefusedAt"] is not None

    await api.get(path)
    assert (await api.post(path, data={"password": SECRET})).status_code == 303
    api.cookies.clear()
    assert await counted() == (0, 0, False)
    for _ in range(6):  # the last of them is not even tried
        await api.post(path, data={"password": "wrong"})
    assert await counted() == (6, 0, True)
    async with agency_scope(acme.owner):
        await revoke_client_report_link(acme.owner, link_id)
    for each in (path, f"{path}/report.pdf"):
        assert (await api.get(each)).status_code == 404
    assert (await api.post(path, data={"password": SECRET})).status_code == 404
    assert await counted() == (6, 3, True)
    answer = await ask(api, acme.tokens["stakeholder"], query, id=f"clientreportlink_{link_id}")
    assert answer["data"] == {"node": None}


@pytest.mark.parametrize(
    "wrong",
    [{"password": "short"}, {"password": "\ud800" * 12}, {"expires_at": -1}, {"expires_at": 400}, {"hidden_sections": ["moderation", "safety"]},
     {"hidden_sections": ["gossip"]}, {"label": ""}],
    ids="-".join,
)  # fmt: skip
async def test_a_link_that_cannot_be_is_refused(acme: Cast, wrong: dict[str, Any]) -> None:
    report = await a_published(acme, await acme.empty_workspace(), words=None)
    if isinstance(wrong.get("expires_at"), int):
        wrong = {"expires_at": now() + timedelta(days=wrong["expires_at"])}
    async with agency_scope(acme.owner):
        with pytest.raises(Invalid):
            await share_client_report(acme.owner, report.id, **{"label": "x", **wrong})


async def test_only_what_is_published_is_shared(acme: Cast) -> None:
    report = await a_draft(acme, await acme.empty_workspace())
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict):
            await share_client_report(acme.owner, report.id, label="x")


async def test_a_correction_says_so_and_what_it_corrects_stays_as_it_was(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client)
    _, path = await a_link(acme, report.id)
    async with agency_scope(acme.owner):
        before = await ClientReportSnapshot.get(report_id=report.id, workspace_id=client)
    await a_case_opened(acme, client, datetime.fromisoformat(f"{report.period_start}T12:00:00+00:00"))
    async with agency_scope(acme.owner):
        second = await correct_client_report(acme.owner, report.id, correction="A case was missing.")
    await made(acme, client)
    await publish(acme, second.id)
    new, old = [(await get(api, acme, who, paths(id)[0])).text for id in (second.id, report.id)]
    assert "A case was missing." in new
    assert "This version corrects an earlier one" in new
    assert "Version 2" in new
    assert re.search(r"Cases opened</strong>: No data[^<]*, now 1<", new)
    assert f'href="/client-reports/clientreport_{report.id}"' in new
    assert "A later version has taken the place" in old
    assert f'href="/client-reports/clientreport_{second.id}"' in old
    assert "A later version has taken the place" in (await api.get(path)).text
    async with agency_scope(acme.owner):
        after = await ClientReportSnapshot.get(report_id=report.id, workspace_id=client)
    assert (after.document, after.document_hash) == (before.document, before.document_hash)
    assert after.document_hash == hashlib.sha256(_sorted(after.document)).hexdigest()


def _sorted(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


async def test_its_readers_are_mailed_what_matters(acme: Cast, inbox: Any) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client, period_start="2026-09-01")
    async with agency_scope(acme.owner):
        [told] = await Notice.filter(subject_id=report.id, kind="client_report_published")
    assert told.membership_id == acme.actors[who].membership_id
    assert told.text == "September 2026. Nothing changed by more than chance explains."
    await acme.run_jobs("gather_notices", even_later=True)
    await acme.run_jobs("mail_notices", even_later=True)
    [mail] = [each for each in inbox.mails if each["To"] == f"{who}@acme.example"]
    assert "September 2026. Nothing changed" in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "summary", ["<b>new</b>", "One.\nTwo.", "x" * 2_001, ""], ids=["html", "lines", "long", "nothing"]
)
async def test_a_notice_takes_no_summary_but_a_sentence(acme: Cast, summary: str) -> None:
    async with agency_scope(acme.system):
        with pytest.raises(ValueError, match="summary"):
            await tell(
                [Recipient(membership_id=acme.stakeholder.membership_id)],
                kind="client_report_published",
                subject_id=new_id(),
                workspace_id=acme.workspaces["forum"],
                text="x",
                facts={"summary": summary, "corrected": "no"},
            )


class Tags(HTMLParser):
    """What a browser takes for elements and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)


EVIL = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> <svg onload=alert(1)> [a](javascript:alert(1)) [b](data:text/html,x) "
    '![c](https://evil.example/x.png) <https://evil.example> [d](https://x.example/"onmouseover=alert(1)) '
    '{{ 7*7 }} {% raw %} #import "@preview/x:1.0.0" #read("/etc/passwd") #eval("1") #panic() $x^2$ \\u{41} `#image("x")` @ref <label> */ /* // ]'
)


async def test_what_people_write_is_text_in_every_form(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client, words=EVIL, name=EVIL[:150])
    page, pdf, _, _ = [await get(api, acme, who, path) for path in paths(report.id)]
    seen = Tags(page.text)
    assert not {"script", "img", "iframe", "object", "style"} & seen.elements
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]
    links = {value for name, value in seen.attributes if name in ("href", "src", "action") and value}
    assert {link for link in links if not link.startswith(("/", "#"))} == {
        "https://evil.example", "https://evil.example/x.png", "https://x.example/%22onmouseover=alert(1)",
    }  # fmt: skip
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    text = " ".join("".join(each.extract_text() for each in PdfReader(io.BytesIO(pdf.content)).pages).split())
    for said in ("<script>alert(1)</script>", "{{ 7*7 }}", '#eval("1")', '#read("/etc/passwd")', "$x^2$"):
        assert said in text, (said, text[:3000])
    assert "root:" not in text


async def test_a_pdf_is_tagged_in_the_language_of_the_report(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    await a_case_opened(acme, client, datetime(2026, 9, 9, tzinfo=UTC))
    report = await a_published(acme, client, language="de", period_start="2026-09-01")
    who = await stakeholder_of(acme, client)
    pdf = await get(api, acme, who, paths(report.id)[1])
    reader = PdfReader(io.BytesIO(pdf.content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    kinds: list[str] = []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if "/S" in node:
                kinds.append(node["/S"])
            walk(node.get("/K", []))

    walk(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/H3", "/P", "/Table", "/TH", "/TD"} <= set(kinds)
    assert kinds.count("/H1") == 1
    assert "September 2026" in reader.pages[0].extract_text()
    assert "Das Wichtigste" in reader.pages[0].extract_text()
    again = await get(api, acme, who, paths(report.id)[1])
    assert again.content == pdf.content
    assert json.loads((await get(api, acme, who, paths(report.id)[3])).text)["language"] == "de"


async def test_no_report_names_a_member(acme: Cast) -> None:
    client = acme.workspaces["forum"]
    report = await a_draft(acme, client, period_start="2026-02-01")
    async with agency_scope(acme.system):
        await Member.create(
            workspace_id=client, community_id=acme.communities["forum"], external_id=str(new_id()), handle="Quartermaster", first_seen_at=now()
        )  # fmt: skip
    async with agency_scope(acme.lead):
        with pytest.raises(Invalid, match="quartermaster"):
            await comment_on_client_report(acme.lead, report.id, text="Thanks to quartermaster for the rota.")
        told = await comment_on_client_report(
            acme.lead, report.id, text="Our quartermaster counts.", not_members=["Quartermaster"], expected_version=0
        )
        assert told.words["summary"]["version"] == 1
        with pytest.raises(Conflict):
            await comment_on_client_report(acme.lead, report.id, text="Other.", expected_version=0)


async def test_who_lost_the_client_reads_nothing_more(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client)
    assert (await get(api, acme, who, paths(report.id)[0])).status_code == 200
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "delete from assignments where agency_id = $1 and membership_id = $2",
            acme.agency_id,
            acme.actors[who].membership_id,
        )
    for path in paths(report.id):
        assert (await get(api, acme, who, path)).status_code == 404
    async with agency_scope(acme.owner):
        assert await ClientReport.filter(id=report.id).exists()


@pytest.mark.parametrize("way", ["suspended", "ended", "not begun"])
async def test_whoever_is_not_in_any_more_reads_nothing_and_a_file_link_of_theirs_opens_nothing(
    acme: Cast, api: httpx.AsyncClient, way: str
) -> None:
    client = await acme.empty_workspace()
    report = await a_published(acme, client)
    who = await stakeholder_of(acme, client)
    wanted = """mutation($id: ID!) { linkToClientReport(input: {clientReportId: $id, form: CSV}) { path } }"""
    answer = await ask(api, acme.tokens[who], wanted, id=f"clientreport_{report.id}")
    files = [*paths(report.id), answer["data"]["linkToClientReport"]["path"]]
    assert [(await get(api, acme, who, path)).status_code for path in files] == [200] * 5
    column = {"suspended": "suspended_at", "ended": "ends_at", "not begun": "starts_at"}[way]
    moment = now() + timedelta(hours=1 if way == "not begun" else -1)
    async with agency_scope(acme.system):
        await Membership.filter(id=acme.actors[who].membership_id).update(**{column: moment})
    for path in files:
        answer = await get(api, acme, who, path)
        assert answer.status_code in (303, 404), path
        assert "Decided" not in answer.text
    assert str(report.id) not in (await get(api, acme, who, "/client-reports")).text


def letters_of(pdf: bytes) -> str:
    return " ".join("".join(each.extract_text() for each in PdfReader(io.BytesIO(pdf)).pages).split())


async def test_a_pdf_has_the_letters_of_the_world(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    said = "日本語 简体字 한국어 Привет Ελληνικά हिन्दी ไทย 😀"
    report = await a_published(acme, client, name="客户报告", words=f"{said} **日本語** עברית العربية")
    pdf = (await get(api, acme, who, paths(report.id)[1])).content
    text = letters_of(pdf)
    assert "客户报告" in text
    assert [word for word in said.split() if word not in text] == []
    assert "no shape in this PDF" not in text
    fonts = " ".join(
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(io.BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    )
    for each in ("NotoSansCJK", "NotoSansArabic", "NotoSansDevanagari", "NotoSansThai", "NotoEmoji"):
        assert each in fonts


async def test_letters_that_no_font_has_are_left_out_and_said(acme: Cast, api: httpx.AsyncClient) -> None:
    """A long line in Syriac without its font once made the compiler panic, and U+180F after a space is in no font."""
    client = await acme.empty_workspace()
    who = await stakeholder_of(acme, client)
    report = await a_published(acme, client, words=f"\U0010fffd is kept out. {'ܐܒܓܕ ' * 60} and a \u180f b")
    with structlog.testing.capture_logs() as logged:
        pdf = await get(api, acme, who, paths(report.id)[1])
    text = letters_of(pdf.content)
    assert "\N{REPLACEMENT CHARACTER} is kept out." in text
    assert "Some letters have no shape in this PDF." in text
    [warned] = [line for line in logged if line["event"] == "letters_without_a_font"]
    assert "\U0010fffd" in warned["letters"]
