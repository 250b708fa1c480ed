"""The numbers that decide, with their units."""

from datetime import timedelta
from typing import Final

LINK_SECONDS: Final = 600  # a link to a file is open that long
KEPT_FOR: Final = timedelta(days=7)  # the file of an export
GRACE: Final = timedelta(days=30)  # between closing a client and deleting it
STUCK_AFTER: Final = timedelta(days=2)  # an export that has not ended by then never will
PAGE_ROWS: Final = 1_000  # read at once for an export
ERASED_AT_ONCE: Final = 5_000  # rows of one statement
DELETED_AT_ONCE: Final = 100_000  # rows of one transaction; the rest is a job of its own
STATEMENT_MILLISECONDS: Final = 300_000  # while erasing: words have no index by post
