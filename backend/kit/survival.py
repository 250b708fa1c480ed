"""How long things last where some have not ended yet: survival curves, what differs between two groups, and how sure that is.

Times are numbers of any one unit; `ended` says of each whether it has ended then, or was only seen until then (censored).
At the same time, what ends does so before what is censored. Intervals are at 95 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from backend.kit.statistics import wilson

Numbers: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

Z: Final = 1.959963984540054
_CLOSE: Final = 1e-12  # a product of fractions that should be one half is not quite


@dataclass(frozen=True, slots=True)
class Interval:
    """A number, and between which numbers it lies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Kaplan and Meier's estimate: at each time when something ended, how many were still there before (`at_risk`), how
    many ended (`deaths`), and the share that lasts longer. `seen`: all times, ascending; `seen_until`: the last of them."""

    times: Numbers
    at_risk: Counts
    deaths: Counts
    survival: Numbers
    greenwood: Numbers  # Σ d/(n(n−d)) up to there; infinite once nobody is left
    seen: Numbers

    @property
    def seen_until(self) -> float:
        return float(self.seen[-1]) if len(self.seen) else 0.0

    def is_known_at(self, time: float) -> bool:
        """Nobody knows what comes after the last time, unless nobody is left."""
        if not len(self.seen):
            return False
        return time <= self.seen_until or (len(self.survival) > 0 and self.survival[-1] == 0)

    def at_risk_at(self, time: float) -> int:
        return len(self.seen) - int(np.searchsorted(self.seen, time, side="left"))

    def at(self, time: float) -> Interval:
        """The share that lasts longer than `time`, its interval by log(−log): that collapses at 0 and 1."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return Interval(1.0, 1.0, 1.0)
        share, spread = float(self.survival[place]), float(self.greenwood[place])
        if not _CLOSE < share < 1 - _CLOSE:
            return Interval(round(share), round(share), round(share))
        middle, half = log(-log(share)), Z * sqrt(spread) / abs(log(share))
        return Interval(share, exp(-exp(middle + half)), exp(-exp(middle - half)))

    def quantile(self, share: float) -> float | None:
        """The first time by which that share has ended; None where it is not reached."""
        reached = np.flatnonzero(self.survival <= 1 - share + _CLOSE)
        return float(self.times[reached[0]]) if len(reached) else None

    def quantile_interval(self, share: float) -> tuple[float | None, float | None]:
        """Between which times it lies: those whose own interval still holds the share that is left. None where an end is not
        reached. Source: Brookmeyer and Crowley 1982, with the interval of `at`."""
        left = 1 - share
        inside = (self.survival > _CLOSE) & (self.survival < 1 - _CLOSE)
        with np.errstate(all="ignore"):
            middle = np.log(-np.log(self.survival))
            half = Z * np.sqrt(self.greenwood) / np.abs(np.log(self.survival))
            low = np.where(inside, np.exp(-np.exp(middle + half)), self.survival)
            high = np.where(inside, np.exp(-np.exp(middle - half)), self.survival)
        begins, ends = np.flatnonzero(low <= left + _CLOSE), np.flatnonzero(high <= left + _CLOSE)
        return (
            float(self.times[begins[0]]) if len(begins) else None,
            float(self.times[ends[0]]) if len(ends) else None,
        )

    def mean_until(self, time: float) -> tuple[float, float]:
        """The mean time within the first `time` (the area below the curve), and its variance."""
        inside = self.times < time
        borders = np.concatenate(([0.0], self.times[inside], [time]))
        areas = np.diff(borders) * np.concatenate(([1.0], self.survival[inside]))
        later = np.cumsum(areas[::-1])[::-1][1:]  # from each time to the end
        n, d = self.at_risk[inside].astype(float), self.deaths[inside].astype(float)
        some_left = n > d  # where nobody is left, nothing lies below the curve any more
        variance = np.sum(later[some_left] ** 2 * d[some_left] / (n[some_left] * (n[some_left] - d[some_left])))
        return float(areas.sum()), float(variance)


@dataclass(frozen=True, slots=True)
class LogRank:
    """`observed` and `expected`: how many of the first group ended, and how many had there been no difference."""

    observed: float
    expected: float
    variance: float
    chi_square: float
    p: float


