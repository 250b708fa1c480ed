"""Numbers that decide; where a number is somebody else's, it says whose."""

from datetime import timedelta
from typing import Final

# Bytes of a delivery; ours. What platforms send of a post is far below: Discourse allows 150,000 characters, Slack 40,000.
LARGEST_BODY: Final = 1 << 20
# How far a signed time may be from ours: Slack ("Verifying requests from Slack") and Standard Webhooks say five minutes.
TOLERANCE: Final = timedelta(minutes=5)
SHORTEST_SECRET: Final = 12  # characters; Discourse's `app/models/web_hook.rb`
LONGEST_SECRET: Final = 200  # characters; ours
LONGEST_OVERLAP: Final = timedelta(days=7)  # of two secrets; as of those that Tend signs with

LONGEST_KEY: Final = 200  # characters; a longer one is hashed
LONGEST_KIND: Final = 100  # characters; what is longer is cut
LONGEST_ID: Final = 200  # characters, as of an import
LONGEST_HANDLE: Final = 200  # characters; what is longer is cut
LONGEST_TEXT: Final = 100_000  # characters, as of an import
LONGEST_REASON: Final = 2_000  # characters of a report; what is longer is cut

# A report that comes before its post waits so long, again and again; then it has failed, and can be replayed.
PATIENCE: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
)
BODY_KEPT_FOR: Final = timedelta(days=14)  # of a delivery that has failed: so long it can be replayed
KEPT_FOR: Final = timedelta(days=90)  # the delivery itself: so long the same one is known again
FORGOTTEN_AT_ONCE: Final = 10_000  # rows of one statement

LARGEST_ATTACHMENT: Final = 20 << 20  # bytes; ours: more than phones make of a picture, less than most films
FETCHED_WITHIN_SECONDS: Final = 25.0
REDIRECTS_FOLLOWED: Final = 3  # a forum whose files lie in a store sends there
FETCHED_AGAIN_AFTER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=12),
)
