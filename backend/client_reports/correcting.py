"""What is published stays readable; a correction is a new version that says what is otherwise."""

from collections.abc import Collection
from uuid import UUID

from backend.client_reports.making import newest_of, period_of, promise
from backend.client_reports.models import ClientReport, ClientReportDefinition
from backend.client_reports.moving import UNDER_WAY, held_report, must_be_movable
from backend.client_reports.naming import must_name_nobody
from backend.kit.errors import Conflict
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.rights import Right


async def correct_client_report(
    actor: Actor, report_id: UUID, *, correction: str, not_members: Collection[str] = ()
) -> ClientReport:
    """The next version, counted anew of the same definition. `correction`: what is otherwise and why, for the client.
    Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    correction = clean(correction, field="correction", longest=2_000)
    report = await held_report(report_id)
    must_be_movable(report, "superseded")
    await must_name_nobody(
        correction, workspace_id=report.workspace_id, not_members=not_members, path=("input", "correction")
    )
    definition = await ClientReportDefinition.filter(id=report.definition_id).select_for_update().get()
    period = period_of(report)
    newest = await newest_of(definition, period)
    assert newest is not None
    if newest.state in UNDER_WAY:
        raise Conflict("A correction is under way.", path=("input", "clientReportId"))
    return await promise(actor, definition, period, version=newest.version + 1, corrected=report, correction=correction)
