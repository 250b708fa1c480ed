"""What matters in a report: goals met or missed, what changed by more than chance explains, what is at risk. Pure: it follows
from the numbers and what was agreed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from backend.client_metrics import CATALOGUE, Better, Unit
from backend.kit.statistics import at_least, difference_of_shares

Json = Mapping[str, Any]

# Chance alone makes such a difference less than once in so many times. Dozens of numbers are compared, so 0.05 would find
# something in every report.
BY_CHANCE: Final = 0.01
_Z: Final = 2.5758293035489004  # of 99 %
# Things that come one by one, more or less independently; what one person writes is not.
_COUNTED: Final = frozenset({Unit.PERSONS, Unit.REPORTS, Unit.CASES, Unit.INVESTIGATIONS, Unit.ESCALATIONS, Unit.ITEMS})
# A stock is what there is at one moment, and no flow of the period.
_STOCKS: Final = frozenset(
    {"absence_factor", "open_cases", "open_past_due", "escalations_open", "escalations_late", "published_items"}
)
_ORDER: Final = ("worse", "better", "neither")  # what is worse is read first
# Each of these is somebody who waits.
_RISKS: Final = ("open_past_due", "escalations_open", "escalations_late")


def judge(values: Sequence[Json], before: Sequence[Json], goals: Sequence[Json], *, until: date) -> dict[str, Any]:
    """`until`: the last day of the period; a goal agreed later does not count for it yet."""
    now_by, before_by = _by_name(values), _by_name(before)
    judged_goals = [_judged(goal, now_by) for goal in goals if date.fromisoformat(goal["since"]) <= until]
    changes = [
        change
        for name in CATALOGUE
        if (change := _change(now_by.get((name, None)), before_by.get((name, None)))) is not None
    ]
    changes.sort(key=lambda change: _ORDER.index(change["verdict"]))
    return {"goals": judged_goals, "changes": changes, "risks": [*_risks(now_by, judged_goals)]}


def differences(values: Sequence[Json], corrected: Sequence[Json]) -> list[dict[str, Any]]:
    """What a correction says otherwise than the version that it corrects."""
    earlier = _by_name(corrected)
    return [
        {"metric": value["metric"], "of": value["of"], "before": was, "now": value}
        for value in values
        if (was := earlier.get((value["metric"], value["of"]))) is not None
        and (was["status"], was["value"]) != (value["status"], value["value"])
    ]


def _by_name(values: Sequence[Json]) -> dict[tuple[str, str | None], Json]:
    return {(each["metric"], each["of"]): each for each in values}


def _judged(goal: Json, values: Mapping[tuple[str, str | None], Json]) -> dict[str, Any]:
    """`is_close`: the interval reaches across the goal, so chance could have decided."""
    metric = CATALOGUE[goal["metric"]]
    value = values.get((goal["metric"], goal["of"]))
    if value is None:
        value = {
            **dict.fromkeys(("value", "numerator", "denominator", "low", "high", "coverage", "sentence")),
            "metric": metric.name,
            "of": goal["of"],
            "unit": metric.unit.value,
            "n": 0,
            "status": "NO_DATA",
        }
    if value["status"] != "OK" or value["value"] is None:
        return {**goal, "value": value, "status": "unknown", "is_close": False}
    is_met = value["value"] >= goal["target"] if goal["direction"] == "at_least" else value["value"] <= goal["target"]
    is_close = value["low"] is not None and value["high"] is not None and value["low"] < goal["target"] < value["high"]
    return {**goal, "value": value, "status": "met" if is_met else "missed", "is_close": is_close}


def _change(now: Json | None, before: Json | None) -> dict[str, Any] | None:
    """None where chance explains it, or nobody can say."""
    if now is None or before is None or now["status"] != "OK" or before["status"] != "OK":
        return None
    if now["value"] is None or before["value"] is None or now["value"] == before["value"]:
        return None
    if not _is_beyond_chance(now, before):
        return None
    metric = CATALOGUE[now["metric"]]
    is_up = now["value"] > before["value"]
    verdict = "neither"
    if metric.better is not Better.NEITHER:
        verdict = "better" if is_up == (metric.better is Better.UP) else "worse"
    return {
        "metric": metric.name,
        "section": metric.section.value,
        "unit": metric.unit.value,
        "before": before["value"],
        "now": now["value"],
        "direction": "up" if is_up else "down",
        "verdict": verdict,
    }


def _is_beyond_chance(now: Json, before: Json) -> bool:
    metric = CATALOGUE[now["metric"]]
    if metric.unit is Unit.SHARE and _are_whole(now, before):
        low, high = difference_of_shares(
            int(now["numerator"]), int(now["denominator"]), int(before["numerator"]), int(before["denominator"]), z=_Z
        )
        return low > 0 or high < 0
    if metric.unit in _COUNTED and metric.name not in _STOCKS:
        return _counts_differ(int(now["value"]), int(before["value"]), share=_share_of_days(now, before))
    if None in (now["low"], now["high"], before["low"], before["high"]):
        return False
    return bool(now["low"] > before["high"] or now["high"] < before["low"])


def _are_whole(*values: Json) -> bool:
    """Successes of so many tries that do not depend on each other: the metric has an interval, and it is not another one
    (Kaplan and Meier)."""
    return all(
        None not in (value["numerator"], value["low"])
        and value["denominator"]
        and float(value["numerator"]).is_integer()
        and float(value["denominator"]).is_integer()
        and abs(value["numerator"] / value["denominator"] - value["value"]) < 1e-9
        for value in values
    )


def _counts_differ(now: int, before: int, *, share: float) -> bool:
    """Of all that came in both, as many in the first as its share of days makes likely? Two-sided and exact (Przyborowski
    and Wilenski 1940)."""
    both = now + before
    more, fewer = at_least(now, both, share=share), at_least(before, both, share=1 - share)
    return min(1.0, 2 * min(more, fewer)) < BY_CHANCE


def _share_of_days(now: Json, before: Json) -> float:
    days = [
        (date.fromisoformat(value["window"]["until"][:10]) - date.fromisoformat(value["window"]["since"][:10])).days
        for value in (now, before)
    ]
    return days[0] / sum(days)


def _risks(values: Mapping[tuple[str, str | None], Json], goals: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """What waits for somebody, and goals that chance alone could have missed."""
    for name in _RISKS:
        value = values.get((name, None))
        if value is not None and value["status"] == "OK" and value["value"]:
            yield {"kind": "count", "metric": name, "value": value}
    for goal in goals:
        if goal["status"] == "met" and goal["is_close"]:
            yield {"kind": "goal", "metric": goal["metric"], "goal": goal}
