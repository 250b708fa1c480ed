"""What a report says matters: goals, changes that chance does not explain, what is at risk; and how numbers are told."""

from datetime import UTC, date, datetime
from math import comb
from typing import Any

import pytest

from backend.client_metrics import CATALOGUE, Status, Value, Window
from backend.client_reports import LANGUAGES, Wording
from backend.client_reports.judging import BY_CHANCE, judge
from backend.client_reports.reading_words import blocks_of
from backend.kit.statistics import difference_of_shares

OCTOBER = Window(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC), "Europe/Berlin")
SEPTEMBER = Window(datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC), "Europe/Berlin")


def share(metric: str, part: int, whole: int, window: Window = OCTOBER, **columns: Any) -> dict[str, Any]:
    return Value(
        metric, 1, Status.OK, "share", window, part / whole, part, whole, whole, **{"low": 0.0, "high": 1.0, **columns}
    ).as_json()


def count(metric: str, value: int, window: Window = OCTOBER, unit: str = "cases") -> dict[str, Any]:
    return Value(metric, 1, Status.OK, unit, window, float(value), n=value).as_json()


def goal(metric: str, direction: str, target: float, since: str = "2026-01-01") -> dict[str, Any]:
    return {"metric": metric, "of": None, "direction": direction, "target": target, "since": since}


def judged(now: list[Any], before: list[Any] = (), goals: list[Any] = ()) -> dict[str, Any]:
    return judge(now, before, goals, until=date(2026, 10, 31))


@pytest.mark.parametrize(
    ("value", "wanted", "status", "is_close"),
    [
        (share("closed_in_time", 95, 100, low=0.92, high=0.99), ("at_least", 0.9), "met", False),
        (share("closed_in_time", 91, 100, low=0.84, high=0.95), ("at_least", 0.9), "met", True),
        (share("closed_in_time", 90, 100, low=0.83, high=0.94), ("at_least", 0.9), "met", True),
        (share("closed_in_time", 50, 100, low=0.4, high=0.6), ("at_least", 0.9), "missed", False),
        (count("open_past_due", 0), ("at_most", 0), "met", False),
        (count("open_past_due", 1), ("at_most", 0), "missed", False),
        (Value("closed_in_time", 1, Status.NO_DATA, "share", OCTOBER).as_json(), ("at_least", 0.9), "unknown", False),
    ],
    ids=["surely", "perhaps", "exactly", "missed", "none", "one", "nothing-to-count"],
)
def test_a_goal_is_met_missed_or_cannot_be_said(
    value: dict[str, Any], wanted: tuple[str, float], status: str, is_close: bool
) -> None:
    [found] = judged([value], goals=[goal(value["metric"], *wanted)])["goals"]
    assert (found["status"], found["is_close"]) == (status, is_close)


def test_a_goal_counts_since_it_was_agreed_and_one_about_nothing_is_unknown() -> None:
    assert judged([], goals=[goal("open_past_due", "at_most", 0, "2026-11-01")])["goals"] == []
    [found] = judged([], goals=[goal("open_past_due", "at_most", 0, "2026-10-31")])["goals"]
    assert found["status"] == "unknown"


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        (share("closed_in_time", 50, 100), share("closed_in_time", 90, 100, SEPTEMBER), "worse"),
        (share("closed_in_time", 90, 100), share("closed_in_time", 50, 100, SEPTEMBER), "better"),
        (share("closed_in_time", 85, 100), share("closed_in_time", 90, 100, SEPTEMBER), None),
        (share("closed_in_time", 1, 2), share("closed_in_time", 2, 2, SEPTEMBER), None),
        (count("cases_opened", 160), count("cases_opened", 100, SEPTEMBER), "neither"),
        (count("cases_opened", 110), count("cases_opened", 100, SEPTEMBER), None),
        (count("cases_opened", 130), count("cases_opened", 100, SEPTEMBER), None),  # 1 in 14
        (count("cases_opened", 140), count("cases_opened", 100, SEPTEMBER), None),  # 1 in 50, and dozens are compared
        (share("closed_in_time", 78, 100), share("closed_in_time", 90, 100, SEPTEMBER), None),  # likewise
        (count("newcomers", 2, unit="persons"), count("newcomers", 30, SEPTEMBER, "persons"), "worse"),
        # One person writes many: days of posts are not independent, so nothing is said of them.
        (count("contributions", 900, unit="posts"), count("contributions", 100, SEPTEMBER, "posts"), None),
        # What is there at one moment is no flow.
        (count("open_past_due", 90), count("open_past_due", 3, SEPTEMBER), None),
        (Value("closed_in_time", 1, Status.NO_DATA, "share", OCTOBER).as_json(), share("closed_in_time", 90, 100, SEPTEMBER), None),
        (count("cases_opened", 160), None, None),
    ],
    ids=["share-down", "share-up", "share-by-chance", "share-of-two", "count-up", "count-by-chance", "count-by-some-chance", "count-by-little-chance",
         "share-by-little-chance", "persons", "posts", "stock",
         "no-data", "not-compared"],
)  # fmt: skip
def test_a_change_is_told_where_chance_does_not_explain_it(now: Any, before: Any, verdict: str | None) -> None:
    changes = judged([now], [before] if before else [])["changes"]
    assert [change["verdict"] for change in changes] == ([] if verdict is None else [verdict])


