"""In which order cases are due: risk (F5) and virtual deadline (F6) of reference/moderation.md."""

from datetime import datetime
from math import log2, log10

from backend.moderation.thresholds import AT_RISK_FACTOR, PENALTY, RISK_HALVING, SHORTEST_SHARE, TARGET


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
