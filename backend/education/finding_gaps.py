"""Who lacks what they need, or soon will; what is closed to them until they have it; who is enrolled because of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.education.course_models import Course
from backend.education.learning import enrol_in
from backend.education.thresholds import RENEWED_DAYS
from backend.kit.clock import now
from backend.kit.errors import Conflict
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import RIGHTS_OF, Right
from tenants.scope import current

_WORKERS: Final = [role.value for role in RIGHTS_OF if Right.WORK_QUEUE in RIGHTS_OF[role]]
_LEADS: Final = [role.value for role in RIGHTS_OF if Right.LEAD_QUEUE in RIGHTS_OF[role]]

# Who needs what at the client $2: by role, by queue (whoever may claim from it), by answering for it in danger.
_NEEDED: Final = """
    select m.id as membership_id, needed.kind, needed.because, needed.queue_id, m.created_at,
           (select max(c.valid_until) from certificates c
             where c.agency_id = $1 and c.membership_id = m.id and c.kind = needed.kind and c.revoked_at is null
               and c.valid_from <= now() and c.valid_until > now()) as until
      from memberships m
      join (select unnest(n.kinds) as kind, case when n.role is null then 'queue' else 'role' end as because, n.queue_id, n.role,
                   q.skills, q.is_for_leads
              from training_needs n left join queues q
                on q.agency_id = $1 and q.workspace_id = $2 and q.id = n.queue_id
             where n.agency_id = $1 and n.workspace_id = $2
             union all
            select unnest(r.kinds), 'danger', null, 'safety_responder', null, null from training_requirements r
             where r.agency_id = $1 and r.workspace_id = $2) needed
        on m.role = needed.role
        or (needed.role is null and m.role = any($3) and (not needed.is_for_leads or m.role = any($4))
            and needed.skills <@ coalesce((select v.skills from reviewers v
                                            where v.agency_id = $1 and v.membership_id = m.id), '{}'))
     where m.agency_id = $1 and m.person_id is not null and m.suspended_at is null
       and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())
       and (m.sees_all or exists (select from assignments a where a.agency_id = $1 and a.membership_id = m.id
                                     and a.workspace_id = $2))"""


@dataclass(frozen=True, slots=True)
class TrainingGap:
    """`because` is role, queue or danger; `until`: when what they hold ends; None: they hold nothing that counts."""

    membership_id: UUID
    kind: str
    because: str
    queue_id: UUID | None
    until: datetime | None


async def training_gaps(actor: Actor, workspace_id: UUID, *, within_days: int = RENEWED_DAYS) -> list[TrainingGap]:
    """At a client: what is lacked now, and what ends within so many days. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_STAFF)
    await find_workspace(workspace_id)
    return await _gaps(workspace_id, within=timedelta(days=within_days))


async def certified_at(places: Sequence[tuple[UUID, datetime]]) -> list[tuple[int, int]]:
    """Of each client, of the certificates that colleagues there need (each kind of each colleague once), how many there are
    and how many are valid at that moment. Who works there is as of then, what they need as of now. The caller has asked for
    the right."""
    needed = _NEEDED.replace("$2", "w.workspace_id").replace("now()", "w.moment")
    rows = await current().fetch(
        f"""select n.* from unnest($2::uuid[], $5::timestamptz[]) with ordinality as w (workspace_id, moment, place)
              cross join lateral (
                   select count(*) as needed, count(until) as held
                     from (select distinct membership_id, kind, until from ({needed}) all_of_them) once) n
             order by w.place""",
        current().actor.agency_id,
        [workspace_id for workspace_id, _ in places],
        _WORKERS,
        _LEADS,
        [moment for _, moment in places],
    )
    return [(row["needed"], row["held"]) for row in rows]


async def queues_closed_to(actor: Actor, membership_id: UUID) -> list[UUID]:
    """Those that they lack a certificate for, of the clients that the actor sees: moderation offers them no case of these."""
    rows = await current().fetch(
        """select q.id from training_needs n join queues q
                on q.agency_id = $1 and q.workspace_id = n.workspace_id and (q.id = n.queue_id or n.role = $5)
            where n.agency_id = $1 and ($3 or n.workspace_id = any($4)) and exists (
                  select from unnest(n.kinds) kind where not app.is_certified($2, kind, now()))""",
        actor.agency_id,
        membership_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        actor.role.value,
    )
    return [row["id"] for row in rows]


async def enrol_who_lack(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: whoever needs a certificate that they lack, or that ends within RENEWED_DAYS, takes the published course that
    gives it, where there is one and they may begin it."""
    scope = current()
    clients = await scope.fetch(
        """select distinct workspace_id as id from courses c
            where c.agency_id = $1 and ($2 or c.workspace_id = any($3)) and c.state = 'published'
              and c.certificate_kind is not null""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
    )
    for client in clients:
        courses = await Course.filter(
            workspace_id=client["id"], state="published", certificate_kind__not_isnull=True
        ).order_by("-created_at")
        giving = {course.certificate_kind: course for course in courses}  # the earliest of several
        enrolled = set()
        for gap in await _gaps(client["id"], within=timedelta(days=RENEWED_DAYS)):
            course = giving.get(gap.kind)
            if course is None or (gap.membership_id, course.id) in enrolled or await _takes(course, gap.membership_id):
                continue
            enrolled.add((gap.membership_id, course.id))
            try:
                async with scope.part():
                    await enrol_in(course, membership_id=gap.membership_id, member_id=None, because="rule")
            except Conflict:
                continue  # another course comes first, or they have just enrolled themselves


async def _takes(course: Course, membership_id: UUID) -> bool:
    """Now, or has given it up: a rule asks once."""
    taken: bool = await current().fetchval(
        """select exists (select from enrolments where agency_id = $1 and workspace_id = $2 and course_id = $3
                             and membership_id = $4 and (state in ('enrolled', 'in_progress')
                                  or (state = 'withdrawn' and ended_at > now() - make_interval(days => $5))))""",
        current().actor.agency_id,
        course.workspace_id,
        course.id,
        membership_id,
        RENEWED_DAYS,
    )
    return taken


async def _gaps(workspace_id: UUID, *, within: timedelta) -> list[TrainingGap]:
    rows = await current().fetch(
        f"""select * from ({_NEEDED}) n where n.until is null or n.until <= $5
             order by n.until nulls first, n.created_at, n.membership_id, n.kind, n.because, n.queue_id""",
        current().actor.agency_id,
        workspace_id,
        _WORKERS,
        _LEADS,
        now() + within,
    )
    return [
        TrainingGap(row["membership_id"], row["kind"], row["because"], row["queue_id"], row["until"]) for row in rows
    ]
