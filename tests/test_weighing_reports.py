"""What open reports come to, by Discourse's own arithmetic (F1 of reference/moderation.md, vector by vector)."""

import pytest

from backend.moderation import flag_threshold
from backend.moderation.weighing import flag_accuracy, flag_score


@pytest.mark.parametrize(
    ("agreed", "disagreed", "accuracy"),
    [(5, 0, 0), (6, 0, 6.46), (10, 0, 8.30), (88, 12, 9.97), (100, 0, 16.61), (7, 3, 0), (4, 2, -0.31), (5, 5, -2.37),
     (0, 10, -8.30)],
)  # fmt: skip
def test_a_record_adds_to_a_flag_or_takes_from_it(agreed: int, disagreed: int, accuracy: float) -> None:
    assert flag_accuracy(agreed=agreed, disagreed=disagreed) == accuracy


@pytest.mark.parametrize(
    ("trust_level", "agreed", "disagreed", "takes_action", "score"),
    [(0, 0, 0, False, 1), (1, 6, 0, False, 8.46), (2, 88, 12, False, 12.97), (0, 0, 10, False, 0), (5, 0, 0, True, 11)],
)
def test_a_flag_is_scored_as_discourse_scores_it(
    trust_level: int, agreed: int, disagreed: int, takes_action: bool, score: float
) -> None:
    assert flag_score(
        trust_level=trust_level, agreed=agreed, disagreed=disagreed, takes_action=takes_action
    ) == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize(
    ("high", "sensitivity", "hide", "silence", "close"),
    [
        (12.5, "low", 12.5, 7.5, 31.25), (12.5, "medium", 8.33, 4.99, 20.83), (12.5, "high", 4.16, 2.49, 10.41),
        (100, "low", 100, 60, 250), (100, "medium", 66.66, 39.99, 166.66), (100, "high", 33.33, 19.99, 83.33),
    ],
)  # fmt: skip
def test_discourse_acts_from_the_scores_it_acts_from(
    high: float, sensitivity: str, hide: float, silence: float, close: float
) -> None:
    effects = ("hide_post", "silence_new_member", "close_topic")
    found = [flag_threshold(high, sensitivity=sensitivity, effect=effect) for effect in effects]
    assert found == [hide, silence, close]
