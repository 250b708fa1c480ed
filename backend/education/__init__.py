"""Who has learned what: certificates recorded by hand, and which ones a client's safety responders need."""

from backend.education.certifying import record_certificate, revoke_certificate
from backend.education.models import Certificate, TrainingRequirement
from backend.education.requiring import set_training_requirement
from backend.education.telling_trained import changes_of_training, trained_among
from backend.education.warning import warn_of_ends

__all__ = [
    "Certificate",
    "TrainingRequirement",
    "changes_of_training",
    "record_certificate",
    "revoke_certificate",
    "set_training_requirement",
    "trained_among",
    "warn_of_ends",
]
