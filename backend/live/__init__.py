"""What was just committed anywhere, told to every process: events over Redis, which may be lost and never lie."""

from backend.live.telling import Live

__all__ = ["Live"]
