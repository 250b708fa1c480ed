"""Numbers that decide about safety. Times are seconds unless their name says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Severity by impact (1 a life or a child's safety ... 4 a breach of rules) and urgency (1 now ... 4 none): our proposal
# after PagerDuty's severity levels. What is unknown counts as 1.
MATRIX: Final = ((1, 1, 2, 2), (1, 2, 2, 3), (2, 3, 3, 4), (3, 4, 4, 5))
# The gravest that law lets it be less than: removal orders under (EU) 2021/784 (an hour), 47 U.S.C. 223a (48 hours),
# priority content under the UK's Online Safety Act, orders under articles 9 and 10 of (EU) 2022/2065.
FLOORS: Final[Mapping[str, int]] = {"tco_order": 1, "take_it_down": 2, "uk_priority": 1, "dsa_order": 2}
TAKE_IT_DOWN_GRAVEST_AFTER: Final = timedelta(hours=36)  # of its 48

MINUTE: Final = 60
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Timers:
    """`waits`: how long each level of the default policy has. `acknowledge` is what was promised; it is never paused.
    `decays`: an acknowledgement without a sign of life ends."""

    acknowledge: int
    waits: tuple[int, ...]
    repeats: int
    decays: int


# Ours, after Grafana OnCall (waits of 5 minutes, un-acknowledge after 5 to 45) and PagerDuty (9 repeats).
TIMERS: Final[Mapping[int, Timers]] = {
    1: Timers(5 * MINUTE, (5 * MINUTE, 5 * MINUTE, 5 * MINUTE), 9, 15 * MINUTE),
    2: Timers(15 * MINUTE, (15 * MINUTE, 30 * MINUTE, 30 * MINUTE), 5, 30 * MINUTE),
    3: Timers(2 * HOUR, (2 * HOUR, 2 * HOUR, 4 * HOUR), 2, 4 * HOUR),
    4: Timers(24 * HOUR, (24 * HOUR,), 0, 48 * HOUR),
    5: Timers(120 * HOUR, (120 * HOUR,), 0, 240 * HOUR),
}
SHORTEST_WAIT: Final = MINUTE  # Grafana OnCall's
LONGEST_WAIT: Final = 24 * HOUR
NOBODY_AGAIN: Final = 5 * MINUTE  # where a whole pass found nobody, and the policy never ends
EXHAUSTED_AGAIN: Final = HOUR  # owners are paged anew while nobody has taken it
LONGEST_SILENCE: Final = timedelta(hours=24)
GLASS_HOLDS: Final = timedelta(hours=8)  # a shift; whoever needs longer says why again
MOST_LEVELS: Final = 5
MOST_TARGETS: Final = 20
MOST_POLICIES: Final = 50
MOST_LAYERS: Final = 30
MOST_OVERRIDES: Final = 200
MOST_TURNS: Final = 50
# Of what people say: the first and the last moments that Python knows are none in every time zone and in no arithmetic, and
# raising must never fail for a rota that has one.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
MOST_DAYS: Final = 400  # of a calendar of holidays; as of a client's days off
# Of one client, open, and raised by a form without saying whom: whoever fills it in a hundred times pages five times. Ours.
MOST_ABOUT_NOBODY: Final = 5
# After one of severity 1 or 2: our reference asks for recovery and names no hours; a day, and the time between two shifts.
RECOVERY: Final[Mapping[int, timedelta]] = {1: timedelta(hours=24), 2: timedelta(hours=11)}
EXPOSURE_WEIGHT: Final[Mapping[int, float]] = {
    1: 4,
    2: 2,
    3: 1,
    4: 0.5,
    5: 0.25,
}  # of a second that somebody has one; ours
HANDED_OVER_DOWN_TO: Final = 3  # the reference's: of severity 1 to 3 each is handed over
TURN_ENDS_WITHIN: Final = timedelta(minutes=30)  # told before, so that both are there; ours
TURN_ENDED_WITHIN: Final = timedelta(hours=24)  # longer ago it is no turn that has just ended
# The latest that an agency may promise to take one, by severity. 1: of the hour that (EU) 2021/784 leaves, 15 minutes remain to
# act. 2: of the 48 hours of 47 U.S.C. 223a, 36, after which it is of severity 1. 3: "without undue delay" (article 16 of (EU)
# 2022/2065) as we read it. The others are ours.
LOOSEST_PROMISE: Final[Mapping[int, int]] = {1: 45 * MINUTE, 2: 36 * HOUR, 3: 48 * HOUR, 4: 120 * HOUR, 5: 240 * HOUR}
DRILLED_EVERY: Final = timedelta(days=27)  # four weeks, less a day: drills are due on a day of the week
# After it is over: 72 hours is our reference's for a threat to life, a week ours. Drills as well: what they are for.
REVIEWED_WITHIN: Final[Mapping[int, timedelta]] = {1: timedelta(hours=72), 2: timedelta(days=7)}
LONGEST_FOLLOW_UP: Final = timedelta(days=366)
MOST_FOLLOW_UPS: Final = 50  # of one escalation
MOST_STEPS_SHOWN: Final = 5_000  # at once; a policy of five levels that repeats nine times has some hundred
MOST_ITEMS: Final = 50  # of a protocol: longer ones are not read in a danger
LOOKED_AHEAD: Final = timedelta(days=14)  # for gaps in a rota
LATE: Final = timedelta(seconds=10)  # a timer that is this late is asked for again
LONGEST_WINDOW: Final = timedelta(days=366)
TAKE_IT_DOWN_WITHIN: Final = timedelta(hours=48)  # 47 U.S.C. 223a, from when the request came
# Law says "promptly" (article 18 of (EU) 2022/2065) and "as soon as reasonably possible" (18 U.S.C. 2258A (a)(1)): the hours
# after raising are ours.
FILED_WITHIN: Final[Mapping[str, timedelta]] = {"article_18": timedelta(hours=4), "cybertip": timedelta(hours=24)}
# A year after a report: 18 U.S.C. 2258A (h)(1). Six months: as decisions (article 20 of (EU) 2022/2065) and removed
# terrorist content (article 6 of (EU) 2021/784); law says nothing of what article 18 was told.
PRESERVED_FOR: Final[Mapping[str, timedelta]] = {"article_18": timedelta(days=183), "cybertip": timedelta(days=366)}
VERIFIED_FOR: Final = timedelta(days=365)  # the longest that nobody looks up again whether a number still helps; ours
