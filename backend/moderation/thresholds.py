"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

# How long a claim lasts without a sign of life. Source: Coop locks 10 minutes (QueueOperations.ts), Ozone 5.
LEASE: Final = timedelta(minutes=10)
# However often it is extended, a claim ends this long after it began: a forgotten tab must not keep a case for ever.
LONGEST_CLAIM: Final = timedelta(hours=2)

# Penalty of a policy's severity, S in the risk. Source: Coop, policyActionPenalties.ts.
PENALTY: Final = MappingProxyType({"none": 0, "low": 1, "medium": 3, "high": 9, "severe": 27})
# Time to a decision per tier, T. Source: reference/moderation.md F7 (danger: time to the first touch).
TARGET: Final = MappingProxyType(
    {
        "danger": timedelta(minutes=15),
        "severe": timedelta(hours=4),
        "high": timedelta(hours=24),
        "medium": timedelta(hours=48),
        "low": timedelta(hours=72),
    }
)
AT_RISK_FACTOR: Final = 1.5  # V: the author or target is a minor or otherwise at risk
RISK_HALVING: Final = 40.0  # every 40 points of risk halve the wait
SHORTEST_SHARE: Final = 0.1  # of T: however great the risk, an order must remain among the greatest
CREDIBILITY: Final = 1.0  # every reporter counts once until credibility is learned
