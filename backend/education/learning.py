"""Who takes a course, and how far they are."""

from types import MappingProxyType
from typing import Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Member
from backend.education.course_models import Course, Enrolment, LessonMark
from backend.education.issuing import issue_certificate
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.notices import Recipient, tell
from tenants.actor import Actor
from tenants.models import Membership
from tenants.rights import CLIENT_ROLES, Right, Role
from tenants.scope import current

# What leads where: a lesson or an attempt begins, the last thing is done, or somebody gives up.
STATES: Final = MappingProxyType(
    {
        "enrolled": frozenset({"in_progress", "completed", "withdrawn"}),
        "in_progress": frozenset({"completed", "withdrawn"}),
        "completed": frozenset[str](),
        "withdrawn": frozenset[str](),
    }
)


async def enrol(
    actor: Actor, course_id: UUID, *, membership_id: UUID | None = None, member_id: UUID | None = None
) -> Enrolment:
    """Oneself, a member on their behalf, or a colleague, which is for who teaches. Raises NotAllowed, NotFound, Invalid, and
    Conflict where the course is not published, what comes before it is not completed, or they are enrolled."""
    actor.must_hold(Right.LEARN)
    if (membership_id is None) == (member_id is None):
        raise Invalid("Name a colleague or a member.", path=("input", "memberId"))
    is_self = membership_id is not None and membership_id == actor.membership_id
    if membership_id is not None and not is_self:
        actor.must_hold(Right.TEACH)
    course = await Course.get_or_none(id=course_id)
    if course is None:
        raise NotFound(path=("input", "courseId"))
    if member_id is not None:
        if not await Member.exists(id=member_id, workspace_id=course.workspace_id):
            raise NotFound(path=("input", "memberId"))
        is_self = actor.api_client_id is not None
    elif not is_self:
        await _must_work_for(course.workspace_id, membership_id)
    return await enrol_in(
        course, membership_id=membership_id, member_id=member_id, because="self" if is_self else "assigned"
    )


async def enrol_in(course: Course, *, membership_id: UUID | None, member_id: UUID | None, because: str) -> Enrolment:
    """Raises Conflict."""
    if course.state != "published":
        raise Conflict("Nobody can take this course now.", path=("input", "courseId"))
    if await current().fetchval(
        """select exists (select from course_prerequisites p where p.agency_id = $1 and p.workspace_id = $2
                             and p.course_id = $3 and not exists (
                             select from enrolments e where e.agency_id = $1 and e.workspace_id = $2
                                and e.course_id = p.required_id and e.state = 'completed'
                                and (e.membership_id = $4 or e.member_id = $5)))""",
        current().actor.agency_id,
        course.workspace_id,
        course.id,
        membership_id,
        member_id,
    ):
        raise Conflict("Another course comes before this one.", path=("input", "courseId"))
    try:
        enrolment = await Enrolment.create(
            workspace_id=course.workspace_id,
            course_id=course.id,
            because=because,
            membership_id=membership_id,
            member_id=member_id,
        )
    except IntegrityError:
        raise Conflict("They are enrolled.", path=("input", "courseId")) from None
    await _journal("made", enrolment)
    if membership_id is not None and because != "self":
        await tell(
            [Recipient(membership_id=membership_id)],
            kind="course_assigned",
            subject_id=enrolment.id,
            workspace_id=course.workspace_id,
            text="A course is waiting for you: somebody wants you to take it, or you need the certificate it gives.",
        )
    return enrolment


async def complete_lesson(actor: Actor, enrolment_id: UUID, item_id: UUID) -> Enrolment:
    """Once more changes nothing. Raises NotAllowed, NotFound, and Conflict where the enrolment is over, or the course wants
    other lessons first."""
    enrolment = await held_enrolment(actor, enrolment_id)
    must_be_open(enrolment)
    row = await current().fetchrow(
        """select c.is_ordered and exists (
                    select from course_lessons b where b.agency_id = $1 and b.workspace_id = $2 and b.course_id = l.course_id
                       and b.position < l.position and not exists (
                           select from lesson_marks m where m.agency_id = $1 and m.workspace_id = $2
                              and m.enrolment_id = $3 and m.item_id = b.item_id)) as is_early,
                  exists (select from lesson_marks m where m.agency_id = $1 and m.workspace_id = $2
                             and m.enrolment_id = $3 and m.item_id = l.item_id) as is_done
             from course_lessons l join courses c on c.agency_id = $1 and c.workspace_id = $2 and c.id = l.course_id
            where l.agency_id = $1 and l.workspace_id = $2 and l.course_id = $4 and l.item_id = $5""",
        actor.agency_id,
        enrolment.workspace_id,
        enrolment.id,
        enrolment.course_id,
        item_id,
    )
    if row is None:
        raise NotFound(path=("input", "itemId"))
    if row["is_early"]:
        raise Conflict("Other lessons of this course come first.", path=("input", "itemId"))
    if not row["is_done"]:
        await LessonMark.create(workspace_id=enrolment.workspace_id, enrolment_id=enrolment.id, item_id=item_id)
        await note_start(enrolment)
    await _journal("lesson_done", enrolment)
    await complete_if_done(enrolment)
    return enrolment


