"""Writing courses and taking them; certificates; what whom is missing."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from backend import education
from backend.kit.errors import NotAllowed, NotFound
from backend.kit.ids import parse_published
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.courses import Course, Enrolment, MemberCertificate, QuizAttempt
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.queues import Queue
from graphql_schema.staff import MembershipRole, Staff
from tenants.rights import Right, Role


@strawberry.type(description="How a course does, without anybody's name.")
class CourseNumbers:
    enrolled: int = strawberry.field(description="Everybody who was ever enrolled, once for each time.")
    completed: int = strawberry.field(description="Of these, those who completed it.")
    withdrawn: int = strawberry.field(description="Of these, those who gave it up.")
    certified: int = strawberry.field(description="Who completed it and whose certificate counts now.")


@strawberry.enum(description="Why somebody needs a certificate.")
class TrainingGapReason(Enum):
    ROLE = value("role", "Everybody of their role does.")
    QUEUE = value("queue", "They may claim from a queue that needs it.")
    DANGER = value("danger", "They answer for the client in danger.")


@strawberry.type(description="Somebody lacks a certificate that they need, or soon will.")
class TrainingGap:
    staff: Staff | None = strawberry.field(description="Who of the agency lacks it.")
    kind: str = strawberry.field(description="The kind of certificate.")
    because: TrainingGapReason = strawberry.field(description="Why they need it.")
    queue: Queue | None = strawberry.field(description="Which queue needs it; null for other reasons.")
    until: datetime | None = strawberry.field(description="When theirs ends; null for who has none that counts.")


@strawberry.type
class WatchingLearners:
    @strawberry.field(
        description="How a course does; null for one that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def course_numbers(
        self,
        info: Info,
        course_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Course.id`.")],
    ) -> CourseNumbers | None:
        parsed = parse_published(course_id)
        if parsed is None or parsed[0] != "course":
            return None
        try:
            found = await education.course_numbers(actor_of(info.context), parsed[1])
        except NotAllowed:
            return None
        if found is None:
            return None
        return CourseNumbers(
            enrolled=found.enrolled, completed=found.completed, withdrawn=found.withdrawn, certified=found.certified
        )

    @strawberry.field(
        description="Who lacks what they need at a client, or will within 30 days; null for a client not there for you.",
        metadata={NEEDS: Right.READ_STAFF},
    )
    async def training_gaps(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")],
    ) -> list[TrainingGap] | None:
        parsed = parse_published(workspace_id)
        if parsed is None or parsed[0] != "workspace":
            return None
        try:
            gaps = await education.training_gaps(actor_of(info.context), parsed[1])
        except (NotAllowed, NotFound):
            return None
        return [
            TrainingGap(
                staff=ref(Staff, gap.membership_id),
                kind=gap.kind,
                because=TrainingGapReason(gap.because),
                queue=None if gap.queue_id is None else ref(Queue, gap.queue_id),
                until=gap.until,
            )
            for gap in gaps
        ]


@strawberry.input(description="What a course is to be: all of it.")
class CourseDesignInput:
    slug: str = strawberry.field(description="Short name: 2 to 63 lower-case letters, digits and hyphens.")
    title: str = strawberry.field(description="On one line, at most 200 characters.")
    summary: str | None = optional("Plain text, at most 2,000 characters.")
    lesson_ids: list[strawberry.ID] = strawberry.field(description="Items of kind LESSON in their order, 100 at most.")
    prerequisite_ids: list[strawberry.ID] = strawberry.field(
        description="Courses that have to be completed before, 20 at most."
    )
    is_ordered: bool = strawberry.field(description="Whether each lesson is done after those before it.")
    certificate_kind: str | None = optional("Small letters, digits and underscores; left out: no certificate.")
    certificate_days: int | None = optional("For how many days it counts, 3,660 at most; left out: 365.")


@strawberry.input(description="A new course.")
class CreateCourseInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose course it is.")
    course: CourseDesignInput = strawberry.field(description="What it is to be.")


@strawberry.input(description="A course, anew.")
class ChangeCourseInput:
    course_id: strawberry.ID = strawberry.field(description="One that is not archived.")
    expected_version: int = strawberry.field(description="The course's `version` that you have read.")
    course: CourseDesignInput = strawberry.field(description="All of what it is from now on.")


@strawberry.input(description="A course, with nothing to add.")
class CourseInput:
    course_id: strawberry.ID = strawberry.field(description="What it is about.")


@strawberry.input(description="A question of a quiz.")
class QuestionInput:
    text: str = strawberry.field(description="At most 2,000 characters.")
    choices: list[str] = strawberry.field(description="Two to ten, each at most 500 characters.")
    right: list[int] = strawberry.field(description="The places of the choices that are right, from 0; one at least.")
    pool: str | None = optional("From which it is drawn; left out: all.")


@strawberry.input(description="How many questions of a pool are asked.")
class DrawInput:
    pool: str = strawberry.field(description="The pool's name, as questions have it.")
    count: int = strawberry.field(description="At least one, and no more than it has.")


@strawberry.input(description="What a course asks at its end: all of it.")
class SetQuizInput:
    course_id: strawberry.ID = strawberry.field(description="One that is not archived.")
    questions: list[QuestionInput] = strawberry.field(description="200 at most.")
    draws: list[DrawInput] = strawberry.field(description="A pool that is not named is asked whole.")
    pass_percent: int = strawberry.field(description="How many percent have to be right, 1 to 100.")
    most_attempts: int | None = optional("How often it may be attempted, 100 at most; left out: as often as they like.")


@strawberry.input(description="Who is to take a course: a colleague or a member.")
class EnrolInput:
    course_id: strawberry.ID = strawberry.field(description="A course that is published.")
    staff_id: strawberry.ID | None = optional("You yourself; a colleague, if you teach.")
    member_id: strawberry.ID | None = optional("A member of the client's communities.")


@strawberry.input(description="A lesson that somebody has done.")
class CompleteLessonInput:
    enrolment_id: strawberry.ID = strawberry.field(description="Your own, or a member's.")
    item_id: strawberry.ID = strawberry.field(description="A lesson of its course.")


@strawberry.input(description="An enrolment, with nothing to add.")
class EnrolmentInput:
    enrolment_id: strawberry.ID = strawberry.field(description="Your own, or a member's.")


@strawberry.input(description="Answers to an attempt.")
class SubmitAttemptInput:
    attempt_id: strawberry.ID = strawberry.field(description="One that has begun.")
    answers: list[list[int]] = strawberry.field(description="For each question the places of what was chosen, from 0.")


@strawberry.input(description="A certificate whose page others are to see.")
class ShareCertificateInput:
    certificate_id: strawberry.ID | None = optional("One of your own, as in `Staff.certificates`.")
    member_certificate_id: strawberry.ID | None = optional("A member's, on their behalf.")
    shows_name: bool = strawberry.field(description="Whether the page says whose it is, from now on.")


@strawberry.input(description="A member's certificate that is not to count any more.")
class RevokeMemberCertificateInput:
    member_certificate_id: strawberry.ID = strawberry.field(description="One that has not been revoked.")


@strawberry.input(description="A member's certificate that goes on.")
class RenewMemberCertificateInput:
    member_certificate_id: strawberry.ID = strawberry.field(description="One that was neither revoked nor renewed.")


@strawberry.input(description="Certificates that a role or a queue needs: all of them.")
class SetTrainingNeedInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    role: MembershipRole | None = optional("Whose need it is; left out: that of a queue.")
    queue_id: strawberry.ID | None = optional("Which queue needs it; left out: a role.")
    kinds: list[str] = strawberry.field(description="20 at most; none: nothing is needed any more.")


@strawberry.type(description="The course, as it is now.")
class CoursePayload:
    course: Course | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The enrolment, as it is now.")
class EnrolmentPayload:
    enrolment: Enrolment | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The attempt, as it is now.")
class AttemptPayload:
    attempt: QuizAttempt | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where the certificate can be seen.")
class ShareCertificatePayload:
    url: str | None = strawberry.field(
        default=None,
        description="For anybody who has it, the same each time; with /badge behind it, as Open Badges 3.0.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The certificate, as it counts now.")
class MemberCertificatePayload:
    certificate: MemberCertificate | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The client, with its needs.")
class SetTrainingNeedPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Learning:
    @verb(CoursePayload, "Begin a course.", needs=Right.TEACH)
    async def create_course(self, info: Info, input: Input[CreateCourseInput]) -> CoursePayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        course = await education.create_course(actor_of(info.context), workspace_id, _wanted(input.course))
        return CoursePayload(course=ref(Course, course.id))

    @verb(CoursePayload, "Change a course; who takes it goes on with what it is then.", needs=Right.TEACH)
    async def change_course(self, info: Info, input: Input[ChangeCourseInput]) -> CoursePayload:
        course_id = uuid_of("course", input.course_id, field="courseId")
        await education.change_course(
            actor_of(info.context), course_id, _wanted(input.course), expected_version=input.expected_version
        )
        return CoursePayload(course=ref(Course, course_id))

    @verb(CoursePayload, "Let learners take a course that you wrote nothing of.", needs=Right.PUBLISH_CONTENT)
    async def publish_course(self, info: Info, input: Input[CourseInput]) -> CoursePayload:
        course_id = uuid_of("course", input.course_id, field="courseId")
        await education.publish_course(actor_of(info.context), course_id)
        return CoursePayload(course=ref(Course, course_id))

    @verb(CoursePayload, "Let nobody begin a course any more.", needs=Right.PUBLISH_CONTENT)
    async def archive_course(self, info: Info, input: Input[CourseInput]) -> CoursePayload:
        course_id = uuid_of("course", input.course_id, field="courseId")
        await education.archive_course(actor_of(info.context), course_id)
        return CoursePayload(course=ref(Course, course_id))

    @verb(CoursePayload, "Say what a course asks at its end.", needs=Right.TEACH)
    async def set_quiz(self, info: Info, input: Input[SetQuizInput]) -> CoursePayload:
        course_id = uuid_of("course", input.course_id, field="courseId")
        await education.set_quiz(
            actor_of(info.context),
            course_id,
            questions=[
                education.Question(each.text, each.choices, each.right, each.pool or "all") for each in input.questions
            ],
            draws={each.pool: each.count for each in input.draws},
            pass_percent=input.pass_percent,
            most_attempts=input.most_attempts or None,
        )
        return CoursePayload(course=ref(Course, course_id))

    @verb(EnrolmentPayload, "Let yourself, a member or, if you teach, a colleague take a course.", needs=Right.LEARN)
    async def enrol(self, info: Info, input: Input[EnrolInput]) -> EnrolmentPayload:
        enrolment = await education.enrol(
            actor_of(info.context),
            uuid_of("course", input.course_id, field="courseId"),
            membership_id=optional_uuid_of("staff", input.staff_id, field="staffId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return EnrolmentPayload(enrolment=ref(Enrolment, enrolment.id))

    @verb(EnrolmentPayload, "Say that a lesson is done.", needs=Right.LEARN)
    async def complete_lesson(self, info: Info, input: Input[CompleteLessonInput]) -> EnrolmentPayload:
        enrolment_id = uuid_of("enrolment", input.enrolment_id, field="enrolmentId")
        item_id = uuid_of("content", input.item_id, field="itemId")
        await education.complete_lesson(actor_of(info.context), enrolment_id, item_id)
        return EnrolmentPayload(enrolment=ref(Enrolment, enrolment_id))

    @verb(EnrolmentPayload, "Give a course up; whoever teaches may, for a colleague.", needs=Right.LEARN)
    async def withdraw(self, info: Info, input: Input[EnrolmentInput]) -> EnrolmentPayload:
        enrolment_id = uuid_of("enrolment", input.enrolment_id, field="enrolmentId")
        await education.withdraw(actor_of(info.context), enrolment_id)
        return EnrolmentPayload(enrolment=ref(Enrolment, enrolment_id))

    @verb(AttemptPayload, "Begin to answer a quiz, or go on with what has begun.", needs=Right.LEARN)
    async def start_attempt(self, info: Info, input: Input[EnrolmentInput]) -> AttemptPayload:
        enrolment_id = uuid_of("enrolment", input.enrolment_id, field="enrolmentId")
        attempt = await education.start_attempt(actor_of(info.context), enrolment_id)
        return AttemptPayload(attempt=ref(QuizAttempt, attempt.id))

    @verb(AttemptPayload, "Hand in answers to a quiz.", needs=Right.LEARN)
    async def submit_attempt(self, info: Info, input: Input[SubmitAttemptInput]) -> AttemptPayload:
        attempt_id = uuid_of("quizattempt", input.attempt_id, field="attemptId")
        await education.submit_attempt(actor_of(info.context), attempt_id, answers=input.answers)
        return AttemptPayload(attempt=ref(QuizAttempt, attempt_id))

    @verb(
        ShareCertificatePayload,
        "Give a certificate a page that anybody can check, and say whether it shows a name.",
        needs=Right.LEARN,
    )
    async def share_certificate(self, info: Info, input: Input[ShareCertificateInput]) -> ShareCertificatePayload:
        own = optional_uuid_of("certificate", input.certificate_id, field="certificateId")
        of_member = optional_uuid_of("membercertificate", input.member_certificate_id, field="memberCertificateId")
        url = await education.share_certificate(
            actor_of(info.context), certificate_id=own, member_certificate_id=of_member, shows_name=input.shows_name
        )
        return ShareCertificatePayload(url=url)

    @verb(
        MemberCertificatePayload,
        "Say that a member's certificate counts for nothing any more.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def revoke_member_certificate(
        self, info: Info, input: Input[RevokeMemberCertificateInput]
    ) -> MemberCertificatePayload:
        certificate_id = uuid_of("membercertificate", input.member_certificate_id, field="memberCertificateId")
        await education.revoke_member_certificate(actor_of(info.context), certificate_id)
        return MemberCertificatePayload(certificate=ref(MemberCertificate, certificate_id))

    @verb(
        MemberCertificatePayload,
        "Renew a member's certificate for as long again as its course gives.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def renew_member_certificate(
        self, info: Info, input: Input[RenewMemberCertificateInput]
    ) -> MemberCertificatePayload:
        certificate = await education.renew_member_certificate(
            actor_of(info.context),
            uuid_of("membercertificate", input.member_certificate_id, field="memberCertificateId"),
        )
        return MemberCertificatePayload(certificate=ref(MemberCertificate, certificate.id))

    @verb(
        SetTrainingNeedPayload,
        "Say which certificates a role or a queue needs. Who lacks one claims nothing there from now on.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_training_need(self, info: Info, input: Input[SetTrainingNeedInput]) -> SetTrainingNeedPayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await education.set_training_need(
            actor_of(info.context),
            workspace_id,
            role=Role(input.role.value) if input.role else None,
            queue_id=optional_uuid_of("queue", input.queue_id, field="queueId"),
            kinds=input.kinds,
        )
        return SetTrainingNeedPayload(workspace=ref(Workspace, workspace_id))


def _wanted(given: CourseDesignInput) -> education.WantedCourse:
    return education.WantedCourse(
        slug=given.slug,
        title=given.title,
        summary=given.summary or "",
        lessons=[uuid_of("content", each, field="lessonIds") for each in given.lesson_ids],
        prerequisites=[uuid_of("course", each, field="prerequisiteIds") for each in given.prerequisite_ids],
        is_ordered=given.is_ordered,
        certificate_kind=given.certificate_kind or None,
        certificate_days=given.certificate_days or 365,
    )
