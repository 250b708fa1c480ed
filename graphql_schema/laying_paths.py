"""Learning paths, and courses that are copied for another client."""

import strawberry

from backend import education
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.courses import Course, Enrolment, LearningPath
from graphql_schema.describing import Input, optional
from graphql_schema.learning import CoursePayload, EnrolmentPayload
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="A learning path: all of it.")
class LayPathInput:
    workspace_id: strawberry.ID = strawberry.field(description="Whose courses they are.")
    path_id: strawberry.ID | None = optional("One that is laid anew; a new one when left out.")
    slug: str = strawberry.field(description="Short name: 2 to 63 lower-case letters, digits and hyphens.")
    title: str = strawberry.field(description="On one line, at most 200 characters.")
    summary: str | None = optional("Plain text, at most 2,000 characters.")
    course_ids: list[strawberry.ID] = strawberry.field(description="In the order in which they are taken, 1 to 50.")


@strawberry.input(description="A learning path that nobody is to begin any more.")
class ArchivePathInput:
    path_id: strawberry.ID = strawberry.field(description="One that is open.")


@strawberry.input(description="Who is to go on with a learning path: a colleague or a member.")
class EnrolInPathInput:
    path_id: strawberry.ID = strawberry.field(description="One that is open.")
    staff_id: strawberry.ID | None = optional("You yourself; a colleague, if you teach.")
    member_id: strawberry.ID | None = optional("A member of the client's communities.")


@strawberry.input(description="A course, for another client to go on with.")
class CopyCourseInput:
    course_id: strawberry.ID = strawberry.field(description="One whose lessons are all published.")
    workspace_id: strawberry.ID = strawberry.field(description="The client that gets it; the request names none.")
    slug: str = strawberry.field(description="Its short name there; its lessons get it with a number.")


@strawberry.type(description="The learning path, as it is now.")
class LearningPathPayload:
    path: LearningPath | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class LayingPaths:
    @verb(
        LearningPathPayload, "Put published or drafted courses in an order, under a name.", needs=Right.PUBLISH_CONTENT
    )
    async def lay_path(self, info: Info, input: Input[LayPathInput]) -> LearningPathPayload:
        path = await education.lay_path(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            path_id=optional_uuid_of("learningpath", input.path_id, field="pathId"),
            slug=input.slug,
            title=input.title,
            summary=input.summary or "",
            courses=[uuid_of("course", each, field="courseIds") for each in input.course_ids],
        )
        return LearningPathPayload(path=ref(LearningPath, path.id))

    @verb(LearningPathPayload, "Let nobody begin a learning path any more.", needs=Right.PUBLISH_CONTENT)
    async def archive_path(self, info: Info, input: Input[ArchivePathInput]) -> LearningPathPayload:
        path_id = uuid_of("learningpath", input.path_id, field="pathId")
        await education.archive_path(actor_of(info.context), path_id)
        return LearningPathPayload(path=ref(LearningPath, path_id))

    @verb(
        EnrolmentPayload,
        "Enrol somebody in the first course of a path that they have not completed.",
        needs=Right.LEARN,
    )
    async def enrol_in_path(self, info: Info, input: Input[EnrolInPathInput]) -> EnrolmentPayload:
        enrolment = await education.enrol_in_path(
            actor_of(info.context),
            uuid_of("learningpath", input.path_id, field="pathId"),
            membership_id=optional_uuid_of("staff", input.staff_id, field="staffId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return EnrolmentPayload(enrolment=ref(Enrolment, enrolment.id))

    @verb(
        CoursePayload, "Copy a course into a draft of another client, with its lessons and its quiz.", needs=Right.TEACH
    )
    async def copy_course(self, info: Info, input: Input[CopyCourseInput]) -> CoursePayload:
        course = await education.copy_course(
            actor_of(info.context),
            uuid_of("course", input.course_id, field="courseId"),
            workspace_id=uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
        )
        return CoursePayload(course=ref(Course, course.id))
