"""Rotas that know holidays: whose calendar it is, which gaps it opens, and who is told of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from safety.conftest import House

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.notices import Notice
from backend.outbox import enqueue
from backend.safety import (
    Calendar,
    Rota,
    WantedLayer,
    coverage_gaps,
    regions_of,
    set_holiday_calendar,
    set_rota,
    who_is_on_call,
)
from backend.safety.knowing_holidays import FIRST_YEAR, LAST_YEAR, public_holidays
from tenants.scope import agency_scope

CHRISTMAS = datetime(2026, 12, 20, tzinfo=UTC)


async def a_calendar(house: House, name: str = "ours", **columns: Any) -> UUID:
    async with agency_scope(house.lead):
        return await set_holiday_calendar(
            house.lead, workspace_id=house.client, name=name, calendar=Calendar(**columns)
        )


async def a_rota(
    house: House,
    *layers: tuple[str, str],
    calendar_id: UUID | None,
    zone: str = "Europe/Berlin",
    weekdays: tuple[str, ...] = (),
) -> UUID:
    """Who, and what holidays mean to them."""
    wanted = [
        WantedLayer(
            level=1,
            starts_at=datetime(2026, 1, 1, tzinfo=UTC),
            shift_hours=168,
            turns=[house.people[who].membership_id],
            weekdays=weekdays,
            holidays=holidays,
            calendar_id=None if holidays == "ignored" else calendar_id,
        )
        for who, holidays in layers
    ]
    async with agency_scope(house.lead):
        return await set_rota(house.lead, workspace_id=house.client, name="all", time_zone=zone, layers=wanted)


async def gaps(house: House, moment: datetime = CHRISTMAS) -> list[tuple[datetime, datetime, tuple[str, ...]]]:
    async with agency_scope(house.lead):
        found = await coverage_gaps(house.lead, house.client, moment=moment)
    return [(gap.starts_at, gap.ends_at, gap.holidays) for gap in found]


async def test_holidays_that_nobody_takes_are_gaps_days_ahead_with_their_names(house: House) -> None:
    """From midnight to midnight where the rota is, two in a row as one; New Year's Eve is the agency's own."""
    calendar_id = await a_calendar(
        house, country="DE", region="BY", own={date(2026, 12, 31): "Stocktaking"}, working=frozenset({date(2027, 1, 1)})
    )
    await a_rota(house, ("responder", "not_on"), calendar_id=calendar_id)
    assert await gaps(house) == [
        (
            datetime(2026, 12, 24, 23, tzinfo=UTC),
            datetime(2026, 12, 26, 23, tzinfo=UTC),
            ("Christmas Day", "Second Day of Christmas"),
        ),
        (datetime(2026, 12, 30, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC), ("Stocktaking",)),
    ]


async def test_another_layer_takes_them_and_there_is_no_gap(house: House) -> None:
    calendar_id = await a_calendar(house, country="DE")
    await a_rota(house, ("responder", "not_on"), ("second", "only_on"), calendar_id=calendar_id)
    assert await gaps(house) == []
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.lead):
        seats = [
            await who_is_on_call(house.lead, house.client, moment=datetime(2026, 12, day, 12, tzinfo=UTC))
            for day in (24, 25, 26, 27)
        ]
    assert [names.get(seat.membership_id) for [seat] in seats] == ["responder", "second", "second", "responder"]


async def test_a_gap_that_is_there_anyhow_blames_no_holiday(house: House) -> None:
    calendar_id = await a_calendar(house, country="DE")
    await a_rota(house, ("second", "only_on"), calendar_id=calendar_id)
    assert [names for _, _, names in await gaps(house)] == [(), (), ()]


async def test_a_holiday_on_a_day_that_nobody_works_is_not_to_blame(house: House) -> None:
    """The second one of 2026 is a Saturday."""
    calendar_id = await a_calendar(house, country="DE")
    working = ("mon", "tue", "wed", "thu", "fri")
    await a_rota(house, ("responder", "not_on"), calendar_id=calendar_id, weekdays=working)
    assert [names for _, _, names in await gaps(house)] == [(), ("Christmas Day",), ("New Year's Day",)]


async def test_a_calendar_that_changes_changes_its_rotas_at_once(house: House) -> None:
    calendar_id = await a_calendar(house, country="DE")
    await a_rota(house, ("responder", "not_on"), calendar_id=calendar_id)
    assert len(await gaps(house)) == 2
    async with agency_scope(house.lead):
        changed = {"workspace_id": house.client, "name": "ours", "calendar_id": calendar_id}
        await set_holiday_calendar(house.lead, calendar=Calendar(), expected_version=1, **changed)
        with pytest.raises(Conflict):
            await set_holiday_calendar(house.lead, calendar=Calendar(), expected_version=1, **changed)
    assert await gaps(house) == []


async def test_a_holiday_on_which_nobody_is_there_is_told_ahead_and_paged_when_it_is_real(house: House) -> None:
    """Of a calendar of its own, so that today and the day after tomorrow are holidays whenever this runs."""
    today = now().date()
    days = {today + timedelta(days=day): "Ours" for day in (-1, 0, 1, 4)}  # now, on either side of midnight
    calendar_id = await a_calendar(house, own=days)
    rota_id = await a_rota(house, ("responder", "not_on"), calendar_id=calendar_id, zone="UTC")
    async with agency_scope(house.cast.system):
        await enqueue("watch_coverage", {}, workspace_id=house.client)
    await house.cast.run_jobs("watch_coverage", of=[house.client])
    async with agency_scope(house.cast.system):
        told = {(notice.kind, notice.urgency) for notice in await Notice.filter(subject_id=rota_id)}
    assert told == {("coverage_gap", "normal"), ("nobody_on_call", "danger")}


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"country": "AT\t1"}, "country"),
        ({"country": "DE", "region": "ZZ"}, "region"),
        ({"region": "BY"}, "country"),
        ({"working": frozenset({date(2026, 1, 1)})}, "country"),
        ({"own": {date(2026, 1, 1): " "}}, "ownDays"),
        ({"own": {date(2026, 1, 1) + timedelta(days=day): "x" for day in range(401)}}, "ownDays"),
    ],
    ids=[
        "unknown",
        "small letters",
        "more than a country",
        "no region",
        "of nowhere",
        "works nowhere",
        "without a name",
        "too many",
    ],
)
async def test_a_calendar_that_cannot_be_is_refused(house: House, columns: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await a_calendar(house, **columns)
    assert refused.value.path[-1] == field


async def test_a_layer_names_a_calendar_of_its_own_client_exactly_where_it_needs_one(house: House) -> None:
    calendar_id = await a_calendar(house)
    layer = {"level": 1, "starts_at": now(), "shift_hours": 1, "turns": [house.responder.membership_id]}
    other = await house.cast.empty_workspace()
    async with agency_scope(house.cast.owner):
        theirs = await set_holiday_calendar(house.cast.owner, workspace_id=other, name="theirs", calendar=Calendar())
    for wrong, refused in (
        ({"holidays": "not_on"}, Invalid),
        ({"holidays": "sometimes", "calendar_id": calendar_id}, Invalid),
        ({"calendar_id": calendar_id}, Invalid),
        ({"holidays": "not_on", "calendar_id": theirs}, NotFound),
    ):
        async with agency_scope(house.lead):
            with pytest.raises(refused):
                wanted = WantedLayer(**layer, **wrong)
                await set_rota(house.lead, workspace_id=house.client, name="x", time_zone="UTC", layers=[wanted])
    async with agency_scope(house.cast.system):
        assert not await Rota.exists(workspace_id=house.client)


async def test_a_lead_sets_a_calendar_and_reads_its_year_and_nobody_else_sees_it(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    made = await ask(
        api,
        house.token("lead"),
        """mutation($w: ID!) { setHolidayCalendar(input: { workspaceId: $w, name: "Bavaria", country: "DE", region: "BY",
             ownDays: [{ day: "2026-12-31", name: "Stocktaking" }], workingDays: ["2026-01-06"] }) {
             calendar { id version country region ownDays workingDays } userErrors { code path } } }""",
        w=f"workspace_{house.client}",
    )
    calendar = made["data"]["setHolidayCalendar"]["calendar"]
    assert calendar == {
        "id": calendar["id"],
        "version": 1,
        "country": "DE",
        "region": "BY",
        "ownDays": [{"day": "2026-12-31", "name": "Stocktaking"}],
        "workingDays": ["2026-01-06"],
    }
    query = """query($c: ID!) { holidays(calendarId: $c, year: 2026) { day name } }"""
    mine = (await ask(api, house.token("responder"), query, c=calendar["id"]))["data"]["holidays"]
    assert [(each["day"][5:], each["name"]) for each in (mine[0], mine[1], mine[-1])] == [
        ("01-01", "New Year's Day"),
        ("04-03", "Good Friday"),
        ("12-31", "Stocktaking"),
    ]
    other = await house.cast.empty_workspace()
    async with agency_scope(house.cast.owner):
        theirs = await set_holiday_calendar(house.cast.owner, workspace_id=other, name="theirs", calendar=Calendar())
    for token, calendar_id in (
        (globex.tokens["owner"], calendar["id"]),
        (house.token("lead"), f"holidaycalendar_{theirs}"),
        (house.token("lead"), calendar["id"][:-4] + "0000"),
        (house.token("lead"), "nonsense"),
    ):
        assert await ask(api, token, query, c=calendar_id) == {"data": {"holidays": None}}
    never = await ask(api, house.token("lead"), query.replace("2026", "1999"), c=calendar["id"])
    assert never["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    refused = await ask(
        api,
        house.token("responder"),
        """mutation { setHolidayCalendar(input: { name: "x", ownDays: [{ day: "tomorrow", name: "x" }] }) {
             userErrors { code } } }""",
    )
    assert refused["data"]["setHolidayCalendar"]["userErrors"] == [{"code": "NOT_ALLOWED"}]
    wrong = await ask(
        api,
        house.token("lead"),
        """mutation($w: ID!) { setHolidayCalendar(input: { workspaceId: $w, name: "x", country: "DE",
             workingDays: ["tomorrow"] }) { userErrors { path } } }""",
        w=f"workspace_{house.client}",
    )
    assert wrong["data"]["setHolidayCalendar"]["userErrors"] == [{"path": ["input", "workingDays"]}]


def test_what_tend_comes_with_is_whole() -> None:
    """Every country has holidays in every year; a region has its own and lacks what it does not have."""
    text = "AT BR CH DE ES FR GB IN JP US ZA"
    for country in text.split():
        years = {day.year for day in public_holidays(country, "")}
        assert years == set(range(FIRST_YEAR, LAST_YEAR + 1)), country
    assert date(2026, 1, 2) in public_holidays("GB", "SCT")
    assert date(2026, 4, 6) in public_holidays("GB", "ENG")
    assert date(2026, 4, 6) not in public_holidays("GB", "SCT"), "Easter Monday is none in Scotland"
    assert regions_of("XX") is None
    assert {"BY", "BE"} < set(regions_of("DE") or ())
