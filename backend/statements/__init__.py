"""What a member is told about a decision, written with it; and the links that members are sent."""

from backend.statements.blanking import has_personal_data, names_one_of
from backend.statements.linking import LinkKind, address_of, message_for, with_link
from backend.statements.models import Statement
from backend.statements.thresholds import APPEAL_WINDOW
from backend.statements.wording import Section, day_of, sections, worded
from backend.statements.writing import EEA, STATED, Complaint, Restriction, keep_reporters_out, write_statement

__all__ = [
    "APPEAL_WINDOW",
    "EEA",
    "STATED",
    "Complaint",
    "LinkKind",
    "Restriction",
    "Section",
    "Statement",
    "address_of",
    "day_of",
    "has_personal_data",
    "keep_reporters_out",
    "message_for",
    "names_one_of",
    "sections",
    "with_link",
    "worded",
    "write_statement",
]
