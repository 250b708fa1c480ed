"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from typing import Final

ACTIVE_FOR: Final = timedelta(days=30)  # FeverBee counts members of the last 30 days
SILENCE: Final = timedelta(days=90)  # after which a contributor is gone: CHAOSS, inactive contributors
RETURNS_AFTER: Final = timedelta(days=31)  # whole days, until FOLLOWED_FOR has passed: days 31 to 90
FOLLOWED_FOR: Final = timedelta(days=91)  # so that 90 days of silence can be seen
FEWEST_FOLLOWED: Final = 20  # people; fewer make no curve. Ours
FEWEST_WAITING: Final = 5  # cases or threads; fewer make no median. Ours
ANSWERED_WITHIN: Final = timedelta(days=1)  # Discourse's buckets are 1, 4 and 24 hours
TEAM_TRUST_LEVEL: Final = 5  # as Member.trust_level has the staff of Discourse
HALF: Final = 0.5  # of contributions: CHAOSS, contributor absence factor
LONGEST_WINDOW: Final = timedelta(days=3_660)
MOST_STEPS: Final = 400  # of a series: a year of days, and a month
ROWS_PER_PAGE: Final = 100
# Which client needs attention; ours, where nothing else is said.
WEEK: Final = timedelta(days=7)
IN_TIME_FROM: Final = 0.9  # of cases closed in the week, as the integrity report advises from
CHANGED_P: Final = (
    0.005  # chance alone makes such a change less often: as for the alarm of a rule (F9 of moderation.md)
)
FEWEST_TO_COMPARE: Final = 20  # things in both weeks; of fewer no change is told
