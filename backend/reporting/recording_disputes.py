"""Disputes before a certified body out of court (Article 21 of the DSA), as staff writes them down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.moderation import Appeal, Decision
from backend.reporting.models import Dispute
from backend.reporting.thresholds import LONGEST_TEXT, SETTLED_WITHIN, SETTLED_WITHIN_IF_COMPLEX
from backend.statements import EEA
from tenants.actor import Actor
from tenants.rights import Right

_SLACK = timedelta(minutes=5)  # between clocks


async def record_dispute(
    actor: Actor,
    decision_id: UUID,
    *,
    body: str,
    country: str,
    claimant: str,
    received_at: datetime,
    reference: str = "",
    is_highly_complex: bool = False,
    appeal_id: UUID | None = None,
) -> UUID:
    """The dispute's id. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    decision = await Decision.get_or_none(id=decision_id)
    if decision is None:
        raise NotFound(path=("input", "decisionId"))
    if appeal_id is not None and not await Appeal.exists(id=appeal_id, workspace_id=decision.workspace_id):
        raise NotFound(path=("input", "appealId"))
    if country not in EEA:
        raise Invalid("Countries are written as AT, GR, SE.", path=("input", "country"))
    if not decision.decided_at <= received_at <= now() + _SLACK:
        raise Invalid("After the decision, and not in the future.", path=("input", "receivedAt"))
    dispute = await Dispute.create(
        workspace_id=decision.workspace_id,
        decision_id=decision.id,
        appeal_id=appeal_id,
        body=clean_line(body, field="body", longest=300),
        country=country,
        reference=clean_line(reference, field="reference", longest=300, may_be_empty=True),
        claimant=claimant,
        received_at=received_at,
        due_at=received_at + (SETTLED_WITHIN_IF_COMPLEX if is_highly_complex else SETTLED_WITHIN),
        is_highly_complex=is_highly_complex,
        entered_by_id=actor.membership_id,
    )
    await _record("received", dispute)
    return dispute.id


@dataclass(frozen=True, slots=True)
class Settled:
    """What the body found, and what became of that; what is None stays as it is."""

    outcome: str | None = None
    closed_at: datetime | None = None
    implemented_at: datetime | None = None
    not_implemented_because: str | None = None
    fees_cents: int | None = None
    note: str | None = None


async def settle_dispute(actor: Actor, dispute_id: UUID, settled: Settled, *, expected_version: int) -> UUID:
    """The outcome does not bind (Article 21(2)): decide the case anew to put it into effect, and write down when. Raises
    NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    dispute = await Dispute.filter(id=dispute_id).select_for_update().get_or_none()
    if dispute is None:
        raise NotFound(path=("input", "disputeId"))
    if dispute.version != expected_version:
        raise Conflict("Somebody has changed this since you read it.", path=("input", "expectedVersion"))
    _check(dispute, settled)
    new: dict[str, Any] = {
        "outcome": settled.outcome,
        "closed_at": settled.closed_at,
        "implemented_at": settled.implemented_at,
        "fees_cents": settled.fees_cents,
        "not_implemented_because": _text(settled.not_implemented_because, field="notImplementedBecause"),
        "note": _text(settled.note, field="note"),
    }
    said = {name: value for name, value in new.items() if value is not None}
    if not said:
        raise Invalid("Nothing is said.", path=("input",))
    await Dispute.filter(id=dispute.id, workspace_id=dispute.workspace_id).update(version=dispute.version + 1, **said)
    await _record("settled", dispute, outcome=settled.outcome or dispute.outcome)
    return dispute.id


def _check(dispute: Dispute, settled: Settled) -> None:
    """Raises Invalid, Conflict."""
    latest = now() + _SLACK
    if (settled.outcome is None) != (settled.closed_at is None):
        raise Invalid("An outcome has a moment.", path=("input", "closedAt"))
    if settled.outcome is not None and dispute.outcome is not None:
        raise Conflict("This dispute was closed already.", path=("input", "outcome"))
    if settled.closed_at is not None and not dispute.received_at <= settled.closed_at <= latest:
        raise Invalid("After it came, and not in the future.", path=("input", "closedAt"))
    if settled.implemented_at is not None:
        if (settled.outcome or dispute.outcome) not in {"partially_reversed", "reversed"}:
            raise Invalid("Only what reverses a decision is put into effect.", path=("input", "implementedAt"))
        closed_at = settled.closed_at or dispute.closed_at or settled.implemented_at
        if not closed_at <= settled.implemented_at <= latest:
            raise Invalid("After the outcome, and not in the future.", path=("input", "implementedAt"))
    if settled.fees_cents is not None and settled.fees_cents < 0:
        raise Invalid("Fees are no less than nothing.", path=("input", "feesCents"))


def _text(text: str | None, *, field: str) -> str | None:
    return None if text is None else clean(text, field=field, longest=LONGEST_TEXT, may_be_empty=True)


async def _record(verb: str, dispute: Dispute, *, outcome: str | None = None) -> None:
    await journal.record(
        f"dispute.{verb}",
        subject_kind="dispute",
        subject_id=dispute.id,
        workspace_id=dispute.workspace_id,
        decision=str(dispute.decision_id),
        outcome=outcome,
    )