def curve(times: npt.ArrayLike, ended: npt.ArrayLike) -> Curve:
    """Source: Kaplan and Meier 1958; the variance is Greenwood's."""
    seen, flags = np.asarray(times, dtype=np.float64), np.asarray(ended, dtype=np.bool_)
    ordered = np.sort(seen)
    moments, deaths = np.unique(seen[flags], return_counts=True)
    at_risk = len(ordered) - np.searchsorted(ordered, moments, side="left")
    n, d = at_risk.astype(np.float64), deaths.astype(np.float64)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(d / (n * (n - d))).astype(np.float64)
    survival = np.cumprod(1 - d / n).astype(np.float64)
    return Curve(moments, at_risk.astype(np.int64), deaths.astype(np.int64), survival, greenwood, ordered)


def log_rank(
    times: npt.ArrayLike, ended: npt.ArrayLike, is_first: npt.ArrayLike, strata: npt.ArrayLike | None = None
) -> LogRank | None:
    """Whether the first group and the rest end alike; with `strata` (one number for each), compared within each of them
    only. None where nothing can be compared. Source: Mantel 1966."""
    seen, flags, first = (np.asarray(times, np.float64), np.asarray(ended, np.bool_), np.asarray(is_first, np.bool_))
    groups: npt.NDArray[Any] = np.zeros(len(seen)) if strata is None else np.asarray(strata)
    observed = expected = variance = 0.0
    order = np.argsort(groups, kind="stable")  # each place is looked at once, however many groups there are
    borders = np.flatnonzero(np.diff(np.unique(groups, return_inverse=True)[1][order])) + 1
    for of_group in np.split(order, borders):
        o, e, v = _differing(seen[of_group], flags[of_group], first[of_group])
        observed, expected, variance = observed + o, expected + e, variance + v
    if variance <= 0:
        return None
    chi_square = (observed - expected) ** 2 / variance
    return LogRank(observed, expected, variance, chi_square, erfc(sqrt(chi_square / 2)))


def difference_at(first: Curve, second: Curve, time: float) -> Interval | None:
    """Of the shares that last longer than `time`: both intervals squared and added, as Newcombe does. Where a share is 0 or
    1 its interval is Wilson's, of those who were there until then. None where one of the two is not known."""
    if not (first.is_known_at(time) and second.is_known_at(time)):
        return None
    return _apart(_never_certain(first, time), _never_certain(second, time))


def mean_difference(first: Curve, second: Curve, until: float) -> Interval:
    """Of the mean times within `until`, which has to lie within what was seen of both."""
    (mean_1, variance_1), (mean_2, variance_2) = first.mean_until(until), second.mean_until(until)
    half = Z * sqrt(variance_1 + variance_2)
    return Interval(mean_1 - mean_2, mean_1 - mean_2 - half, mean_1 - mean_2 + half)


def rate_ratio(strata: Sequence[tuple[float, float, float, float]]) -> Interval | None:
    """How many times as often it happens to the first group, by Mantel and Haenszel. Each stratum is (a, T1, b, T0): a
    happened in the time T1 of the first group, b in T0 of the second. None where that cannot be said.

    Source: Greenland and Robins 1985 for the variance.
    """
    up = down = spread = 0.0
    for a, time_1, b, time_0 in strata:
        total = time_1 + time_0
        if total > 0:
            up, down = up + a * time_0 / total, down + b * time_1 / total
            spread += (a + b) * time_1 * time_0 / total**2
    if up <= 0 or down <= 0:
        return None
    half = Z * sqrt(spread / (up * down))
    return Interval(up / down, up / down * exp(-half), up / down * exp(half))


def _differing(times: Numbers, ended: Flags, is_first: Flags) -> tuple[float, float, float]:
    """Observed and expected in the first group, and the variance."""
    moments = np.unique(times[ended])
    everybody, ours = np.sort(times), np.sort(times[is_first])
    n = (len(everybody) - np.searchsorted(everybody, moments, side="left")).astype(np.float64)
    n_1 = (len(ours) - np.searchsorted(ours, moments, side="left")).astype(np.float64)
    d = np.bincount(np.searchsorted(moments, times[ended]), minlength=len(moments)).astype(np.float64)
    several = n > 1  # whoever is alone differs from nobody
    share, left = n_1 / n, n[several] - 1
    variance = np.sum(d[several] * (share * (1 - share))[several] * (n - d)[several] / left)
    return float(np.sum(ended & is_first)), float(np.sum(d * share)), float(variance)


def _never_certain(of: Curve, time: float) -> Interval:
    found = of.at(time)
    if _CLOSE < found.value < 1 - _CLOSE:
        return found
    there = max(1, of.at_risk_at(min(time, of.seen_until)))
    return Interval(found.value, *wilson(round(found.value) * there, there))


def _apart(one: Interval, other: Interval) -> Interval:
    difference = one.value - other.value
    return Interval(
        difference,
        difference - sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2),
        difference + sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2),
    )
