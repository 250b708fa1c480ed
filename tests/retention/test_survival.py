"""How long things last: the golden values of the house, and lifelines as a second opinion."""

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_waltons
from lifelines.statistics import logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time

from backend.kit.statistics import difference_of_shares
from backend.kit.survival import (
    Interval,
    curve,
    difference_at,
    log_rank,
    mean_difference,
    rate_ratio,
)


def rounded(found: Interval | None, digits: int = 6) -> tuple[float, float, float]:
    assert found is not None
    return round(found.value, digits), round(found.low, digits), round(found.high, digits)


def test_what_is_still_open_counts_as_long_as_it_was_seen() -> None:
    """Replies after 1, 2 and 3 hours; open since 2 and 10 hours."""
    replies = curve([1, 2, 3, 2, 10], [True, True, True, False, False])
    assert [round(replies.at(hour).value, 12) for hour in (0.5, 1, 2, 3, 10)] == [1.0, 0.8, 0.6, 0.3, 0.3]
    assert (replies.quantile(0.5), replies.quantile(0.75)) == (3.0, None)
    assert replies.mean_until(10)[0] == pytest.approx(4.5)
    assert [replies.at_risk_at(hour) for hour in (0, 2, 2.5, 10, 11)] == [5, 4, 2, 1, 0]
    assert (replies.is_known_at(10), replies.is_known_at(10.1)) == (True, False)


def test_a_difference_of_shares() -> None:
    assert rounded(Interval(0.25, *difference_of_shares(45, 60, 30, 60))) == (0.25, 0.07678, 0.403461)
    assert rounded(Interval(0.15, *difference_of_shares(150, 200, 120, 200)), 4) == (0.15, 0.0583, 0.2383)


def test_whether_two_groups_end_alike() -> None:
    times, ended = [1, 2, 3, 6, 2, 4, 5, 7], [True, True, True, False, False, True, True, False]
    found = log_rank(times, ended, [True] * 4 + [False] * 4)
    assert found is not None
    values = (found.observed, found.expected, found.variance, found.chi_square, found.p)
    assert tuple(round(value, 6) for value in values) == (3, 1.911905, 1.14462, 1.034362, 0.309136)


def test_strata_are_compared_each_within_itself() -> None:
    times, ended = [1, 2, 3, 6, 2, 4, 5, 7] * 2, [True, True, True, False, False, True, True, False] * 2
    first = [True] * 4 + [False] * 4
    found = log_rank(times, ended, first + [not one for one in first], [0] * 8 + [1] * 8)
    assert found is not None
    assert found.chi_square == pytest.approx(0, abs=1e-20)  # what one stratum says the other takes back
    alone = log_rank(times, ended, first * 2, range(16))
    assert alone is None  # nobody to be compared with


def test_how_many_times_as_often() -> None:
    assert rounded(rate_ratio([(4, 100, 12, 150), (3, 60, 4, 40)]), 4) == (0.5, 0.2024, 1.2353)
    assert rate_ratio([(0, 100, 12, 150)]) is None
    assert rate_ratio([]) is None


def test_between_which_times_a_median_lies() -> None:
    data = load_waltons()
    for group in ("control", "miR-137"):
        of = data[data["group"] == group]
        fitted = KaplanMeierFitter().fit(of["T"], of["E"])
        low, high = median_survival_times(fitted.confidence_interval_).iloc[0]
        assert curve(of["T"], of["E"]).quantile_interval(0.5) == (low, high)
    assert curve([1, 2, 9, 9], [True, True, False, False]).quantile_interval(0.5)[1] is None  # not reached
    assert curve([], []).quantile_interval(0.5) == (None, None)


def test_nothing_says_nothing() -> None:
    nothing = curve([], [])
    assert (nothing.is_known_at(0), nothing.quantile(0.5), nothing.seen_until) == (False, None, 0.0)
    assert log_rank([], [], []) is None
    assert difference_at(nothing, curve([1], [True]), 1) is None


def test_a_share_of_all_or_none_still_has_an_interval_in_a_difference() -> None:
    """Log(−log) collapses there: nobody of ten has left, and that is not certain."""
    stayed, left = curve([9] * 10, [False] * 10), curve([1] * 5 + [9] * 5, [True] * 5 + [False] * 5)
    assert stayed.at(5) == Interval(1.0, 1.0, 1.0)
    value, low, high = rounded(difference_at(stayed, left, 5), 4)
    assert value == 0.5
    assert 0 < low < value < high < 1


def test_fruit_flies_as_everybody_finds_them() -> None:
    """`waltons` of lifelines: 129 of a control, 34 of miR-137."""
    flies = load_waltons()
    control = flies[flies["group"] == "control"]
    treated = flies[flies["group"] == "miR-137"]
    ours, theirs = curve(control["T"], control["E"]), curve(treated["T"], treated["E"])
    assert [round(ours.at(t).value, 6) for t in (20, 40, 60)] == [0.984435, 0.953183, 0.378595]
    assert rounded(ours.at(60)) == (0.378595, 0.294699, 0.462022)
    found = log_rank(flies["T"], flies["E"], flies["group"] == "control")
    assert found is not None
    assert (round(found.chi_square, 6), f"{found.p:.3e}") == (122.249126, "2.036e-28")
    assert (round(ours.mean_until(60)[0], 6), round(theirs.mean_until(60)[0], 6)) == (54.303557, 25.588235)
    assert rounded(mean_difference(ours, theirs, 60), 4) == (28.7153, 24.1446, 33.2861)


@pytest.mark.parametrize("seed", range(5))
def test_lifelines_finds_the_same(seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.ceil(chance.exponential(20, 300))  # whole days: many at the same time
    ended, first = chance.random(300) < 0.7, chance.random(300) < 0.4
    ours = curve(times[first], ended[first])
    theirs = KaplanMeierFitter().fit(times[first], ended[first])
    limits = theirs.confidence_interval_survival_function_
    for time in (1.0, 7.0, 20.0, 33.0):
        at = ours.at(time)
        assert at.value == pytest.approx(theirs.predict(time), rel=1e-9)
        row = limits.loc[:time].iloc[-1]
        assert (at.low, at.high) == pytest.approx(tuple(row), rel=1e-9)
    tested = logrank_test(times[first], times[~first], ended[first], ended[~first])
    found = log_rank(times, ended, first)
    assert found is not None
    assert (found.chi_square, found.p) == pytest.approx((tested.test_statistic, tested.p_value), rel=1e-9)
    until = min(times[first].max(), 40.0)
    mean, variance = ours.mean_until(until)
    known = restricted_mean_survival_time(theirs, t=until)
    assert mean == pytest.approx(known, rel=1e-9)
    assert variance > 0
