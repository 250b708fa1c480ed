"""A turn of one endpoint: what is due goes out, signed; what happened to it is kept."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.clock import now
from backend.kit.ids import new_id, published
from backend.measuring import WEBHOOKS
from backend.outbox import absorb, enqueue
from backend.outside import Unreachable, fetch
from backend.webhooks.disabling import disable, fail_waiting
from backend.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from backend.webhooks.pacing import come_again, free_lane
from backend.webhooks.shaping import Unreadable, body_of
from backend.webhooks.signing import secrets_of, signed
from backend.webhooks.thresholds import (
    DISABLED_AFTER,
    FAILURES_BEFORE_REST,
    JITTER,
    LARGEST_ANSWER,
    LONGEST_RETRY_AFTER,
    REST,
    SCHEDULE,
    SLOW,
    TIMEOUT_SECONDS,
    TURN_SECONDS,
)
from tenants.actor import Actor
from tenants.scope import current

GONE: Final = 410


@dataclass(frozen=True, slots=True)
class _Answer:
    """`problem` is None where the endpoint has it."""

    status: int | None
    took: timedelta
    problem: str | None
    retry_after: timedelta = timedelta(0)


async def deliver_webhooks(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: what is due at one endpoint, until one fails or TURN_SECONDS have passed; the rest comes with the next turn.

    What an answer was is committed with the turn: a worker that is killed has sent some of it, and it is sent again
    under the same id.
    """
    endpoint = await WebhookEndpoint.get_or_none(id=UUID(payload["endpoint_id"]))
    if endpoint is None or endpoint.disabled_at is not None:
        return
    await absorb("deliver_webhooks", "endpoint_id", endpoint.id)
    if endpoint.rests_until is not None and endpoint.rests_until > now():
        await come_again(endpoint, at=endpoint.rests_until)
        return
    lane = await free_lane(endpoint)
    if lane is None:
        await come_again(endpoint)
        return
    began, answer = time.monotonic(), None
    is_over = False
    while not is_over and (delivery := await _next_due(endpoint)) is not None:
        answer = await _attempt(endpoint, delivery)
        is_over = answer.problem is not None or time.monotonic() - began >= TURN_SECONDS
        if answer.problem is None:
            endpoint.failures, endpoint.failing_since = 0, None
    if answer is not None:
        await _remember(endpoint, answer)
    if is_over and endpoint.disabled_at is None and await _is_more_due(endpoint):
        await come_again(endpoint, at=endpoint.rests_until or now(), lane=lane)


