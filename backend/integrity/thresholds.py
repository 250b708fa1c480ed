"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from typing import Final

SUBJECTS_PER_INVESTIGATION: Final = 200
SUBJECTS_AT_ONCE: Final = 50
REFERENCES_AT_ONCE: Final = 1_000
POSTS_LOOKED_AT: Final = (
    200  # of each member, the newest, and as many references; what they wrote before is seldom news
)
POSTS_COMPARED: Final = 4_000  # word by word, of all members together: a second of one core
MOST_TIES: Final = 2_000  # of one investigation, strong ones first: nobody reads more of a graph
EVIDENCE_PER_TIE: Final = 10  # the newest; that there is more is said
CANDIDATES: Final = 20  # members who are not subjects and may be
# Two accounts seen first within this time of each other, in one community. Design choice: weak, shown as such.
SEEN_TOGETHER: Final = timedelta(hours=1)
SAME_WORDS_FROM: Final = 0.7  # share of shingles, as for copies in rules
REPORTERS_TOLD: Final = 200  # of the cases of one investigation, by message; all of Tend's own people are told
TIMELINE: Final = 500  # entries
LONGEST_REPORT: Final = timedelta(days=366)
# What the integrity report advises; design choices. Below FEWEST_TO_JUDGE_BY nothing is said, and the whole interval has to
# lie beyond the limit, so that chance advises nobody.
FEWEST_TO_JUDGE_BY: Final = 20
UNNAMED_ABOVE: Final = 0.5  # of all reports name no policy
OFTEN_REVERSED: Final = 0.1  # of the cases closed
SLOW_BELOW: Final = 0.9  # of the cases closed were closed in time
FEW_FOUND: Final = 0.2  # of the cases closed were violations
RISING_P: Final = 0.005  # as for the alarm of a rule (F9)
