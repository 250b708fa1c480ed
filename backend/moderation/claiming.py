import secrets
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.moderation.leasing import Claim, promise_return, return_ended, reviewer, within
from backend.moderation.mixing_in import golden_instead
from backend.moderation.models import Case, ClaimRecord
from backend.moderation.moving import moved
from backend.moderation.qualifying import Fitness, fitness_of
from backend.moderation.queue_models import Queue
from backend.moderation.thresholds import LEASE
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.scope import current
from tenants.tokens import hash_of


async def claim_next(
    moderator: Actor, *, workspace_id: UUID | None = None, queue_id: UUID | None = None
) -> Claim | None:
    """The most urgent waiting case that is for `moderator`, danger before all others, now claimed by them; None if nothing
    waits. Without a workspace or queue: of everything the moderator sees.

    Raises NotAllowed without the right to work queues, NotFound for a workspace or queue that is not theirs.
    """
    membership_id = reviewer(moderator)
    if queue_id is not None and workspace_id is None:
        workspace_id = await _workspace_of(queue_id)
    await return_ended(moderator, workspace_id)
    fitness = await fitness_of(moderator, membership_id, workspace_id=workspace_id)
    case = None
    # Danger first, whatever else is late: in one order with the rest, it waits for hours as soon as more comes in than
    # can be worked (tests/test_waiting_in_line.py).
    for only in ("danger", *(["light"] if fitness.goes_lightly else []), None):
        case = await _next_waiting(moderator, fitness, membership_id, workspace_id, queue_id, only=only)
        if case is not None:
            break
    if case is not None:
        golden = await golden_instead(case, membership_id=membership_id)
        return await lease(golden or case, membership_id=membership_id)
    # Nothing waits, or there is no such place: only now is it worth finding out.
    if workspace_id is not None:
        await find_workspace(workspace_id)
    if queue_id is not None and await _workspace_of(queue_id) != workspace_id:
        raise NotFound(path=("input", "queueId"))
    return None


async def claim_this(moderator: Actor, case: Case) -> UUID | None:
    """A claim on one waiting case, which is locked, for who judges it at once; None if it is not for `moderator`."""
    membership_id = reviewer(moderator)
    fitness = await fitness_of(moderator, membership_id, workspace_id=case.workspace_id)
    found = await _next_waiting(moderator, fitness, membership_id, case.workspace_id, None, only_id=case.id)
    if found is None:
        return None
    await lease(found, membership_id=membership_id)
    claim = await ClaimRecord.get(case_id=case.id, workspace_id=case.workspace_id, ended_at=None)
    return claim.id


async def lease(case: Any, *, membership_id: UUID) -> Claim:
    """Call in the statement's transaction that put `case` in review; its columns: workspace_id, id, kind, severity,
    claimed_until."""
    token = secrets.token_urlsafe(24)
    scope = current()
    await scope.execute(
        """insert into claims (agency_id, workspace_id, id, case_id, membership_id, token_hash, expires_at, severity)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        scope.actor.agency_id,
        case["workspace_id"],
        new_id(),
        case["id"],
        membership_id,
        hash_of(token),
        case["claimed_until"],
        case["severity"],
    )
    await moved(
        case["id"],
        workspace_id=case["workspace_id"],
        of="queued",
        to="in_review",
        because="claimed",
        is_tallied=case["kind"] != "golden",
    )
    await journal.record("case.claimed", subject_kind="case", subject_id=case["id"], workspace_id=case["workspace_id"])
    await promise_return(case["workspace_id"], case["claimed_until"])
    return Claim(case["id"], token, case["claimed_until"])


async def _workspace_of(queue_id: UUID) -> UUID:
    queue = await Queue.get_or_none(id=queue_id)
    if queue is None:
        raise NotFound(path=("input", "queueId"))
    return queue.workspace_id


_ONLY: Final = {"danger": "c.tier = 'danger'", "light": "c.severity not in ('high', 'severe')"}


async def _next_waiting(
    moderator: Actor,
    fitness: Fitness,
    membership_id: UUID,
    workspace_id: UUID | None,
    queue_id: UUID | None,
    *,
    only: str | None = None,
    only_id: UUID | None = None,
) -> Any:
    """The case, now in review, or None."""
    values: list[Any] = [moderator.agency_id, membership_id, LEASE]
    where = f"c.agency_id = $1 and c.state = 'queued'{within(moderator, workspace_id, values)}"
    if queue_id is not None:
        values.append(queue_id)
        where += f" and c.queue_id = ${len(values)}"
    if only is not None:
        where += f" and {_ONLY[only]}"
    if only_id is not None:
        values.append(only_id)
        where += f" and c.id = ${len(values)}"
    where += f" and {fitness.conditions(values)}"
    # SKIP LOCKED: two moderators who press the button together get two cases, and neither waits for the other.
    return await current().fetchrow(
        f"""with next as materialized (
                 select c.workspace_id, c.id from cases c
                  where {where} and not exists (
                        select from skips s where s.agency_id = $1 and s.workspace_id = c.workspace_id
                           and s.case_id = c.id and s.membership_id = $2)
                  order by c.virtual_deadline, c.id limit 1 for update of c skip locked)
            update cases c set state = 'in_review', claimed_by_id = $2, claimed_until = now() + $3::interval,
                               first_touched_at = coalesce(c.first_touched_at, now())
              from next where c.agency_id = $1 and c.workspace_id = next.workspace_id and c.id = next.id
            returning c.workspace_id, c.id, c.kind, c.severity, c.claimed_until""",
        *values,
    )
