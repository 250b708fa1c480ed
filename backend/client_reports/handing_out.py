"""Files of published reports: made by a job when one is published, kept, and handed out."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.client_reports.exporting import as_csv, as_json
from backend.client_reports.models import ClientReport
from backend.client_reports.thresholds import FILE_SECONDS
from backend.client_reports.typesetting import typeset
from backend.client_reports.viewing import Shown, document_of, note_view
from backend.client_reports.wording import Wording
from backend.kit.clock import now
from backend.kit.errors import NotFound, Refusal
from backend.outside import open_from_browser, seal_for_browser, stored_files
from tenants.actor import Actor
from tenants.entering import acting_for
from tenants.rights import Right
from tenants.scope import agency_scope

FORMS: Final = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "json": "application/json"}
_PURPOSE: Final = "client_report"
_WRITERS: Final[Mapping[str, Callable[[Mapping[str, Any]], bytes]]] = {"csv": as_csv, "json": as_json}


@dataclass(frozen=True, slots=True)
class ReportFile:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ReportFileLink:
    """A path below the address of the API."""

    path: str
    expires_at: datetime


async def file_of(shown: Shown, form: str) -> ReportFile:
    """`form` is one of FORMS. A PDF of what is published is made once for each way of seeing it."""
    name = f"{_plain(shown.document['client'])}-{shown.report.period_start[:7]}-v{shown.report.version}.{form}"
    content = await _pdf(shown) if form == "pdf" else _WRITERS[form](shown.document)
    return ReportFile(name, FORMS[form], content)


async def typeset_client_report(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: the PDF is there before anybody asks for it."""
    shown = await document_of(system, UUID(payload["report_id"]))
    if shown is not None and not shown.is_draft:
        await _pdf(shown)


async def link_to_client_report(actor: Actor, report_id: UUID, *, form: str) -> ReportFileLink:
    """For a frontend that signs in with a token: a browser opens it without one. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_WORKSPACE)
    if actor.membership_id is None or await document_of(actor, report_id) is None:
        raise NotFound(path=("input", "clientReportId"))
    report = await ClientReport.get(id=report_id)
    token = seal_for_browser(
        {
            "report": str(report_id),
            "agency": str(actor.agency_id),
            "membership": str(actor.membership_id),
            "workspace": str(report.workspace_id),
            "form": form,
        },
        purpose=_PURPOSE,
        seconds=FILE_SECONDS,
    )
    await journal.record(
        "clientreport.taken_along",
        subject_kind="clientreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        form=form,
    )
    path = f"/client-reports/clientreport_{report_id}/file?token={token}"
    return ReportFileLink(path, now() + timedelta(seconds=FILE_SECONDS))


async def open_client_report_file(report_id: UUID, token: str) -> ReportFile | None:
    """For whom the link was made, if they may still read it; None for everything else. Call outside any scope."""
    named = open_from_browser(token, purpose=_PURPOSE)
    if named is None or named["report"] != str(report_id):
        return None
    try:
        actor = await acting_for(UUID(named["agency"]), UUID(named["membership"]), UUID(named["workspace"]))
    except Refusal:
        return None
    async with agency_scope(replace(actor, by_job=False)) as scope:
        shown = await document_of(scope.actor, report_id)
        if shown is None:
            return None
        await note_view(shown, named["form"])
        return await file_of(shown, named["form"])


async def _pdf(shown: Shown) -> bytes:
    report, words = shown.report, Wording(shown.document["language"]).words["page"]
    if shown.is_draft:
        return await asyncio.to_thread(typeset, shown.document, notes=[words["draft"]])
    note, state = ([words["superseded"]], "superseded") if shown.later is not None else ([], "published")
    if shown.document["isPartial"]:
        note.append(words["hidden"])
    path = f"{report.agency_id}/{report.workspace_id}/client_reports/{report.id}/{state}-{shown.sight.name}.pdf"
    kept = await stored_files().get(path)
    if kept is None:
        kept = await asyncio.to_thread(typeset, shown.document, notes=note)
        await stored_files().put(path, kept)
    return kept


def _plain(text: str) -> str:
    """For a file's name."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower())
    return "-".join(filter(None, plain.split("-"))) or "report"
