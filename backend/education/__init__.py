"""What is learned from (articles, courses, quizzes, a glossary), who has learned what, and who needs which certificate."""

from backend.education.certifying import record_certificate, revoke_certificate
from backend.education.composing import WantedCourse, archive_course, change_course, create_course, publish_course
from backend.education.counting import CourseNumbers, course_numbers
from backend.education.course_models import (
    Course,
    CourseLesson,
    CoursePrerequisite,
    Enrolment,
    LessonMark,
    MemberCertificate,
    Quiz,
    QuizAttempt,
    TrainingNeed,
)
from backend.education.crediting import AuthoredShare, authored_share, set_authors
from backend.education.defining import define_term, remove_term
from backend.education.finding_gaps import TrainingGap, certified_at, enrol_who_lack, queues_closed_to, training_gaps
from backend.education.issuing import (
    PublicCertificate,
    certificate_behind,
    revoke_member_certificate,
    share_certificate,
)
from backend.education.learning import STATES, complete_lesson, enrol, withdraw
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
from backend.education.quizzing import Drawn, Question, draw, set_quiz, start_attempt, submit_attempt
from backend.education.reading import give_feedback, search_content, version_for_readers
from backend.education.rendering import Rendered, render
from backend.education.requiring import set_training_need, set_training_requirement
from backend.education.reusing import copy_content, follow_content, spread_content, stop_following
from backend.education.reviewing import (
    STEPS,
    archive_content,
    publish_draft,
    restore_content,
    return_draft,
    submit_draft,
)
from backend.education.stating import XAPI
from backend.education.telling_trained import changes_of_training, trained_among
from backend.education.warning import warn_of_ends
from backend.education.writing import Words, discard_draft, draft_content, rewrite_draft, start_content

__all__ = [
    "STATES",
    "STEPS",
    "XAPI",
    "AuthoredShare",
    "Certificate",
    "ContentAuthor",
    "ContentDraft",
    "ContentFeedback",
    "ContentItem",
    "ContentSearch",
    "ContentVersion",
    "Course",
    "CourseLesson",
    "CourseNumbers",
    "CoursePrerequisite",
    "Drawn",
    "Enrolment",
    "GlossaryTerm",
    "LessonMark",
    "MemberCertificate",
    "PublicCertificate",
    "Question",
    "Quiz",
    "QuizAttempt",
    "Rendered",
    "TrainingGap",
    "TrainingNeed",
    "TrainingRequirement",
    "WantedCourse",
    "Words",
    "archive_content",
    "archive_course",
    "authored_share",
    "certificate_behind",
    "certified_at",
    "change_course",
    "changes_of_training",
    "complete_lesson",
    "copy_content",
    "course_numbers",
    "create_course",
    "define_term",
    "discard_draft",
    "draft_content",
    "draw",
    "enrol",
    "enrol_who_lack",
    "follow_content",
    "give_feedback",
    "publish_course",
    "publish_draft",
    "queues_closed_to",
    "record_certificate",
    "remove_term",
    "render",
    "restore_content",
    "return_draft",
    "revoke_certificate",
    "revoke_member_certificate",
    "rewrite_draft",
    "search_content",
    "set_authors",
    "set_quiz",
    "set_training_need",
    "set_training_requirement",
    "share_certificate",
    "spread_content",
    "start_attempt",
    "start_content",
    "stop_following",
    "submit_attempt",
    "submit_draft",
    "trained_among",
    "training_gaps",
    "version_for_readers",
    "warn_of_ends",
    "withdraw",
]
