"""How unevenly something is spread over those who have some of it."""

from collections.abc import Iterable, Sequence


def gini(amounts: Sequence[float]) -> float | None:
    """0 where all have as much, near 1 where one has everything; None of nobody, or where nobody has anything."""
    ordered, n = sorted(amounts), len(amounts)
    total = sum(ordered)
    if total <= 0:
        return None
    return sum((2 * i - n - 1) * amount for i, amount in enumerate(ordered, 1)) / (n * total)


def absence_factor(amounts: Iterable[float], *, share: float = 0.5) -> int:
    """The fewest who together have at least that share of everything; 0 of nothing. Exactly that share is enough.

    Source: CHAOSS, contributor absence factor."""
    ordered = sorted(amounts, reverse=True)
    needed, held = sum(ordered) * share, 0.0
    for count, amount in enumerate(ordered, 1):
        held += amount
        if held >= needed and held > 0:
            return count
    return 0
