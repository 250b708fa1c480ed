"""Who did what, when, to what and why: append-only, in the transaction of the deed, chained and anchored outside."""

from backend.journal.anchoring import anchor_journal, anchor_with
from backend.journal.chaining import chain_journal
from backend.journal.models import JournalEntry
from backend.journal.recording import Recorded, record, record_access, record_for, subjects_since
from backend.journal.verifying import Count, Finding, verify

__all__ = [
    "Count",
    "Finding",
    "JournalEntry",
    "Recorded",
    "anchor_journal",
    "anchor_with",
    "chain_journal",
    "record",
    "record_access",
    "record_for",
    "subjects_since",
    "verify",
]
