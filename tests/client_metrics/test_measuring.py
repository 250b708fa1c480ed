"""How numbers are cut into days, weeks and months; how concentrated something is; what a chart shows."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cast import Cast
from recounted import gini as by_mean_difference

from backend.client_metrics import CATALOGUE, Section, Status, Step, Value, Window, chart, draw, measure, rows_behind
from backend.client_metrics.measuring import cut
from backend.kit.concentration import absence_factor, gini
from backend.kit.errors import Invalid
from tenants.scope import agency_scope

BERLIN = ZoneInfo("Europe/Berlin")


def test_how_concentrated_something_is() -> None:
    assert [gini(amounts) for amounts in ([1, 2, 3, 4], [0, 0, 0, 10], [5, 5, 5], [7], [], [0, 0])] == [
        0.25, 0.75, 0, 0, None, None,
    ]  # fmt: skip
    assert [absence_factor(amounts) for amounts in ([1000, 202, 90, 33, 332, 343, 42, 433], [5, 5], [1], [], [0])] == [
        2, 1, 1, 0, 0,
    ]  # fmt: skip
    amounts = [Random(7).randint(1, 99) for _ in range(50)]
    assert gini(amounts) == pytest.approx(by_mean_difference(amounts))


def hours(pieces: list[Window]) -> list[float]:
    return [(piece.until - piece.since) / timedelta(hours=1) for piece in pieces]


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    spring = Window(datetime(2026, 3, 28, tzinfo=BERLIN), datetime(2026, 3, 31, tzinfo=BERLIN), "Europe/Berlin")
    autumn = Window(datetime(2026, 10, 24, tzinfo=BERLIN), datetime(2026, 10, 27, tzinfo=BERLIN), "Europe/Berlin")
    assert hours(cut(spring, Step.DAY)) == [24, 23, 24]
    assert hours(cut(autumn, Step.DAY)) == [24, 25, 24]
    assert hours(cut(spring, Step.WEEK)) == [47, 24]  # Sunday is the short one; Monday begins a week


def test_months_are_those_of_the_client_and_the_ends_are_cut() -> None:
    window = Window(datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), "Asia/Tokyo")
    pieces = cut(window, Step.MONTH)
    assert [(piece.since, piece.until) for piece in pieces] == [
        (window.since, datetime(2026, 1, 31, 15, tzinfo=UTC)),
        (datetime(2026, 1, 31, 15, tzinfo=UTC), datetime(2026, 2, 28, 15, tzinfo=UTC)),
        (datetime(2026, 2, 28, 15, tzinfo=UTC), window.until),
    ]
    with pytest.raises(Invalid):
        cut(Window(window.since, window.since + timedelta(days=500), "UTC"), Step.DAY)


def told(name: str, *numbers: float | None) -> list[Value]:
    def month(n: int) -> datetime:
        return datetime(2026, n, 1, tzinfo=BERLIN)

    return [
        Value(
            name, 1, Status.NO_DATA if number is None else Status.OK, CATALOGUE[name].unit.value,
            Window(month(n), month(n + 1), "Europe/Berlin"), number, low=number, high=number,
        )
        for n, number in enumerate(numbers, 1)
    ]  # fmt: skip


def test_a_chart_has_gaps_where_there_is_no_data_and_a_picture_of_its_own() -> None:
    drawn = chart(told("closed_in_time", 0.5, None, 0.75))
    assert [(each["begins"], each["value"]) for each in drawn["data"]["values"]] == [
        ("2026-01-01", 0.5), ("2026-02-01", None), ("2026-03-01", 0.75),
    ]  # fmt: skip
    svg = draw(drawn)
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "http" not in svg.replace("http://www.w3.org/", "")
    hours = chart(told("handle_time", 7_200), title="Bearbeitungszeit", axis="Stunden")
    assert (hours["data"]["values"][0]["value"], hours["title"]["text"]) == (2, "Bearbeitungszeit")
    assert chart(told("contributions", 1, 0))["layer"][0]["mark"]["type"] == "rect"
    with pytest.raises(ValueError, match="values"):
        chart([])


def test_every_metric_says_what_it_is_and_from_what() -> None:
    assert {metric.section for metric in CATALOGUE.values()} == set(Section)
    for metric in CATALOGUE.values():
        assert metric.question.endswith("?")
        assert metric.formula.endswith(".")
        assert metric.sources


async def test_a_count_is_not_planned_as_a_page_is_read(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of numbers and of the rows they open to: over the API, where all else is read along keys."""
    planned: list[str] = []
    fetch = agency_scope.fetch

    async def noted(self: agency_scope, sql: str, *values: Any) -> Any:
        if "posts" in sql or "cases" in sql:
            planned.append(await self.fetchval("show enable_hashjoin"))
        return await fetch(self, sql, *values)

    monkeypatch.setattr(agency_scope, "fetch", noted)
    window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC), "UTC")
    async with agency_scope(acme.owner, read_only=True):
        await measure(acme.owner, acme.workspaces["forum"], window, list(CATALOGUE))
        for name, metric in CATALOGUE.items():
            if metric.rows is not None:
                await rows_behind(acme.owner, acme.workspaces["forum"], name, window)
    assert len(planned) > 30
    assert set(planned) == {"on"}
