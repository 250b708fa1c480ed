"""Numbers that decide about evidence."""

from typing import Final

CONTEXT_POSTS: Final = 5  # before the one that is judged, at most
# A decision can be appealed for six months at least (DSA, Article 20), and what it was decided upon is kept as long.
FEWEST_DAYS: Final = 184
MOST_DAYS: Final = 3_650
EMPTIED_AT_ONCE: Final = 5_000  # snapshots a job empties of one client before it lets others go on
