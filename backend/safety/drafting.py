"""What is told to an authority: drafted by one, approved by another, then filed, with what proves it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from backend import evidence
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.safety.holding import is_alive, locked, must_read, must_respond, record
from backend.safety.models import Escalation, EscalationBrief, SafetyFiling
from backend.safety.staffing import staffing_of
from backend.safety.stepping import note_step
from backend.safety.thresholds import FILED_WITHIN, PRESERVED_FOR
from backend.safety.writing_cybertips import CyberTip, checked_cybertip, cybertip_documents
from backend.safety.writing_notifications import Notification, checked_notification, notification_documents
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

FILING_STATES: Final = ("drafted", "approved", "filed")
PRESERVED: Final = "An authority was told of a danger that this member is part of."


async def draft_filing(
    actor: Actor,
    escalation_id: UUID,
    said: Notification | CyberTip,
    *,
    filing_id: UUID | None = None,
    expected_version: int | None = None,
    moment: datetime | None = None,
) -> UUID:
    """Write what an authority is to be told, or write it anew, which needs a new approval. Also once the escalation is
    over. Its id. Raises NotAllowed, NotFound, Invalid, and Conflict for what was filed or changed meanwhile."""
    actor.must_hold(Right.WORK_QUEUE)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id, must_be_open=False)
        membership_id = await must_respond(actor, escalation, moment=moment)
        kind = "article_18" if isinstance(said, Notification) else "cybertip"
        if isinstance(said, Notification):
            content = checked_notification(said)
        else:
            staffing = await staffing_of(escalation.workspace_id, moment=moment)
            content = checked_cybertip(said, colleagues=staffing.colleagues)
        documents = await _documents(escalation, kind, content, approved_by_id=None, moment=moment)
        if filing_id is None:
            filing = await SafetyFiling.create(
                id=new_id(),
                workspace_id=escalation.workspace_id,
                escalation_id=escalation.id,
                kind=kind,
                content=content,
                documents=documents,
                by_id=membership_id,
                created_at=moment,
                due_at=escalation.raised_at + FILED_WITHIN[kind],
            )
        else:
            filing = await _locked(filing_id, expected_version)
            if filing.escalation_id != escalation.id or filing.kind != kind:
                raise NotFound(path=("input", "filingId"))
            if filing.state == "filed":
                raise Conflict("This was filed: write another one.", path=("input", "filingId"))
            await _keep(
                filing, state="drafted", content=content, documents=documents, by_id=membership_id,
                approved_by_id=None, approved_at=None,
            )  # fmt: skip
        await _noted(escalation, filing, "filing_drafted", membership_id, moment=moment)
        return filing.id


async def approve_filing(
    actor: Actor, filing_id: UUID, *, expected_version: int, moment: datetime | None = None
) -> None:
    """Somebody else than who wrote it says that it may go, as they have read it: a responder, or whoever broke the glass.
    Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        filing, escalation = await _both(filing_id, expected_version)
        membership_id = await must_read(actor, escalation, moment=moment)
        if filing.state != "drafted":
            raise Conflict("This was approved before.", path=("input", "filingId"))
        if filing.by_id == membership_id:
            raise NotAllowed("Somebody else than who wrote it approves it.")
        if not filing.content:
            raise Conflict("Whoever it is about is forgotten: nothing is left to be told.", path=("input", "filingId"))
        documents = await _documents(
            escalation, filing.kind, filing.content, approved_by_id=membership_id, moment=moment
        )
        await _keep(filing, state="approved", documents=documents, approved_by_id=membership_id, approved_at=moment)
        await _noted(escalation, filing, "filing_approved", membership_id, moment=moment)


