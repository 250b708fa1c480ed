"""The lead's words: above all, and on each section."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from backend import journal
from backend.client_reports.models import ClientReport
from backend.client_reports.moving import held_report
from backend.client_reports.naming import must_name_nobody
from backend.client_reports.thresholds import LONGEST_WORDS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.rights import Right

SUMMARY: Final = "summary"  # the words above all sections


async def comment_on_client_report(
    actor: Actor,
    report_id: UUID,
    *,
    section: str = SUMMARY,
    text: str,
    not_members: Collection[str] = (),
    expected_version: int | None = None,
) -> ClientReport:
    """Markdown, in the place of what stood there; empty for nothing. `expected_version`: of the words that are replaced, 0
    for none. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await held_report(report_id)
    if report.state != "draft":
        raise Conflict("Words are written on a draft.", path=("input", "clientReportId"))
    if section != SUMMARY and section not in report.definition["sections"]:
        raise Invalid("This report has no such section.", path=("input", "section"))
    text = clean(text, field="text", longest=LONGEST_WORDS, may_be_empty=True)
    await must_name_nobody(text, workspace_id=report.workspace_id, not_members=not_members, path=("input", "text"))
    before = report.words.get(section, {"version": 0})
    if expected_version is not None and before["version"] != expected_version:
        raise Conflict("Somebody has written here since you looked.", path=("input", "expectedVersion"))
    writers = {*before.get("writers", ()), f"staff_{actor.membership_id}"}
    report.words = {
        **report.words,
        section: {
            "text": text,
            "version": before["version"] + 1,
            "writers": sorted(writers),
            "at": now().isoformat(timespec="seconds"),
        },
    }
    await report.save(update_fields=("words",))
    await journal.record(
        "clientreport.commented",
        subject_kind="clientreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        section=section,
        characters=len(text),
    )
    return report


def writers_of(report: ClientReport) -> set[str]:
    """Published ids: everybody whose words stand in it."""
    return {who for words in report.words.values() if words["text"] for who in words["writers"]}
