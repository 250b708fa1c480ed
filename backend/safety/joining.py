"""A danger that was told without knowing of which post, and the post: one escalation, whichever came first.

Told first: what was told gets its subject, and goes on with whoever has it. The post was raised first: what was told is joined
to that one, with its words, its readers and its papers, and is over. Whoever had it has the one that is left, unless somebody
has that. The one that is left began when the danger was first told.
"""

from datetime import datetime
from uuid import UUID

from backend.safety.acknowledging import take
from backend.safety.after_models import FollowUp
from backend.safety.exposing import end_exposure, join_exposures
from backend.safety.holding import record
from backend.safety.models import Escalation, EscalationBrief, EscalationReader, EscalationStep, SafetyFiling, Takedown
from backend.safety.staffing import staffing_of
from backend.safety.stepping import keep, let_read, note_step
from backend.safety.telling_colleagues import tell_colleagues
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current


async def told_before(escalation_id: UUID | None, *, workspace_id: UUID) -> Escalation | None:
    """Locked; None where it is over, is about somebody already, or has what others told added to it: these may be other
    dangers. Call while holding the lock of the post."""
    if escalation_id is None:
        return None
    await current().lock(locks.ESCALATING, workspace_id)  # nobody adds to it meanwhile (raising.py)
    escalation = await Escalation.filter(id=escalation_id, workspace_id=workspace_id).select_for_update().first()
    if (
        escalation is None
        or escalation.state == "resolved"
        or escalation.is_drill
        or escalation.legal_basis is not None
    ):
        return None
    is_about_nobody = await EscalationBrief.exists(escalation_id=escalation_id, member_id__isnull=True)
    is_of_many = await EscalationStep.exists(escalation_id=escalation_id, kind="joined")
    return escalation if is_about_nobody and not is_of_many else None


async def find_subject(
    actor: Actor,
    escalation: Escalation,
    *,
    member_id: UUID,
    post_id: UUID | None,
    case_id: UUID | None,
    moment: datetime,
) -> None:
    """It is known now whom it is about. Call while holding it."""
    await EscalationBrief.filter(escalation_id=escalation.id).update(
        member_id=member_id, post_id=post_id, case_id=case_id
    )
    step_id = await note_step(escalation, "subject_found", by_id=actor.membership_id, moment=moment)
    await keep(escalation)
    await tell_owner(actor, escalation, step_id)
    await record("subject_found", escalation)


async def join_to(actor: Actor, told: Escalation, into: Escalation, *, moment: datetime) -> str:
    """`told` is over, and `into` is left; the words of `told`, for it. Call while holding both."""
    brief = await EscalationBrief.get(escalation_id=told.id)
    about = await EscalationBrief.get(escalation_id=into.id)
    owner_id = told.owner_id if told.state == "acknowledged" else None
    staffing = await staffing_of(into.workspace_id, moment=moment)
    takes_it = owner_id is not None and into.state != "acknowledged" and staffing.may_respond(owner_id)
    told.state, told.outcome, told.resolved_at, told.joined_to_id = "resolved", "joined", moment, into.id
    told.next_at = told.ack_expires_at = told.silenced_until = None
    await keep(
        told,
        *("state", "outcome", "resolved_at", "joined_to_id", "next_at", "ack_expires_at", "silenced_until"),
    )
    await end_exposure(told, moment=moment, goes_on=takes_it or owner_id == into.owner_id)
    await join_exposures(told, into)
    # Whoever is forgotten is forgotten in its words too.
    await EscalationBrief.filter(id=brief.id).update(
        member_id=about.member_id, post_id=about.post_id, case_id=about.case_id, is_open=False
    )
    step_id = await note_step(told, "joined_to", by_id=actor.membership_id, moment=moment)
    for because in ("paged", "responds"):
        readers = await EscalationReader.filter(escalation_id=told.id, because=because)
        await let_read(into, [reader.membership_id for reader in readers], because=because, until=None)
    for papers in (Takedown, SafetyFiling, FollowUp):
        await papers.filter(escalation_id=told.id).update(escalation_id=into.id)
    for name in ("raised_at", "first_paged_at", "acknowledged_at", "acted_at"):
        known = [at for at in (getattr(told, name), getattr(into, name)) if at is not None]
        setattr(into, name, min(known, default=None))
    await keep(into, "raised_at", "first_paged_at", "acknowledged_at", "acted_at")
    if owner_id is not None and takes_it:
        await take(into, owner_id, moment=moment)
        await note_step(into, "acknowledged", membership_id=owner_id, by_id=owner_id, moment=moment)
    elif owner_id not in (None, into.owner_id):
        await tell_owner(actor, told, step_id)
    await record("joined_to", told, to=f"escalation_{into.id}")
    return brief.summary


async def tell_owner(actor: Actor, escalation: Escalation, step_id: UUID) -> None:
    if escalation.owner_id not in (None, actor.membership_id):
        await tell_colleagues(
            [escalation.owner_id],
            escalation,
            kind="escalation_joined",
            text="Somebody has added to an escalation of yours: its steps say what.",
            occasion=str(step_id),
        )
