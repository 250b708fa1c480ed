"""What a member is told about a decision, written with it."""

from backend.statements.linking import Shown, address_of, message_for, statement_behind
from backend.statements.models import Statement
from backend.statements.thresholds import APPEAL_WINDOW
from backend.statements.writing import STATED, Complaint, Restriction, write_statement

__all__ = [
    "APPEAL_WINDOW",
    "STATED",
    "Complaint",
    "Restriction",
    "Shown",
    "Statement",
    "address_of",
    "message_for",
    "statement_behind",
    "write_statement",
]
