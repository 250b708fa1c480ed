"""Access tokens: a machine buys one with its client secret, for an hour (OAuth 2, client credentials)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.kit.clock import now
from tenants.actor import Actor, system
from tenants.doors import knock
from tenants.models import Credential
from tenants.provisioning import keep_credential
from tenants.rights import MACHINE_RIGHTS, Right
from tenants.scope import agency_scope, current
from tenants.sessions import seen
from tenants.tokens import new_credential

TOKEN_LIFETIME: Final = timedelta(hours=1)
FORGOTTEN_AFTER: Final = timedelta(days=3)  # so long a token that has ended can still be looked up in the log
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Machine:
    """An API client that has shown a client secret which holds."""

    agency_id: UUID
    api_client_id: UUID
    secret_id: UUID
    scopes: frozenset[Right]
    workspace_id: UUID | None
    ends_at: datetime | None  # of the secret or the API client, whichever is first


@dataclass(frozen=True, slots=True)
class GrantedToken:
    """An access token that opens something now."""

    id: UUID
    scopes: frozenset[Right]
    created_at: datetime
    expires_at: datetime


async def machine_with(secret: str) -> Machine | None:
    """Whose client secret it is; None for anything else, and for one that has ended. Call outside any scope."""
    caller = await knock(secret)
    if caller is None or caller.api_client_agency_id is None:
        return None
    agency_id = caller.api_client_agency_id
    async with agency_scope(system(agency_id), read_only=True) as scope:
        row = await scope.fetchrow(
            """select k.id, k.scopes, k.workspace_id, least(c.expires_at, k.ends_at) as ends_at
                 from credentials c join api_clients k on k.agency_id = $1 and k.id = c.api_client_id
                where c.agency_id = $1 and c.id = $2 and c.kind = 'client_secret' and c.revoked_at is null
                  and (c.expires_at is null or c.expires_at > now()) and (k.ends_at is null or k.ends_at > now())""",
            agency_id,
            caller.target_id,
        )
    if row is None:
        return None
    seen(caller.target_id, credential_of=agency_id)
    scopes = frozenset(map(Right, row["scopes"])) & MACHINE_RIGHTS
    return Machine(agency_id, row["id"], caller.target_id, scopes, row["workspace_id"], row["ends_at"])


def new_access_token() -> str:
    """Opens nothing until `grant_token`."""
    return new_credential("tend_access_")


def lifetime_of_token(machine: Machine) -> timedelta:
    """Never longer than what it is bought with."""
    return TOKEN_LIFETIME if machine.ends_at is None else min(TOKEN_LIFETIME, machine.ends_at - now())


async def grant_token(machine: Machine, token: str, *, scopes: Collection[Right]) -> None:
    """From now on the token opens `scopes`, as far as the API client still has them. Call outside any scope."""
    assert machine.scopes.issuperset(scopes)
    async with agency_scope(system(machine.agency_id)):
        await keep_credential(
            machine.api_client_id,
            token,
            kind="access_token",
            expires_at=now() + lifetime_of_token(machine),
            parent_id=machine.secret_id,
            scopes=None if machine.scopes == set(scopes) else scopes,
        )


async def token_of(machine: Machine, token: str) -> GrantedToken | None:
    """One of the machine's own access tokens; None for anything else, and for one that has ended. Call outside any
    scope."""
    caller = await knock(token)
    if caller is None or caller.api_client_agency_id != machine.agency_id:
        return None
    async with agency_scope(system(machine.agency_id), read_only=True) as scope:
        row = await scope.fetchrow(
            """select t.id, t.scopes, t.created_at, t.expires_at from credentials t
                 join credentials s on s.agency_id = $1 and s.id = t.parent_id
                where t.agency_id = $1 and t.id = $2 and t.api_client_id = $3 and t.kind = 'access_token'
                  and t.revoked_at is null and t.expires_at > now()
                  and s.revoked_at is null and (s.expires_at is null or s.expires_at > now())""",
            machine.agency_id,
            caller.target_id,
            machine.api_client_id,
        )
    if row is None:
        return None
    own = machine.scopes if row["scopes"] is None else machine.scopes & frozenset(map(Right, row["scopes"]))
    return GrantedToken(row["id"], own, row["created_at"], row["expires_at"])


async def revoke_token(machine: Machine, token_id: UUID) -> None:
    """It opens nothing any more. `token_id` as `token_of` gives it. Call outside any scope."""
    async with agency_scope(system(machine.agency_id)):
        await Credential.filter(id=token_id, api_client_id=machine.api_client_id, kind="access_token").update(
            revoked_at=now()
        )


async def forget_access_tokens(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Those that ended more than FORGOTTEN_AFTER ago leave the tables, with their doors."""
    scope = current()
    while True:
        rows = await scope.fetch(
            """delete from credentials where agency_id = $1 and id in (
                 select id from credentials where agency_id = $1 and kind = 'access_token'
                    and expires_at < now() - $2::interval order by expires_at limit $3 for update skip locked)
            returning id""",
            system.agency_id,
            FORGOTTEN_AFTER,
            _AT_ONCE,
        )
        if not rows:
            return
        await scope.execute(
            "delete from doors where kind = 'credential' and agency_id = $1 and target_id = any($2)",
            system.agency_id,
            [row["id"] for row in rows],
        )
