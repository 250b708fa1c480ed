"""How far people who judge the same things agree beyond chance."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence


def cohen_kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Of what two judged, in the same order: 1 for always alike, 0 for as often as chance. None of nothing, and where both
    only ever said one and the same. Source: Cohen 1960, A coefficient of agreement for nominal scales."""
    judged = list(pairs)
    if not judged:
        return None
    n = len(judged)
    observed = sum(first == second for first, second in judged) / n
    firsts, seconds = Counter(first for first, _ in judged), Counter(second for _, second in judged)
    expected = sum(firsts[label] * seconds[label] for label in firsts) / (n * n)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Of units with any number of judgements each (those with one count for nothing), on a nominal scale: 1 for always
    alike, 0 for as often as chance. None where nothing was judged twice, and where only ever one thing was said.
    Source: Krippendorff 2011, Computing Krippendorff's alpha-reliability."""
    judged = [list(unit) for unit in units if len(unit) > 1]
    totals = Counter(label for unit in judged for label in unit)
    n = sum(totals.values())
    if len(totals) < 2:
        return None
    disagreement = 0.0
    for unit in judged:
        counts = Counter(unit)
        alike = sum(count * (count - 1) for count in counts.values())
        disagreement += (len(unit) * (len(unit) - 1) - alike) / (len(unit) - 1)
    by_chance = (n * n - sum(count * count for count in totals.values())) / (n - 1)
    return 1 - disagreement / by_chance
