"""The harmonised report: eleven files in the shape of the template, counted from what was recorded, and recounted here."""

import csv
import io
from typing import Any

import pytest
from filing import reference
from filing.conftest import Desk, a_provider, a_service, open_desk
from filing.recounting import recounted, values_of
from statements.conftest import Place

from backend.filing import (
    EnteredCell,
    TransparencyPart,
    TransparencyReport,
    draw_up_report,
    enter_in_report,
    write_transparency_report,
)
from backend.filing.adding_up import what_does_not_add_up
from backend.filing.shaping import lines_of
from backend.filing.template import LANGUAGES, MEMBER_STATES, PARTS
from backend.kit.errors import Conflict, Invalid
from tenants.scope import agency_scope

YEAR = {"period_start": "2026-01-01", "period_end": "2026-12-31"}
TABLES = (*("statements_of_reasons", "public_notices", "legal_orders", "appeals", "disputes", "misuse_measures"),)
# Headers as Annex I has them, typed once more; ␠ is a blank that is easily lost.
LEAD = "Applicability,Service,Reporting period"
CATEGORY = 'Category of illegal content,"Description of the sub-category ""Other"""'
LIST = f"{LEAD},Section,Indicator,Scope,Value"
STARTS = {
    2: "Category label,Category description,Category of illegal content / incompatible with the terms and conditions,Cont",
    3: f"{LEAD},{CATEGORY},Scope,Number of orders to act against illegal content received,Number of specific items",
    4: f"{LEAD},{CATEGORY},Number of notices received␠,Number of notices received from Trusted flaggers,Number of specific",
    5: f"{LEAD},{CATEGORY},Number of measures taken at the provider's own initiative␠,Number of measures taken after "
    "detection with solely automated means␠,Visibility restriction Removal,Visibility restriction Disable,Visibility "
    "restriction Demoted,Visibility restriction Age restricted,Visibility restriction Interaction restricted,Visibility "
    "restriction Labelled␠,Visibility restriction Other,Monetary restriction Suspension,Monetary restriction Termination,"
    "Monetary restriction Other,Provision of the service Suspension,Provision of the service Termination,Account "
    "restriction Suspension,Account restriction Termination,Contextual Information on Number of measures taken at the",
    6: f"{LEAD},Category of incompatibility with the provider's terms and conditions,\"Description of the sub-cat",
    7: f"{LIST},Contextual Information\r\n",
    8: f"{LIST},Contextual Information\r\n",
    9: f"{LIST},Contextual information\r\n",
    10: f"{LIST}\r\n",
    11: f"{LEAD},Indicator,Value\r\n",
}
COLUMNS = {2: 4, 3: 20, 4: 25, 5: 37, 6: 37, 7: 8, 8: 8, 9: 8, 10: 7, 11: 5}
ROWS = {  # by kind of service; Part 3 without any Member State that ordered
    "intermediary": (5, 100, 91, 0, 90, 98, 1, 10, 0, 0, 6),
    "hosting": (5, 100, 91, 91, 90, 98, 1, 15, 0, 0, 6),
    "online_platform": (5, 100, 91, 91, 90, 98, 47, 20, 0, 0, 6),
    # The template's 35, 6 and 4 have dots for the languages and countries between the first and the last.
    "vlop": (5, 100, 91, 91, 90, 98, 47, 20 + 5 * 24, 3 + 24, 1 + 27, 11),
}


async def drawn_up(desk: Desk, **period: str) -> tuple[TransparencyReport, dict[int, str]]:
    async with agency_scope(desk.lead):
        report = await draw_up_report(desk.lead, desk.service.id, **(period or YEAR))
    assert await desk.run("write_transparency_report") == ["done"]
    async with agency_scope(desk.place.system):
        parts = await TransparencyPart.filter(report_id=report.id).order_by("part")
        return await TransparencyReport.get(id=report.id), {part.part: part.content for part in parts}


