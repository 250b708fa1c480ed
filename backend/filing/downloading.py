"""Files of batches, by a link that the API hands out; as the API of the database takes them, or as its CSV."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.filing.models import Filing, FilingBatch, Service
from backend.filing.submitting import content_of
from backend.filing.thresholds import LINK_SECONDS
from backend.kit.clock import now
from backend.kit.errors import NotFound, Refusal
from backend.outside import open_from_browser, seal_for_browser
from tenants.actor import Actor
from tenants.entering import acting_for
from tenants.rights import Right
from tenants.scope import agency_scope, current

_PURPOSE: Final = "filing"
# As the database's own downloads are laid out. Source: its data retention page, "full" files.
COLUMNS: Final = (
    *("uuid", "decision_visibility", "decision_visibility_other", "end_date_visibility_restriction"),
    *("decision_monetary", "decision_monetary_other", "end_date_monetary_restriction"),
    *("decision_provision", "end_date_service_restriction", "decision_account", "end_date_account_restriction"),
    *("account_type", "decision_ground", "decision_ground_reference_url", "illegal_content_legal_ground"),
    *("illegal_content_explanation", "incompatible_content_ground", "incompatible_content_explanation"),
    *("incompatible_content_illegal", "category", "category_addition", "category_specification"),
    *("category_specification_other", "content_type", "content_type_other", "content_language", "content_date"),
    *("content_id_ean", "territorial_scope", "application_date", "decision_facts", "source_type", "source_identity"),
    *("automated_detection", "automated_decision", "platform_name", "platform_uid", "created_at"),
)


@dataclass(frozen=True, slots=True)
class BatchLink:
    """A path below the address of the API."""

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BatchFile:
    name: str
    media_type: str
    content: bytes


async def link_to_batch(actor: Actor, batch_id: UUID, *, format: str = "json") -> BatchLink:
    """Raises NotAllowed, NotFound."""
    actor.must_hold(Right.LEAD_QUEUE)
    batch = await FilingBatch.get_or_none(id=batch_id)
    if batch is None or not await _is_theirs(batch):
        raise NotFound(path=("input", "batchId"))
    token = seal_for_browser(
        {
            "batch": str(batch.id),
            "agency": str(actor.agency_id),
            "membership": str(actor.membership_id),
            "workspace": str(batch.workspace_id),
            "format": format,
        },
        purpose=_PURPOSE,
        seconds=LINK_SECONDS,
    )
    return BatchLink(f"/filings/filingbatch_{batch.id}?token={token}", now() + timedelta(seconds=LINK_SECONDS))


async def open_batch(batch_id: UUID, token: str) -> BatchFile | None:
    """The file behind a link, for whom it was made, if they may still have it; None for everything else. Call outside any
    scope."""
    named = open_from_browser(token, purpose=_PURPOSE)
    if named is None or named["batch"] != str(batch_id):
        return None
    try:
        actor = await acting_for(UUID(named["agency"]), UUID(named["membership"]), UUID(named["workspace"]))
        async with agency_scope(replace(actor, by_job=False)) as scope:
            scope.actor.must_hold(Right.LEAD_QUEUE)
            batch = await FilingBatch.get_or_none(id=batch_id)
            if batch is None or not await _is_theirs(batch):
                return None
            content = await content_of(batch)
            service = await Service.get(id=batch.service_id, workspace_id=batch.workspace_id)
            await journal.record_access("filingbatch", batch.id, workspace_id=batch.workspace_id, what="statements")
    except Refusal:
        return None
    name = f"statements-{batch.made_at:%Y-%m-%d}-{str(batch.id)[-6:]}"
    if named["format"] == "csv":
        return BatchFile(f"{name}.csv", "text/csv; charset=utf-8", as_csv(content, service.sor_platform_name or ""))
    return BatchFile(f"{name}.json", "application/json", content)


async def _is_theirs(batch: FilingBatch) -> bool:
    """Of a file that holds a statement about what an escalation restricts, only its readers."""
    filings = Filing.filter(batch_id=batch.id, workspace_id=batch.workspace_id)
    seen = await filings.count()
    async with current().past_restrictions():
        return seen == await filings.count()


def as_csv(content: bytes, platform_name: str) -> bytes:
    """The 38 columns; what only the database knows is blank."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in orjson.loads(content)["statements"]:
        row: Mapping[str, Any] = {**entry, "platform_name": platform_name, "platform_uid": entry["puid"]}
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text  # what a spreadsheet would run
