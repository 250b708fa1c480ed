"""Numbers that decide about notices."""

from datetime import timedelta
from typing import Final

BURST: Final = timedelta(minutes=5)  # after a message, further notices of its kind wait this long and come as one
MOST_IN_A_MESSAGE: Final = 50
UNSUBSCRIBE_SECONDS: Final = (
    180 * 24 * 3600
)  # a link at the end of a mail works at least as long as mails are kept about
READABLE: Final = 4.5  # WCAG 2.2, 1.4.3: contrast of text and what is behind it
