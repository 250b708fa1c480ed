"""A report goes from a definition to a draft, by a person, by the calendar, and once more where something failed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cast import Cast
from papers import a_case_opened, a_definition, a_draft, a_published, made, publish

from backend import client_reports
from backend.client_reports import (
    ClientReport,
    ClientReportSection,
    WantedReport,
    compose,
    correct_client_report,
    define_client_report,
    defining,
    discard_client_report,
    make_client_report,
    make_due_reports,
    making,
    present,
    publish_client_report,
    return_client_report,
    scheduling,
    submit_client_report,
)
from backend.client_reports.moving import MOVES
from backend.client_reports.periods import Period, checked_period, latest_before
from backend.client_reports.scheduling import first_working_day
from backend.kit.calendars import WorkingTime
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import Span, set_working_hours
from backend.notices import Notice
from backend.operating import replay_job
from backend.outbox import Job
from tenants.models import Workspace
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE

STATES = ("making", "failed", "draft", "in_review", "published", "superseded", "discarded")
DEEDS = {
    "submitted": submit_client_report,
    "returned": lambda actor, report_id: return_client_report(actor, report_id, reason="More."),
    "published": publish_client_report,
    "superseded": lambda actor, report_id: correct_client_report(actor, report_id, correction="Wrong."),
    "discarded": discard_client_report,
}


async def test_a_draft_has_every_section_and_its_lead_is_told(acme: Cast) -> None:
    client = await acme.empty_workspace()
    report = await a_draft(acme, client, sections=[], period_start="2026-09-01")
    assert (report.state, report.period_start, report.period_end, report.version) == (
        "draft", "2026-09-01", "2026-09-30", 1,
    )  # fmt: skip
    async with agency_scope(acme.owner):
        rows = await ClientReportSection.filter(report_id=report.id, workspace_id=client)
        told = await Notice.filter(subject_id=report.id, kind="client_report_made").values_list(
            "membership_id", flat=True
        )
    assert sorted(row.section for row in rows) == sorted(client_reports.SECTIONS)
    assert set(told) >= {acme.owner.membership_id, acme.admin.membership_id}  # nobody leads there, so whoever could


@pytest.mark.parametrize("deed", DEEDS)
async def test_only_from_its_states_a_report_becomes_another(acme: Cast, deed: str) -> None:
    report = await a_draft(acme, await acme.empty_workspace(), sections=["safety"])
    published = {"published_at": datetime(2026, 10, 1, tzinfo=UTC)}
    for state in STATES:
        async with agency_scope(acme.owner):
            columns = {**published} if state in ("published", "superseded") else {}
            columns |= {"superseded_at": published["published_at"]} if state == "superseded" else {}
            by = {"submitted_by_id": acme.admin.membership_id}
            await ClientReport.filter(id=report.id).update(
                **{"state": state, "published_at": None, "superseded_at": None, **by, **columns}
            )
        if state in MOVES[deed][0]:
            continue  # told below, and by the other tests
        with pytest.raises(Conflict):
            async with agency_scope(acme.owner):
                await DEEDS[deed](acme.owner, report.id)
        async with agency_scope(acme.owner):
            assert (await ClientReport.get(id=report.id)).state == state
    assert MOVES[deed][0]


async def test_there_and_back_and_out(acme: Cast) -> None:
    report = await a_draft(acme, await acme.empty_workspace(), sections=["safety"])
    async with agency_scope(acme.owner):
        assert (await submit_client_report(acme.owner, report.id)).state == "in_review"
        returned = await return_client_report(acme.owner, report.id, reason="Say why.")
        assert (returned.state, returned.problem, returned.submitted_by_id) == ("draft", "Say why.", None)
        await submit_client_report(acme.owner, report.id)
    async with agency_scope(acme.admin):
        assert (await publish_client_report(acme.admin, report.id)).state == "published"
    async with agency_scope(acme.owner):
        correction = await correct_client_report(acme.owner, report.id, correction="A room was missing.")
        assert (correction.version, correction.corrects_id, correction.state) == (2, report.id, "making")
        with pytest.raises(Conflict, match="under way"):
            await correct_client_report(acme.owner, report.id, correction="Once more.")
    await made(acme, report.workspace_id)
    await publish(acme, correction.id)
    async with agency_scope(acme.owner):
        assert (await ClientReport.get(id=report.id)).state == "superseded"


async def test_what_is_all_ones_own_somebody_else_publishes(acme: Cast) -> None:
    report = await a_draft(acme, await acme.empty_workspace(), sections=["safety"])
    async with agency_scope(acme.owner):
        await submit_client_report(acme.owner, report.id)
        with pytest.raises(Conflict, match="somebody else"):
            await publish_client_report(acme.owner, report.id)
    async with agency_scope(acme.admin):
        await publish_client_report(acme.admin, report.id)


async def test_one_report_is_under_way_about_a_period_and_what_is_published_is_corrected(acme: Cast) -> None:
    report = await a_draft(acme, await acme.empty_workspace(), sections=["safety"], period_start="2026-08-01")
    again = {"period_start": "2026-08-01"}
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict, match="under way"):
            await make_client_report(acme.owner, report.definition_id, **again)
        await discard_client_report(acme.owner, report.id)
        second = await make_client_report(acme.owner, report.definition_id, **again)
        assert second.version == 2
    await made(acme, report.workspace_id)
    await publish(acme, second.id)
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict, match="correct"):
            await make_client_report(acme.owner, report.definition_id, **again)
        with pytest.raises(Invalid, match="not over"):
            await make_client_report(acme.owner, report.definition_id, period_start="2099-01-01")


async def test_a_retry_goes_on_with_the_section_that_failed(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await acme.empty_workspace()
    definition = await a_definition(acme, client, sections=["moderation", "safety"])
    async with agency_scope(acme.owner):
        report = await make_client_report(acme.owner, definition.id)
    counted = making.count_section
    asked: list[str] = []

    async def fails_at_safety(actor: Any, report: Any, section: str) -> Any:
        asked.append(section)
        if section == "safety":
            raise RuntimeError("the disk is full")
        return await counted(actor, report, section)

    monkeypatch.setattr(making, "count_section", fails_at_safety)
    await acme.run_jobs("make_client_report", of=[client])
    for _ in range(6):
        await acme.run_jobs("make_client_report", of=[client], even_later=True)
    async with agency_scope(acme.owner):
        failed = await ClientReport.get(id=report.id)
        assert (failed.state, failed.problem is not None) == ("failed", True)
        [job] = await Job.filter(kind="make_client_report", workspace_id=client, state="dead")
    assert asked == ["moderation", *["safety"] * 6]
    monkeypatch.setattr(making, "count_section", counted)
    async with agency_scope(acme.owner):
        await replay_job(acme.owner, job.id, kinds=CATALOGUE)
    await made(acme, client)
    async with agency_scope(acme.owner):
        assert (await ClientReport.get(id=report.id)).state == "draft"
        assert await ClientReportSection.filter(report_id=report.id, workspace_id=client).count() == 2


async def test_on_the_first_working_day_a_draft_is_promised_once(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        await Workspace.filter(id=client).update(time_zone="Pacific/Auckland")
        # Sunday to Thursday, as elsewhere; the first Sunday is off.
        spans = [Span(weekday, 540, 1020) for weekday in (6, 0, 1, 2, 3)]
        await set_working_hours(acme.owner, client, spans=spans, days_off=[("2027-08-01", "")])
    definition = await a_definition(acme, client, sections=["safety"])
    quiet = await a_definition(acme, client, sections=["safety"], is_scheduled=False)

    async def on(moment: str) -> list[str]:
        monkeypatch.setattr(scheduling, "now", lambda: datetime.fromisoformat(moment))
        system = acme.system.narrowed_to(client)
        async with agency_scope(system):
            await make_due_reports(system, {})
            found = await ClientReport.filter(workspace_id=client).order_by("id")
        assert {each.definition_id for each in found} <= {definition.id}
        assert quiet.id != definition.id
        return [each.period_start for each in found]

    june, july, august = "2027-06-01", "2027-07-01", "2027-08-01"
    assert await on("2027-07-31T11:59:00+00:00") == [june]  # the last of July there; its own morning was missed
    assert await on("2027-07-31T20:00:00+00:00") == [june]  # Sunday, off
    assert await on("2027-08-01T20:00:00+00:00") == [june, july]  # Monday
    assert await on("2027-08-02T20:00:00+00:00") == [june, july]
    assert await on("2027-09-05T20:00:00+00:00") == [june, july, august]


def test_months_and_quarters_are_the_clients_own() -> None:
    assert latest_before("month", date(2026, 1, 31)) == Period("month", date(2025, 12, 1))
    assert latest_before("quarter", date(2026, 5, 1)) == Period("quarter", date(2026, 1, 1))
    assert Period("quarter", date(2026, 1, 1)).compared("year_before") == Period("quarter", date(2025, 1, 1))
    assert Period("month", date(2026, 3, 1)).compared("period_before") == Period("month", date(2026, 2, 1))
    assert Period("month", date(2024, 2, 1)).end == date(2024, 2, 29)
    window = Period("month", date(2026, 3, 1)).window("Europe/Berlin")
    assert (window.since, window.until) == (
        datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC),
    )  # fmt: skip
    for wrong in ("2026-02-01", "2026-01-02", "yesterday"):
        with pytest.raises(Invalid):
            checked_period("quarter", wrong, today=date(2027, 1, 1))


def test_without_hours_the_week_is_from_monday_to_friday() -> None:
    saturday = date(2026, 8, 1)
    assert first_working_day(saturday, WorkingTime()) == date(2026, 8, 3)
    assert first_working_day(saturday, WorkingTime(days_off=frozenset({date(2026, 8, 3)}))) == date(2026, 8, 4)
    everything_off = frozenset(saturday + timedelta(days=day) for day in range(40))
    assert first_working_day(saturday, WorkingTime(days_off=everything_off)) == saturday


@pytest.mark.parametrize(
    "wrong",
    [
        {"sections": ["gossip"]},
        {"goals": [client_reports.Goal("gossip", "at_least", 1, "2026-01-01")]},
        {"goals": [client_reports.Goal("gini", "at_least", 1, "2026-01-01")], "sections": ["safety"]},
        {"goals": [client_reports.Goal("gini", "at_least", float("nan"), "2026-01-01")]},
        {"goals": [client_reports.Goal("gini", "at_least", 1, "soon")]},
        {"logo": "bm8gcGljdHVyZQ=="},
        {"logo": "!"},
        {"name": " "},
    ],
    ids="-".join,
)
async def test_what_cannot_be_reported_is_refused(acme: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await a_definition(acme, acme.workspaces["forum"], **wrong)


async def test_who_does_not_lead_makes_nothing_and_nobody_elsewhere(acme: Cast, globex: Cast) -> None:
    report = await a_published(acme, acme.workspaces["forum"], sections=["safety"], period_start="2026-07-01")
    for actor in (acme.moderator, acme.stakeholder, acme.educator):
        async with agency_scope(actor):
            with pytest.raises(NotAllowed):
                await define_client_report(actor, acme.workspaces["forum"], WantedReport("x"))
            with pytest.raises(NotAllowed):
                await make_client_report(actor, report.definition_id)
            for deed in DEEDS.values():
                with pytest.raises(NotAllowed):
                    await deed(actor, report.id)
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await correct_client_report(globex.owner, report.id, correction="x")


@pytest.mark.parametrize(("first", "is_compared"), [("2026-08-01", True), ("2026-08-02", False)])
async def test_a_period_that_tend_knows_only_a_part_of_is_no_period_to_compare_with(
    acme: Cast, first: str, is_compared: bool
) -> None:
    client = await acme.empty_workspace()
    day = datetime.fromisoformat(f"{first}T12:00:00+00:00")
    for at in (day, *[datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=n) for n in range(12)]):
        await a_case_opened(acme, client, at)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update posts set posted_at = $2 where workspace_id = $1", client, day)
    report = await a_draft(acme, client, sections=["moderation"], period_start="2026-09-01")
    async with agency_scope(acme.owner):
        document = await compose(report)
    changed = {change["metric"] for change in document["judged"]["changes"]}
    assert ("cases_opened" in changed, document["knownSince"]) == (is_compared, None if is_compared else first)
    said = present({**document, "isPartial": False})["changes"]
    assert said["is_compared"] is is_compared
    assert ("begins on 2 August 2026" in said["compared"]) is not is_compared


async def test_a_client_has_so_many_at_most(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await acme.empty_workspace()
    monkeypatch.setattr(defining, "MOST_DEFINITIONS", 2)
    await a_definition(acme, client)
    await a_definition(acme, client)
    with pytest.raises(Conflict, match="2 at most"):
        await a_definition(acme, client)
