"""A draft is submitted, looked at by somebody else, and published: from then on it is what it is."""

from uuid import UUID

from backend.client_reports.commenting import writers_of
from backend.client_reports.composing import compose, hash_of, inputs_of
from backend.client_reports.models import ClientReport, ClientReportSnapshot
from backend.client_reports.moving import held_report, move, must_be_movable
from backend.client_reports.telling import tell_stakeholders
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.kit.texts import clean
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import RIGHTS_OF, Right
from tenants.scope import current


async def submit_client_report(actor: Actor, report_id: UUID) -> ClientReport:
    """To whoever publishes it. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await held_report(report_id)
    await move(report, "submitted", submitted_by_id=actor.membership_id, submitted_at=now())
    return report


async def return_client_report(actor: Actor, report_id: UUID, *, reason: str) -> ClientReport:
    """It is a draft again. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    reason = clean(reason, field="reason", longest=1_000)
    report = await held_report(report_id)
    await move(report, "returned", submitted_by_id=None, submitted_at=None, problem=reason, detail={"reason": reason})
    return report


async def publish_client_report(actor: Actor, report_id: UUID) -> ClientReport:
    """The client's stakeholders are told. Raises NotAllowed, NotFound, and Conflict for one that nobody else has had a hand
    in, where somebody else could have."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await held_report(report_id)
    must_be_movable(report, "published")
    is_alone = {*writers_of(report), f"staff_{report.submitted_by_id}"} == {f"staff_{actor.membership_id}"}
    if is_alone and await _others_may_publish(actor, report.workspace_id):
        raise Conflict(
            "All of it is yours: somebody else who leads here publishes it.", path=("input", "clientReportId")
        )
    corrected = None if report.corrects_id is None else await held_report(report.corrects_id)
    await move(
        report,
        "published",
        published_by_id=actor.membership_id,
        published_at=now(),
        problem=None,
        detail={"alone": is_alone},
    )
    document = await compose(report)
    await ClientReportSnapshot.create(
        workspace_id=report.workspace_id,
        report_id=report.id,
        document=document,
        input_hash=hash_of(await inputs_of(report)),
        document_hash=hash_of(document),
    )
    if corrected is not None:
        await move(corrected, "superseded", superseded_at=report.published_at)
    await enqueue("typeset_client_report", {"report_id": str(report.id)}, workspace_id=report.workspace_id)
    await tell_stakeholders(report, document)
    return report


async def _others_may_publish(actor: Actor, workspace_id: UUID) -> bool:
    """Whether anybody else is there now who leads at this client."""
    leads = [role.value for role, rights in RIGHTS_OF.items() if Right.LEAD_QUEUE in rights]
    found: bool = await current().fetchval(
        """select exists (
             select from memberships m
              where m.agency_id = $1 and m.id is distinct from $2 and m.role = any($3) and m.person_id is not null
                and m.suspended_at is null and (m.starts_at is null or m.starts_at <= now())
                and (m.ends_at is null or m.ends_at > now())
                and (m.sees_all or exists (select from assignments a where a.agency_id = $1 and a.membership_id = m.id
                                              and a.workspace_id = $4)))""",
        actor.agency_id,
        actor.membership_id,
        leads,
        workspace_id,
    )
    return found
