"""How grave it is: a table, and what law says at least."""

from datetime import datetime

from backend.safety.thresholds import FLOORS, MATRIX, TAKE_IT_DOWN_GRAVEST_AFTER


def severity_of(
    impact: int | None, urgency: int | None, *, legal_basis: str | None, raised_at: datetime, moment: datetime
) -> int:
    """1 for the gravest to 5. `impact` and `urgency` from 1 for the gravest to 4; None is unknown, and counts as 1."""
    by_table = MATRIX[(impact or 1) - 1][(urgency or 1) - 1]
    if legal_basis is None:
        return by_table
    if legal_basis == "take_it_down" and moment - raised_at >= TAKE_IT_DOWN_GRAVEST_AFTER:
        return 1
    return min(by_table, FLOORS[legal_basis])
