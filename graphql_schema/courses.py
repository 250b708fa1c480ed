"""Courses, who takes them, how far they are, and what they get for it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from backend import education
from graphql_schema.communities import Member
from graphql_schema.describing import value
from graphql_schema.orders import (
    AttemptOrder,
    EnrolmentOrder,
    LessonMarkOrder,
    PlaceOrder,
)
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
from graphql_schema.queues import Queue
from graphql_schema.staff import MembershipRole, Staff
from graphql_schema.teaching import ContentItem
from graphql_schema.training import CertificateState
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@strawberry.enum(description="Where a course is.")
class CourseState(Enum):
    DRAFT = value("draft", "Nobody can take it yet.")
    PUBLISHED = value("published", "Whoever is enrolled takes it.")
    ARCHIVED = value("archived", "Nobody is enrolled any more; who was goes on.")


@strawberry.enum(description="Where somebody is with a course.")
class EnrolmentState(Enum):
    ENROLLED = value("enrolled", "They have not begun.")
    IN_PROGRESS = value("in_progress", "A lesson is done, or an attempt at the quiz has begun.")
    COMPLETED = value("completed", "Every lesson is done, and the quiz passed where there is one.")
    WITHDRAWN = value("withdrawn", "They gave up; they count among the enrolled all the same.")


@strawberry.enum(description="Why somebody takes a course.")
class EnrolmentReason(Enum):
    SELF = value("self", "They wanted to.")
    ASSIGNED = value("assigned", "Somebody who teaches wanted it.")
    RULE = value("rule", "They need the certificate it gives: see TrainingNeed.")


@publish(education.CourseLesson, needs=Right.READ_WORKSPACE)
class CourseLesson:
    """A lesson, at its place in a course."""

    position: int = column(description="Its place in the course, from 1.")
    item: ContentItem | None = one("item_id", description="The lesson itself.")


@publish(education.CoursePrerequisite, needs=Right.READ_WORKSPACE)
class CoursePrerequisite:
    """A course that comes before another one."""

    position: int = column(description="From 1, as whoever wrote the course listed them.")
    course: Annotated["Course", strawberry.lazy("graphql_schema.courses")] | None = one(
        "required_id", description="What has to be completed before."
    )


@publish(education.Quiz, kind="quiz", needs=Right.READ_WORKSPACE)
class Quiz(Node):
    """What a course asks at its end. Nobody is told an answer: who writes the questions knows them."""

    id: strawberry.ID
    questions: JSON | None = sql(
        "(select jsonb_agg(q - 'right' order by n) from jsonb_array_elements({row}.questions) with ordinality as each (q, n))",
        needs=Right.TEACH,
        description="For whoever writes them: `pool`, `text` and `choices` of each. Which choices are right is told nowhere.",
    )
    draws: JSON = column(description="How many questions are drawn, by the name of their pool.")
    pass_percent: int = column(description="How many percent of them have to be right.")
    most_attempts: int | None = column(description="How often it may be attempted in one enrolment; null for no limit.")
    version: int = column(description="Goes up with each change.")


@publish(education.Course, kind="course", needs=Right.READ_WORKSPACE)
class Course(Node):
    """Lessons in an order, perhaps a quiz, perhaps a certificate."""

    id: strawberry.ID
    slug: str = column(description="Short name, unique within the client.")
    title: str = column(description="On one line, at most 200 characters.")
    summary: str = column(description="Plain text, at most 2,000 characters; may be empty.")
    state: CourseState = column(description="Where it is.")
    is_ordered: bool = column(description="Whether each lesson is done after those before it.")
    certificate_kind: str | None = column(description="What whoever completes it is certified for; null for nothing.")
    certificate_days: int = column(description="For how many days that counts.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was begun.")
    lessons: Connection[CourseLesson] = many("course_id", order=PlaceOrder, description="In their order, 100 at most.")
    prerequisites: Connection[CoursePrerequisite] = many(
        "course_id", order=PlaceOrder, description="What has to be completed before, 20 at most."
    )
    quiz: Quiz | None = one("course_id", reverse=True, description="What it asks at its end; null for nothing.")
    enrolments: Connection[Annotated["Enrolment", strawberry.lazy("graphql_schema.courses")]] = many(
        "course_id", order=EnrolmentOrder, description="Who takes it; empty for stakeholders: see `courseNumbers`."
    )
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client whose course it is."
    )


@publish(education.LearningPathCourse, needs=Right.READ_WORKSPACE)
class LearningPathCourse:
    """A course, at its place in a learning path."""

    position: int = column(description="From 1, in the order in which they are taken.")
    course: Course | None = one("course_id", description="Which course it is.")


@publish(education.LearningPath, kind="learningpath", needs=Right.READ_WORKSPACE)
class LearningPath(Node):
    """Courses in the order in which they are taken, under a name."""

    id: strawberry.ID
    slug: str = column(description="Short name, unique among the client's paths.")
    title: str = column(description="On one line, at most 200 characters.")
    summary: str = column(description="Plain text, at most 2,000 characters; may be empty.")
    courses: Connection[LearningPathCourse] = many(
        "path_id", order=PlaceOrder, description="In their order, 50 at most."
    )
    created_at: datetime = column(description="When it was laid first.")
    archived_at: datetime | None = column(
        description="Since when nobody begins it any more; null for one that is open."
    )


@publish(education.LessonMark, needs=Right.LEARN)
class LessonMark:
    """A lesson that is done."""

    done_at: datetime = column(description="When it was first said to be done.")
    item: ContentItem | None = one("item_id", description="The lesson that is done.")


@publish(education.QuizAttempt, kind="quizattempt", needs=Right.LEARN)
class QuizAttempt(Node):
    """One attempt at a quiz. Which answers are right stands nowhere in it."""

    id: strawberry.ID
    number: int = column(description="From 1, within the enrolment.")
    questions: JSON = column(
        description="As they were drawn, in order: each has `text` and `choices`; a choice is known by its place, from 0."
    )
    pass_percent: int = column(description="How many percent have to be right.")
    answers: JSON | None = column(description="For each question the places that were chosen; null until submitted.")
    right_count: int | None = column(description="How many questions are right; null until submitted.")
    has_passed: bool | None = column(description="Whether that is enough; null until submitted.")
    started_at: datetime = column(description="When the questions were drawn.")
    ended_at: datetime | None = column(description="When it was submitted; null until then.")


@publish(education.Enrolment, kind="enrolment", needs=Right.LEARN)
class Enrolment(Node):
    """A colleague or a member takes a course."""

    id: strawberry.ID
    state: EnrolmentState = column(description="Where they are.")
    because: EnrolmentReason = column(description="Why they take it.")
    enrolled_at: datetime = column(description="Since when they are enrolled.")
    started_at: datetime | None = column(description="When they began; null until then.")
    ended_at: datetime | None = column(description="When they completed it or gave it up; null until then.")
    statement: JSON = sql(
        education.XAPI,
        description="Where they are as an xAPI 1.0.3 statement; the actor is an account without a name or an address.",
    )
    course: Course | None = one("course_id", description="What they take.")
    staff: Staff | None = one("membership_id", description="Which colleague; null for a member.")
    member: Member | None = one("member_id", description="Which member; null for a colleague.")
    lessons_done: Connection[LessonMark] = many(
        "enrolment_id", order=LessonMarkOrder, description="The lessons they have done."
    )
    attempts: Connection[QuizAttempt] = many(
        "enrolment_id", order=AttemptOrder, description="At the quiz, 100 at most."
    )


@publish(education.MemberCertificate, kind="membercertificate", needs=Right.LEARN)
class MemberCertificate(Node):
    """A member has completed a course that certifies it."""

    id: strawberry.ID
    kind: str = column(description="What they are certified for, such as power_user.")
    valid_from: datetime = column(description="From when it counts.")
    valid_until: datetime = column(description="Until when it counts.")
    state: CertificateState = sql(education.STATE.format(table="member_certificates"), description="How far it is.")
    renews: Annotated["MemberCertificate", strawberry.lazy("graphql_schema.courses")] | None = one(
        "renews_id", description="Which one it follows; null for the first."
    )
    revoked_at: datetime | None = column(description="Since when it counts for nothing; null for one that counts.")
    is_name_shown: bool = column(description="Whether its public page names them.")
    member: Member | None = one("member_id", description="Whose it is.")
    course: Course | None = one("course_id", description="What they completed.")


@publish(education.TrainingNeed, kind="trainingneed", needs=Right.READ_STAFF)
class TrainingNeed(Node):
    """Certificates without which nobody of a role claims or answers at a client, or nobody claims from a queue."""

    id: strawberry.ID
    role: MembershipRole | None = column(description="Whose need it is; null for that of a queue.")
    queue: Queue | None = one("queue_id", description="The queue they claim from; null for the need of a role.")
    kinds: list[str] = column(description="All of these are needed.")
    created_at: datetime = column(description="When it was first said.")
