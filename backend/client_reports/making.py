"""A report is made by a job, a section at a time: what is counted stays counted, however often the rest is tried."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend import journal
from backend.client_reports.counting import count_section
from backend.client_reports.defining import frozen
from backend.client_reports.models import ClientReport, ClientReportDefinition, ClientReportSection
from backend.client_reports.moving import UNDER_WAY, held_report, move
from backend.client_reports.periods import Period, checked_period, latest_before
from backend.client_reports.telling import tell_leads
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.outbox import announce, enqueue, report_progress
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

JOB = "make_client_report"


async def make_client_report(actor: Actor, definition_id: UUID, *, period_start: str | None = None) -> ClientReport:
    """Promise it, about the latest period that is over unless another is named. Raises NotAllowed, NotFound, Invalid, and
    Conflict where one is under way or published: that is corrected."""
    actor.must_hold(Right.LEAD_QUEUE)
    # Of two at once the second sees what the first has promised.
    definition = await ClientReportDefinition.filter(id=definition_id).select_for_update().get_or_none()
    if definition is None:
        raise NotFound(path=("input", "definitionId"))
    if definition.archived_at is not None:
        raise Conflict("It is archived.", path=("input", "definitionId"))
    workspace = await find_workspace(definition.workspace_id, field="definitionId")
    today = now().astimezone(ZoneInfo(workspace.time_zone)).date()
    if period_start is None:
        period = latest_before(definition.period, today)
    else:
        period = checked_period(definition.period, period_start, today=today)
    newest = await newest_of(definition, period)
    if newest is not None and newest.state in UNDER_WAY:
        raise Conflict("A report about this period is under way: discard it first.", path=("input", "periodStart"))
    if newest is not None and await _is_published(definition, period):
        raise Conflict("This period was reported about: correct what is published.", path=("input", "periodStart"))
    return await promise(actor, definition, period, version=1 if newest is None else newest.version + 1)


async def promise(
    actor: Actor,
    definition: ClientReportDefinition,
    period: Period,
    *,
    version: int,
    corrected: ClientReport | None = None,
    correction: str | None = None,
) -> ClientReport:
    """A row and its job. Call while holding the row lock on `definition`."""
    report = await ClientReport.create(
        workspace_id=definition.workspace_id,
        definition_id=definition.id,
        period_start=str(period.start),
        period_end=str(period.end),
        version=version,
        definition=frozen(definition) if corrected is None else corrected.definition,
        words={} if corrected is None else corrected.words,
        corrects_id=None if corrected is None else corrected.id,
        correction=correction,
        asked_by_id=actor.membership_id,
    )
    await enqueue(JOB, {"report_id": str(report.id)}, workspace_id=report.workspace_id)
    await _record_asked(report)
    return report


async def newest_of(definition: ClientReportDefinition, period: Period) -> ClientReport | None:
    newest: ClientReport | None = await _of_period(definition, period).order_by("-version").first()
    return newest


async def count_next_section(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one section, and the promise of the next one; after the last one there is a draft. What has another state is left
    alone."""
    report = await _of_job(payload)
    if report is None or report.state != "making":
        return
    sections = report.definition["sections"]
    counted = await ClientReportSection.filter(report_id=report.id, workspace_id=report.workspace_id).values_list(
        "section", flat=True
    )
    left = [each for each in sections if each not in counted]
    if left:
        await report_progress(len(sections) - len(left), len(sections))
        await ClientReportSection.create(
            workspace_id=report.workspace_id,
            report_id=report.id,
            section=left[0],
            content=await count_section(system, report, left[0]),
        )
        await report_progress(len(sections) - len(left) + 1, len(sections))
        announce("clientreport", workspace_id=report.workspace_id, subject_id=report.id)
    if len(left) > 1:
        # A job of its own for each: an agency's reports take turns, and what is counted is committed.
        await enqueue(JOB, {"report_id": str(report.id)}, workspace_id=report.workspace_id)
        return
    await move(report, "made", made_at=now(), problem=None)
    await tell_leads(report)


async def give_up_report(_actor: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job was given up, or called off."""
    report = await _of_job(payload)
    if report is not None and report.state == "making":
        await move(report, "given_up", problem="It could not be made: counting failed each time it was tried.")


async def make_report_again(_actor: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is tried again: it goes on with the section that it failed at."""
    report = await _of_job(payload)
    if report is not None and report.state == "failed":
        await move(report, "tried_again", problem=None)


async def discard_client_report(actor: Actor, report_id: UUID) -> ClientReport:
    """Nobody reads it, and the period can be reported about anew. Raises NotAllowed, NotFound, and Conflict for one that is
    published."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await held_report(report_id)
    await move(report, "discarded")
    return report


def period_of(report: ClientReport) -> Period:
    return Period(report.definition["period"], date.fromisoformat(report.period_start))


async def _of_job(payload: Mapping[str, Any]) -> ClientReport | None:
    """Locked. Whoever calls a job off or replays it asks as themselves, perhaps for several clients."""
    return await ClientReport.filter(id=UUID(payload["report_id"])).select_for_update().get_or_none()


def _of_period(definition: ClientReportDefinition, period: Period) -> Any:
    return ClientReport.filter(
        workspace_id=definition.workspace_id, definition_id=definition.id, period_start=str(period.start)
    )


async def _is_published(definition: ClientReportDefinition, period: Period) -> bool:
    return bool(await _of_period(definition, period).filter(published_at__not_isnull=True).exists())


async def _record_asked(report: ClientReport) -> None:
    await journal.record(
        "clientreport.asked",
        subject_kind="clientreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        period=report.period_start,
        version=report.version,
    )