async def rows_of(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    async with agency_scope(desk.place.system) as scope:
        return {
            table: [
                dict(row) for row in await scope.fetch(f"select * from {table} where workspace_id = $1", desk.client)
            ]
            for table in TABLES
        }


@pytest.mark.parametrize("kind", ROWS)
def test_every_part_has_the_lines_that_apply(kind: str) -> None:
    assert tuple(len(lines_of(number, kind)) for number in PARTS) == ROWS[kind]
    assert len(lines_of(3, kind, scopes=["DE", "EL"])) == 3 * 91


async def test_a_year_through_to_the_files_is_what_plain_counting_gives(desk: Desk) -> None:
    await desk.fill(3_000)
    report, parts = await drawn_up(desk)
    assert (report.state, report.version) == ("done", 1)
    said = {key: value for number in (3, 4, 5, 6, 7, 8) for key, value in values_of(number, parts[number]).items()}
    expected = recounted(await rows_of(desk))
    wrong = {
        key: (value, said.get(key))
        for key, value in expected.items()
        if abs(float(said.get(key, "nan")) - value) > 0.00006 or key not in said
    }
    assert not wrong
    assert len(expected) > 1_500
    assert {key: value for key, value in said.items() if key not in expected and value != "0"} == {}
    assert not [check for check in report.checks if check["isError"]]


async def test_the_files_have_the_headers_of_the_template(desk: Desk) -> None:
    _, parts = await drawn_up(desk)
    for number, start in STARTS.items():
        assert parts[number].startswith(start.replace("␠", " ")), number
        rows = list(csv.reader(io.StringIO(parts[number], newline="")))
        assert {len(row) for row in rows} == {COLUMNS[number]}, number
        assert len(rows) - 1 == ROWS["online_platform"][number - 1], number
        assert not parts[number].encode().startswith(b"\xef\xbb\xbf")
        assert parts[number].count("\n") == parts[number].count("\r\n") == len(rows)
    context = next(csv.reader(io.StringIO(parts[3])))[13:]
    assert [name[26] for name in context] == list("nnMMNMM"), "the first two begin with a small letter"


async def test_nothing_happened_is_zero_what_could_not_happen_is_blank(place: Place) -> None:
    desk = await open_desk(place, service=a_service(kind="hosting", is_public=False))
    _, parts = await drawn_up(desk)
    notices = values_of(4, parts[4])
    assert notices[4, ("TOTAL",), "Number of notices received"] == "0"
    assert not [key for key in notices if "rusted" in key[2] or "Median" in key[2]], (
        "no flaggers, no medians of nothing"
    )
    measures = {key[2]: value for key, value in values_of(6, parts[6]).items() if key[1] == ("TOTAL",)}
    assert measures == dict.fromkeys(
        (
            "Number of measures taken at the provider's own initiative",
            "Number of measures taken after detection with solely automated means",
            "Visibility restriction Removal",
            "Visibility restriction Disable",
            "Provision of the service Suspension",
            "Account restriction Suspension",
        ),
        "0",
    )
    assert values_of(7, parts[7]) == {
        (7, ("Number of complaints submitted to the internal-complaints mechanism", "Total number"), "Value"): "0"
    }
    assert list(parts) == list(range(2, 12)), "Part 1 says when it was published"


async def test_what_is_outside_the_period_or_of_another_service_is_not_counted(desk: Desk) -> None:
    await desk.fill(40)
    _, parts = await drawn_up(desk, period_start="2027-01-01", period_end="2027-12-31")
    assert {value for number in (3, 4, 5, 6, 7, 8) for value in values_of(number, parts[number]).values()} == {"0"}
    other = await open_desk(desk.place, provider=a_provider(statutory_name="B"), service=a_service(name="B"))
    _, parts = await drawn_up(other)  # the community is its now
    assert set(values_of(6, parts[6]).values()) != {"0"}
    _, parts = await drawn_up(desk)
    assert {value for number in (3, 4, 5, 6, 7, 8) for value in values_of(number, parts[number]).values()} == {"0"}


CELLS = {
    "text": (11, "Qualitative description of the automated means", "Value", "Lists of words."),
    "context": (6, "TOTAL", "Contextual Information on Visibility restriction Removal", "Posts."),
    "share": (8, "Accuracy of the automated means - Precision / Total number", "Value", "0.25"),
    "count": (5, "STATEMENT_CATEGORY_VIOLENCE / KEYWORD_COORDINATED_HARM", "Visibility restriction Demoted", "0"),
    "state": (3, "DE: TOTAL", "Contextual information on Number of orders to provide information", "By mail."),
    "category": (2, "Category 1", "Contextual information", "Dogs."),
}


async def test_people_say_what_tend_does_not_count(desk: Desk) -> None:
    async with agency_scope(desk.lead):
        cells = [EnteredCell(*cell) for cell in CELLS.values()]
        await enter_in_report(desk.lead, desk.service.id, **YEAR, cells=cells)
    report, parts = await drawn_up(desk)
    for number, _, _, value in (cell for name, cell in CELLS.items() if name != "state"):
        assert value in parts[number]
    assert {(check["part"], check["message"]) for check in report.checks} == {
        (3, "What was entered here has no line in this version."),
        (11, "Nobody has written this text."),
    }
    async with agency_scope(desk.lead):
        number, line, field, _ = CELLS["text"]
        await enter_in_report(desk.lead, desk.service.id, **YEAR, cells=[EnteredCell(number, line, field, "")])
    assert "Lists of words." not in (await drawn_up(desk))[1][11]
    assert "Lists of words." in parts[11], "an earlier version never changes"


@pytest.mark.parametrize(
    "cell",
    [
        (6, "TOTAL", "Visibility restriction Removal", "3"),
        (8, "Accuracy of the automated means - Precision / Total number", "Value", "1.5"),
        (8, "Accuracy of the automated means - Precision / Total number", "Value", "nan"),
        (8, "Accuracy of the automated means - Precision / Total number", "Value", "most"),
        (5, "TOTAL", "Visibility restriction Demoted", "-1"),
        (5, "STATEMENT_CATEGORY_OTHER_VIOLATION_TC", "Visibility restriction Demoted", "1"),
        (9, "Number of internal moderators employed by the provider / Total number", "Value", "3"),
        (11, "Summary", "Value", "x"),
        (12, "TOTAL", "Value", "x"),
        (11, "Safeguards applied to the use of automated means", "Value", "x" * 5_001),
    ],
    ids=range(10),
)
async def test_what_tend_counts_and_what_is_no_value_is_refused(desk: Desk, cell: tuple[int, str, str, str]) -> None:
    async with agency_scope(desk.lead):
        with pytest.raises(Invalid):
            await enter_in_report(desk.lead, desk.service.id, **YEAR, cells=[EnteredCell(*cell)])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2026-06-30"),
        ("2026-01-02", "2026-12-31"),
        ("2025-01-01", "2025-12-31"),
        ("2026-01-01", "2027-12-31"),
        ("2026", "2026"),
    ],
)
async def test_a_period_is_a_calendar_year(desk: Desk, start: str, end: str) -> None:
    async with agency_scope(desk.lead):
        with pytest.raises(Invalid):
            await draw_up_report(desk.lead, desk.service.id, period_start=start, period_end=end)


