"""What Prometheus is told: how much is asked, how long it takes, what waits."""

from backend.measuring.counting import (
    JOB_SECONDS,
    JOB_WAIT_SECONDS,
    JOBS,
    JOBS_OLDEST_SECONDS,
    JOBS_WAITING,
    MAILS,
    REQUEST_SECONDS,
    REQUESTS,
    WEBHOOKS,
    WEBHOOKS_OLDEST_SECONDS,
    WEBHOOKS_WAITING,
    observe_statements,
)
from backend.measuring.showing import show_at, shown

__all__ = [
    "JOBS",
    "JOBS_OLDEST_SECONDS",
    "JOBS_WAITING",
    "JOB_SECONDS",
    "JOB_WAIT_SECONDS",
    "MAILS",
    "REQUESTS",
    "REQUEST_SECONDS",
    "WEBHOOKS",
    "WEBHOOKS_OLDEST_SECONDS",
    "WEBHOOKS_WAITING",
    "observe_statements",
    "show_at",
    "shown",
]
