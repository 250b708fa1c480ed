"""Numbers that decide, as Standard Webhooks 1.0 and Svix have them; where a number is ours, it says so."""

from datetime import timedelta
from typing import Final

# Before each try; with up to a tenth more by chance, so that what failed together does not come back together.
SCHEDULE: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
JITTER: Final = 0.1
TIMEOUT_SECONDS: Final = 15.0
LARGEST_ANSWER: Final = 64 << 10  # bytes; ours: nobody reads it
READ_SECONDS: Final = 5  # ours: a statement of a selection, as one of the API
LARGEST_BODY: Final = 20_000  # bytes of what is sent; with more, ids only
LONGEST_RETRY_AFTER: Final = timedelta(hours=10)
DISABLED_AFTER: Final = timedelta(
    days=5
)  # without a success, and never before as many failures as the schedule has tries
KEPT_FOR: Final = timedelta(days=30)  # ours: events, deliveries and attempts
LONGEST_OVERLAP: Final = timedelta(days=7)  # of two secrets; as of two API keys
SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64

# All of these are ours. A server that is slow or down takes little of what others wait for.
LANES: Final = 2  # deliveries to one endpoint at once
SLOW: Final = timedelta(seconds=2)  # an answer that takes longer: one lane until the next quick one
FAILURES_BEFORE_REST: Final = 3  # in a row (Mastodon's circuit breaker has the same two numbers)
REST: Final = timedelta(seconds=60)
TURN_SECONDS: Final = 2.0  # a job goes on with the next delivery until then
BUSY_SECONDS: Final = 1.0  # until it is looked again whether a lane is free

MOST_ENDPOINTS: Final = 100  # of one agency; each deed looks at all of them
MOST_REPLAYED: Final = 10_000  # deliveries in one go
