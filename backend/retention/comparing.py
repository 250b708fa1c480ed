"""Two arms compared so that nobody is counted as having used what they had first to live to use.

Pure: arrays in, numbers out. Days count from the start of each subject's subscription, and after a landmark from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from backend.kit.survival import (
    Curve,
    Flags,
    Interval,
    LogRank,
    Numbers,
    curve,
    difference_at,
    log_rank,
    mean_difference,
    rate_ratio,
)
from backend.retention.thresholds import BAND_DAYS, FEWEST_EVENTS_FOR_A_SIGN, POINTS_PER_CURVE, SHOWN_AFTER_DAYS

Json: TypeAlias = dict[str, Any]
Labels: TypeAlias = npt.NDArray[np.str_]

ARMS: Final = ("exposed", "unexposed")


@dataclass(frozen=True, slots=True)
class Subjects:
    """One place in every array for each. `lasted`: days until it ended (`ended`), or was seen last. `first_exposed`: the
    day of the first use, infinite for none. `groups`: a label of each, known at the start. `activity`: for each landmark a
    label of their own activity until then. `assigned`: to which arm a random assignment put them, where there was one."""

    lasted: Numbers
    ended: Flags
    first_exposed: Numbers
    groups: Mapping[str, Labels] = field(default_factory=dict)
    activity: Mapping[int, Labels] = field(default_factory=dict)
    first_exposed_otherwise: Numbers | None = None  # without what belongs to a cancellation; None for the same
    assigned: Flags | None = None

    def __len__(self) -> int:
        return len(self.lasted)


@dataclass(frozen=True, slots=True)
class Plan:
    """`ends_by_silence`: the end is that nothing came any more, so nobody has ended before a landmark by what was known on
    that day: everybody stays, and whoever was seen last before it lasted no time."""

    landmarks: Sequence[int]
    horizon: int
    fewest_events: int
    ends_by_silence: bool = False
    shown_after: Sequence[int] = SHOWN_AFTER_DAYS


def after_landmark(subjects: Subjects, plan: Plan, landmark: int) -> Json:
    """Exposed is who had used it by then; whoever was still there by what was known on that day is followed from there."""
    there = _there(subjects, plan, landmark)
    is_exposed = subjects.first_exposed <= landmark if subjects.assigned is None else subjects.assigned
    strata = {**subjects.groups, **({"activity": subjects.activity[landmark]} if landmark in subjects.activity else {})}
    found = _compared(subjects, plan, there, is_exposed, since=landmark, strata=strata)
    found["landmarkDays"] = landmark
    found["left"] = {"beforeLandmark": int(np.sum(~there))}
    if subjects.assigned is None and found["status"] == "OK":
        found["sensitivity"] = {
            "placebo": _placebo(subjects, plan, landmark),
            "withoutCancelling": _otherwise(subjects, plan, landmark, there),
        }
    return found


def naive(subjects: Subjects, plan: Plan) -> Json:
    """Ever against never, from the start: what is usually shown, and wrong."""
    everybody = np.ones(len(subjects), dtype=np.bool_)
    return _compared(subjects, plan, everybody, np.isfinite(subjects.first_exposed), since=0, strata={})


def person_time(subjects: Subjects, plan: Plan) -> Json:
    """Days before the first use count as unexposed, days after it as exposed, month by month of the subscription and within
    strata that were known at its start."""
    cells = _cells(subjects.groups, np.ones(len(subjects), dtype=np.bool_))
    count = int(cells.max()) + 1 if len(cells) else 0
    turned = np.minimum(subjects.first_exposed, subjects.lasted)
    is_exposed_then = subjects.first_exposed < subjects.lasted
    strata: list[tuple[float, float, float, float]] = []
    for begin in range(0, plan.horizon, BAND_DAYS):
        end = min(begin + BAND_DAYS, plan.horizon)
        until_use, until_end = np.clip(turned, begin, end), np.clip(subjects.lasted, begin, end)
        ends_now = subjects.ended & (subjects.lasted > begin) & (subjects.lasted <= end)
        columns = (ends_now & is_exposed_then, until_end - until_use, ends_now & ~is_exposed_then, until_use - begin)
        sums = [np.bincount(cells, weights=column, minlength=count) for column in columns]
        strata += [(float(a), float(t1), float(b), float(t0)) for a, t1, b, t0 in zip(*sums, strict=True)]
    a, time_1, b, time_0 = (sum(each) for each in zip(*strata, strict=True)) if strata else (0, 0, 0, 0)
    enough = min(a, b) >= plan.fewest_events
    return {
        "status": "OK" if enough else "INSUFFICIENT_DATA",
        "events": {"exposed": int(a), "unexposed": int(b)},
        "personDays": {"exposed": round(time_1, 3), "unexposed": round(time_0, 3)},
        "rateRatio": _interval(rate_ratio(strata)) if enough else None,
        "strata": [*sorted(subjects.groups), "month of the subscription"],
    }


def _there(subjects: Subjects, plan: Plan, landmark: int) -> Flags:
    if plan.ends_by_silence:
        return np.ones(len(subjects), dtype=np.bool_)
    still: Flags = subjects.lasted > landmark
    return still


def _compared(
    subjects: Subjects, plan: Plan, there: Flags, is_exposed: Flags, *, since: float, strata: Mapping[str, Labels]
) -> Json:
    follow = np.clip(subjects.lasted[there] - since, 0, None)
    ended = subjects.ended[there] & (follow <= plan.horizon)  # what comes later is not looked at
    follow = np.minimum(follow, plan.horizon)
    exposed = is_exposed[there]
    arms = {"exposed": exposed, "unexposed": ~exposed}
    found: Json = {
        "numbers": {name: int(arm.sum()) for name, arm in arms.items()},
        "events": {name: int(ended[arm].sum()) for name, arm in arms.items()},
    }
    if min(found["events"].values()) < plan.fewest_events:
        return {"status": "INSUFFICIENT_DATA", **found}
    curves = {name: curve(follow[arm], ended[arm]) for name, arm in arms.items()}
    until = min(float(plan.horizon), *(each.seen_until for each in curves.values()))
    cells = _cells(strata, there)
    return {
        "status": "OK",
        **found,
        "curves": {name: _points(each, until) for name, each in curves.items()},
        "medianDays": {name: each.quantile(0.5) for name, each in curves.items()},
        **_differences(curves["exposed"], curves["unexposed"], plan, until),
        "logRank": _test(log_rank(follow, ended, exposed)),
        "stratifiedLogRank": _test(log_rank(follow, ended, exposed, cells)) if strata else None,
        "strata": [
            _by_stratum(name, labels[there], follow, ended, exposed, plan) for name, labels in sorted(strata.items())
        ],
    }


def _differences(first: Curve, second: Curve, plan: Plan, until: float) -> Json:
    mean_1, mean_2 = first.mean_until(until)[0], second.mean_until(until)[0]
    return {
        "survivalDifference": [
            {
                "days": days,
                "exposed": _interval(first.at(days)) if first.is_known_at(days) else None,
                "unexposed": _interval(second.at(days)) if second.is_known_at(days) else None,
                "difference": _interval(difference_at(first, second, days)),
            }
            for days in plan.shown_after
            if days <= plan.horizon
        ],
        "restrictedMean": {
            "untilDays": until,
            "exposed": mean_1,
            "unexposed": mean_2,
            "difference": _interval(mean_difference(first, second, until)),
        },
    }


def _by_stratum(name: str, labels: Labels, follow: Numbers, ended: Flags, exposed: Flags, plan: Plan) -> Json:
    """Each group by itself, and what is left of the difference when groups are weighted by how many are in them."""
    groups: list[Json] = []
    for label in np.unique(labels):
        of = labels == label
        arms = {"exposed": of & exposed, "unexposed": of & ~exposed}
        curves = {arm: curve(follow[chosen], ended[chosen]) for arm, chosen in arms.items()}
        until = min(float(plan.horizon), *(each.seen_until for each in curves.values()))
        both = all(chosen.any() for chosen in arms.values())
        groups.append(
            {
                "label": str(label),
                "numbers": {arm: int(chosen.sum()) for arm, chosen in arms.items()},
                "events": {arm: int(ended[chosen].sum()) for arm, chosen in arms.items()},
                **(_differences(curves["exposed"], curves["unexposed"], plan, until) if both and until > 0 else {}),
                "logRank": _test(log_rank(follow[of], ended[of], exposed[of])),
            }
        )
    counted = [each for each in groups if "restrictedMean" in each]
    signs = {
        each["restrictedMean"]["difference"]["value"] > 0
        for each in counted
        if sum(each["events"].values()) >= FEWEST_EVENTS_FOR_A_SIGN
    }
    return {
        "name": name,
        "groups": groups,
        "weightedDifference": [
            {"days": days, "value": _weighted(counted, days)} for days in plan.shown_after if days <= plan.horizon
        ],
        "warning": f"Groups by {name} disagree about the direction of the difference: one number for all of them "
        "hides that."
        if len(signs) > 1
        else None,
    }


def _weighted(groups: Sequence[Json], days: int) -> float | None:
    """None where one group does not know."""
    total = sum(sum(each["numbers"].values()) for each in groups)
    value = 0.0
    for each in groups:
        [found] = [one["difference"] for one in each["survivalDifference"] if one["days"] == days]
        if found is None:
            return None
        value += found["value"] * sum(each["numbers"].values()) / total
    return value if groups else None


def _placebo(subjects: Subjects, plan: Plan, landmark: int) -> Json:
    """Whoever had not used it by the landmark, split by whether they did soon after: nothing that comes later can have
    worked before. What shows all the same is that they had to stay in order to use it, and who they are."""
    there = _there(subjects, plan, landmark) & (subjects.first_exposed > landmark)
    found = _compared(subjects, plan, there, subjects.first_exposed <= 2 * landmark, since=landmark, strata={})
    return {"usedBetweenDays": [landmark, 2 * landmark], **_brief(found)}


def _otherwise(subjects: Subjects, plan: Plan, landmark: int, there: Flags) -> Json | None:
    if subjects.first_exposed_otherwise is None:
        return None
    exposed = subjects.first_exposed_otherwise <= landmark
    return _brief(_compared(subjects, plan, there, exposed, since=landmark, strata={}))


def _brief(found: Json) -> Json:
    kept = ("status", "numbers", "events", "survivalDifference", "restrictedMean", "logRank")
    return {name: found[name] for name in kept if name in found}


def _cells(strata: Mapping[str, Labels], there: Flags) -> npt.NDArray[np.int64]:
    """One number for each combination of labels."""
    cells = np.zeros(int(there.sum()), dtype=np.int64)
    for labels in strata.values():
        _, codes = np.unique(labels[there], return_inverse=True)
        _, cells = np.unique(cells * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return cells


def _points(of: Curve, until: float) -> list[Json]:
    """Where the curve steps, at most so many that a chart shows them; the first is the start."""
    moments = np.unique(np.concatenate(([0.0], of.times[of.times <= until], [until])))
    if len(moments) > POINTS_PER_CURVE:
        moments = np.linspace(0.0, until, POINTS_PER_CURVE)
    points = []
    for time in moments:
        at = of.at(float(time))
        points.append(
            {
                "t": round(float(time), 3),
                "atRisk": of.at_risk_at(float(time)),
                "survival": at.value,
                "low": at.low,
                "high": at.high,
            }
        )
    return points


def _interval(found: Interval | None) -> Json | None:
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}


def _test(found: LogRank | None) -> Json | None:
    if found is None:
        return None
    return {
        "observed": found.observed,
        "expected": found.expected,
        "variance": found.variance,
        "chiSquare": found.chi_square,
        "p": found.p,
    }