async def give_up_turn(_system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Tend itself failed, again and again: what was first in line has failed once more, and the endpoint gets another
    turn. Nothing waits for the next event, or for ever."""
    endpoint = await WebhookEndpoint.get_or_none(id=UUID(payload["endpoint_id"]))
    if endpoint is None or endpoint.disabled_at is not None:
        return
    delivery = await _next_due(endpoint)
    if delivery is not None:
        await _settle(endpoint, delivery, _Answer(None, timedelta(0), "Nothing was sent: Tend failed before."))
    await come_again(endpoint, at=now() + REST)


async def _next_due(endpoint: WebhookEndpoint) -> WebhookDelivery | None:
    """Locked; one that somebody else has in hand is passed over."""
    return (
        await WebhookDelivery.filter(endpoint_id=endpoint.id, state="waiting", next_at__lte=now())
        .order_by("next_at", "id")
        .limit(1)
        .select_for_update(skip_locked=True)
        .first()
    )


async def _is_more_due(endpoint: WebhookEndpoint) -> bool:
    found: bool = await WebhookDelivery.exists(endpoint_id=endpoint.id, state="waiting", next_at__lte=now())
    return found


async def _attempt(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> _Answer:
    event = await WebhookEvent.get(id=delivery.event_id)
    try:
        body = await body_of(endpoint, event)
    except Unreadable as problem:
        answer = _Answer(None, timedelta(0), str(problem))
    else:
        answer = await _send(endpoint, published("webhookdelivery", delivery.id), body)
    await _settle(endpoint, delivery, answer)
    return answer


async def _settle(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: _Answer) -> None:
    delivery.attempt += 1
    if answer.problem is None:
        delivery.state, delivery.ended_at = "delivered", now()
    elif delivery.attempt >= len(SCHEDULE) or answer.status == GONE:
        delivery.state, delivery.ended_at = "failed", now()
    else:
        delivery.next_at = now() + max(_jittered(SCHEDULE[delivery.attempt]), answer.retry_after)
        await enqueue(
            "deliver_webhooks",
            {"endpoint_id": str(endpoint.id)},
            workspace_id=endpoint.workspace_id,
            run_at=delivery.next_at,
        )
    await delivery.save(update_fields=("state", "attempt", "next_at", "ended_at"))
    await current().execute(
        """insert into webhook_attempts (agency_id, id, delivery_id, status, milliseconds, problem, created_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        endpoint.agency_id,
        new_id(),
        delivery.id,
        answer.status,
        int(answer.took.total_seconds() * 1_000),
        answer.problem,
        now(),  # not the beginning of the transaction: a turn has many
    )
    outcome = "delivered" if answer.problem is None else "unanswered" if answer.status is None else "refused"
    WEBHOOKS.labels(outcome).inc()


async def _send(endpoint: WebhookEndpoint, id: str, body: bytes) -> _Answer:
    moment = now()
    headers = signed(await secrets_of(endpoint, moment), id=id, moment=moment, body=body)
    headers |= {"content-type": "application/json", "user-agent": "Tend-Webhooks/1"}
    began = time.monotonic()
    try:
        answer = await fetch(
            "POST",
            endpoint.url,
            headers=headers,
            content=body,
            largest=LARGEST_ANSWER,
            within_seconds=TIMEOUT_SECONDS,
        )
    except Unreachable as problem:
        return _Answer(None, _since(began), problem.message)
    return _Answer(
        answer.status, _since(began), _problem(answer.status), _retry_after(answer.headers.get("retry-after", ""))
    )


def _problem(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The endpoint answered {status}: redirects are not followed."
    if status == GONE:
        return "The endpoint answered 410: it wants no more."
    return f"The endpoint answered {status}."


def _retry_after(text: str) -> timedelta:
    """Seconds or a date (RFC 9110, 10.2.3); of anything else nothing, and the schedule holds."""
    try:
        asked = timedelta(seconds=int(text)) if text.isdecimal() else parsedate_to_datetime(text) - now()
    except (ValueError, OverflowError, TypeError):  # TypeError: a date without a zone
        return timedelta(0)
    return min(max(asked, timedelta(0)), LONGEST_RETRY_AFTER)


def _since(began: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - began)


def _jittered(wait: timedelta) -> timedelta:
    return wait * (1 + JITTER * random.random())  # noqa: S311 - no secret


async def _remember(endpoint: WebhookEndpoint, last: _Answer) -> None:
    """How the endpoint does now, last of all: its row is locked for the shortest time, and never while a server is
    waited for."""
    moment = now()
    rests_until = None
    if last.problem is not None:
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or moment
        rests_until = moment + REST if endpoint.failures >= FAILURES_BEFORE_REST else None
    await _write(endpoint, is_slow=last.took > SLOW, rests_until=rests_until)
    if endpoint.disabled_at is not None:  # by somebody, while this turn was on its way
        await fail_waiting(endpoint)
    elif last.status == GONE:
        await disable(endpoint, because="gone")
    elif _has_failed_for_too_long(endpoint, moment):
        await disable(endpoint, because="failing")


def _has_failed_for_too_long(endpoint: WebhookEndpoint, moment: datetime) -> bool:
    return (
        endpoint.failing_since is not None
        and moment - endpoint.failing_since >= DISABLED_AFTER
        and endpoint.failures >= len(SCHEDULE)
    )


async def _write(endpoint: WebhookEndpoint, *, is_slow: bool, rests_until: datetime | None) -> None:
    endpoint.is_slow, endpoint.rests_until = is_slow, rests_until
    endpoint.disabled_at = await current().fetchval(
        """update webhook_endpoints set failures = $3, failing_since = $4, is_slow = $5, rests_until = $6
            where agency_id = $1 and id = $2 returning disabled_at""",
        endpoint.agency_id,
        endpoint.id,
        endpoint.failures,
        endpoint.failing_since,
        is_slow,
        rests_until,
    )
