"""Endpoints: who hears of what, and what they are told."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.outside import is_askable, seal
from backend.webhooks.kinds import KINDS
from backend.webhooks.models import WebhookDelivery, WebhookEndpoint
from backend.webhooks.pacing import hold_all_lanes
from backend.webhooks.shaping import check_selection
from backend.webhooks.signing import TABLE, new_secret
from backend.webhooks.thresholds import MOST_ENDPOINTS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

# What a selection reads by: an endpoint is a machine that only reads.
READING: Final = frozenset(
    {Right.READ_WORKSPACE, Right.READ_CONTENT, Right.READ_CASES, Right.READ_STAFF, Right.READ_JOURNAL}
)
ACTOR_KINDS: Final = frozenset({"staff", "api_client", "system"})
LONGEST_URL: Final = 2_000
LONGEST_SELECTION: Final = 4_000


@dataclass(frozen=True, slots=True)
class Issued:
    """`secret` is told here and nowhere else."""

    endpoint: WebhookEndpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint hears of and how. `workspaces` and `by` (staff, api_client, system) are empty for all; `selection`
    is GraphQL on the event's subject, None for its id alone."""

    url: str
    description: str
    kinds: Collection[str]
    workspaces: Collection[UUID] = ()
    by: Collection[str] = ()
    selection: str | None = None


async def create_endpoint(actor: Actor, wanted: Wanted, *, workspace_id: UUID | None) -> Issued:
    """Without a workspace it hears of all clients. Its selection reads what the actor may read now, for as long
    as they may.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    actor.must_hold(Right.MANAGE_MACHINES)
    if workspace_id is None and not actor.sees_all:
        raise Invalid(
            "Name one of your workspaces: you do not work for the whole agency.", path=("input", "workspaceId")
        )
    if workspace_id is not None:
        await find_workspace(workspace_id)
    columns = await _checked(actor, wanted, workspace_id)
    if await WebhookEndpoint.all().count() >= MOST_ENDPOINTS:
        raise Conflict(f"An agency has at most {MOST_ENDPOINTS:,} endpoints.")
    id, secret = new_id(), new_secret()
    sealed = await seal(secret, table=TABLE, column="secret", row_id=id)
    endpoint = await WebhookEndpoint.create(id=id, workspace_id=workspace_id, secret=sealed, **columns)
    await record("created", endpoint, host=_host(endpoint.url), kinds=endpoint.kinds, conditions=endpoint.conditions)
    return Issued(endpoint, secret)


async def change_endpoint(
    actor: Actor, endpoint_id: UUID, wanted: Wanted, *, expected_version: int | None = None
) -> WebhookEndpoint:
    """All of what it hears from now on; its selection reads what the actor may read, as in `create_endpoint`. What waits goes to the new address.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    endpoint = await held_endpoint(actor, endpoint_id)
    if expected_version is not None and expected_version != endpoint.version:
        raise Conflict("Somebody has changed this endpoint since you looked.", path=("input", "expectedVersion"))
    columns = await _checked(actor, wanted, endpoint.workspace_id)
    before = {"host": _host(endpoint.url), "kinds": endpoint.kinds, "conditions": endpoint.conditions}
    endpoint.update_from_dict({**columns, "version": endpoint.version + 1})
    await endpoint.save(update_fields=(*columns, "version"))
    after = {"host": _host(endpoint.url), "kinds": endpoint.kinds, "conditions": endpoint.conditions}
    await record("changed", endpoint, before=before, after=after)
    return endpoint


async def remove_endpoint(actor: Actor, endpoint_id: UUID) -> None:
    """With its deliveries. Raises NotAllowed, NotFound, and Conflict while something is being sent to it."""
    endpoint = await held_endpoint(actor, endpoint_id)
    if not await hold_all_lanes(endpoint.id):
        raise Conflict("Something is being sent to it at this moment: try again.", path=("input", "endpointId"))
    await record("removed", endpoint, host=_host(endpoint.url))
    await WebhookEndpoint.filter(id=endpoint.id).delete()


async def held_endpoint(actor: Actor, endpoint_id: UUID, *, field: str = "endpointId") -> WebhookEndpoint:
    """Locked. Raises NotAllowed, and NotFound for one of a client, or of the whole agency, that the actor does not work
    for."""
    actor.must_hold(Right.MANAGE_MACHINES)
    endpoint = await WebhookEndpoint.filter(id=endpoint_id).select_for_update().get_or_none()
    if endpoint is None or (actor.workspaces is not None and endpoint.workspace_id not in actor.workspaces):
        raise NotFound(path=("input", field))
    return endpoint


async def held_delivery(actor: Actor, delivery_id: UUID) -> tuple[WebhookEndpoint, WebhookDelivery]:
    """The endpoint locked, as `held_endpoint`."""
    actor.must_hold(Right.MANAGE_MACHINES)
    delivery = await WebhookDelivery.get_or_none(id=delivery_id)
    if delivery is None:
        raise NotFound(path=("input", "webhookDeliveryId"))
    return await held_endpoint(actor, delivery.endpoint_id, field="webhookDeliveryId"), delivery


async def record(verb: str, endpoint: WebhookEndpoint, **detail: Any) -> None:
    """Of an address only the host: the rest may be what opens it."""
    await journal.record(
        f"webhookendpoint.{verb}",
        subject_kind="webhookendpoint",
        subject_id=endpoint.id,
        workspace_id=endpoint.workspace_id,
        **detail,
    )


async def _checked(actor: Actor, wanted: Wanted, workspace_id: UUID | None) -> dict[str, Any]:
    """The columns. Raises Invalid, NotFound."""
    url = clean(wanted.url, field="url", longest=LONGEST_URL)
    if not is_askable(url):
        raise Invalid("This is no https address on port 443 without a name or password.", path=("input", "url"))
    if not wanted.kinds or not set(wanted.kinds) <= set(KINDS):
        raise Invalid("Name at least one kind of event, and only kinds that there are.", path=("input", "kinds"))
    if not set(wanted.by) <= ACTOR_KINDS:
        raise Invalid("There is no such kind of actor.", path=("input", "by"))
    if wanted.workspaces and workspace_id is not None:
        raise Invalid("It hears of one client only anyway.", path=("input", "workspaceIds"))
    for id in wanted.workspaces:
        await find_workspace(id, field="workspaceIds")
    selection = None
    if wanted.selection is not None:
        selection = clean(wanted.selection, field="selection", longest=LONGEST_SELECTION)
        check_selection(selection)
    return {
        "url": url,
        "description": clean(wanted.description, field="description", longest=200, may_be_empty=True),
        "kinds": sorted(set(wanted.kinds)),
        "conditions": _conditions(wanted.workspaces, wanted.by),
        "selection": selection,
        "scopes": sorted(right.value for right in READING & actor.rights),
        "made_by_id": actor.membership_id,
    }


def _conditions(workspaces: Iterable[UUID], by: Iterable[str]) -> dict[str, list[str]]:
    found = {"workspaces": sorted({str(id) for id in workspaces}), "by": sorted(set(by))}
    return {name: values for name, values in found.items() if values}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
