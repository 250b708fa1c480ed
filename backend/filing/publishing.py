"""A report becomes public, with what changed since the version before, and stays: without an account, for five years at
least (Implementing Regulation 2024/2835, Article 3)."""

import csv
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.filing.counting import Period
from backend.filing.drawing_up import write_part
from backend.filing.entering import checked_period
from backend.filing.models import Service, TransparencyPart, TransparencyReport
from backend.filing.providing import provider_of
from backend.filing.shaping import lines_of
from backend.filing.template import PARTS, SUMMARY
from backend.filing.thresholds import MOST_CHANGES
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.rights import Right
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of

KIND: Final = "transparency"  # of the door


@dataclass(frozen=True, slots=True)
class PublishedReport:
    report: TransparencyReport
    parts: Sequence[TransparencyPart]


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What stands behind a service's address: its reports, the latest first."""

    service: str
    provider: str
    reports: Sequence[PublishedReport]


async def publish_report(actor: Actor, report_id: UUID, *, reason: str = "") -> TransparencyReport:
    """From now on everybody reads it. `reason`: why it differs from what was published about the period, and how it was
    counted now; required where something was. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await TransparencyReport.filter(id=report_id).select_for_update().get_or_none()
    if report is None:
        raise NotFound(path=("input", "transparencyReportId"))
    service = await Service.filter(id=report.service_id, workspace_id=report.workspace_id).select_for_update().get()
    period = checked_period(service, report.period_start, report.period_end)
    _must_be_publishable(report, period)
    reason = clean(reason, field="reason", longest=5_000, may_be_empty=True)
    published = TransparencyReport.filter(
        service_id=service.id, workspace_id=report.workspace_id, published_at__not_isnull=True
    )
    same = published.filter(period_start=report.period_start, period_end=report.period_end)
    earlier, latest = await same.order_by("-version").first(), await published.order_by("-published_at").first()
    if earlier is not None:
        if earlier.version > report.version:
            raise Conflict("A later version was published already.", path=("input", "transparencyReportId"))
        if not reason:
            raise Invalid("Say why it differs from the version before.", path=("input", "reason"))
        report.changes = await _changes(earlier, report)
    report.reason, report.published_at = reason, now()
    await _write_summary(report, service, before=None if latest is None else latest.published_at)
    await report.save(update_fields=("changes", "reason", "published_at"))
    await _open_page(service)
    await journal.record(
        "transparencyreport.published",
        subject_kind="transparencyreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        version=report.version,
    )
    return report


async def page_behind(token: str) -> PublicPage | None:
    """None for an address that leads nowhere. Call outside any scope."""
    found = await target_of(KIND, token)
    if found is None:
        return None
    agency_id, service_id = found
    async with agency_scope(system(agency_id), read_only=True):
        service = await Service.get_or_none(id=service_id)
        if service is None:
            return None
        reports = await TransparencyReport.filter(
            service_id=service.id, workspace_id=service.workspace_id, published_at__not_isnull=True
        ).order_by("-period_start", "-version")
        provider = await provider_of(service)
        return PublicPage(
            service.name, provider.statutory_name, [PublishedReport(each, await _parts(each)) for each in reports]
        )


async def part_behind(token: str, report_id: UUID, number: int) -> TransparencyPart | None:
    """None for what was not published there. Call outside any scope."""
    found = await target_of(KIND, token)
    if found is None:
        return None
    agency_id, service_id = found
    async with agency_scope(system(agency_id), read_only=True):
        report = await TransparencyReport.get_or_none(
            id=report_id, service_id=service_id, published_at__not_isnull=True
        )
        if report is None:
            return None
        return await TransparencyPart.get_or_none(report_id=report.id, workspace_id=report.workspace_id, part=number)


def _must_be_publishable(report: TransparencyReport, period: Period) -> None:
    """Raises Conflict."""
    if report.state != "done":
        raise Conflict("It is not written yet, or could not be.", path=("input", "transparencyReportId"))
    if report.published_at is not None:
        raise Conflict("It was published already.", path=("input", "transparencyReportId"))
    if now() < period.bounds[1]:
        raise Conflict("Its period is not over.", path=("input", "transparencyReportId"))
    wrong = next((check for check in report.checks if check["isError"]), None)
    if wrong is not None:
        raise Conflict(f"It does not add up: Part {wrong['part']}, {wrong['line']}. {wrong['message']}")


async def _write_summary(report: TransparencyReport, service: Service, *, before: datetime | None) -> None:
    """Part 1, which nobody could write before. `before`: when the report before it was published."""
    provider, on = await provider_of(service), report.published_at
    said = (
        provider.statutory_name,
        "" if on is None else on.date().isoformat(),
        "" if before is None else before.date().isoformat(),
        report.period_start,
        report.period_end,
    )
    cells = {(1, line, "Value"): text for line, text in zip(SUMMARY, said, strict=True)}
    await write_part(report, service, 1, lines_of(1, service.kind), cells)


async def _open_page(service: Service) -> None:
    if service.public_path is not None:
        return
    token = secrets.token_urlsafe(24)
    service.public_path = f"/transparency/{token}"
    await service.save(update_fields=("public_path",))
    await current().execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4)",
        KIND,
        hash_of(token),
        service.agency_id,
        service.id,
    )


async def _parts(report: TransparencyReport) -> list[TransparencyPart]:
    return list(await TransparencyPart.filter(report_id=report.id, workspace_id=report.workspace_id).order_by("part"))


async def _changes(earlier: TransparencyReport, later: TransparencyReport) -> list[dict[str, Any]]:
    """Cells that differ, line by line; Part 1, which only the earlier one has, tells of itself."""
    found: list[dict[str, Any]] = []
    for old, new in zip((await _parts(earlier))[1:], await _parts(later), strict=True):
        part = PARTS[new.part]
        before, after = _by_line(part.number, old.content), _by_line(part.number, new.content)
        for line in dict.fromkeys((*before, *after)):
            was, said = before.get(line, {}), after.get(line, {})
            found += [
                {"part": part.number, "line": line, "field": name, "before": was.get(name, ""), "after": value}
                for name in dict.fromkeys((*was, *said))
                if (value := said.get(name, "")) != was.get(name, "")
            ]
    return found[:MOST_CHANGES]


def _by_line(number: int, content: str) -> dict[str, dict[str, str]]:
    """Values by field; a line is called by what is fixed in it. A keyword OTHER stands in several categories."""
    part = PARTS[number]
    start = len(part.header) - len(part.fields) - len(part.contexts)
    lines: dict[str, dict[str, str]] = {}
    category = ""
    for row in list(csv.reader(io.StringIO(content)))[1:]:
        fixed = [cell.strip() for cell in row[start - len(part.fixed) : start]]
        if fixed[0].startswith("STATEMENT_CATEGORY_"):
            category = fixed[0]
        name = " / ".join(filter(None, ([category] if fixed[0].startswith("KEYWORD_") else []) + fixed))
        values = zip((*part.fields, *part.contexts), row[start:], strict=True)
        lines[name] = {header.strip(): value for header, value in values}
    return lines
