"""Who has learned what, and what they learn from: articles, lessons, a glossary; certificates, and who needs which."""

from backend.education.certifying import record_certificate, revoke_certificate
from backend.education.crediting import AuthoredShare, authored_share, set_authors
from backend.education.defining import define_term, remove_term
from backend.education.models import (
    Certificate,
    ContentAuthor,
    ContentDraft,
    ContentFeedback,
    ContentItem,
    ContentSearch,
    ContentVersion,
    GlossaryTerm,
    TrainingRequirement,
)
from backend.education.reading import give_feedback, search_content, version_for_readers
from backend.education.rendering import Rendered, render
from backend.education.requiring import set_training_requirement
from backend.education.reviewing import (
    STEPS,
    archive_content,
    publish_draft,
    restore_content,
    return_draft,
    submit_draft,
)
from backend.education.telling_trained import changes_of_training, trained_among
from backend.education.warning import warn_of_ends
from backend.education.writing import Words, discard_draft, draft_content, rewrite_draft, start_content

__all__ = [
    "STEPS",
    "AuthoredShare",
    "Certificate",
    "ContentAuthor",
    "ContentDraft",
    "ContentFeedback",
    "ContentItem",
    "ContentSearch",
    "ContentVersion",
    "GlossaryTerm",
    "Rendered",
    "TrainingRequirement",
    "Words",
    "archive_content",
    "authored_share",
    "changes_of_training",
    "define_term",
    "discard_draft",
    "draft_content",
    "give_feedback",
    "publish_draft",
    "record_certificate",
    "remove_term",
    "render",
    "restore_content",
    "return_draft",
    "revoke_certificate",
    "rewrite_draft",
    "search_content",
    "set_authors",
    "set_training_requirement",
    "start_content",
    "submit_draft",
    "trained_among",
    "version_for_readers",
    "warn_of_ends",
]
