"""A turn in one community: what is due is done there, and believed once it was read back."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.acting.ending import confirm, fail
from backend.acting.models import Action
from backend.acting.noting import note
from backend.acting.platforms import Later, Limited, Order, Unable
from backend.acting.reaching import Reach, lives_in_tend, pace, reach, rest
from backend.acting.reversing import reverse_what_was_done
from backend.acting.thresholds import (
    ATTEMPT_SECONDS,
    BURST_CALLS,
    BUSY,
    CALLS_A_MINUTE,
    CONFIRMED_WITHIN,
    SCHEDULE,
)
from backend.communities import Member, Post
from backend.kit.clock import now
from backend.outbox import enqueue
from tenants import locks
from tenants.actor import Actor
from tenants.scope import current

_NO_KEY: Final = "Tend may not act there any more: do it there by hand, then say so here."
_ERASED: Final = "Whoever it is about was forgotten: there is nobody left to do it to."
_OVER: Final = "Its end came before it could be done: decide anew, or say here that nothing is left to do."
_SILENT: Final = "The site took it, and did not confirm within a day that it is done."


async def carry_out_actions(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: an action (`action_id`), those of a decision (`decision_id`), or whatever is due in a community
    (`connection_id`).

    One action of a community is under way at a time, and its row is not locked meanwhile: whoever calls it off need not
    wait for a server of somebody else. A worker that is killed has done some of it; it is looked at first and done again.
    """
    if "connection_id" in payload:
        await _turn(UUID(payload["connection_id"]))
        return
    actions = await _waiting(payload)
    for connection_id in dict.fromkeys(action.connection_id for action in actions):
        if connection_id is not None:
            # Its own and no other: one that makes Tend fail takes none along.
            await _turn(connection_id, id__in=[action.id for action in actions])


