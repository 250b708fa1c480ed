import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.moderation.models import Queue, Skip
from backend.moderation.tallying import tally
from backend.moderation.thresholds import LEASE, LONGEST_CLAIM
from backend.outbox import announce, enqueue
from tenants.actor import Actor
from tenants.finding import find_workspace
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


async def claim_next(
    moderator: Actor, *, workspace_id: UUID | None = None, queue_id: UUID | None = None
) -> Claim | None:
    """The most urgent waiting case, now claimed by `moderator`; None if nothing waits. Without a workspace or queue:
    of everything the moderator sees.

    Raises NotAllowed without the right to work queues, NotFound for a workspace or queue that is not theirs.
    """
    membership_id = _reviewer(moderator)
    if queue_id is not None and workspace_id is None:
        workspace_id = await _workspace_of(queue_id)
    await _return_ended(moderator, workspace_id)
    case = await _next_waiting(moderator, workspace_id=workspace_id, queue_id=queue_id, membership_id=membership_id)
    if case is not None:
        return await _lease(case, membership_id=membership_id)
    # Nothing waits, or there is no such place: only now is it worth finding out.
    if workspace_id is not None:
        await find_workspace(workspace_id)
    if queue_id is not None and await _workspace_of(queue_id) != workspace_id:
        raise NotFound(path=("input", "queueId"))
    return None


async def extend(moderator: Actor, case_id: UUID, *, token: str) -> Claim:
    """A sign of life: the lease runs LEASE from now, at most LONGEST_CLAIM from its beginning. Raises ClaimLost."""
    claim = await held_claim(moderator, case_id, token=token)
    expires_at: datetime = await current().fetchval(
        """update claims set expires_at = least(now() + $4::interval, claimed_at + $5::interval)
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


async def release(moderator: Actor, case_id: UUID, *, token: str) -> None:
    """Back to the queue, for anybody. Raises ClaimLost."""
    claim = await held_claim(moderator, case_id, token=token)
    await give_back(case_id, workspace_id=claim.workspace_id, by="released")


async def skip(moderator: Actor, case_id: UUID, *, token: str, reason: str, note: str = "") -> None:
    """Back to the queue, for anybody but this moderator. Raises ClaimLost, Invalid."""
    note = clean(note, field="note", longest=2_000, may_be_empty=True)
    claim = await held_claim(moderator, case_id, token=token)
    await Skip.create(
        workspace_id=claim.workspace_id,
        case_id=case_id,
        membership_id=_reviewer(moderator),
        reason=reason,
        note=note,
    )
    await give_back(case_id, workspace_id=claim.workspace_id, by="skipped", reason=reason)


async def held_claim(moderator: Actor, case_id: UUID, *, token: str) -> HeldClaim:
    """The live claim that `token` proves, with its case locked.

    Raises NotFound for a case that is not there, ClaimLost for any other token, a lease that ended, a closed case.
    """
    membership_id = _reviewer(moderator)
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
    await _return_ended(system, workspace_id, waiting=True)
    next_end = await current().fetchval(
        "select min(claimed_until) from cases where agency_id = $1 and workspace_id = $2 and state = 'in_review'",
        system.agency_id,
        workspace_id,
    )
    if next_end is not None:
        await _promise_return(workspace_id, next_end)


async def _workspace_of(queue_id: UUID) -> UUID:
    queue = await Queue.get_or_none(id=queue_id)
    if queue is None:
        raise NotFound(path=("input", "queueId"))
    return queue.workspace_id


def _reviewer(moderator: Actor) -> UUID:
    moderator.must_hold(Right.WORK_QUEUE)
    if moderator.membership_id is None:
        raise Invalid("Only a person can review a case.")
    return moderator.membership_id


async def _return_ended(actor: Actor, workspace_id: UUID | None, *, waiting: bool = False) -> None:
    # Expiry is a condition, not a daemon: whoever asks for work first returns what others forgot.
    # SKIP LOCKED: a moderator does not wait for a case that is being decided or returned this moment; the job does,
    # because it promises that none is left behind. Everybody locks the case first and its claim second.
    values: list[Any] = [actor.agency_id]
    where = _within(actor, workspace_id, values)
    ended = await current().fetch(
        f"""select c.workspace_id, c.id from cases c
             where c.agency_id = $1{where} and c.state = 'in_review' and c.claimed_until <= now()
             order by c.claimed_until, c.id limit 100 for update {"" if waiting else "skip locked"}""",
        *values,
    )
    for case in ended:
        await give_back(case["id"], workspace_id=case["workspace_id"], by="expired")


async def _next_waiting(
    moderator: Actor, *, workspace_id: UUID | None, queue_id: UUID | None, membership_id: UUID
) -> Any:
    """The case, now in review, or None."""
    values: list[Any] = [moderator.agency_id, membership_id, LEASE]
    where = f"c.agency_id = $1 and c.state = 'queued'{_within(moderator, workspace_id, values)}"
    if queue_id is not None:
        values.append(queue_id)
        where += f" and c.queue_id = ${len(values)}"
    # SKIP LOCKED: two moderators who press the button together get two cases, and neither waits for the other.
    return await current().fetchrow(
        f"""with next as materialized (
                 select c.workspace_id, c.id from cases c
                  where {where} and not exists (
                        select from skips s where s.agency_id = $1 and s.workspace_id = c.workspace_id
                           and s.case_id = c.id and s.membership_id = $2)
                  order by c.virtual_deadline, c.id limit 1 for update of c skip locked)
            update cases c set state = 'in_review', claimed_by_id = $2, claimed_until = now() + $3::interval
              from next where c.agency_id = $1 and c.workspace_id = next.workspace_id and c.id = next.id
            returning c.workspace_id, c.id, c.claimed_until""",
        *values,
    )


def _within(actor: Actor, workspace_id: UUID | None, values: list[Any]) -> str:
    """The condition for one workspace, or for those the actor sees; its value is added to `values`."""
    if workspace_id is not None:
        values.append(workspace_id)
        return f" and c.workspace_id = ${len(values)}"
    if actor.workspaces is not None:
        values.append(list(actor.workspaces))
        return f" and c.workspace_id = any(${len(values)})"
    return ""


async def _lease(case: Any, *, membership_id: UUID) -> Claim:
    token = secrets.token_urlsafe(24)
    scope = current()
    await scope.execute(
        """insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        scope.actor.agency_id,
        case["workspace_id"],
        new_id(),
        case["id"],
        membership_id,
        hash_of(token),
        case["claimed_until"],
    )
    await tally(case["workspace_id"], of="queued", to="in_review")
    await journal.record("case.claimed", subject_kind="case", subject_id=case["id"], workspace_id=case["workspace_id"])
    await _promise_return(case["workspace_id"], case["claimed_until"])
    return Claim(case["id"], token, case["claimed_until"])


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
    await scope.execute(
        """update cases set state = 'queued', claimed_by_id = null, claimed_until = null
            where agency_id = $1 and workspace_id = $2 and id = $3 and state = 'in_review'""",
        agency_id,
        workspace_id,
        case_id,
    )
    await tally(workspace_id, of="in_review", to="queued")
    await journal.record(
        f"case.claim_{by}",
        subject_kind="case",
        subject_id=case_id,
        workspace_id=workspace_id,
        **detail,
    )


async def _promise_return(workspace_id: UUID, at: datetime) -> None:
    """One job per workspace and minute, however many claims end in it."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    await enqueue(
        "return_ended_claims",
        {},
        workspace_id=workspace_id,
        run_at=minute,
        dedupe_key=f"return_ended_claims:{workspace_id}:{minute:%Y%m%dT%H%M}",
    )
