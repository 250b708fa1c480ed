"""The states of a report, and how one becomes another. Nothing else changes `state`."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.client_reports.models import ClientReport
from backend.kit.errors import Conflict, NotFound

# By what is done, from which states, to which.
MOVES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "made": (frozenset({"making"}), "draft"),
    "given_up": (frozenset({"making"}), "failed"),
    "tried_again": (frozenset({"failed"}), "making"),
    "submitted": (frozenset({"draft"}), "in_review"),
    "returned": (frozenset({"in_review"}), "draft"),
    "published": (frozenset({"in_review"}), "published"),
    "superseded": (frozenset({"published"}), "superseded"),
    "discarded": (frozenset({"making", "failed", "draft", "in_review"}), "discarded"),
}
PUBLISHED: Final = frozenset({"published", "superseded"})  # what the client's side sees
UNDER_WAY: Final = frozenset({"making", "draft", "in_review"})
_WHY_NOT: Final = {
    "making": "It is being made.",
    "failed": "It could not be made.",
    "draft": "It is a draft: submit it first.",
    "in_review": "It is in review.",
    "published": "It is published, and never changes: correct it.",
    "superseded": "It is published, and a later version has taken its place.",
    "discarded": "It was discarded.",
}


async def held_report(report_id: UUID, *, field: str = "clientReportId") -> ClientReport:
    """Locked. Raises NotFound."""
    report = await ClientReport.filter(id=report_id).select_for_update().get_or_none()
    if report is None:
        raise NotFound(path=("input", field))
    return report


def must_be_movable(report: ClientReport, verb: str) -> None:
    """Raises Conflict."""
    if report.state not in MOVES[verb][0]:
        raise Conflict(_WHY_NOT[report.state], path=("input", "clientReportId"))


async def move(report: ClientReport, verb: str, *, detail: Mapping[str, Any] | None = None, **columns: Any) -> None:
    """Call while holding the row lock on `report`. Raises Conflict."""
    must_be_movable(report, verb)
    report.state = MOVES[verb][1]
    report.update_from_dict(columns)
    await report.save(update_fields=("state", *columns))
    await journal.record(
        f"clientreport.{verb}",
        subject_kind="clientreport",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        period=report.period_start,
        version=report.version,
        **(detail or {}),
    )
