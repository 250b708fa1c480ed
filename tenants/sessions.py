"""A person's sessions: opaque, kept by the hash of their token, ended by time, idleness or a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from tenants.actor import system
from tenants.database import unscoped
from tenants.scope import agency_scope
from tenants.tokens import hash_of, new_session_token

LIFETIME: Final = timedelta(days=30)
IDLE: Final = timedelta(days=1)  # without any request
_LONGEST_DEVICE: Final = 200

# Who was here since the last `note_presence`: sessions, and credentials with their agency.
_seen_sessions: set[UUID] = set()
_seen_credentials: dict[UUID, UUID] = {}


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of the caller's own sessions. `agency_id`: it opens only this agency."""

    id: UUID
    agency_id: UUID | None
    method: str
    device: str
    created_at: datetime
    idle_until: datetime
    expires_at: datetime


async def open_session(
    person_id: UUID,
    *,
    method: str = "console",
    agency_id: UUID | None = None,
    device: str = "",
    lifetime: timedelta = LIFETIME,
) -> str:
    """A fresh token, told once; only its hash is kept. `method` is how the person proved who they are."""
    token, session_id = new_session_token(), new_id()
    async with unscoped() as connection, connection.transaction():
        await connection.execute(
            """insert into sessions (id, person_id, agency_id, method, device, idle_until, expires_at)
               values ($1, $2, $3, $4, $5, now() + least($6::interval, $7), now() + $7::interval)""",
            session_id,
            person_id,
            agency_id,
            method,
            device[:_LONGEST_DEVICE],
            IDLE,
            lifetime,
        )
        await connection.execute(
            "insert into doors (kind, key_hash, target_id) values ('session', $1, $2)", hash_of(token), session_id
        )
    return token


async def renew_session(token: str) -> str | None:
    """The same session under a new token, as after a growth of rights; the old one opens nothing from now on. Its end
    does not move. None for a token that opens nothing."""
    fresh, session_id = new_session_token(), new_id()
    async with unscoped() as connection, connection.transaction():
        old = await connection.fetchrow(
            """update sessions set revoked_at = now()
                where id = (select target_id from doors where kind = 'session' and key_hash = $1)
                  and revoked_at is null and expires_at > now() and idle_until > now()
            returning person_id, agency_id, method, device, expires_at""",
            hash_of(token),
        )
        if old is None:
            return None
        await connection.execute(
            """insert into sessions (id, person_id, agency_id, method, device, idle_until, expires_at)
               values ($1, $2, $3, $4, $5, least(now() + $6::interval, $7), $7)""",
            *(session_id, old["person_id"], old["agency_id"], old["method"], old["device"], IDLE, old["expires_at"]),
        )
        await connection.execute(
            "insert into doors (kind, key_hash, target_id) values ('session', $1, $2)", hash_of(fresh), session_id
        )
    return fresh


async def revoke_session(token: str) -> None:
    """From the next request on, the token opens nothing."""
    async with unscoped() as connection:
        await connection.execute(
            """update sessions set revoked_at = now() where revoked_at is null and id =
                 (select target_id from doors where kind = 'session' and key_hash = $1)""",
            hash_of(token),
        )


async def sessions_of(person_id: UUID, *, agency_id: UUID | None) -> list[OwnSession]:
    """Those that still open something, the latest first; only those bound to `agency_id` where it is given."""
    async with unscoped() as connection:
        rows = await connection.fetch(
            """select id, agency_id, method, device, created_at, idle_until, expires_at from sessions
                where person_id = $1 and ($2::uuid is null or agency_id = $2)
                  and revoked_at is null and expires_at > now() and idle_until > now()
                order by created_at desc limit 100""",
            person_id,
            agency_id,
        )
    return [OwnSession(**dict(row)) for row in rows]


async def revoke_own(person_id: UUID, session_ids: Sequence[UUID], *, agency_id: UUID | None) -> None:
    """Several of the person's own. A session bound to an agency ends only such. Raises NotFound, and then ends none."""
    async with unscoped() as connection, connection.transaction():
        rows = await connection.fetch(
            """update sessions set revoked_at = now()
                where person_id = $1 and id = any($2) and ($3::uuid is null or agency_id = $3) and revoked_at is null
            returning id""",
            person_id,
            list(session_ids),
            agency_id,
        )
        if len(rows) != len(set(session_ids)):
            raise NotFound(path=("input", "sessionIds"))


def seen(session_or_credential: UUID, *, credential_of: UUID | None) -> None:
    """Called with every admission, so it costs nothing; `note_presence` writes it down."""
    if credential_of is None:
        _seen_sessions.add(session_or_credential)
    else:
        _seen_credentials[session_or_credential] = credential_of


async def note_presence() -> None:
    """Sessions that were used stay open for another IDLE, and credentials show when they were used last. Call every
    minute: a process that dies forgets one."""
    sessions = list(_seen_sessions)
    _seen_sessions.clear()
    if sessions:
        async with unscoped() as connection:
            await connection.execute(
                """update sessions set idle_until = least(now() + $2::interval, expires_at)
                    where id = any($1) and revoked_at is null and idle_until > now()""",
                sessions,
                IDLE,
            )
    by_agency: dict[UUID, list[UUID]] = {}
    for credential, agency_id in _seen_credentials.items():
        by_agency.setdefault(agency_id, []).append(credential)
    _seen_credentials.clear()
    for agency_id, used in by_agency.items():
        async with agency_scope(system(agency_id)) as scope:
            await scope.execute(
                "update credentials set last_used_at = now() where agency_id = $1 and id = any($2)", agency_id, used
            )
