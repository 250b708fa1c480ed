"""The lease on a case: kept, given back, and proven by its token."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation.models import Skip
from backend.moderation.moving import let_golden_go, moved
from backend.moderation.thresholds import LEASE, LONGEST_CLAIM
from backend.outbox import announce, enqueue
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current
from tenants.tokens import hash_of


class ClaimLost(Conflict):
    """The lease ended, or somebody else holds it now."""

    code = "CLAIM_LOST"

    def __init__(self) -> None:
        super().__init__("This case is no longer yours.", path=("input", "claimToken"))


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a case; whoever shows the token may decide it until `expires_at`."""

    case_id: UUID
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A live claim that was proven by its token."""

    id: UUID
    workspace_id: UUID


async def extend(moderator: Actor, case_id: UUID, *, token: str, visible_seconds: int | None = None) -> Claim:
    """A sign of life: the lease runs LEASE from now, at most LONGEST_CLAIM from its beginning. `visible_seconds`: how long
    the case has been in sight since it was claimed. Raises ClaimLost, Invalid."""
    claim = await held_claim(moderator, case_id, token=token)
    await _note_sight(claim, visible_seconds)
    expires_at: datetime = await current().fetchval(
        """update claims
              set expires_at = least(now() + $4::interval, claimed_at + $5::interval)
            where agency_id = $1 and workspace_id = $2 and id = $3 returning expires_at""",
        moderator.agency_id,
        claim.workspace_id,
        claim.id,
        LEASE,
        LONGEST_CLAIM,
    )
    await current().execute(
        "update cases set claimed_until = $4 where agency_id = $1 and workspace_id = $2 and id = $3",
        moderator.agency_id,
        claim.workspace_id,
        case_id,
        expires_at,
    )
    announce("case", workspace_id=claim.workspace_id, subject_id=case_id)
    return Claim(case_id, token, expires_at)


async def release(moderator: Actor, case_id: UUID, *, token: str, visible_seconds: int | None = None) -> None:
    """Back to the queue, for anybody. Raises ClaimLost, Invalid."""
    claim = await held_claim(moderator, case_id, token=token)
    await _note_sight(claim, visible_seconds)
    await give_back(case_id, workspace_id=claim.workspace_id, by="released")


async def skip(moderator: Actor, case_id: UUID, *, token: str, reason: str, note: str = "") -> None:
    """Back to the queue, for anybody but this moderator. Raises ClaimLost, Invalid."""
    note = clean(note, field="note", longest=2_000, may_be_empty=True)
    claim = await held_claim(moderator, case_id, token=token)
    await Skip.create(
        workspace_id=claim.workspace_id,
        case_id=case_id,
        membership_id=reviewer(moderator),
        reason=reason,
        note=note,
    )
    await give_back(case_id, workspace_id=claim.workspace_id, by="skipped", reason=reason)


async def _note_sight(claim: HeldClaim, visible_seconds: int | None) -> None:
    """Never less than was told before, nor longer than the case has been claimed."""
    if visible_seconds is None:
        return
    if visible_seconds < 0:
        raise Invalid("Nothing is in sight for less than no time.", path=("input", "visibleSeconds"))
    await current().execute(
        """update claims set visible_seconds = greatest(
                  visible_seconds, least($4::integer, ceil(extract(epoch from clock_timestamp() - claimed_at))))
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        claim.workspace_id,
        claim.id,
        visible_seconds,
    )


async def held_claim(moderator: Actor, case_id: UUID, *, token: str) -> HeldClaim:
    """The live claim that `token` proves, with its case locked.

    Raises NotFound for a case that is not there, ClaimLost for any other token, a lease that ended, a closed case.
    """
    membership_id = reviewer(moderator)
    scope = current()
    workspace_id = await scope.fetchval(
        """select workspace_id from cases
            where agency_id = $1 and ($2 or workspace_id = any($3)) and id = $4 for update""",
        moderator.agency_id,
        moderator.sees_all,
        list(moderator.workspaces or ()),
        case_id,
    )
    if workspace_id is None:
        raise NotFound(path=("input", "caseId"))
    claim = await scope.fetchrow(
        """select id, token_hash, expires_at > clock_timestamp() as is_live from claims
            where agency_id = $1 and workspace_id = $2 and case_id = $3 and membership_id = $4
              and ended_at is null for update""",
        moderator.agency_id,
        workspace_id,
        case_id,
        membership_id,
    )
    if claim is None or not claim["is_live"] or not hmac.compare_digest(claim["token_hash"], hash_of(token)):
        raise ClaimLost
    return HeldClaim(claim["id"], workspace_id)


