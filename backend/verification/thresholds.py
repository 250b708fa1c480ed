"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from typing import Final

ENOUGH: Final = 2  # points; weak evidence is one, strong is two. Source: moderation.md, "Two weak or one strong"
OPEN_FOR: Final = timedelta(days=30)  # an invitation; ours
# Whoever guesses at bookings has so many tries at a task, ever; people mistype a few times. Ours.
EVIDENCE_PER_TASK: Final = 20
CODE_TRIES: Final = 5  # of six digits that were mailed: one in 200,000 guesses right
CODE_OPEN_FOR: Final = timedelta(hours=1)
RECEIPT_KEPT_FOR: Final = timedelta(days=7)  # after the verdict: long enough to ask about it; ours
RECEIPT_LINK_SECONDS: Final = 600  # a link to a receipt is open that long
PURGED_AT_ONCE: Final = 500  # files of a job
LARGEST_RECEIPT: Final = 8 << 20  # bytes: what phones make of a sheet of paper
LARGEST_SITE: Final = 1 << 20  # bytes that are looked through for a code
BOOKING_GOOD_FOR: Final = timedelta(days=365)  # from the visit on
REFERENCES_AT_ONCE: Final = 5_000  # of one list
SITE_CODES_AT_ONCE: Final = 1_000
LONGEST_REFERENCE: Final = 200  # characters
LONGEST_NOTE: Final = 2_000  # characters
PROGRAMMES_PER_WORKSPACE: Final = 100
HOSTS_PER_PROGRAMME: Final = 50
ENDED_AT_ONCE: Final = 1_000  # tasks of a job
LONGEST_SERIES: Final = timedelta(days=731)
