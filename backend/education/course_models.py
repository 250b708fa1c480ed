from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep


class Course(WorkspaceModel):
    """Lessons in an order, perhaps a quiz, perhaps a certificate at the end."""

    forgetting = {
        **dict.fromkeys(("slug", "title", "summary", "certificate_kind"), OF_THE_AGENCY),
        "state": OUR_WORDS,
        "writers": Keep("ids of staff and machines"),
    }
    slug = fields.CharField(max_length=63)
    title = fields.CharField(max_length=200)
    summary = fields.TextField()
    state = fields.CharField(max_length=10, default="draft")
    is_ordered = fields.BooleanField()
    certificate_kind = fields.CharField(max_length=40, null=True)
    certificate_days = fields.IntField(default=365)
    writers: list[str] = ArrayField("text")
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "courses"


class CourseLesson(WorkspaceModel):
    course_id: UUID = fields.UUIDField()
    item_id: UUID = fields.UUIDField()
    position = fields.IntField()

    class Meta:
        table = "course_lessons"


class CoursePrerequisite(WorkspaceModel):
    """What has to be completed before."""

    course_id: UUID = fields.UUIDField()
    required_id: UUID = fields.UUIDField()
    position = fields.IntField()

    class Meta:
        table = "course_prerequisites"


class LearningPath(WorkspaceModel):
    """Courses in the order in which they are taken, under a name."""

    forgetting = dict.fromkeys(("slug", "title", "summary"), OF_THE_AGENCY)
    slug = fields.CharField(max_length=63)
    title = fields.CharField(max_length=200)
    summary = fields.TextField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "learning_paths"


class LearningPathCourse(WorkspaceModel):
    path_id: UUID = fields.UUIDField()
    course_id: UUID = fields.UUIDField()
    position = fields.IntField()

    class Meta:
        table = "learning_path_courses"


class Quiz(WorkspaceModel):
    """At the end of a course. Of every pool as many questions are drawn as `draws` says."""

    forgetting = dict.fromkeys(("questions", "draws"), OF_THE_AGENCY)
    course_id: UUID = fields.UUIDField()
    questions: list[dict[str, Any]] = fields.JSONField()
    draws: dict[str, int] = fields.JSONField()
    pass_percent = fields.IntField()
    most_attempts: int | None = fields.IntField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "quizzes"


class Enrolment(WorkspaceModel):
    """A colleague or a member takes a course. States: learning.py."""

    forgetting = dict.fromkeys(("state", "because"), OUR_WORDS)
    of_member = "t.member_id = $3"
    course_id: UUID = fields.UUIDField()
    membership_id: UUID | None = fields.UUIDField(null=True)
    member_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=20, default="enrolled")
    because = fields.CharField(max_length=10)
    enrolled_at: datetime = fields.DatetimeField(auto_now_add=True)
    started_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "enrolments"


class LessonMark(WorkspaceModel):
    """A lesson is done."""

    enrolment_id: UUID = fields.UUIDField()
    item_id: UUID = fields.UUIDField()
    done_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "lesson_marks"


class QuizAttempt(WorkspaceModel):
    """What was asked and answered; `key` has the right answers, and never leaves."""

    forgetting = {
        **dict.fromkeys(("questions", "key"), OF_THE_AGENCY),
        "answers": Keep("numbers of choices"),
    }
    inside = {"key": "whoever has it passes"}
    enrolment_id: UUID = fields.UUIDField()
    number = fields.IntField()
    questions: list[dict[str, Any]] = fields.JSONField()
    key: list[list[int]] = fields.JSONField()
    pass_percent = fields.IntField()
    answers: list[list[int]] | None = fields.JSONField(null=True)
    right_count: int | None = fields.IntField(null=True)
    has_passed = fields.BooleanField(null=True)
    started_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "quiz_attempts"


class MemberCertificate(WorkspaceModel):
    """A member has completed a course that gives one."""

    forgetting = {"kind": OF_THE_AGENCY}
    of_member = "t.member_id = $3"
    member_id: UUID = fields.UUIDField()
    course_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    valid_from: datetime = fields.DatetimeField(auto_now_add=True)
    valid_until: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    is_name_shown = fields.BooleanField(default=False)
    renews_id: UUID | None = fields.UUIDField(null=True)
    warned_days: int | None = fields.IntField(null=True)

    class Meta:
        table = "member_certificates"


class TrainingNeed(WorkspaceModel):
    """Every certificate that everybody of a role needs at a client, or whoever claims from a queue."""

    forgetting = {"role": OUR_WORDS, "kinds": OF_THE_AGENCY}
    role = fields.CharField(max_length=20, null=True)
    queue_id: UUID | None = fields.UUIDField(null=True)
    kinds: list[str] = ArrayField("text")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "training_needs"
