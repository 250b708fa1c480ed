"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from typing import Final

RULES_PER_WORKSPACE: Final = 1_000  # that are not archived
WORDS_PER_RULE: Final = 2_000  # Source: Discourse, watched_word.rb
PATTERN_CHARACTERS: Final = 2_000
CONDITION_DEPTH: Final = 5  # of `all`, `any` and `not` within each other
CONDITIONS_PER_RULE: Final = 50
HOSTS_PER_CONDITION: Final = 500
TAGS_PER_RULE: Final = 10
RULE_MEMORY_BYTES: Final = 8 << 20  # RE2's limit for one compiled pattern
POSTS_PER_RULE_JOB: Final = 2_000
REPORTS_PER_RULE_JOB: Final = 50  # each locks its case until the job ends, and somebody may want to report there too
SECONDS_PER_RULE_JOB: Final = 6.0  # of matching; a job may take a minute, and what is left is another's
WORDS_PER_FILTER: Final = 5_000  # measured: at 50,000 RE2 refuses to compile a filter with the memory it takes
RULESETS_KEPT: Final = 64  # compiled ones in a process

HIGH_FLAG_SCORE: Final = 12.5  # until a forum has learned its own. Source: Discourse, as moderation.md 5A has it
HISTORY: Final = 100  # posts of an author that conditions count at most
LONGEST_WINDOW: Final = timedelta(days=7)  # of conditions about rates and copies

# Two texts are copies of each other where they share this much of their shingles. Source: Broder 1997 calls 0.5 and more
# roughly the same; a word changed in twenty leaves about 0.8.
SAME_FROM: Final = 0.7
SHINGLE_CHARACTERS: Final = 5
LEAST_CHARACTERS: Final = 20  # of a text that copies are looked for of: shorter ones are alike by chance
# 5 bands of 3 rows find two texts that share 0.9, 0.8, 0.7 of their shingles with 0.998, 0.97, 0.88: 1 - (1 - s^3)^5.
BANDS: Final = 5
ROWS_PER_BAND: Final = 3
COPIES_LOOKED_AT: Final = 200  # candidates of one post

# Source: Meta's PDQ, https://github.com/facebook/ThreatExchange/tree/main/pdq: pictures with quality below 50 have too
# little in them to be told apart, and 31 of 256 bits is the distance it recommends.
PDQ_DISTANCE: Final = 31
PDQ_QUALITY: Final = 50
HASHES_PER_BANK: Final = 10_000
BANKS_PER_WORKSPACE: Final = 50
HASHES_AT_ONCE: Final = 1_000
MEDIA_PER_POST: Final = 20

LIVE_FIRINGS_KEPT_FOR: Final = timedelta(days=180)
SHADOW_FIRINGS_KEPT_FOR: Final = timedelta(days=30)
RUNS_KEPT_FOR: Final = timedelta(days=14)
LIKENESSES_KEPT_FOR: Final = LONGEST_WINDOW + timedelta(days=1)

# The gate: of what was decided among the posts a rule finds, this much must be violations, at the lower bound of Wilson's
# 95 % interval. Settable for each client.
TARGET_PRECISION: Final = 0.8
LEAST_DECIDED: Final = 30

POSTS_PER_BACK_TEST_PIECE: Final = 20_000
SECONDS_PER_BACK_TEST_PIECE: Final = 15.0  # of matching, as above
BACK_TEST_EXAMPLES: Final = 20
BACK_TEST_OVERLAPS: Final = 50  # the rules that share the most
BACK_TESTS_AT_ONCE: Final = 5  # of a client

# The alarm. Source: Coop, getRuleAlarmStatus.ts; moderation.md 5B, F9.
ALARM_DECAY: Final = 0.98  # weight of a period is this to the power of its age
ALARM_PERIOD: Final = timedelta(hours=1)
ALARM_LEAST_PERIODS: Final = 24
ALARM_LEAST_RUNS: Final = 4_000
ALARM_LEAST_PASSES: Final = 2  # in the newest period: more than these, or
ALARM_MANY_RUNS: Final = 125_000  # more runs than these
ALARM_RATIO: Final = 1.25  # of the newest rate to the usual one
ALARM_P: Final = 0.005
ALARM_HISTORY: Final = timedelta(days=7)
