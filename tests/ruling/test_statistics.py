"""Shares and how sure they are: the figures of moderation.md, recomputed elsewhere."""

from math import comb

import pytest

from backend.kit.statistics import at_least, wilson


@pytest.mark.parametrize(
    ("successes", "of", "expected"),
    [
        (8, 10, (0.4902, 0.9433)),
        (47, 50, (0.8378, 0.9794)),
        (95, 100, (0.8882, 0.9785)),
        (0, 20, (0, 0.1611)),
        (0, 0, (0, 1)),
    ],
)
def test_wilsons_interval(successes: int, of: int, expected: tuple[float, float]) -> None:
    assert tuple(round(bound, 4) for bound in wilson(successes, of)) == expected


@pytest.mark.parametrize(
    ("successes", "of", "share"),
    [(3, 50, 0.5), (990, 1000, 0.99), (5, 1000, 0.01), (100, 200, 0.5), (0, 30, 0.2), (30, 30, 0.2), (31, 30, 0.2), (1, 5, 0), (1, 5, 1)],
)  # fmt: skip
def test_the_tail_of_the_binomial_distribution_is_the_sum_of_its_terms(successes: int, of: int, share: float) -> None:
    exact = sum(comb(of, n) * share**n * (1 - share) ** (of - n) for n in range(successes, of + 1))
    assert at_least(successes, of, share=share) == pytest.approx(exact, rel=1e-9)
