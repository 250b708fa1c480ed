"""Labels have few values, all of them ours: no id of a person, no text of a client."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from tenants import scope

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800)

REQUESTS: Final = Counter("tend_requests", "Requests by where they went and how they ended.", ("place", "status"))
REQUEST_SECONDS: Final = Histogram(
    "tend_request_seconds", "From the first byte of a request to the last of its answer.", ("place",), buckets=_FAST
)
STATEMENT_SECONDS: Final = Histogram(
    "tend_statement_seconds", "Statements in the scope of an agency, the way to PostgreSQL included.", buckets=_FAST
)
JOBS: Final = Counter("tend_jobs", "Tries of jobs by how they ended.", ("kind", "outcome"))
JOB_SECONDS: Final = Histogram("tend_job_seconds", "Tries of jobs.", ("kind",), buckets=_SLOW)
JOB_WAIT_SECONDS: Final = Histogram(
    "tend_job_wait_seconds", "From when a job was due to when a worker took it.", ("kind",), buckets=_SLOW
)
JOBS_WAITING: Final = Gauge("tend_jobs_waiting", "Jobs that are due and wait for a worker.", ("agency", "kind"))
JOBS_OLDEST_SECONDS: Final = Gauge(
    "tend_jobs_oldest_seconds", "How long the job that has waited longest is due.", ("agency", "kind")
)
MAILS: Final = Counter("tend_mails", "Mails by how they ended.", ("outcome",))
WEBHOOKS: Final = Counter("tend_webhooks", "Tries to deliver webhooks by how they ended.", ("outcome",))
WEBHOOKS_WAITING: Final = Gauge("tend_webhooks_waiting", "Deliveries of webhooks that are due.", ("agency",))
WEBHOOKS_OLDEST_SECONDS: Final = Gauge(
    "tend_webhooks_oldest_seconds", "How long the delivery that has waited longest is due.", ("agency",)
)


def observe_statements() -> None:
    """From now on, in this process."""
    scope.observe_with(STATEMENT_SECONDS.observe)
