"""How many take a course and complete it: numbers without names, for whoever may see no more."""

from dataclasses import dataclass
from uuid import UUID

from backend.education.course_models import Course
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class CourseNumbers:
    """Who withdrew is among the enrolled. `certified`: valid certificates that the course gave to members, and of its kind
    to colleagues who completed it."""

    enrolled: int
    completed: int
    withdrawn: int
    certified: int


async def course_numbers(actor: Actor, course_id: UUID) -> CourseNumbers | None:
    """None for a course that is not there. Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    course = await Course.get_or_none(id=course_id)
    if course is None:
        return None
    row = await current().fetchrow(
        """select count(*) as enrolled, count(*) filter (where e.state = 'completed') as completed,
                  count(*) filter (where e.state = 'withdrawn') as withdrawn,
                  count(distinct e.membership_id) filter (
                      where e.state = 'completed' and app.is_certified(e.membership_id, $4, now()))
                  + (select count(distinct m.member_id) from member_certificates m
                      where m.agency_id = $1 and m.workspace_id = $2 and m.course_id = $3 and m.revoked_at is null
                        and m.valid_from <= now() and m.valid_until > now()) as certified
             from enrolments e where e.agency_id = $1 and e.workspace_id = $2 and e.course_id = $3""",
        actor.agency_id,
        course.workspace_id,
        course.id,
        course.certificate_kind,
    )
    assert row is not None
    return CourseNumbers(**row)
