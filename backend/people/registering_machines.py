"""API clients: the machines an agency lets in."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import ApiClient
from tenants.rights import MACHINE_RIGHTS, Right
from tenants.scope import current

MOST_API_CLIENTS: Final = 1_000  # of one agency, ended ones included


async def register_api_client(
    actor: Actor,
    *,
    name: str,
    scopes: Collection[Right],
    workspace_id: UUID | None = None,
    ends_at: datetime | None = None,
) -> ApiClient:
    """A machine that has nothing to show yet: `issue_credential`. Without a workspace it is of the whole agency.

    Raises NotAllowed for what the actor may not do themselves, NotFound, Invalid, Conflict.
    """
    actor.must_hold(Right.MANAGE_MACHINES)
    if workspace_id is None and not actor.sees_all:
        raise Invalid(
            "Name one of your workspaces: you do not work for the whole agency.", path=("input", "workspaceId")
        )
    if workspace_id is not None:
        await find_workspace(workspace_id)
    _check_scopes(actor, scopes, workspace_id)
    _check_end(ends_at)
    name = clean_line(name, field="name", longest=200)
    if await ApiClient.all().count() >= MOST_API_CLIENTS:
        raise Conflict(f"An agency has at most {MOST_API_CLIENTS:,} API clients.")
    client = await ApiClient.create(name=name, scopes=_sorted(scopes), workspace_id=workspace_id, ends_at=ends_at)
    await _record("registered", client, scopes=client.scopes, ends_at=ends_at)
    return client


async def change_api_client(
    actor: Actor,
    api_client_id: UUID,
    *,
    scopes: Collection[Right],
    ends_at: datetime | None,
    expected_version: int | None = None,
) -> ApiClient:
    """All of what it may do from its next request on. One that has ended may begin again.

    Raises NotAllowed for what the actor may not do themselves, NotFound, Invalid, Conflict.
    """
    client = await held_api_client(actor, api_client_id)
    if expected_version is not None and expected_version != client.version:
        raise Conflict("Somebody has changed this API client since you looked.", path=("input", "expectedVersion"))
    must_hold_all(actor, client)
    _check_scopes(actor, scopes, client.workspace_id)
    _check_end(ends_at)
    before = {"scopes": client.scopes, "ends_at": client.ends_at}
    await _write(client, scopes=_sorted(scopes), ends_at=ends_at)
    await _record("changed", client, before=before, after={"scopes": client.scopes, "ends_at": ends_at})
    return client


async def end_api_client(actor: Actor, api_client_id: UUID) -> ApiClient:
    """Nothing it has opens anything any more. Raises NotAllowed, NotFound."""
    client = await held_api_client(actor, api_client_id)
    moment = await current().now()
    if client.ends_at is not None and client.ends_at <= moment:
        return client
    await _write(client, scopes=client.scopes, ends_at=moment)
    await _record("ended", client)
    return client


async def held_api_client(actor: Actor, api_client_id: UUID, *, field: str = "apiClientId") -> ApiClient:
    """Locked. Raises NotAllowed, and NotFound for one of a client, or of the whole agency, that the actor does not work
    for."""
    actor.must_hold(Right.MANAGE_MACHINES)
    client = await ApiClient.filter(id=api_client_id).select_for_update().get_or_none()
    if client is None or (actor.workspaces is not None and client.workspace_id not in actor.workspaces):
        raise NotFound(path=("input", field))
    return client


def must_hold_all(actor: Actor, client: ApiClient) -> None:
    """Whoever gives a machine a key could use it: so nobody gives one that may do more than they may. Raises
    NotAllowed."""
    if not set(client.scopes) <= actor.rights:
        raise NotAllowed("This API client may do what your role does not allow.")


def _check_scopes(actor: Actor, scopes: Collection[Right], workspace_id: UUID | None) -> None:
    if not scopes:
        raise Invalid("An API client needs at least one scope.", path=("input", "scopes"))
    if not MACHINE_RIGHTS.issuperset(scopes):
        raise Invalid("No machine is ever allowed this.", path=("input", "scopes"))
    if not actor.rights.issuperset(scopes):
        raise NotAllowed("Your role does not allow this yourself.", path=("input", "scopes"))
    if Right.PROVISION in scopes and workspace_id is not None:
        raise Invalid("People are provisioned for the whole agency, not for one workspace.", path=("input", "scopes"))


def _check_end(ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= now():
        raise Invalid("The end lies in the past.", path=("input", "endsAt"))


async def _write(client: ApiClient, *, scopes: list[str], ends_at: datetime | None) -> None:
    client.scopes, client.ends_at, client.version = scopes, ends_at, client.version + 1
    await client.save(update_fields=("scopes", "ends_at", "version"))


async def _record(verb: str, client: ApiClient, **detail: Any) -> None:
    await journal.record(
        f"apiclient.{verb}",
        subject_kind="apiclient",
        subject_id=client.id,
        workspace_id=client.workspace_id,
        name=client.name,
        **detail,
    )


def _sorted(scopes: Collection[Right]) -> list[str]:
    return sorted({scope.value for scope in scopes})
