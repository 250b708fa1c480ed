"""Shares and how sure they are."""

from collections.abc import Sequence
from math import exp, lgamma, log, log1p, sqrt


def wilson(successes: int, of: int, *, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval of a share, without unit; at 95 % unless `z` says otherwise. (0, 1) of nothing.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if of == 0:
        return 0.0, 1.0
    share, z2 = successes / of, z * z
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, centre - half), min(1.0, centre + half)


def ratio_of_sums(
    numerators: Sequence[float], denominators: Sequence[float], *, z: float = 1.959963984540054
) -> tuple[float, float] | None:
    """The interval of sum / sum over pairs that belong to the same thing, at 95 % unless `z` says otherwise; None of fewer than two
    things, and where the sum below is 0.

    Source: Cochran 1977, Sampling Techniques, 2.11: the variance of a ratio, linearised.
    """
    n, below = len(numerators), sum(denominators)
    if n < 2 or below == 0:
        return None
    ratio = sum(numerators) / below
    spread = sum((over - ratio * under) ** 2 for over, under in zip(numerators, denominators, strict=True))
    half = z * sqrt(n / (n - 1) * spread) / below
    return ratio - half, ratio + half


def at_least(successes: int, of: int, *, share: float) -> float:
    """How likely so many successes or more are where each of `of` tries succeeds with the probability `share`: the exact
    tail of the binomial distribution."""
    if successes <= 0:
        return 1.0
    if share <= 0 or successes > of:
        return 0.0
    if share >= 1:
        return 1.0
    term = exp(
        lgamma(of + 1)
        - lgamma(successes + 1)
        - lgamma(of - successes + 1)
        + successes * log(share)
        + (of - successes) * log1p(-share)
    )
    if successes <= of * share:  # the smaller half is summed: its terms fall from the first on
        return 1.0 - _sum(term * successes * (1 - share) / ((of - successes + 1) * share), successes - 1, of, share, -1)
    return min(1.0, _sum(term, successes, of, share, 1))


def _sum(term: float, successes: int, of: int, share: float, step: int) -> float:
    """Of the terms from `successes` on, upwards or downwards, until they add nothing."""
    total, odds = 0.0, share / (1 - share)
    while term > total * 1e-17 and 0 <= successes <= of:
        total += term
        if step > 0:
            term *= (of - successes) / (successes + 1) * odds
        else:
            term *= successes / ((of - successes + 1) * odds)
        successes += step
    return total


def difference_of_shares(
    successes: int, of: int, others: int, of_others: int, *, z: float = 1.959963984540054
) -> tuple[float, float]:
    """Newcombe's interval of the first share less the second one.

    Source: Newcombe 1998, Interval estimation for the difference between independent proportions, method 10.
    """
    first, second = successes / of, others / of_others
    (low, high), (other_low, other_high) = wilson(successes, of, z=z), wilson(others, of_others, z=z)
    difference = first - second
    return (
        difference - sqrt((first - low) ** 2 + (other_high - second) ** 2),
        difference + sqrt((high - first) ** 2 + (second - other_low) ** 2),
    )
