"""Investigations: what connects members, posts and cases, what was found, and who is told."""

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
from backend.integrity.referring import refer_to_moderation
from backend.integrity.tying import Candidate, look_again, note_tie
from backend.integrity.unfolding import Happened, timeline_of

__all__ = [
    "Candidate",
    "ClientReference",
    "Happened",
    "Investigation",
    "InvestigationEntry",
    "InvestigationSubject",
    "InvestigationTie",
    "Subject",
    "TieEvidence",
    "Told",
    "add_subjects",
    "conclude",
    "look_again",
    "note",
    "note_references",
    "note_tie",
    "open_investigation",
    "refer_to_moderation",
    "remove_subject",
    "reopen",
    "timeline_of",
]
