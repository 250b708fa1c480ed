"""In which order cases are due: risk (F5) and virtual deadline (F6) of reference/moderation.md."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from datetime import datetime
from math import log2, log10, sqrt

from backend.moderation.thresholds import (
    AT_RISK_FACTOR,
    LEAST_CREDIBLE,
    LEAST_UPHELD,
    MOST_CREDIBLE,
    PENALTY,
    PRIOR_REPORTS,
    RISK_HALVING,
    SHORTEST_SHARE,
    TARGET,
)


def credibility(*, agreed: int, disagreed: int, upheld: float) -> float:
    """c = clamp(((agreed + k p0) / (n + k)) / p0, 0.2, 2), without unit (F3): how much more often than `upheld`, the share
    of all reports that are found to be right, this reporter is right. Of whom nothing is known, 1."""
    p0 = min(max(upheld, LEAST_UPHELD), 1.0)
    found = (agreed + PRIOR_REPORTS * p0) / (agreed + disagreed + PRIOR_REPORTS)
    return min(max(found / p0, LEAST_CREDIBLE), MOST_CREDIBLE)


def evidence_mass(reports: Iterable[tuple[float, Collection[Hashable]]]) -> float:
    """M = sum of c / sqrt(k), without unit (F4): each report's credibility, the less the more stand before it of the
    largest cluster that it is in. Twenty who come together weigh as much as eight who do not know each other."""
    seen: Counter[Hashable] = Counter()
    mass = 0.0
    for credible, clusters in reports:
        seen.update(clusters)
        mass += credible / sqrt(max((seen[cluster] for cluster in clusters), default=1))
    return mass


def risk(*, severity: str, evidence_mass: float, is_at_risk: bool, views: int) -> float:
    """R = S (1 + log2(1 + M)) V X, without unit. `evidence_mass` is the sum of the reporters' credibilities."""
    reach = 1 + log10(1 + views) / 4
    return PENALTY[severity] * (1 + log2(1 + evidence_mass)) * (AT_RISK_FACTOR if is_at_risk else 1.0) * reach


def share_of_wait(risk: float) -> float:
    """Of the time to a decision, how much a case of this risk waits at most: the higher the sooner, and nothing starves."""
    return max(SHORTEST_SHARE, 2 ** (-risk / RISK_HALVING))


def virtual_deadline(opened_at: datetime, *, tier: str, risk: float) -> datetime:
    """D = opened_at + T max(0.1, 2^(-R/40)), where the clock always runs and nothing else was promised."""
    return opened_at + TARGET[tier] * share_of_wait(risk)
