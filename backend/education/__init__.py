"""What is learned from (articles, courses, quizzes, a glossary), who has learned what, and who needs which certificate."""

from backend.education.badging import (
    CONTEXT,
    Issuer,
    badge_key,
    issuer_behind,
    revocations,
    rotate_badge_key,
    signed_badge,
)
from backend.education.certifying import record_certificate, revoke_certificate
from backend.education.composing import WantedCourse, archive_course, change_course, create_course, publish_course
from backend.education.copying_courses import copy_course
from backend.education.counting import CourseNumbers, course_numbers
from backend.education.course_models import (
    Course,
    CourseLesson,
    CoursePrerequisite,
    Enrolment,
    LearningPath,
    LearningPathCourse,
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
from backend.education.laying_paths import archive_path, enrol_in_path, lay_path
from backend.education.learning import STATES, complete_lesson, enrol, withdraw
from backend.education.models import (
    BadgeKey,
    Certificate,
    ContentAuthor,
    ContentDraft,
    ContentFeedback,
    ContentItem,
    ContentPicture,
    ContentSearch,
    ContentVersion,
    GlossaryTerm,
    TrainingRequirement,
)
from backend.education.picturing import Upload, add_picture, delete_picture, purge_pictures, take_picture
from backend.education.quizzing import Drawn, Question, draw, set_quiz, start_attempt, submit_attempt
from backend.education.reading import give_feedback, search_content, version_for_readers
from backend.education.rendering import Rendered, render
from backend.education.renewing import STATE, renew_certificate, renew_member_certificate
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
from backend.education.showing_pictures import (
    PATH,
    SHOWN,
    Shown,
    link_to_picture,
    picture_behind,
    picture_of_link,
    preview,
)
from backend.education.stating import XAPI
from backend.education.suggesting import ToWrite, content_to_write
from backend.education.telling_trained import changes_of_training, trained_among
from backend.education.thresholds import LARGEST_PICTURE, MOST_FOUND
from backend.education.warning import warn_of_ends
from backend.education.writing import Words, discard_draft, draft_content, rewrite_draft, start_content

__all__ = [
    "CONTEXT",
    "LARGEST_PICTURE",
    "MOST_FOUND",
    "PATH",
    "SHOWN",
    "STATE",
    "STATES",
    "STEPS",
    "XAPI",
    "AuthoredShare",
    "BadgeKey",
    "Certificate",
    "ContentAuthor",
    "ContentDraft",
    "ContentFeedback",
    "ContentItem",
    "ContentPicture",
    "ContentSearch",
    "ContentVersion",
    "Course",
    "CourseLesson",
    "CourseNumbers",
    "CoursePrerequisite",
    "Drawn",
    "Enrolment",
    "GlossaryTerm",
    "Issuer",
    "LearningPath",
    "LearningPathCourse",
    "LessonMark",
    "MemberCertificate",
    "PublicCertificate",
    "Question",
    "Quiz",
    "QuizAttempt",
    "Rendered",
    "Shown",
    "ToWrite",
    "TrainingGap",
    "TrainingNeed",
    "TrainingRequirement",
    "Upload",
    "WantedCourse",
    "Words",
    "add_picture",
    "archive_content",
    "archive_course",
    "archive_path",
    "authored_share",
    "badge_key",
    "certificate_behind",
    "certified_at",
    "change_course",
    "changes_of_training",
    "complete_lesson",
    "content_to_write",
    "copy_content",
    "copy_course",
    "course_numbers",
    "create_course",
    "define_term",
    "delete_picture",
    "discard_draft",
    "draft_content",
    "draw",
    "enrol",
    "enrol_in_path",
    "enrol_who_lack",
    "follow_content",
    "give_feedback",
    "issuer_behind",
    "lay_path",
    "link_to_picture",
    "picture_behind",
    "picture_of_link",
    "preview",
    "publish_course",
    "publish_draft",
    "purge_pictures",
    "queues_closed_to",
    "record_certificate",
    "remove_term",
    "render",
    "renew_certificate",
    "renew_member_certificate",
    "restore_content",
    "return_draft",
    "revocations",
    "revoke_certificate",
    "revoke_member_certificate",
    "rewrite_draft",
    "rotate_badge_key",
    "search_content",
    "set_authors",
    "set_quiz",
    "set_training_need",
    "set_training_requirement",
    "share_certificate",
    "signed_badge",
    "spread_content",
    "start_attempt",
    "start_content",
    "stop_following",
    "submit_attempt",
    "submit_draft",
    "take_picture",
    "trained_among",
    "training_gaps",
    "version_for_readers",
    "warn_of_ends",
    "withdraw",
]
