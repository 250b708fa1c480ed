"""A report becomes public and stays: for everybody, every version with what has changed."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import httpx
import pytest
from filing.conftest import Desk, a_provider, a_service, open_desk
from filing.test_drawing_up import drawn_up

from backend.filing import (
    EnteredCell,
    Service,
    TransparencyReport,
    describe_service,
    draw_up_report,
    enter_in_report,
    publish_report,
)
from backend.kit.errors import Conflict, Invalid, NotAllowed
from tenants.scope import agency_scope

PAST = {"period_start": "2025-07-01", "period_end": "2025-12-31"}  # the first period there is


async def published(desk: Desk, reason: str = "") -> TransparencyReport:
    report, _ = await drawn_up(desk, **PAST)
    async with agency_scope(desk.lead):
        return await publish_report(desk.lead, report.id, reason=reason)


async def address(desk: Desk) -> str:
    async with agency_scope(desk.place.system):
        found = (await Service.get(id=desk.service.id)).public_path
    assert found is not None
    return str(found)


@pytest.fixture
def in_2027(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first period is over, whenever this runs."""
    monkeypatch.setattr("backend.filing.publishing.now", lambda: datetime(2027, 1, 15, 12, tzinfo=UTC))


async def test_what_is_published_is_read_without_an_account(desk: Desk, api: httpx.AsyncClient, in_2027: None) -> None:
    report = await published(desk)
    path = await address(desk)
    page = await api.get(path)
    assert page.status_code == 200
    assert "Transparency reports of Northwind Forum" in page.text
    assert "X-Robots-Tag" not in page.headers
    links = _links(page.text)
    assert len(links) == 11
    files = [(await api.get(link)).text for link in links]
    assert files[0] == (
        "Applicability,Service,Indicator,Value\r\n"
        "All,Northwind Forum,Name of the service provider,Northwind GmbH\r\n"
        "All,Northwind Forum,Date of the publication of the report,2027-01-15\r\n"
        "All,Northwind Forum,Date of the publication of the latest previous report,\r\n"
        "All,Northwind Forum,Starting date of reporting period,2025-07-01\r\n"
        "All,Northwind Forum,Ending date of reporting period,2025-12-31\r\n"
    )
    first = await api.get(links[0])
    assert first.headers["content-type"] == "text/csv; charset=utf-8"
    assert (await api.get(f"{path}/transparencyreport_{report.id}/part_12.csv")).status_code == 404


def _links(html: str) -> list[str]:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value for name, value in attrs if tag == "a" and name == "href" and value)

    Links().feed(html)
    return found


async def test_drafts_and_other_services_are_not_there(desk: Desk, api: httpx.AsyncClient, in_2027: None) -> None:
    report = await published(desk)
    draft, _ = await drawn_up(desk, **PAST)
    path = await address(desk)
    assert (await api.get(f"{path}/transparencyreport_{report.id}/part_3.csv")).status_code == 200
    assert (await api.get(f"{path}/transparencyreport_{draft.id}/part_3.csv")).status_code == 404
    other = await open_desk(desk.place, provider=a_provider(statutory_name="B"), service=a_service(name="B"))
    await published(other)
    elsewhere = await address(other)
    assert (await api.get(f"{elsewhere}/transparencyreport_{report.id}/part_3.csv")).status_code == 404
    assert (await api.get("/transparency/made-up")).status_code == 404


async def test_a_later_version_says_why_and_what_has_changed(desk: Desk, api: httpx.AsyncClient, in_2027: None) -> None:
    first = await published(desk)
    async with agency_scope(desk.lead):
        line, field = "Qualitative description of the automated means", "Value"
        await enter_in_report(desk.lead, desk.service.id, **PAST, cells=[EnteredCell(11, line, field, "<b>Words</b>")])
    later, _ = await drawn_up(desk, **PAST)
    async with agency_scope(desk.lead):
        with pytest.raises(Invalid):
            await publish_report(desk.lead, later.id)
    async with agency_scope(desk.lead):
        later = await publish_report(desk.lead, later.id, reason="A text was missing.")
    assert later.changes == [{"part": 11, "line": line, "field": field, "before": "", "after": "<b>Words</b>"}]
    page = (await api.get(await address(desk))).text
    assert "Version 1" in page
    assert "Version 2" in page
    assert "A text was missing." in page
    assert "&lt;b&gt;Words" in page
    path = await address(desk)
    old = (await api.get(f"{path}/transparencyreport_{first.id}/part_11.csv")).text
    assert "Words" not in old
    summary = (await api.get(f"{path}/transparencyreport_{later.id}/part_1.csv")).text
    assert "latest previous report,2027-01-15" in summary


async def test_what_is_published_never_changes(desk: Desk, api: httpx.AsyncClient, in_2027: None) -> None:
    report = await published(desk)
    link = f"{await address(desk)}/transparencyreport_{report.id}/part_6.csv"
    before = (await api.get(link)).content
    await desk.fill(20)
    async with agency_scope(desk.lead):
        await describe_service(
            desk.lead, desk.service.provider_id, a_service(name="Renamed"), service_id=desk.service.id
        )
        with pytest.raises(Conflict, match="already"):
            await publish_report(desk.lead, report.id)
    await desk.run("write_transparency_report")
    assert (await api.get(link)).content == before


async def test_a_period_that_is_not_over_and_what_does_not_add_up_stay_drafts(desk: Desk, in_2027: None) -> None:
    report, _ = await drawn_up(desk, period_start="2027-01-01", period_end="2027-12-31")
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict, match="not over"):
            await publish_report(desk.lead, report.id)
    async with agency_scope(desk.lead):
        cell = EnteredCell(5, "TOTAL", "Visibility restriction Demoted", "1")
        await enter_in_report(desk.lead, desk.service.id, **PAST, cells=[cell])
    report, _ = await drawn_up(desk, **PAST)
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict, match="does not add up"):
            await publish_report(desk.lead, report.id)
    async with agency_scope(desk.lead):
        waiting = await draw_up_report(desk.lead, desk.service.id, **PAST)
        with pytest.raises(Conflict, match="not written"):
            await publish_report(desk.lead, waiting.id)


async def test_only_who_leads_publishes(desk: Desk) -> None:
    moderator = desk.cast.moderator
    async with agency_scope(moderator):
        with pytest.raises(NotAllowed):
            await publish_report(moderator, desk.service.id)
        with pytest.raises(NotAllowed):
            await enter_in_report(moderator, desk.service.id, **PAST, cells=[])
        with pytest.raises(NotAllowed):
            await draw_up_report(moderator, desk.service.id, **PAST)
