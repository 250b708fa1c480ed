"""Courses: lessons in an order, what has to be completed before, and what whoever completes it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.education.certifying import kind_of
from backend.education.course_models import Course, CourseLesson, CoursePrerequisite
from backend.education.models import ContentItem
from backend.education.thresholds import LONGEST_DAYS, MOST_LESSONS, MOST_PREREQUISITES
from backend.education.writing import writer
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class WantedCourse:
    """`lessons` are items of kind lesson, in their order; `is_ordered`: each is done after those before it."""

    slug: str
    title: str
    summary: str = ""
    lessons: Sequence[UUID] = ()
    prerequisites: Sequence[UUID] = ()
    is_ordered: bool = False
    certificate_kind: str | None = None
    certificate_days: int = 365


async def create_course(actor: Actor, workspace_id: UUID, wanted: WantedCourse) -> Course:
    """Nobody can be enrolled in it before it is published. Raises NotAllowed, NotFound, Invalid, SlugTaken."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    columns = _columns(wanted)
    try:
        course = await Course.create(workspace_id=workspace_id, writers=[writer(actor)], **columns)
    except IntegrityError:
        raise SlugTaken("Another course of this client has this short name.", path=("input", "slug")) from None
    await _fill(course, wanted)
    await _journal("created", course)
    return course


async def change_course(actor: Actor, course_id: UUID, wanted: WantedCourse, *, expected_version: int) -> Course:
    """All of it anew; one that is published, only by whoever may publish. Raises NotAllowed, NotFound, Invalid, SlugTaken,
    and Conflict for one that was changed meanwhile or archived."""
    actor.must_hold(Right.TEACH)
    columns = _columns(wanted)
    course = await held_course(course_id)
    if course.version != expected_version:
        raise Conflict("Somebody has changed this course since you read it.", path=("input", "expectedVersion"))
    if course.state == "published":
        actor.must_hold(Right.PUBLISH_CONTENT)
        if not wanted.lessons:
            raise Invalid("A published course has a lesson.", path=("input", "lessonIds"))
    try:
        await Course.filter(id=course.id, workspace_id=course.workspace_id).update(
            version=course.version + 1, writers=sorted({*course.writers, writer(actor)}), **columns
        )
    except IntegrityError:
        raise SlugTaken("Another course of this client has this short name.", path=("input", "slug")) from None
    await CourseLesson.filter(course_id=course.id, workspace_id=course.workspace_id).delete()
    await CoursePrerequisite.filter(course_id=course.id, workspace_id=course.workspace_id).delete()
    await _fill(course, wanted)
    await _journal("changed", course)
    return course


async def publish_course(actor: Actor, course_id: UUID) -> Course:
    """Raises NotAllowed, NotFound, and Conflict for whoever wrote any of it, for one without lessons or with a lesson that
    nobody has published, and for one that is not a draft."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    course = await held_course(course_id)
    if course.state != "draft":
        raise Conflict("This course is published.", path=("input", "courseId"))
    if writer(actor) in course.writers:
        raise Conflict(
            "You wrote some of this: somebody else has to look at it and publish it.", path=("input", "courseId")
        )
    row = await current().fetchrow(
        """select count(*) as lessons, count(*) filter (where i.current_version_id is null or i.archived_at is not null) as unfit
             from course_lessons l join content_items i
               on i.agency_id = l.agency_id and i.workspace_id = l.workspace_id and i.id = l.item_id
            where l.agency_id = $1 and i.agency_id = $1 and l.workspace_id = $2 and i.workspace_id = $2 and l.course_id = $3""",
        actor.agency_id,
        course.workspace_id,
        course.id,
    )
    assert row is not None
    if not row["lessons"] or row["unfit"]:
        raise Conflict("A course has a lesson, and all of its lessons are published.", path=("input", "courseId"))
    await Course.filter(id=course.id, workspace_id=course.workspace_id).update(
        state="published", version=course.version + 1
    )
    await _journal("published", course)
    return course


async def archive_course(actor: Actor, course_id: UUID) -> Course:
    """Nobody is enrolled any more; who is goes on. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    course = await held_course(course_id)
    await Course.filter(id=course.id, workspace_id=course.workspace_id).update(
        state="archived", version=course.version + 1
    )
    await _journal("archived", course)
    return course


async def held_course(course_id: UUID, *, may_be_archived: bool = False) -> Course:
    """Locked. Raises NotFound, Conflict."""
    course = await Course.filter(id=course_id).select_for_update().first()
    if course is None:
        raise NotFound(path=("input", "courseId"))
    if course.state == "archived" and not may_be_archived:
        raise Conflict("This course was archived.", path=("input", "courseId"))
    return course


def _columns(wanted: WantedCourse) -> dict[str, Any]:
    check_slug(wanted.slug)
    if not 1 <= wanted.certificate_days <= LONGEST_DAYS:
        raise Invalid("A certificate is valid for a day to ten years.", path=("input", "certificateDays"))
    kind = wanted.certificate_kind
    return {
        "slug": wanted.slug,
        "title": clean_line(wanted.title, field="title", longest=200),
        "summary": clean(wanted.summary, field="summary", longest=2_000, may_be_empty=True),
        "is_ordered": wanted.is_ordered,
        "certificate_kind": None if kind is None else kind_of(kind, field="certificateKind"),
        "certificate_days": wanted.certificate_days,
    }


async def _fill(course: Course, wanted: WantedCourse) -> None:
    for field, ids, most in (
        ("lessonIds", wanted.lessons, MOST_LESSONS),
        ("prerequisiteIds", wanted.prerequisites, MOST_PREREQUISITES),
    ):
        if len(ids) > most or len(set(ids)) < len(ids):
            raise Invalid(f"At most {most}, and none of them twice.", path=("input", field))
    lessons = await ContentItem.filter(id__in=list(wanted.lessons), workspace_id=course.workspace_id, kind="lesson")
    if len(lessons) != len(wanted.lessons):
        raise NotFound(path=("input", "lessonIds"))
    required = await Course.filter(id__in=list(wanted.prerequisites), workspace_id=course.workspace_id)
    if len(required) != len(wanted.prerequisites):
        raise NotFound(path=("input", "prerequisiteIds"))
    for position, item_id in enumerate(wanted.lessons, 1):
        await CourseLesson.create(
            workspace_id=course.workspace_id, course_id=course.id, item_id=item_id, position=position
        )
    await _must_end(course, wanted.prerequisites)
    for position, required_id in enumerate(wanted.prerequisites, 1):
        await CoursePrerequisite.create(
            workspace_id=course.workspace_id, course_id=course.id, required_id=required_id, position=position
        )


async def _must_end(course: Course, prerequisites: Sequence[UUID]) -> None:
    """Raises Invalid for a course that would come before itself: nobody could ever take it."""
    is_circle = await current().fetchval(
        """with recursive before (id) as (
                 select unnest($4::uuid[])
                  union
                 select p.required_id from course_prerequisites p join before b on b.id = p.course_id
                  where p.agency_id = $1 and p.workspace_id = $2)
           select exists (select from before where id = $3)""",
        current().actor.agency_id,
        course.workspace_id,
        course.id,
        list(prerequisites),
    )
    if is_circle:
        raise Invalid("This course would have to be completed before itself.", path=("input", "prerequisiteIds"))


async def _journal(verb: str, course: Course) -> None:
    await journal.record(
        f"course.{verb}", subject_kind="course", subject_id=course.id, workspace_id=course.workspace_id
    )
