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
# Time to the first touch per tier, where a client was promised no other. Source: as above; an eighth of T, as in danger
# the five minutes of an acknowledgement.
FIRST_TOUCH: Final = MappingProxyType(
    {
        "danger": timedelta(minutes=5),
        "severe": timedelta(minutes=30),
        "high": timedelta(hours=3),
        "medium": timedelta(hours=6),
        "low": timedelta(hours=9),
    }
)
# Time to the answer to an appeal per tier. Source: none; a week, sooner where the harm was grave.
APPEAL: Final = MappingProxyType(
    {
        "danger": timedelta(days=1),
        "severe": timedelta(days=2),
        "high": timedelta(days=3),
        "medium": timedelta(days=7),
        "low": timedelta(days=7),
    }
)
AT_RISK_SHARE: Final = 0.2  # of the time promised: with less than this left, a case is about to be late (F7)
AT_RISK_FACTOR: Final = 1.5  # V: the author or target is a minor or otherwise at risk
RISK_HALVING: Final = 40.0  # every 40 points of risk halve the wait
SHORTEST_SHARE: Final = 0.1  # of T: however great the risk, an order must remain among the greatest
# Credibility (F3) and clusters (F4). Source: reference/moderation.md 5D, design choices.
PRIOR_REPORTS: Final = 6  # as many reports that went as usual everybody starts with
REPORTS_REMEMBERED: Final = 100  # of one reporter
CASES_REMEMBERED: Final = 200  # of a client, for how often reports are right there
FEWEST_CASES: Final = 30  # below, half of all reports are taken to be right
LEAST_UPHELD: Final = 0.05
LEAST_CREDIBLE: Final = 0.2
MOST_CREDIBLE: Final = 2.0
COPIED_LETTERS: Final = 20  # the same words from there on are copied; shorter ones everybody finds by themselves
NEW_ACCOUNT: Final = timedelta(days=7)  # who came lately, and on the same day as others, may have come with them
# What trusted flaggers report in their areas is due as soon as this at least. Source: DSA Article 22(1) wants priority; the
# tier is ours.
TRUSTED_TIER: Final = "high"
# What was judged fine is looked at again once reports of the same words weigh more than this many times what they weighed
# when it was judged, or weighed 1. Source: none; twice is more than a repeat of the same crowd.
REPEATED_MASS: Final = 2.0

# Exposure (F11): weighted seconds in sight within a shift. Weights as the penalties above; the limits have no source: half
# an hour and an hour of severe content, or ninety minutes and three hours of what is high. Set them per reviewer.
EXPOSURE_WEIGHT: Final = PENALTY
SHIFT: Final = timedelta(hours=8)
SOFT_LIMIT: Final = 30 * 60 * PENALTY["severe"]
HARD_LIMIT: Final = 60 * 60 * PENALTY["severe"]
GAP_AFTER_SEVERE: Final = timedelta(minutes=5)

# What a decision may order; the rest takes back, or tells.
DECIDABLE: Final = frozenset({"hide_post", "delete_post", "silence_member", "suspend_member", "warn_member"})
SANCTIONS_WITH_DAYS: Final = frozenset({"silence_member", "suspend_member"})
LONGEST_SANCTION_DAYS: Final = 3_650  # longer is without an end
UNDO: Final = timedelta(minutes=10)  # how long whoever decided may take it back. Source: none
NEWCOMER_REVIEWS: Final = 1_000  # the most a plan may ask for; F10 proposes 50 per policy
CASES_AT_ONCE: Final = 100  # of one decision over many
LONGEST_WAIT_DAYS: Final = 30  # for an answer
LONGEST_LETTER: Final = 10_000  # characters of an appeal, of what it is answered, of the answer to a question
# Reporters of one post who are written to, the first ones; all find the answer in Tend. Source: none; each costs the
# transaction of the decision some statements, and a community its platform's pace.
REPORTERS_WRITTEN_TO: Final = 50

FEWEST_PAIRS: Final = 30  # below, agreement is told without kappa and alpha. Source: reference/moderation.md F10
LONGEST_WINDOW: Final = timedelta(days=366)

QUEUES_PER_WORKSPACE: Final = 100
ROUTING_RULES: Final = 200
WORKING_SPANS: Final = 70
DAYS_OFF: Final = 400
