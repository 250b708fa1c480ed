"""What an attacker, a curious colleague or bad luck puts into a report, and what a report must not give away."""

import base64
import io
import itertools
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from papers import a_full_draft, a_link, a_published, paths, publish
from PIL import Image, PngImagePlugin
from pypdf import PdfReader

from backend.client_reports import ClientReport, ClientReportDefinition
from backend.client_reports.exporting import as_csv
from backend.kit.ids import new_id
from tenants.doors import COOKIE_WITHOUT_TLS
from tenants.rights import Role
from tenants.scope import agency_scope

FORMS = ("", "/report.pdf", "/report.csv", "/report.json")


async def readers(cast: Cast, client: UUID) -> dict[str, str]:
    """The headers of somebody who reads there."""
    who = f"reader-{str(new_id())[-10:]}"
    await cast.hire(who, Role.STAKEHOLDER, [client])
    return {"Cookie": f"{COOKIE_WITHOUT_TLS}={cast.tokens[who]}"}


async def test_nothing_of_staff_or_of_a_hidden_section_is_in_any_form_name_or_header(
    acme: Cast, api: httpx.AsyncClient
) -> None:
    client = await acme.empty_workspace()
    report = await a_full_draft(acme, client, sections=["community", "safety"], shows_staff=True)
    await publish(acme, report.id, words="Words of a lead.")
    _, link = await a_link(acme, report.id, shows_words=False, hidden_sections=["safety"])
    hidden = ["owner of acme", "admin of acme", str(acme.owner.membership_id), "Words of a lead", "escalations_raised"]
    for form in FORMS:
        answer = await api.get(link + form)
        assert answer.status_code == 200
        said = answer.text if form != "/report.pdf" else all_of(answer.content)
        assert [each for each in hidden if each in said or each in str(answer.headers)] == []
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    whole = await api.get(f"{paths(report.id)[0]}/report.pdf", headers=await readers(acme, client))
    assert "owner of acme" in all_of(whole.content), "the report shows staff, and only the link does not"


def all_of(pdf: bytes) -> str:
    """Text and metadata."""
    reader = PdfReader(io.BytesIO(pdf))
    pages = " ".join(each.extract_text() for each in reader.pages)
    return f"{pages} {reader.metadata} {reader.trailer['/Root']['/Metadata'].get_data().decode()}"


async def test_control_characters_and_words_wider_than_a_page_stop_no_pdf(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    report = await a_published(acme, client, name="\x1bMonthly\x07" + "N" * 150, words=f"a\x01b \\u001b {'X' * 4_000}")
    pdf = await api.get(paths(report.id)[1], headers=await readers(acme, client))
    assert pdf.status_code == 200
    reader = PdfReader(io.BytesIO(pdf.content))
    text = "".join(each.extract_text() for each in reader.pages).replace("\u200b", "").replace("\n", "")
    assert "ab \\u001b X" in text
    widths: list[float] = []
    for each in reader.pages:
        each.extract_text(visitor_text=lambda said, _c, at, _f, size: widths.append(at[4] + len(said) * size / 4))
    assert max(widths) < 595, "an A4 page is so many points wide"


async def test_a_pdf_tells_a_screen_reader_all_that_it_shows(acme: Cast, api: httpx.AsyncClient) -> None:
    client = await acme.empty_workspace()
    logo = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(logo, "PNG")
    report = await a_full_draft(
        acme, client, sections=["community", "moderation"], logo=base64.b64encode(logo.getvalue()).decode()
    )
    await publish(acme, report.id, words="# Not a heading of the report\n\n* one\n* two")
    pdf = await api.get(paths(report.id)[1], headers=await readers(acme, client))
    root = PdfReader(io.BytesIO(pdf.content)).trailer["/Root"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    found = [*tags(root["/StructTreeRoot"])]
    kinds = [kind for kind, _ in found]
    figures = [node for kind, node in found if kind == "/Figure"]
    assert len(figures) == 5, "the logo, and two charts of each section"
    assert all(str(node["/Alt"]).strip() for node in figures)
    levels = [int(kind[2]) for kind in kinds if kind[:2] == "/H" and kind[2:].isdigit()]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for kind, node in found:
        if kind == "/Table":
            rows = [[cell for cell, _ in tags(row) if cell in ("/TH", "/TD")] for of, row in tags(node) if of == "/TR"]
            assert set(rows[0]) == {"/TH"}
            assert {len(row) for row in rows} == {len(rows[0])}
    assert {"/L", "/LI", "/Caption"} <= set(kinds)


def tags(node: Any) -> Any:
    node = node.get_object() if hasattr(node, "get_object") else node
    for each in node if isinstance(node, list) else [node] if isinstance(node, dict) else []:
        here = each.get_object() if hasattr(each, "get_object") else each
        if isinstance(here, dict):
            if "/S" in here:
                yield here["/S"], here
            yield from tags(here.get("/K", []))


async def test_a_logo_brings_nothing_but_its_picture(acme: Cast) -> None:
    client = await acme.empty_workspace()
    said, exif, packed = PngImagePlugin.PngInfo(), Image.Exif(), io.BytesIO()
    said.add_text("Comment", "evil")
    exif[0x010E] = "evil"
    Image.new("RGB", (9, 9), "teal").save(packed, "PNG", pnginfo=said, exif=exif, icc_profile=b"evil" * 9)
    report = await a_full_draft(acme, client, sections=["safety"], logo=base64.b64encode(packed.getvalue()).decode())
    async with agency_scope(acme.owner):
        definition = await ClientReportDefinition.get(id=(await ClientReport.get(id=report.id)).definition_id)
    picture = Image.open(io.BytesIO(base64.b64decode(definition.logo)))
    assert picture.info == {}
    assert picture.getpixel((4, 4)) == (0, 128, 128, 255)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " ="])
def test_no_cell_is_a_formula(start: str) -> None:
    name = f'{start}HYPERLINK("https://evil.example")'
    value: dict[str, Any] = dict.fromkeys(
        ("status", "value", "unit", "numerator", "denominator", "n", "low", "high", "coverage", "sentence")
    )
    value |= {"metric": "m", "version": 1, "of": "c", "exclusions": [], "value": -0.5,
              "window": {"since": "x", "until": "x", "time_zone": "UTC"}}  # fmt: skip
    section = {"name": "community", "values": [value], "before": [], "series": {}, "names": {"c": name}}
    document = {
        "client": name,
        "period": {"start": "x", "end": "x"},
        "version": 1,
        "sections": [section],
        "inputHash": "x",
    }
    text = as_csv(document).decode()
    assert f"\"'{start}" in text
    assert f'"{start}H' not in text
    assert ",-0.5," in text, "a number stays one"


async def test_a_stakeholder_changes_and_shares_nothing(acme: Cast, api: httpx.AsyncClient) -> None:
    report = await a_published(acme, acme.workspaces["forum"], period_start="2025-12-01")
    link_id, _ = await a_link(acme, report.id)
    for mutation, id in (
        ('shareClientReport(input: {clientReportId: $id, label: "x"})', f"clientreport_{report.id}"),
        ("revokeClientReportLink(input: {linkId: $id})", f"clientreportlink_{link_id}"),
        ('correctClientReport(input: {clientReportId: $id, correction: "x"})', f"clientreport_{report.id}"),
    ):
        answer = await ask(
            api, acme.tokens["stakeholder"], f"mutation($id: ID!) {{ {mutation} {{ userErrors {{ code }} }} }}", id=id
        )
        [told] = answer["data"].values()
        assert told["userErrors"] in ([{"code": "NOT_ALLOWED"}], [{"code": "NOT_FOUND"}])
