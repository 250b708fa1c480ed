"""Learning paths: courses of a client in the order in which they are taken, under a name."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.education.course_models import Course, CoursePrerequisite, Enrolment, LearningPath, LearningPathCourse
from backend.education.learning import enrol
from backend.education.thresholds import MOST_COURSES
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right


async def lay_path(
    actor: Actor, workspace_id: UUID, *, slug: str, title: str, summary: str = "", courses: Sequence[UUID], path_id: UUID | None = None
) -> LearningPath:  # fmt: skip
    """All of it, of a new one or in place of what it was. Raises NotAllowed, NotFound, SlugTaken, Conflict, and Invalid where a
    course comes before what has to be completed before it."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    await find_workspace(workspace_id)
    check_slug(slug)
    columns: dict[str, Any] = {
        "slug": slug,
        "title": clean_line(title, field="title", longest=200),
        "summary": clean(summary, field="summary", longest=2_000, may_be_empty=True),
    }
    if not 1 <= len(courses) <= MOST_COURSES or len(set(courses)) < len(courses):
        raise Invalid(f"Between one and {MOST_COURSES} courses, and none of them twice.", path=("input", "courseIds"))
    known = await Course.filter(id__in=list(courses), workspace_id=workspace_id).exclude(state="archived")
    if len(known) != len(courses):
        raise NotFound(path=("input", "courseIds"))
    await _must_fit(workspace_id, courses)
    try:
        if path_id is None:
            path = await LearningPath.create(workspace_id=workspace_id, **columns)
        else:
            path = await _held(path_id, workspace_id)
            await LearningPath.filter(id=path.id, workspace_id=workspace_id).update(**columns)
    except IntegrityError:
        raise SlugTaken("Another path of this client has this short name.", path=("input", "slug")) from None
    await LearningPathCourse.filter(path_id=path.id, workspace_id=workspace_id).delete()
    for position, course_id in enumerate(courses, 1):
        await LearningPathCourse.create(
            workspace_id=workspace_id, path_id=path.id, course_id=course_id, position=position
        )
    await _journal("laid", path)
    return path


async def archive_path(actor: Actor, path_id: UUID) -> LearningPath:
    """Nobody begins it any more; who takes one of its courses goes on. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    path = await _held(path_id)
    await LearningPath.filter(id=path.id, workspace_id=path.workspace_id).update(archived_at=now())
    await _journal("archived", path)
    return path


async def enrol_in_path(
    actor: Actor, path_id: UUID, *, membership_id: UUID | None = None, member_id: UUID | None = None
) -> Enrolment:
    """In the first course of it that they have not completed, as `enrol` does. Raises as that, and Conflict for whoever has
    completed all of it or is enrolled in that course."""
    actor.must_hold(Right.LEARN)
    path = await _held(path_id)
    whose = {"membership_id": membership_id} if membership_id is not None else {"member_id": member_id}
    done = set(
        await Enrolment.filter(workspace_id=path.workspace_id, state="completed", **whose).values_list(
            "course_id", flat=True
        )
    )
    for step in await LearningPathCourse.filter(path_id=path.id, workspace_id=path.workspace_id).order_by("position"):
        if step.course_id not in done:
            return await enrol(actor, step.course_id, membership_id=membership_id, member_id=member_id)
    raise Conflict("They have completed all of it.", path=("input", "pathId"))


async def _must_fit(workspace_id: UUID, courses: Sequence[UUID]) -> None:
    """Raises Invalid."""
    place = {course_id: number for number, course_id in enumerate(courses)}
    for each in await CoursePrerequisite.filter(workspace_id=workspace_id, course_id__in=list(courses)):
        if place.get(each.required_id, -1) > place[each.course_id]:
            raise Invalid("One of the courses has to be completed before an earlier one.", path=("input", "courseIds"))


async def _held(path_id: UUID, workspace_id: UUID | None = None) -> LearningPath:
    """Locked. Raises NotFound, and Conflict for one that is archived."""
    path = await LearningPath.filter(id=path_id).select_for_update().first()
    if path is None or workspace_id not in (None, path.workspace_id):
        raise NotFound(path=("input", "pathId"))
    if path.archived_at is not None:
        raise Conflict("This was archived.", path=("input", "pathId"))
    return path


async def _journal(verb: str, path: LearningPath) -> None:
    await journal.record(
        f"path.{verb}", subject_kind="learningpath", subject_id=path.id, workspace_id=path.workspace_id
    )
