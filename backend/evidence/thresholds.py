"""Numbers that decide about evidence."""

from datetime import timedelta
from typing import Final

CONTEXT_POSTS: Final = 5  # before the one that is judged, at most
# A decision can be appealed for six months at least (DSA, Article 20), and what it was decided upon is kept as long.
FEWEST_DAYS: Final = 184
MOST_DAYS: Final = 3_650
EMPTIED_AT_ONCE: Final = 5_000  # snapshots a job empties of one client before it lets others go on

ATTACHMENTS_PER_POST: Final = 20
LONGEST_URL: Final = 2_000  # characters
# Long enough for somebody to complain; what is reported or was decided is kept as long as that lasts. Ours.
BYTES_KEPT_FOR: Final = timedelta(days=30)
PURGED_AT_ONCE: Final = 500  # files a job deletes
