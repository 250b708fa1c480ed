"""Numbers that decide; where a number is somebody else's, it says whose."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

# Before each further try of an action that a platform did not take, or did not show afterwards; ours. In all a day.
SCHEDULE: Final = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=5),
    timedelta(hours=17),
)
# So long a site has to confirm what it has taken, and so long a platform may go on saying that it is too busy; ours.
CONFIRMED_WITHIN: Final = timedelta(days=1)
WITHIN_SECONDS: Final = 8.0  # of one call; ours. An attempt has up to five of them, and PostgreSQL ends what idles 30 s
ATTEMPT_SECONDS: Final = 20.0  # of all calls of one attempt; ours
LARGEST_ANSWER: Final = 1 << 20  # bytes; a Discourse post has at most 150,000 characters, once raw and once cooked
BUSY: Final = timedelta(seconds=1)  # until it is looked again whether another action is still under way there; ours
LONGEST_REST: Final = timedelta(hours=12)  # however long a platform wants to be left alone; ours
USUAL_REST: Final = timedelta(seconds=30)  # where it does not say how long; ours

# Calls a minute. Discourse: max_admin_api_reqs_per_minute of config/discourse_defaults.conf is 60, and the site's own
# tools count too. Slack: chat.delete and chat.postMessage are of tier 3, 50 a minute (docs.slack.dev, rate limits).
# Mastodon: 300 in 5 minutes (docs.joinmastodon.org, rate limits). Of sites that confirm themselves: ours.
CALLS_A_MINUTE: Final = MappingProxyType({"discourse": 45, "slack": 40, "mastodon": 40, "webhook": 120})
BURST_CALLS: Final = 20  # that may be made at once before the pace holds; ours

LONGEST_REASON: Final = (
    300  # characters that Discourse shows of why somebody was silenced; `app/services/user/silence.rb`
)
# Characters to a member; ours: an answer of 10,000 with what stands around it, far below what Discourse (32,000) and Slack
# (40,000) take.
LONGEST_MESSAGE: Final = 12_000
LONGEST_NOTE: Final = 2_000  # characters of who did it by hand; ours
LONGEST_KEY: Final = 500  # characters; ours
LONGEST_PROBLEM: Final = 500  # characters of what a site says; ours
CLOCK_MAY_DIFFER: Final = timedelta(minutes=2)  # ours: signed deliveries are refused from five minutes on
FOREVER: Final = timedelta(
    days=365_000
)  # Discourse wants an end: its own interface says a thousand years for "forever"
END_MAY_DIFFER: Final = timedelta(minutes=1)  # of a silence, between what was asked and what is shown; ours
SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64
