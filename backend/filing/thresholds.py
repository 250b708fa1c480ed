"""Numbers that decide about filing, each with its source."""

from datetime import date
from typing import Final

# The transparency database. Source: its app/Services/GroupedSubmissionsService.php.
STATEMENTS_PER_BATCH: Final = 100
FIRST_CONTENT_DAY: Final = date(2000, 1, 1)
FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2038, 1, 1)
LONGEST_GROUND: Final = 500  # characters; of every other short text as well
LONGEST_EXPLANATION: Final = 2_000
LONGEST_FACTS: Final = 5_000
DATABASE: Final = "https://transparency.dsa.ec.europa.eu/api/v1"
LARGEST_ANSWER: Final = 4_000_000  # bytes: it sends back all that it was sent
ANSWER_SECONDS: Final = 25.0  # a transaction may wait for 30

# DSA, Article 19(1): Section 3 of Chapter III begins so long after a provider ceased to be micro or small.
GRACE_MONTHS: Final = 12
# Implementing Regulation 2024/2835: the templates apply to what happened from then on; published within two months.
FIRST_REPORTED_DAY: Final = date(2025, 7, 1)
PUBLISHED_WITHIN_MONTHS: Final = 2
YEARS_PUBLIC: Final = 5
LONGEST_CELL: Final = 5_000  # characters
ENTRIES_AT_ONCE: Final = 500
MOST_CHANGES: Final = 5_000  # cells told of between two versions

WORDS_OF_A_NAME: Final = 4  # longer names are found by their beginning
CHECKED_AT_ONCE: Final = 500  # statements of one dry run
STATEMENTS_PER_PIECE: Final = 2_000  # of one job
LINK_SECONDS: Final = 600  # a link to a file is open that long
STATEMENT_MILLISECONDS: Final = 300_000  # of one count over a year
WORK_MEMORY: Final = "64MB"  # of one hash in it
