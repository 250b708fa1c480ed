"""One linear history of reviewed SQL, and the one process that applies it."""

from backend.migrations.applying import history, migrate

__all__ = ["history", "migrate"]
