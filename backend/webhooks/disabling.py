"""An endpoint that is sent nothing more, until somebody enables it."""

from typing import Final, Literal
from uuid import UUID

from backend.kit.clock import now
from backend.notices import Recipient, tell
from backend.webhooks.models import WebhookEndpoint
from backend.webhooks.pacing import come_again
from backend.webhooks.subscribing import held_endpoint, record
from tenants.actor import Actor
from tenants.rights import RIGHTS_OF, Right
from tenants.scope import current

Because = Literal["by_hand", "gone", "failing"]

_TOLD: Final[dict[Because, str]] = {
    "gone": "A webhook endpoint was disabled: it answered that it wants no more.",
    "failing": "A webhook endpoint was disabled: it has not taken anything for five days.",
}


async def disable_endpoint(actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    """What waits has failed, and can be replayed. Raises NotAllowed, NotFound."""
    endpoint = await held_endpoint(actor, endpoint_id)
    if endpoint.disabled_at is None:
        await disable(endpoint, because="by_hand")
    return endpoint


async def enable_endpoint(actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    """As if it had never failed. Raises NotAllowed, NotFound."""
    endpoint = await held_endpoint(actor, endpoint_id)
    if endpoint.disabled_at is None:
        return endpoint
    endpoint.disabled_at = endpoint.disabled_because = endpoint.failing_since = endpoint.rests_until = None
    endpoint.failures, endpoint.is_slow = 0, False
    await endpoint.save(
        update_fields=("disabled_at", "disabled_because", "failing_since", "rests_until", "failures", "is_slow")
    )
    await record("enabled", endpoint)
    await come_again(endpoint, at=now())  # something may have been promised while it was being disabled
    return endpoint


async def disable(endpoint: WebhookEndpoint, *, because: Because) -> None:
    """The agency's admins are told, unless one of them did it."""
    endpoint.disabled_at, endpoint.disabled_because = now(), because
    await endpoint.save(update_fields=("disabled_at", "disabled_because"))
    await fail_waiting(endpoint)
    await record("disabled", endpoint, because=because)
    if because in _TOLD:
        await _tell_admins(endpoint, because)


async def fail_waiting(endpoint: WebhookEndpoint) -> None:
    """But what another turn has in hand: that turn sees that the endpoint is disabled, and does the same."""
    await current().execute(
        """update webhook_deliveries set state = 'failed', ended_at = now()
            where agency_id = $1 and id = any(array(
                  select id from webhook_deliveries
                   where agency_id = $1 and endpoint_id = $2 and state = 'waiting' for update skip locked))""",
        endpoint.agency_id,
        endpoint.id,
    )


async def _tell_admins(endpoint: WebhookEndpoint, because: Because) -> None:
    """Whoever could enable it again."""
    rows = await current().fetch(
        """select m.id from memberships m
            where m.agency_id = $1 and m.role = any($2) and m.suspended_at is null
              and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())
              and (m.sees_all or exists (select from assignments s where s.agency_id = $1
                                            and s.membership_id = m.id and s.workspace_id = $3))""",
        endpoint.agency_id,
        [role.value for role, rights in RIGHTS_OF.items() if Right.MANAGE_MACHINES in rights],
        endpoint.workspace_id,
    )
    await tell(
        [Recipient(membership_id=row["id"]) for row in rows],
        kind="webhook_disabled",
        subject_id=endpoint.id,
        workspace_id=endpoint.workspace_id,
        text=f"{_TOLD[because]} {endpoint.description}".strip(),
        occasion=str(endpoint.disabled_at),
        facts={"because": because},
    )
