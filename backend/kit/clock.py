"""The time, always with a zone, always UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
