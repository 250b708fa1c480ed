"""Numbers that decide about stories and introductions."""

from datetime import timedelta
from typing import Final

LONGEST_STORY: Final = 20_000  # characters; a page that a customer reads before they consent
MOST_EVIDENCE: Final = 20  # stories that a best practice is distilled from
QUOTED_WORDS: Final = 7  # in a row that two texts share: rare by chance, usual in a quotation; ours
MOST_LISTED: Final = 100  # published stories, the newest
OPEN_FOR: Final = timedelta(days=30)  # an introduction waits for answers
LONGEST_CONTACT: Final = 300  # characters
EXPIRED_AT_ONCE: Final = 500  # rows that one run of the job looks at
