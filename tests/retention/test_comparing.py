"""What a study finds where we know what there is to find: nothing, or that use halves the rate; and in ten real rooms."""

import gzip
import json
import os
import re
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.kit.survival import rate_ratio
from backend.retention.comparing import Plan, Subjects, after_landmark, naive, person_time

MONTH = 365.25 / 12
RUNS = 400
PLAN = Plan(landmarks=(90,), horizon=365, fewest_events=10)
ROOMS = os.environ.get("TEND_CHAT_DIR")


def simulated(chance: np.random.Generator, *, factor: float, accounts: int = 400) -> Subjects:
    """Accounts that churn once in twelve months and begin to use it once in six while they are there; from then on they
    churn `factor` times as often. Followed for 24 months. Immortal time is built in: whoever churns soon never uses it."""
    use, unused = chance.exponential(6 * MONTH, accounts), chance.exponential(12 * MONTH, accounts)
    used = use + chance.exponential(12 * MONTH / factor, accounts)
    lasted = np.where(unused < use, unused, used)
    first = np.where(unused < use, np.inf, use)
    ended, end = lasted <= 24 * MONTH, np.minimum(lasted, 24 * MONTH)
    return Subjects(end, ended, np.where(first <= end, first, np.inf))


def share_covering(found: list[dict[str, float]], truth: float) -> float:
    return sum(one["low"] <= truth <= one["high"] for one in found) / len(found)


@pytest.fixture(scope="module")
def without_effect() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    chance = np.random.default_rng(20261126)
    runs = [simulated(chance, factor=1.0) for _ in range(RUNS)]
    return [(after_landmark(run, PLAN, 90), naive(run, PLAN)) for run in runs]


def test_without_an_effect_the_landmark_finds_none(without_effect: list[Any]) -> None:
    differences = [honest["restrictedMean"]["difference"] for honest, _ in without_effect]
    assert 0.925 <= share_covering(differences, 0) <= 0.975
    assert abs(float(np.mean([one["value"] for one in differences]))) < 2  # days of 365
    rejected = sum(honest["logRank"]["p"] < 0.05 for honest, _ in without_effect) / RUNS
    assert 0.03 <= rejected <= 0.07


def test_without_an_effect_ever_against_never_always_finds_one(without_effect: list[Any]) -> None:
    assert all(wrong["logRank"]["p"] < 0.05 for _, wrong in without_effect)
    points = [wrong["survivalDifference"][1]["difference"]["value"] for _, wrong in without_effect]
    assert round(float(np.mean(points)), 2) == 0.47


def test_whoever_uses_it_later_shows_a_difference_that_use_cannot_have_made(without_effect: list[Any]) -> None:
    placebos = [honest["sensitivity"]["placebo"] for honest, _ in without_effect]
    shown = [one["survivalDifference"][0]["difference"]["value"] for one in placebos if one["status"] == "OK"]
    assert len(shown) > RUNS / 2
    assert float(np.mean(shown)) > 0.05


def test_person_time_finds_that_use_halves_the_rate() -> None:
    chance = np.random.default_rng(12)
    found = [person_time(simulated(chance, factor=0.5), Plan((90,), 730, 10))["rateRatio"] for _ in range(RUNS)]
    assert 0.925 <= share_covering(found, 0.5) <= 0.975
    assert round(float(np.exp(np.mean([np.log(one["value"]) for one in found]))), 1) == 0.5


def test_person_time_is_no_longer_fooled_where_churn_changes_with_age() -> None:
    """Most leave in the first month and use comes later: without months use would look like a cure."""
    chance = np.random.default_rng(3)
    accounts = 20_000
    early = chance.exponential(40, accounts)
    lasted = np.where(early < 30, early, 30 + chance.exponential(500, accounts))
    use = chance.exponential(60, accounts)
    subjects = Subjects(np.minimum(lasted, 700), lasted <= 700, np.where(use < np.minimum(lasted, 700), use, np.inf))
    ratio = person_time(subjects, Plan((30,), 700, 10))["rateRatio"]
    assert ratio["low"] <= 1 <= ratio["high"]
    pooled = rate_ratio([_all_months_as_one(subjects)])
    assert pooled is not None
    assert pooled.high < 0.6


def _all_months_as_one(subjects: Subjects) -> tuple[float, float, float, float]:
    turned = np.minimum(subjects.first_exposed, subjects.lasted)
    is_exposed = subjects.first_exposed < subjects.lasted
    a, b = (float(np.sum(subjects.ended & chosen)) for chosen in (is_exposed, ~is_exposed))
    return a, float(np.sum(subjects.lasted - turned)), b, float(np.sum(turned))


def test_fewer_than_ten_events_in_an_arm_say_nothing() -> None:
    lasted, ended = np.full(100, 400.0), np.zeros(100, dtype=bool)
    lasted[:40], ended[:40] = 200.0, True
    exposed_late = np.where(np.arange(100) < 9, 10.0, np.inf)  # nine of those who left
    found = after_landmark(Subjects(lasted, ended, exposed_late), PLAN, 90)
    assert found == {
        "status": "INSUFFICIENT_DATA",
        "landmarkDays": 90,
        "numbers": {"exposed": 9, "unexposed": 91},
        "events": {"exposed": 9, "unexposed": 31},
        "left": {"beforeLandmark": 0},
    }