async def give_up_action(_system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Tend itself failed, again and again: what this job was for is before a human."""
    for action in await _waiting(payload):
        await fail(action, "Tend could not do it: a fault of its own, which its job tells.", tries=action.tries)


async def queue_again(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is replayed: what failed with it waits again."""
    await current().execute(
        """update actions set state = 'queued', problem = null, failed_at = null, next_at = now()
            where agency_id = $1 and (id = $2 or decision_id = $3) and connection_id is not null and state = 'failed'""",
        current().actor.agency_id,
        *(UUID(payload[name]) if name in payload else None for name in ("action_id", "decision_id")),
    )


async def _waiting(payload: Mapping[str, Any]) -> list[Action]:
    """What is under way of all that the payload names."""
    if "decision_id" in payload:
        decision_id = UUID(payload["decision_id"])
        await _place_those_of_before(decision_id)
        return await Action.filter(decision_id=decision_id, state__in=["queued", "sent"]).order_by("id")
    if "connection_id" in payload:
        first = await _due(UUID(payload["connection_id"])).first()
        return [] if first is None else [first]
    return await Action.filter(id=UUID(payload["action_id"]), state__in=["queued", "sent"])


async def _place_those_of_before(decision_id: UUID) -> None:
    """Actions that a Tend of before 0020 promised do not say where they are done, and to what."""
    await current().execute(
        """update actions a set post_id = c.post_id, member_id = c.member_id, connection_id = k.id
             from cases c, posts p, connections k
            where a.agency_id = $1 and a.decision_id = $2 and a.connection_id is null and a.state = 'queued'
              and c.agency_id = $1 and c.workspace_id = a.workspace_id and c.id = a.case_id
              and p.agency_id = $1 and p.workspace_id = a.workspace_id and p.id = c.post_id
              and k.agency_id = $1 and k.workspace_id = a.workspace_id and k.community_id = p.community_id""",
        current().actor.agency_id,
        decision_id,
    )


async def _turn(connection_id: UUID, **which: Any) -> None:
    if not await current().lock_if_free(locks.ACTING, connection_id):
        if not await lives_in_tend(connection_id):
            await _come_again(connection_id, at=now() + BUSY)
            return
        await current().lock(locks.ACTING, connection_id)  # no server is waited for: it is free in a moment
    found = await reach(connection_id)
    if found is None:
        for action in await _due(connection_id, **which):
            await fail(action, _NO_KEY, tries=action.tries)
        return
    if (waits_until := _waits_until(found)) is not None:
        if await _due(connection_id, **which).exists():
            await _come_again(connection_id, at=waits_until)
        return
    while (action := await _due(connection_id, **which).first()) is not None:
        await _attempt(found, action)
        if found.key_id is not None:
            break  # somebody else's server was asked: the next one has a job and a transaction of its own
    if found.key_id is not None and await _due(connection_id).exists():
        await _come_again(connection_id, at=now())


def _due(connection_id: UUID, **which: Any) -> Any:
    due = Action.filter(connection_id=connection_id, state__in=["queued", "sent"], next_at__lte=now(), **which)
    return due.order_by("next_at", "id")


def _waits_until(found: Reach) -> datetime | None:
    """None where it may be asked now."""
    moment = now()
    if found.rests_until is not None and found.rests_until > moment:
        return found.rests_until
    if found.paced_until is None:
        return None
    free_at = found.paced_until - _cost(found, BURST_CALLS)
    return free_at if free_at > moment else None


async def _attempt(found: Reach, action: Action) -> None:
    order = await order_of(action)
    try:
        if order is None:
            raise Unable(_ERASED)
        if order.until is not None and order.until <= now():
            raise Unable(_OVER)
        async with asyncio.timeout(ATTEMPT_SECONDS):
            is_done = await _done(found, action, order)
    except Unable as problem:
        await fail(action, str(problem), tries=action.tries + 1)
    except Later as problem:
        await _try_again(action, str(problem))
    except TimeoutError:
        await _try_again(action, "The platform took too long.")
    except Limited as limit:
        await _leave_alone(found, action, limit)
    else:
        if is_done:
            await _end(action, order)
        elif found.platform.CONFIRMS_ITSELF:
            await _wait_for_the_site(action)
        else:
            await _try_again(action, "The platform took it, and does not show it.", is_taken=True)
    if found.key_id is not None:
        begun = max(found.paced_until or now(), now())
        await pace(found, until=begun + _cost(found, found.hand.calls))


async def _done(found: Reach, action: Action, order: Order) -> bool:
    """Looked at first: another try, or somebody there, may have done it."""
    if await found.platform.is_done(found.hand, order):
        return True
    if found.platform.CONFIRMS_ITSELF and action.state == "sent":
        raise Unable(_SILENT)
    await found.platform.do(found.hand, order)
    return await found.platform.is_done(found.hand, order)


async def _end(action: Action, order: Order) -> None:
    if await confirm(action):
        await note(order)
    else:
        await reverse_what_was_done(action)


async def _wait_for_the_site(action: Action) -> None:
    """Until it confirms, or CONFIRMED_WITHIN has passed."""
    if await _write(action, state="sent", problem=None, next_at=now() + CONFIRMED_WITHIN, is_taken=True):
        await _come_for(action)
    else:
        await reverse_what_was_done(action)


async def _try_again(action: Action, problem: str, *, is_taken: bool = False) -> None:
    if action.tries >= len(SCHEDULE):
        problem += " It was tried for a day: do it there by hand, or retry."
        is_under_way = await fail(action, problem, tries=action.tries + 1)
    else:
        state, next_at = "sent" if is_taken else action.state, now() + SCHEDULE[action.tries]
        is_under_way = await _write(action, state=state, problem=problem, next_at=next_at, is_taken=is_taken)
        if is_under_way:
            await _come_for(action)
    if not is_under_way:
        await reverse_what_was_done(action)  # nobody knows whether it was done


async def _leave_alone(found: Reach, action: Action, limit: Limited) -> None:
    """Being asked to wait is no failure; a day of it is one."""
    until = now() + limit.wait
    await rest(found, until=until)
    if now() - action.created_at > CONFIRMED_WITHIN:
        await fail(action, f"{limit} It has been asked for a day.", tries=action.tries + 1)
    else:
        await _come_again(found.connection_id, at=until)


async def _write(action: Action, *, state: str, problem: str | None, next_at: datetime, is_taken: bool) -> bool:
    """Whether it is still under way."""
    action.tries, action.next_at = action.tries + 1, next_at
    changed = await current().change(
        """update actions set state = $4, problem = $5, next_at = $6, tries = $7,
                  sent_at = case when $8 then coalesce(sent_at, now()) else sent_at end
            where agency_id = $1 and workspace_id = $2 and id = $3 and state in ('queued', 'sent')""",
        action.agency_id,
        action.workspace_id,
        action.id,
        state,
        problem,
        next_at,
        action.tries,
        is_taken,
    )
    return changed == 1


async def order_of(action: Action) -> Order | None:
    """None where whoever it is about was forgotten."""
    post = action.post_id and await Post.get_or_none(id=action.post_id, workspace_id=action.workspace_id)
    member = action.member_id and await Member.get_or_none(id=action.member_id, workspace_id=action.workspace_id)
    if member and member.erased_at is not None:
        return None
    return Order(
        id=action.id,
        workspace_id=action.workspace_id,
        kind=action.kind,
        post_id=action.post_id,
        member_id=action.member_id,
        post=post.external_id if post else None,
        member=member.external_id if member else None,
        handle=member.handle if member else None,
        until=action.until_at,
        message=action.message,
        reverses_id=action.reverses_id,
        is_exact=action.reverses_id is not None,
    )


async def _come_for(action: Action) -> None:
    await enqueue(
        "carry_out_actions", {"action_id": str(action.id)}, workspace_id=action.workspace_id, run_at=action.next_at
    )


async def _come_again(connection_id: UUID, *, at: datetime) -> None:
    """One job, however many ask."""
    await enqueue(
        "carry_out_actions",
        {"connection_id": str(connection_id)},
        workspace_id=current().actor.only_workspace,
        run_at=at,
        dedupe_key=f"carry_out_actions:{connection_id}",
    )


def _cost(found: Reach, calls: int) -> timedelta:
    return timedelta(minutes=1) * calls / CALLS_A_MINUTE[found.name]
