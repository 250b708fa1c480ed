"""Who did what, when, to what: append-only, in the transaction of the deed."""

from backend.journal.models import JournalEntry
from backend.journal.recording import record, subjects_since

__all__ = ["JournalEntry", "record", "subjects_since"]