async def test_very_large_ones_report_half_a_year_with_people_languages_and_countries(place: Place) -> None:
    desk = await open_desk(place, service=a_service(kind="vlop"))
    await desk.fill(60)
    internal = "Number of internal moderators employed by the provider / Total number"
    total = "Number of average monthly active recipients during the reporting period / TOTAL"
    async with agency_scope(desk.lead):
        half = {"period_start": "2026-01-01", "period_end": "2026-06-30"}
        cells = [EnteredCell(9, internal, "Value", "4"), EnteredCell(10, total, "Value", "1000")]
        await enter_in_report(desk.lead, desk.service.id, **half, cells=cells)
    _, parts = await drawn_up(desk, **half)
    people = values_of(9, parts[9])
    assert people[9, ("Number of internal moderators employed by the provider", "Total number"), "Value"] == "4"
    assert people[9, ("Number of external moderators contracted by the provider", "Total number"), "Value"] == "0"
    assert [name[1] for _, name, _ in people][2:] == ["Total number", *LANGUAGES]
    assert [row[5] for row in csv.reader(io.StringIO(parts[10]))][1:] == ["TOTAL", *MEMBER_STATES]
    assert "Number of average monthly active recipients during the reporting period\u00a0,TOTAL,1000" in parts[10]
    languages = {name[1] for _, name, _ in values_of(8, parts[8])}
    assert languages >= {*LANGUAGES, "Total number", "NAM Total"}
    assert "EL" in MEMBER_STATES
    assert "GR" not in MEMBER_STATES


async def test_nothing_is_reported_for_a_service_of_somebody_else(place: Place) -> None:
    desk = await open_desk(place, provider=a_provider(is_client=False))
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict, match="provides this service"):
            await draw_up_report(desk.lead, desk.service.id, **YEAR)


async def test_a_report_that_is_written_is_not_written_again(desk: Desk) -> None:
    report, parts = await drawn_up(desk)
    await desk.fill(20)
    system = desk.place.system
    async with agency_scope(system):
        await write_transparency_report(system, {"report_id": str(report.id)})
        again = {part.part: part.content for part in await TransparencyPart.filter(report_id=report.id)}
    assert again == parts
    assert (await drawn_up(desk))[0].version == 2


def test_sums_that_are_wrong_are_errors() -> None:
    lines = {number: lines_of(number, "online_platform") for number in PARTS}
    measures = "Number of measures taken at the provider's own initiative"
    complaints = "Number of complaints submitted to the internal-complaints mechanism"
    cells: dict[tuple[int, str, str], Any] = {
        (5, "TOTAL", measures): 2,
        (5, "STATEMENT_CATEGORY_VIOLENCE", measures): 1,
        (5, "STATEMENT_CATEGORY_VIOLENCE", "Visibility restriction Removal"): 2,
        (7, f"{complaints} / Total number", "Value"): 1,
        (7, f"{complaints} / Decisions upheld", "Value"): 2,
    }
    found = [check for check in what_does_not_add_up(cells, lines, entered=()) if check["isError"]]
    assert [(check["part"], check["line"]) for check in found] == [
        (5, "TOTAL"),
        (5, "STATEMENT_CATEGORY_VIOLENCE"),
        (5, "TOTAL"),
        (5, "STATEMENT_CATEGORY_VIOLENCE"),
        (5, "STATEMENT_CATEGORY_VIOLENCE"),
        (7, f"{complaints} / Total number"),
    ]


def test_the_lines_of_part_6_are_all_categories_of_the_reference_but_orders_and_notices() -> None:
    names = [line.fixed[0] for line in lines_of(6, "hosting") if line.fixed[0].startswith("STATEMENT")]
    assert names == [
        *(f"STATEMENT_CATEGORY_{name}" for name in list(reference.CATEGORIES)[:14]),
        "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    ]
