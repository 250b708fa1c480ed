"""Investigations, verification and escalations: what was looked into, made sure of, and taken in time."""

from typing import Final

from backend.client_metrics.defining import Base, Part, began
from backend.verification import IS_VERIFIED
from tenants.rights import Right

_INVESTIGATED: Final = began("investigations", "opened_at")

INVESTIGATIONS: Final = Base(
    "investigations",
    "investigation",
    Right.READ_CASES,
    """select i.id from investigations i
        where i.agency_id = $1 and i.workspace_id = $2 and i.opened_at >= $3 and i.opened_at < $4""",
    _INVESTIGATED,
)
CONCLUDED: Final = Base(
    "concluded",
    "investigation",
    Right.READ_CASES,
    """select i.id, i.outcome = 'confirmed' as is_confirmed from investigations i
        where i.agency_id = $1 and i.workspace_id = $2 and i.concluded_at >= $3 and i.concluded_at < $4""",
    _INVESTIGATED,
)
# A post is once in each programme of its community, and once in all.
VERIFIED: Final = Base(
    "verified",
    "post",
    Right.READ_CONTENT,
    f"""select p.id, 'programme_' || r.id as programme, bool_or({IS_VERIFIED.format("r.id")}) as is_verified
          from verification_programmes r
          join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.community_id = r.community_id and p.posted_at >= $3
                      and p.posted_at < $4
         where r.agency_id = $1 and r.workspace_id = $2 and r.archived_at is null
         group by grouping sets ((p.id, r.id), (p.id))""",
    began("verification_programmes", "created_at"),
    {Part.PROGRAMME: "programme"},
    is_levelled=True,
)
_DUE: Final = "e.raised_at + make_interval(secs => e.promised_seconds)"
_ESCALATED: Final = began("escalations", "raised_at", but="not b.is_drill")
RAISED: Final = Base(
    "raised",
    "escalation",
    Right.REPORT,
    f"""select e.id, e.severity::text as severity,
               coalesce(e.acknowledged_at < $4, false) or {_DUE} < least($4, now()) as is_settled,
               coalesce(e.acknowledged_at <= {_DUE}, false) as in_time
          from escalations e
         where e.agency_id = $1 and e.workspace_id = $2 and not e.is_drill and e.joined_to_id is null
           and e.raised_at >= $3 and e.raised_at < $4""",
    _ESCALATED,
    {Part.SEVERITY: "severity"},
)
DANGERS: Final = Base(
    "dangers",
    "escalation",
    Right.REPORT,
    f"""select e.id, e.severity::text as severity,
               (e.acknowledged_at is null or e.acknowledged_at >= $4) and {_DUE} < least($4, now()) as is_late
          from escalations e
         where e.agency_id = $1 and e.workspace_id = $2 and not e.is_drill and e.joined_to_id is null
           and e.raised_at < $4
           and (e.resolved_at is null or e.resolved_at >= $4)""",
    _ESCALATED,
    {Part.SEVERITY: "severity"},
)
