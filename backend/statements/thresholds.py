"""Numbers that decide about statements."""

from datetime import timedelta
from typing import Final

# For how long a decision can be appealed. DSA, Article 20: six months at least, and no six months are longer.
APPEAL_WINDOW: Final = timedelta(days=184)
LONGEST_EXPLANATION: Final = 1_500  # characters; the database takes 2,000, with what stands around it
LONGEST_RULE: Final = 600  # of a policy's words, quoted
LONGEST_EXCERPT: Final = 200  # of the member's own post, so that they know which one
SHORTEST_QUOTE: Final = 15  # characters of a complaint that nobody writes by chance