async def record_filed(
    actor: Actor,
    filing_id: UUID,
    *,
    filed_at: datetime,
    reference: str,
    proof: str,
    expected_version: int,
    moment: datetime | None = None,
) -> None:
    """It was sent, and what the authority answered. What there is of the member is kept for as long as law asks. Raises
    NotAllowed, NotFound, Invalid, and Conflict without an approval."""
    actor.must_hold(Right.WORK_QUEUE)
    reference = clean(reference, field="reference", longest=500)
    proof = clean(proof, field="proof", longest=5_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        filing, escalation = await _both(filing_id, expected_version)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if filing.state != "approved" or filing.approved_at is None:
            raise Conflict("A second person approves it first; what was filed stays so.", path=("input", "filingId"))
        if not filing.approved_at <= filed_at <= moment + timedelta(minutes=1):
            raise Invalid("It was filed after it was approved, and not in the future.", path=("input", "filedAt"))
        preserved_until = filed_at + PRESERVED_FOR[filing.kind]
        sent = {
            "reference": reference,
            "sentAt": filed_at.isoformat(),
            "proof": proof,
            "preservedUntil": preserved_until.isoformat(),
            "documents": {each["name"]: each["sha256"] for each in filing.documents},
        }
        record_of_it = ("application/json", orjson.dumps(sent, option=orjson.OPT_INDENT_2).decode())
        await _keep(
            filing, state="filed", filed_at=filed_at, filed_by_id=membership_id, reference=reference, proof=proof,
            preserved_until=preserved_until, documents=[*filing.documents, *_hashed({"record.json": record_of_it})],
        )  # fmt: skip
        await _preserve(escalation, until=preserved_until)
        await _noted(escalation, filing, "filed", membership_id, moment=moment)


async def _both(filing_id: UUID, expected_version: int) -> tuple[SafetyFiling, Escalation]:
    """The escalation is locked first, as everywhere."""
    known = await SafetyFiling.get_or_none(id=filing_id)
    if known is None:
        raise NotFound(path=("input", "filingId"))
    escalation = await locked(known.escalation_id, must_be_open=False)
    return await _locked(filing_id, expected_version), escalation


async def _locked(filing_id: UUID, expected_version: int | None) -> SafetyFiling:
    filing = await SafetyFiling.filter(id=filing_id).select_for_update().first()
    if filing is None:
        raise NotFound(path=("input", "filingId"))
    if filing.version != expected_version:
        raise Conflict("Somebody has changed it meanwhile: read it again.", path=("input", "expectedVersion"))
    return filing


async def _documents(
    escalation: Escalation, kind: str, content: dict[str, Any], *, approved_by_id: UUID | None, moment: datetime
) -> list[dict[str, str]]:
    if kind == "cybertip":
        return _hashed(cybertip_documents(content, is_drill=escalation.is_drill))
    name: str | None = await current().fetchval(
        """select p.name from memberships m join persons p on p.id = m.person_id
            where m.agency_id = $1 and m.id = $2""",
        current().actor.agency_id,
        approved_by_id,
    )
    until = moment + PRESERVED_FOR[kind]
    return _hashed(notification_documents(content, approver=name, preserved_until=until, is_drill=escalation.is_drill))


def _hashed(texts: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"name": name, "mediaType": media_type, "text": text, "sha256": sha256(text.encode()).hexdigest()}
        for name, (media_type, text) in texts.items()
    ]


async def _keep(filing: SafetyFiling, **columns: Any) -> None:
    filing.update_from_dict({**columns, "version": filing.version + 1})
    await filing.save(update_fields=[*columns, "version"])


async def _preserve(escalation: Escalation, *, until: datetime) -> None:
    """Exercises keep nothing, and of whoever is forgotten nothing is left to be kept."""
    brief = await EscalationBrief.get_or_none(escalation_id=escalation.id)
    if escalation.is_drill or brief is None or brief.member_id is None:
        return
    is_erased = await current().fetchval(
        "select erased_at is not null from members where agency_id = $1 and workspace_id = $2 and id = $3",
        current().actor.agency_id,
        escalation.workspace_id,
        brief.member_id,
    )
    if not is_erased:
        await evidence.preserve_member(escalation.workspace_id, brief.member_id, until=until, reason=PRESERVED)


async def _noted(
    escalation: Escalation, filing: SafetyFiling, kind: str, membership_id: UUID, *, moment: datetime
) -> None:
    await note_step(escalation, kind, by_id=membership_id, moment=moment)
    if escalation.owner_id == membership_id:
        await is_alive(escalation, moment=moment)
    hashes = {each["name"]: each["sha256"] for each in filing.documents}
    await record(kind, escalation, filing=f"safetyfiling_{filing.id}", of=filing.kind, hashes=hashes)
