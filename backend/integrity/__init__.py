"""Investigations, and the integrity report: what ties members, posts and cases, what was found and done, who is told."""

from backend.integrity.accounting import (
    CLOSED_CASES,
    CODE_OF_REPORT,
    IS_RESTRICTED,
    Advice,
    IntegrityReport,
    Line,
    Verification,
    integrity_report,
)
from backend.integrity.collecting import Subject, add_subjects, note, remove_subject
from backend.integrity.concluding import conclude, reopen
from backend.integrity.models import (
    ClientReference,
    Investigation,
    InvestigationEntry,
    InvestigationSubject,
    InvestigationTie,
    TieEvidence,
)
from backend.integrity.opening import open_investigation
from backend.integrity.referencing import Told, note_references
from backend.integrity.referring import refer_to_moderation, refer_to_safety
from backend.integrity.tying import Candidate, look_again, note_tie
from backend.integrity.unfolding import Happened, timeline_of

__all__ = [
    "CLOSED_CASES",
    "CODE_OF_REPORT",
    "IS_RESTRICTED",
    "Advice",
    "Candidate",
    "ClientReference",
    "Happened",
    "IntegrityReport",
    "Investigation",
    "InvestigationEntry",
    "InvestigationSubject",
    "InvestigationTie",
    "Line",
    "Subject",
    "TieEvidence",
    "Told",
    "Verification",
    "add_subjects",
    "conclude",
    "integrity_report",
    "look_again",
    "note",
    "note_references",
    "note_tie",
    "open_investigation",
    "refer_to_moderation",
    "refer_to_safety",
    "remove_subject",
    "reopen",
    "timeline_of",
]
