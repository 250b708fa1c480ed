from datetime import datetime
from uuid import UUID

from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.safety.grading import severity_of
from backend.safety.holding import is_alive, locked, must_respond, record
from backend.safety.models import EscalationStep
from backend.safety.policies import policy_for
from backend.safety.setting_promises import promised
from backend.safety.stepping import keep, make_graver, note_step
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def regrade_escalation(
    actor: Actor,
    escalation_id: UUID,
    *,
    impact: int | None,
    urgency: int | None,
    reason: str,
    moment: datetime | None = None,
) -> bool:
    """Say anew how grave it is. One person makes it graver. To make it less grave than severity 1 or 2 takes two: the
    first asks, another one says the same. Whether it was done.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    actor.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=2_000)
    if not all(grade is None or 1 <= grade <= 4 for grade in (impact, urgency)):
        raise Invalid("Impact and urgency go from 1 to 4.", path=("input", "impact"))
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        severity = severity_of(
            impact,
            urgency,
            legal_basis=escalation.legal_basis,
            raised_at=escalation.clock_from or escalation.raised_at,
            moment=moment,
        )
        if severity == escalation.severity:
            raise Conflict("It is as grave as that already; law may ask for it.", path=("input", "impact"))
        if severity > escalation.severity <= 2 and not await _somebody_else_asks(
            escalation_id, severity, membership_id
        ):
            await note_step(
                escalation, "lowering_asked", by_id=membership_id, level=severity, note=reason, moment=moment
            )
            await is_alive(escalation, moment=moment)
            await record("lowering_asked", escalation, severity=severity)
            return False
        before = escalation.severity
        escalation.impact, escalation.urgency = impact, urgency
        if severity < before:
            await make_graver(escalation, severity, by_id=membership_id, moment=moment)
        else:
            escalation.severity = severity
            escalation.policy = await policy_for(escalation.workspace_id, kind=escalation.kind, severity=severity)
            escalation.promised_seconds = await promised(severity)
            await keep(escalation, "severity", "policy", "promised_seconds", "impact", "urgency")
            await note_step(escalation, "severity_lowered", by_id=membership_id, note=reason, moment=moment)
        await is_alive(escalation, moment=moment)
        await record("regraded", escalation, before={"severity": before}, after={"severity": severity})
        return True


async def _somebody_else_asks(escalation_id: UUID, severity: int, membership_id: UUID) -> bool:
    """Since it was last graded: an old wish counts for nothing."""
    last = (
        await EscalationStep.filter(
            escalation_id=escalation_id, kind__in=("lowering_asked", "severity_raised", "severity_lowered")
        )
        .order_by("-at", "-id")
        .first()
    )
    return (
        last is not None
        and last.kind == "lowering_asked"
        and last.level == severity
        and last.by_id not in (None, membership_id)
    )
