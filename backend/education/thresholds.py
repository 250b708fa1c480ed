"""Numbers that decide about training."""

from typing import Final

MOST_KINDS: Final = 20  # of certificates that a client asks for
LONGEST_DAYS: Final = 3_660  # that a certificate is valid
WARNED_DAYS: Final = (30, 14, 7, 1)  # before it ends; weeks, so that a course can still be taken