def test_of_two_equal_months_few_differ_by_chance() -> None:
    """The exact test, added up over all ways in which 60 cases fall into two months of 31 and 30 days."""
    share_of_days, wrong = 31 / 61, 0.0
    for first in range(61):
        if judged([count("cases_opened", first)], [count("cases_opened", 60 - first, SEPTEMBER)])["changes"]:
            wrong += comb(60, first) * share_of_days**first * (1 - share_of_days) ** (60 - first)
    assert 0 < wrong < BY_CHANCE


def test_newcombe_is_that_of_his_paper() -> None:
    low, high = difference_of_shares(56, 70, 48, 80)  # Newcombe 1998, table II (a), method 10
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_what_waits_is_at_risk_and_so_is_a_goal_that_chance_could_have_missed() -> None:
    close = share("closed_in_time", 91, 100, low=0.84, high=0.95)
    risks = judged(
        [count("open_past_due", 2), count("escalations_open", 0), close],
        goals=[goal("closed_in_time", "at_least", 0.9)],
    )
    assert [(risk["kind"], risk["metric"]) for risk in risks["risks"]] == [
        ("count", "open_past_due"),
        ("goal", "closed_in_time"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_and_section_has_words_in_every_language(language: str) -> None:
    told = Wording(language)
    for name, metric in CATALOGUE.items():
        title, formula = told.metric(name)
        assert title
        assert formula
        assert told.words["sections"][metric.section]
        assert set(metric.excludes) <= set(told.words["left_out"])


@pytest.mark.parametrize(
    ("language", "value", "unit", "text"),
    [
        ("en", 0.875, "share", "87.5%"),
        ("de", 0.875, "share", "87,5\u202f%"),
        ("en", 1.0, "share", "100%"),
        ("en", -0.031, "difference", "−3.1 percentage points"),
        ("de", 12_345.0, "posts", "12.345"),
        ("en", 42.0, "seconds", "42 s"),
        ("en", 7_423.0, "seconds", "2 h 4 min"),
        ("en", 200_000.0, "seconds", "2 d 7 h"),
        ("en", 0.61, "index", "0.61"),
    ],
)
def test_a_number_is_told_as_people_say_it(language: str, value: float, unit: str, text: str) -> None:
    assert Wording(language).amount(value, unit) == text


def test_a_number_says_from_how_much_and_how_surely() -> None:
    told = Wording("en")
    assert (
        told.sure(share("closed_in_time", 21, 24, low=0.69, high=0.957))
        == "21 of 24; very likely between 69.0% and 95.7%"
    )
    nothing = Value("closed_in_time", 1, Status.NO_DATA, "share", OCTOBER).as_json()
    assert (told.value(nothing), told.sure(nothing)) == ("No data", "")
    few = Value("newcomer_survival", 1, Status.INSUFFICIENT_DATA, "share", OCTOBER, n=3).as_json()
    assert told.value(few) == "Too little to tell: only 3."


def test_markdown_becomes_a_tree_and_html_stays_text() -> None:
    blocks = blocks_of(
        "# H\n\nA **b** `c` [d](https://e.example) [f](javascript:g) [m](/sign-out)\n\n<b>h</b>\n\n2. i\n   * j\n\n> k\n\n---\n\n    l"
    )
    assert [block["kind"] for block in blocks] == ["heading", "paragraph", "paragraph", "list", "quote", "rule", "code"]
    runs = blocks[1]["runs"]
    assert [(run["text"], run["is_strong"], run["is_code"], run["href"]) for run in runs if run["text"].strip()] == [
        ("A ", False, False, None), ("b", True, False, None), ("c", False, True, None), ("d", False, False, "https://e.example"),
        (" [f](javascript:g) ", False, False, None), ("m", False, False, None),
    ]  # fmt: skip
    assert blocks[2]["runs"][0]["text"] == "<b>h</b>"
    assert (blocks[3]["is_ordered"], blocks[3]["start"], blocks[3]["items"][0][1]["kind"]) == (True, 2, "list")


def test_lists_in_lists_end_somewhere() -> None:
    deep = "\n".join("  " * level + "* x" for level in range(60))
    assert len(str(blocks_of(deep))) < 100_000