def test_who_has_left_by_the_landmark_and_what_is_used_after_it_do_not_count() -> None:
    lasted = np.array([89.0, 90.0, 91.0] * 20)
    found = after_landmark(Subjects(lasted, np.ones(60, dtype=bool), np.array([90.0] * 30 + [90.5] * 30)), PLAN, 90)
    assert (found["numbers"], found["left"]) == ({"exposed": 10, "unexposed": 10}, {"beforeLandmark": 40})


def test_groups_that_disagree_are_named() -> None:
    chance = np.random.default_rng(5)
    size = 4_000
    exposed, is_pro = chance.random(size) < 0.5, chance.random(size) < 0.5
    lasted = chance.exponential(np.where(exposed == is_pro, 500, 200)) + 90
    subjects = Subjects(
        np.minimum(lasted, 455), lasted <= 455, np.where(exposed, 10.0, np.inf),
        groups={"plan": np.where(is_pro, "pro", "basic"), "size": np.full(size, "1–10")},
    )  # fmt: skip
    plan, size_ = after_landmark(subjects, PLAN, 90)["strata"]
    assert (plan["name"], size_["name"], size_["warning"]) == ("plan", "size", None)
    assert plan["warning"] == (
        "Groups by plan disagree about the direction of the difference: one number for all of them hides that."
    )
    assert [group["label"] for group in plan["groups"]] == ["basic", "pro"]


def test_a_random_assignment_is_compared_as_it_was_assigned() -> None:
    chance = np.random.default_rng(6)
    assigned = chance.random(1_000) < 0.5
    lasted = chance.exponential(300, 1_000)
    subjects = Subjects(lasted, lasted > 0, np.full(1_000, np.inf), assigned=assigned)
    found = after_landmark(subjects, PLAN, 90)
    assert found["numbers"]["exposed"] == int(np.sum(assigned & (lasted > 90)))
    assert "sensitivity" not in found


# Ten real rooms: whether whoever was mentioned by another human within a day stays longer.

DAY = timedelta(days=1)


def newcomers() -> Subjects:
    messages: dict[str, tuple[datetime, str, str]] = {}
    for file in sorted(Path(ROOMS or "").glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            told = json.loads(line)
            if told["author"] != "camperbot":
                messages.setdefault(told["id"], (datetime.fromisoformat(told["sent_at"]), told["author"], told["text"]))
    written, mentioned = defaultdict(list), defaultdict(list)
    authors = {author for _, author, _ in messages.values()}
    for at, author, text in messages.values():
        written[author].append(at)
        for other in re.findall(r"@(member-[0-9a-f]{10})", text):
            if other != author and other in authors:
                mentioned[other].append(at)
    end = max(at for at, _, _ in messages.values())
    rows = []
    for author, times in written.items():
        first, last = min(times), max(times)
        if (end - first).days >= 91:
            after = [(at - first) / DAY for at in mentioned[author]]
            own = sum(at <= first + DAY for at in times)
            rows.append(
                (
                    (last - first) / DAY,
                    (end - last).days >= 90,
                    min((days for days in after if days >= 0), default=np.inf),
                    bool(after),
                    "1" if own == 1 else "2–5" if own < 6 else "≥6",
                )
            )
    lasted, ended, exposed, _, own = zip(*rows, strict=True)
    return Subjects(np.array(lasted), np.array(ended), np.array(exposed), groups={}, activity={1: np.array(own)})


@pytest.mark.skipif(not ROOMS, reason="set TEND_CHAT_DIR to the folder with the chat rooms")
def test_ten_rooms_say_what_the_reference_says() -> None:
    plan = Plan((1,), horizon=2_000, fewest_events=10, ends_by_silence=True, shown_after=(90,))
    subjects = newcomers()

    def shown(found: dict[str, Any]) -> tuple[Any, ...]:
        [at] = found["survivalDifference"]
        return (
            found["numbers"]["unexposed"], found["numbers"]["exposed"],
            f"{at['unexposed']['value']:.2%}", f"{at['exposed']['value']:.2%}",
        )  # fmt: skip

    wrong, honest = naive(subjects, plan), after_landmark(subjects, plan, 1)
    assert shown(wrong) == (476, 918, "3.92%", "26.58%")
    assert (round(wrong["logRank"]["chiSquare"], 2), f"{wrong['logRank']['p']:.1e}") == (320.93, "9.1e-72")
    assert shown(honest) == (661, 733, "16.28%", "21.07%")
    assert (round(honest["logRank"]["chiSquare"], 3), round(honest["logRank"]["p"], 5)) == (10.22, 0.00139)
    [strata] = honest["strata"]
    assert {group["label"]: (*shown(group), round(group["logRank"]["p"], 3)) for group in strata["groups"]} == {
        "1": (361, 180, "14.46%", "10.56%", 0.664),
        "2–5": (239, 306, "16.26%", "20.49%", 0.328),
        "≥6": (61, 247, "27.05%", "29.42%", 0.383),
    }
    stratified = honest["stratifiedLogRank"]
    assert (round(stratified["chiSquare"], 3), round(stratified["p"], 3)) == (0.632, 0.427)
    assert f"{strata['weightedDifference'][0]['value']:.1%}" == "0.7%"
    ninety = after_landmark(subjects, Plan((1,), 90, 10, True, (90,)), 1)["restrictedMean"]
    assert (round(ninety["unexposed"], 2), round(ninety["exposed"], 2)) == (19.52, 26.01)
