"""A version of the harmonised transparency report: counted, checked and written by a job; its parts never change."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.filing import template
from backend.filing.adding_up import what_does_not_add_up
from backend.filing.counting import Counts, Period, count_measures, count_notices, count_orders, no_hurry
from backend.filing.counting_disputes import count_complaints, count_disputes, count_people, count_suspensions
from backend.filing.entering import checked_period, entries_for
from backend.filing.models import Service, TransparencyPart, TransparencyReport
from backend.filing.providing import find_service, provider_of
from backend.filing.shaping import Cells, Line, Value, indicator_line, lines_of, written
from backend.filing.template import PARTS
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.outbox import enqueue, report_progress
from tenants.actor import Actor
from tenants.rights import Right

_COUNTERS: Final = (
    count_measures,
    count_notices,
    count_orders,
    count_complaints,
    count_disputes,
    count_suspensions,
    count_people,
)


async def draw_up_report(actor: Actor, service_id: UUID, *, period_start: str, period_end: str) -> TransparencyReport:
    """Promise the next version about a period. Raises NotAllowed, NotFound, Invalid, and Conflict for a service that the
    client does not provide: its platform reports."""
    actor.must_hold(Right.LEAD_QUEUE)
    service = await find_service(service_id)
    provider = await provider_of(service)
    if not provider.is_client:
        raise Conflict(
            f"{provider.statutory_name} provides this service, not the client: that platform reports, nobody here.",
            path=("input", "serviceId"),
        )
    period = checked_period(service, period_start, period_end)
    await Service.filter(id=service.id).select_for_update().get()  # of two at once, the second has the next number
    newest = await _of_period(service, period).order_by("-version").first()
    report = await TransparencyReport.create(
        workspace_id=service.workspace_id,
        service_id=service.id,
        period_start=str(period.start),
        period_end=str(period.end),
        version=1 if newest is None else newest.version + 1,
        asked_by_id=actor.membership_id,
    )
    await enqueue("write_transparency_report", {"report_id": str(report.id)}, workspace_id=service.workspace_id)
    await journal.record(
        "transparencyreport.asked",
        subject_kind="transparencyreport",
        subject_id=report.id,
        workspace_id=service.workspace_id,
        period=str(period),
        version=report.version,
    )
    return report


async def write_transparency_report(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: Parts 2 to 11, of what was recorded by now; Part 1 says when the report was published, and is written then. What
    is written is left alone."""
    report = (
        await TransparencyReport.filter(id=UUID(payload["report_id"]), workspace_id=system.only_workspace)
        .select_for_update()
        .get_or_none()
    )
    if report is None or report.state == "done":
        return
    service = await Service.get(id=report.service_id, workspace_id=report.workspace_id)
    period = checked_period(service, report.period_start, report.period_end)
    await no_hurry()
    counts: Counts = {}
    for done, count in enumerate(_COUNTERS):
        for place, value in (await count(service, period)).items():
            counts[place] = counts.get(place, 0) + value if place in counts else value  # type: ignore[operator]
        await report_progress(done + 1, len(_COUNTERS) + 1)
    lines = {number: _lines(number, service, counts) for number in PARTS if number > 1}
    entries = await entries_for(service, period)
    cells = {**_zeros(service, lines), **counts, **entries}
    for number, some in lines.items():
        await write_part(report, service, number, some, cells)
    report.checks = what_does_not_add_up(cells, lines, entered=entries)
    report.state, report.problem, report.finished_at = "done", None, now()
    await report.save(update_fields=("checks", "state", "problem", "finished_at"))
    await journal.record(
        "transparencyreport.written",
        subject_kind="transparencyreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        checks=len(report.checks),
    )


async def fail_transparency_report(system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job was given up, or called off."""
    await TransparencyReport.filter(
        id=UUID(payload["report_id"]), workspace_id=system.only_workspace, state="queued"
    ).update(
        state="failed", problem="It could not be written: counting failed each time it was tried.", finished_at=now()
    )


async def write_report_again(system: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is tried again."""
    await TransparencyReport.filter(
        id=UUID(payload["report_id"]), workspace_id=system.only_workspace, state="failed"
    ).update(state="queued", problem=None, finished_at=None)


async def write_part(
    report: TransparencyReport, service: Service, number: int, lines: Sequence[Line], cells: Cells
) -> None:
    period = f"{report.period_start}/{report.period_end}"
    await TransparencyPart.create(
        workspace_id=report.workspace_id,
        report_id=report.id,
        part=number,
        name=PARTS[number].name,
        row_count=len(lines),
        content=written(PARTS[number], lines, cells, service=service.name, period=period),
    )


def _of_period(service: Service, period: Period) -> Any:
    return TransparencyReport.filter(
        service_id=service.id,
        workspace_id=service.workspace_id,
        period_start=str(period.start),
        period_end=str(period.end),
    )


def _lines(number: int, service: Service, counts: Counts) -> list[Line]:
    """Also for what the keyword OTHER was used for, and for each Member State that ordered."""
    names = {line for part, line, _ in counts if part == number}
    scopes = sorted({name[:2] for name in names if name[2:4] == ": "}) if number == 3 else []
    others: dict[str, list[str]] = {}
    for name in sorted(names):
        base, is_other, other = name.partition(" / KEYWORD_OTHER: ")
        if is_other:
            others.setdefault(base, []).append(other)
    return lines_of(number, service.kind, scopes=scopes, others=others)


def _zeros(service: Service, lines: Mapping[int, list[Line]]) -> dict[tuple[int, str, str], Value]:
    """0 where something could have happened and did not; what could not is left blank, as is a median of nothing."""
    has_flaggers = service.kind in ("online_platform", "vlop")
    counted = {
        3: [name for name in template.ORDERS if name.startswith("Number")],
        4: [name for name in template.NOTICES if "Median" not in name and (has_flaggers or "rusted" not in name)],
        5: sorted(template.TENDS_MEASURES),
        6: sorted(template.TENDS_MEASURES),
    }
    zeros: dict[tuple[int, str, str], Value] = {
        (number, line.name, name.strip()): 0
        for number, names in counted.items()
        for line in lines[number]
        for name in names
    }
    of_money = template.KINDS_OF_COMPLAINT["money"]
    for number, blank in (
        (7, (template.MEDIAN, template.IMPLEMENTED)),
        (8, ()),
    ):
        for line in lines[number]:
            _, indicator, scope = line.fixed
            if scope in blank or indicator.startswith("Accuracy"):
                continue
            if indicator == of_money and not service.can_restrict_money:
                continue
            zeros[number, line.name, "Value"] = 0
    if service.kind == "vlop":
        for scope in (template.COUNTED, *template.LANGUAGES):
            zeros[9, indicator_line(template.LINGUISTIC, scope), "Value"] = 0
    return zeros