async def return_ended_claims(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: leases that have ended go back to their queue; asks for its next turn while any is still running."""
    workspace_id = system.only_workspace
    await return_ended(system, workspace_id, waiting=True)
    next_end = await current().fetchval(
        "select min(claimed_until) from cases where agency_id = $1 and workspace_id = $2 and state = 'in_review'",
        system.agency_id,
        workspace_id,
    )
    if next_end is not None:
        await promise_return(workspace_id, next_end)


# What claiming and deciding use as well.


def reviewer(moderator: Actor) -> UUID:
    """Raises NotAllowed, and Invalid for a machine."""
    moderator.must_hold(Right.WORK_QUEUE)
    if moderator.membership_id is None:
        raise Invalid("Only a person can review a case.")
    return moderator.membership_id


async def return_ended(actor: Actor, workspace_id: UUID | None, *, waiting: bool = False) -> None:
    # Expiry is a condition, not a daemon: whoever asks for work first returns what others forgot.
    # SKIP LOCKED: a moderator does not wait for a case that is being decided or returned this moment; the job does,
    # because it promises that none is left behind. Everybody locks the case first and its claim second.
    values: list[Any] = [actor.agency_id]
    where = within(actor, workspace_id, values)
    ended = await current().fetch(
        f"""select c.workspace_id, c.id from cases c
             where c.agency_id = $1{where} and c.state = 'in_review' and c.claimed_until <= now()
             order by c.claimed_until, c.id limit 100 for update {"" if waiting else "skip locked"}""",
        *values,
    )
    for case in ended:
        await give_back(case["id"], workspace_id=case["workspace_id"], by="expired")


async def give_back(case_id: UUID, *, workspace_id: UUID, by: str, **detail: Any) -> None:
    """Back to the queue. Call while holding the row lock on the case."""
    scope = current()
    agency_id = scope.actor.agency_id
    await scope.execute(
        """update claims set ended_at = now(), ended_by = $4
            where agency_id = $1 and workspace_id = $2 and case_id = $3 and ended_at is null""",
        agency_id,
        workspace_id,
        case_id,
        by,
    )
    kind = await scope.fetchval(
        """update cases set state = 'queued', claimed_by_id = null, claimed_until = null
            where agency_id = $1 and workspace_id = $2 and id = $3 and state = 'in_review' returning kind""",
        agency_id,
        workspace_id,
        case_id,
    )
    if kind == "golden":  # nobody else is offered it as this case
        await let_golden_go(case_id, workspace_id=workspace_id)
    else:
        await moved(case_id, workspace_id=workspace_id, of="in_review", to="queued", because=by)
    await journal.record(
        f"case.claim_{by}",
        subject_kind="case",
        subject_id=case_id,
        workspace_id=workspace_id,
        **detail,
    )


async def end_claim(claim_id: UUID, *, workspace_id: UUID, by: str) -> None:
    """Call while holding the row lock on its case."""
    await current().execute(
        """update claims set ended_at = now(), ended_by = $4
            where agency_id = $1 and workspace_id = $2 and id = $3 and ended_at is null""",
        current().actor.agency_id,
        workspace_id,
        claim_id,
        by,
    )


async def promise_return(workspace_id: UUID, at: datetime) -> None:
    """One job per workspace and minute, however many claims end in it."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    await enqueue(
        "return_ended_claims",
        {},
        workspace_id=workspace_id,
        run_at=minute,
        dedupe_key=f"return_ended_claims:{workspace_id}:{minute:%Y%m%dT%H%M}",
    )


def within(actor: Actor, workspace_id: UUID | None, values: list[Any]) -> str:
    """The condition for one workspace, or for those the actor sees; its value is added to `values`."""
    if workspace_id is not None:
        values.append(workspace_id)
        return f" and c.workspace_id = ${len(values)}"
    if actor.workspaces is not None:
        values.append(list(actor.workspaces))
        return f" and c.workspace_id = any(${len(values)})"
    return ""
