"""The doors: the only reads outside a scope. A hash in, an agency and an id out; global tables without tenant data."""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from backend.kit.ids import new_id
from tenants.database import unscoped
from tenants.tokens import hash_of, kind_of

COOKIE: Final = "__Host-tend_session"  # holds the token of a session
COOKIE_WITHOUT_TLS: Final = "tend_session"  # in development: browsers keep a __Host- cookie over TLS only


@dataclass(frozen=True, slots=True)
class Entrance:
    """An agency a person may try to enter; the membership inside decides."""

    agency_id: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a valid token belongs to: a person with their agencies, or an API client of one agency.

    `bound_to`: the only agency a session opens, where it was opened through that agency's provider or invitation.
    """

    token_kind: str
    key_hash: bytes
    target_id: UUID  # the session or the credential
    person_id: UUID | None
    person_name: str
    person_email: str
    entrances: tuple[Entrance, ...]
    bound_to: UUID | None = None
    api_client_agency_id: UUID | None = None


async def knock(token: str) -> Caller | None:
    """Who holds this token; None for an unknown, malformed, revoked or expired one. One round trip."""
    kind = kind_of(token)
    if kind is None:
        return None
    async with unscoped() as connection:
        rows = await connection.fetch(
            """select d.target_id, d.agency_id as key_agency_id, s.agency_id as bound_to, p.id as person_id, p.name,
                      p.email, pa.agency_id, pa.agency_slug
                 from doors d
                 left join sessions s on d.kind = 'session' and s.id = d.target_id
                 left join persons p on p.id = s.person_id
                 left join person_agency pa on pa.person_id = p.id and (s.agency_id is null or s.agency_id = pa.agency_id)
                where d.kind = $1 and d.key_hash = $2
                  and (d.kind <> 'session'
                       or (s.revoked_at is null and s.expires_at > now() and s.idle_until > now()))
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
        bound_to=first["bound_to"],
        api_client_agency_id=first["key_agency_id"],
    )


async def target_of(kind: str, key: str) -> tuple[UUID, UUID] | None:
    """The agency and the id behind a link; None for one that opens nothing."""
    async with unscoped() as connection:
        row = await connection.fetchrow(
            "select agency_id, target_id from doors where kind = $1 and key_hash = $2", kind, hash_of(key)
        )
    return None if row is None else (row["agency_id"], row["target_id"])


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


class Connection(Protocol):
    """A bare connection, or a scope."""

    async def fetchval(self, sql: str, *values: Any) -> Any: ...


async def register_person(connection: Connection, *, name: str, email: str) -> UUID:
    """The person with this address, made if missing."""
    person_id: UUID = await connection.fetchval(
        """insert into persons (id, email, name) values ($1, $2, $3)
           on conflict (email) do update set name = persons.name returning id""",
        new_id(),
        email.lower(),
        name,
    )
    return person_id


async def person_with(email: str) -> UUID | None:
    """Somebody with this address who may try to enter some agency; for whoever is about to prove that it is theirs."""
    async with unscoped() as connection:
        found: UUID | None = await connection.fetchval(
            """select p.id from persons p
                where p.email = $1 and exists (select from person_agency a where a.person_id = p.id)""",
            email,
        )
        return found
