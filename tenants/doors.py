"""The doors: the only reads outside a scope. A hash in, an agency and an id out; global tables without tenant data."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.kit.clock import now
from backend.kit.ids import new_id
from tenants.database import unscoped

SESSION_LIFETIME: Final = timedelta(days=30)
COOKIE: Final = "tend_session"  # holds the token of a session, in development only
_PREFIX = {"session": "tend_s_", "api_key": "tend_k_"}


@dataclass(frozen=True, slots=True)
class Entrance:
    """An agency a person may try to enter; the membership inside decides."""

    agency_id: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a valid token belongs to: a person with their agencies, or an API key of one agency."""

    token_kind: str
    key_hash: bytes
    target_id: UUID  # the session or the API key
    person_id: UUID | None
    person_name: str
    person_email: str
    entrances: tuple[Entrance, ...]
    api_key_agency_id: UUID | None = None


def hash_of(key: str) -> bytes:
    """Keys are 256 random bits, so a plain SHA-256 is enough; what is stored opens nothing."""
    return hashlib.sha256(key.encode()).digest()


def new_token(kind: str) -> str:
    return _PREFIX[kind] + secrets.token_urlsafe(32)


async def knock(token: str) -> Caller | None:
    """Who holds this token; None for an unknown, malformed, revoked or expired one. One round trip."""
    kind = next((kind for kind, prefix in _PREFIX.items() if token.startswith(prefix)), None)
    if kind is None or len(token) > 100:
        return None
    async with unscoped() as connection:
        rows = await connection.fetch(
            """select d.target_id, d.agency_id as key_agency_id, p.id as person_id, p.name, p.email,
                      pa.agency_id, pa.agency_slug
                 from doors d
                 left join sessions s on d.kind = 'session' and s.id = d.target_id
                 left join persons p on p.id = s.person_id
                 left join person_agency pa on pa.person_id = p.id
                where d.kind = $1 and d.key_hash = $2
                  and (d.kind <> 'session' or (s.revoked_at is null and s.expires_at > now()))
                order by pa.agency_slug""",
            kind,
            hash_of(token),
        )
    if not rows:
        return None
    first = rows[0]
    return Caller(
        token_kind=kind,
        key_hash=hash_of(token),
        target_id=first["target_id"],
        person_id=first["person_id"],
        person_name=first["name"] or "",
        person_email=first["email"] or "",
        entrances=tuple(Entrance(row["agency_id"], row["agency_slug"]) for row in rows if row["agency_id"] is not None),
        api_key_agency_id=first["key_agency_id"],
    )


async def trusted_document(id: str) -> str | None:
    """The text of a document that a frontend's build has published: code, without data of any agency."""
    async with unscoped() as connection:
        text: str | None = await connection.fetchval("select text from trusted_documents where id = $1", id)
        return text


async def agency_by_slug(slug: str) -> UUID | None:
    """For the command line, which acts as the system. The hash keeps slugs unique across agencies."""
    async with unscoped() as connection:
        found: UUID | None = await connection.fetchval(
            "select agency_id from doors where kind = 'agency' and key_hash = $1", hash_of(slug)
        )
        return found


async def every_agency() -> list[UUID]:
    """For scheduled work, which is done agency by agency."""
    async with unscoped() as connection:
        rows = await connection.fetch("select agency_id from doors where kind = 'agency' order by agency_id")
        return [row["agency_id"] for row in rows]


async def register_person(*, name: str, email: str) -> UUID:
    """The person with this address, made if missing."""
    async with unscoped() as connection:
        person_id: UUID = await connection.fetchval(
            """insert into persons (id, email, name) values ($1, $2, $3)
               on conflict (email) do update set name = persons.name returning id""",
            new_id(),
            email.lower(),
            name,
        )
        return person_id


async def open_session(person_id: UUID, *, lifetime: timedelta = SESSION_LIFETIME) -> str:
    """A fresh token, told once; only its hash is kept."""
    token, session_id = new_token("session"), new_id()
    expires_at: datetime = now() + lifetime
    async with unscoped() as connection, connection.transaction():
        await connection.execute(
            "insert into sessions (id, person_id, expires_at) values ($1, $2, $3)", session_id, person_id, expires_at
        )
        await connection.execute(
            "insert into doors (kind, key_hash, target_id) values ('session', $1, $2)", hash_of(token), session_id
        )
    return token


async def revoke_session(token: str) -> None:
    """From the next request on, the token opens nothing."""
    async with unscoped() as connection:
        await connection.execute(
            """update sessions set revoked_at = now() where revoked_at is null and id =
                 (select target_id from doors where kind = 'session' and key_hash = $1)""",
            hash_of(token),
        )
