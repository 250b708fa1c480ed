"""A whole course, copied for another client: its lessons as drafts there, its quiz, its certificate; it goes its own way."""

from uuid import UUID

from backend import journal
from backend.education.composing import WantedCourse, create_course, held_course
from backend.education.course_models import Course, CourseLesson, Quiz
from backend.education.reusing import copy_content
from tenants.actor import Actor
from tenants.rights import Right


async def copy_course(actor: Actor, course_id: UUID, *, workspace_id: UUID, slug: str) -> Course:
    """A draft whose lessons are called `slug` and a number; what comes before it stays behind, since another client's course
    comes before nothing here. Raises NotAllowed, NotFound, Invalid, SlugTaken, and Conflict for an archived course and
    for one with a lesson that nobody has published."""
    actor.must_hold(Right.TEACH)
    source = await held_course(course_id)
    lessons = await CourseLesson.filter(course_id=source.id, workspace_id=source.workspace_id).order_by("position")
    copied = [
        (await copy_content(actor, each.item_id, workspace_id=workspace_id, slug=f"{slug[:58]}-{each.position}"))[0].id
        for each in lessons
    ]
    course = await create_course(
        actor,
        workspace_id,
        WantedCourse(
            slug=slug,
            title=source.title,
            summary=source.summary,
            lessons=copied,
            is_ordered=source.is_ordered,
            certificate_kind=source.certificate_kind,
            certificate_days=source.certificate_days,
        ),
    )
    quiz = await Quiz.get_or_none(course_id=source.id, workspace_id=source.workspace_id)
    if quiz is not None:
        await Quiz.create(
            workspace_id=workspace_id,
            course_id=course.id,
            questions=quiz.questions,
            draws=quiz.draws,
            pass_percent=quiz.pass_percent,
            most_attempts=quiz.most_attempts,
        )
    await journal.record(
        "course.copied", subject_kind="course", subject_id=course.id, workspace_id=workspace_id, lessons=len(copied)
    )
    return course