async def withdraw(actor: Actor, enrolment_id: UUID) -> Enrolment:
    """They give up; they count among the enrolled all the same. Raises NotAllowed, NotFound, Conflict."""
    enrolment = await held_enrolment(actor, enrolment_id, may_teach=True)
    must_be_open(enrolment)
    await _move(enrolment, "withdrawn")
    return enrolment


async def held_enrolment(
    actor: Actor, enrolment_id: UUID, *, field: str = "enrolmentId", may_teach: bool = False
) -> Enrolment:
    """Locked: one's own, or a member's. Raises NotAllowed for a colleague's (`may_teach`: but for who teaches), NotFound."""
    actor.must_hold(Right.LEARN)
    enrolment = await Enrolment.filter(id=enrolment_id).select_for_update().first()
    if enrolment is None:
        raise NotFound(path=("input", field))
    is_anothers = enrolment.membership_id is not None and enrolment.membership_id != actor.membership_id
    if is_anothers and not (may_teach and actor.holds(Right.TEACH)):
        raise NotAllowed("Nobody learns for a colleague.")
    return enrolment


def must_be_open(enrolment: Enrolment) -> None:
    if not STATES[enrolment.state]:
        raise Conflict("This enrolment is over.", path=("input", "enrolmentId"))


async def note_start(enrolment: Enrolment) -> None:
    """Call while holding the row lock on it."""
    if enrolment.state == "enrolled":
        await _move(enrolment, "in_progress")


async def complete_if_done(enrolment: Enrolment) -> None:
    """Every lesson that the course has now, and its quiz. Call while holding the row lock on it."""
    is_done = await current().fetchval(
        """select not exists (
                    select from course_lessons l where l.agency_id = $1 and l.workspace_id = $2 and l.course_id = $4
                       and not exists (select from lesson_marks m where m.agency_id = $1 and m.workspace_id = $2
                                          and m.enrolment_id = $3 and m.item_id = l.item_id))
              and (not exists (select from quizzes q where q.agency_id = $1 and q.workspace_id = $2 and q.course_id = $4)
                   or exists (select from quiz_attempts a where a.agency_id = $1 and a.workspace_id = $2
                                 and a.enrolment_id = $3 and a.has_passed))""",
        current().actor.agency_id,
        enrolment.workspace_id,
        enrolment.id,
        enrolment.course_id,
    )
    if is_done:
        await _move(enrolment, "completed")
        await issue_certificate(enrolment)


async def _move(enrolment: Enrolment, to: str) -> None:
    assert to in STATES[enrolment.state], (enrolment.state, to)
    moment = now()
    await Enrolment.filter(id=enrolment.id, workspace_id=enrolment.workspace_id).update(
        state=to,
        started_at=enrolment.started_at or (moment if to != "withdrawn" else None),
        ended_at=None if to == "in_progress" else moment,
    )
    enrolment.state = to
    await _journal({"in_progress": "begun"}.get(to, to), enrolment)


async def _must_work_for(workspace_id: UUID, membership_id: UUID | None) -> None:
    colleague = await Membership.get_or_none(id=membership_id)
    if colleague is None or Role(colleague.role) in CLIENT_ROLES:
        raise NotFound(path=("input", "staffId"))
    if not colleague.sees_all and not await current().fetchval(
        "select exists (select from assignments where agency_id = $1 and membership_id = $2 and workspace_id = $3)",
        current().actor.agency_id,
        colleague.id,
        workspace_id,
    ):
        raise NotFound(path=("input", "staffId"))


async def _journal(verb: str, enrolment: Enrolment) -> None:
    await journal.record(
        f"enrolment.{verb}",
        subject_kind="enrolment",
        subject_id=enrolment.id,
        workspace_id=enrolment.workspace_id,
    )
