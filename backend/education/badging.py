"""Certificates as files that prove themselves: Open Badges 3.0, signed by the agency (https://www.imsglobal.org/spec/ob/v3p0)."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.jwk import RSAKey

from backend import journal
from backend.education.issuing import PublicCertificate
from backend.education.models import BadgeKey
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotAllowed
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.outside import NoInstallationKey, open_sealed, public_address, seal
from tenants.actor import Actor, system
from tenants.models import Agency
from tenants.rights import Right
from tenants.scope import agency_scope, current

_ALGORITHM: Final = "RS256"  # the one that every reader of badges has to know (section 8.2.4.1 there)
_BITS: Final = 2048
CONTEXT: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An agency, as whoever reads its badges knows it."""

    id: str
    name: str


async def signed_badge(it: PublicCertificate) -> str:
    """A compact JWS: the credential with the claims of a JWT. Call outside any scope. Raises NoInstallationKey."""
    async with agency_scope(system(it.agency_id)):
        key = await _signing_key()
        sealed = key.private_key
        assert sealed is not None
        pem = await open_sealed(sealed, table="badge_keys", column="private_key", row_id=key.id)
    header = {"alg": _ALGORITHM, "typ": "JWT", "kid": f"{_address_of(it.agency_id)}/keys/{key.id}"}
    return await asyncio.to_thread(_signed, header, _credential(it), pem)


def revocations(it: PublicCertificate) -> dict[str, Any]:
    """What a badge's `credentialStatus` leads to (https://www.imsglobal.org/spec/vcrl/v1p0): a list of it alone, so that it
    tells of no other."""
    revoked = [{"id": f"{it.url}/badge", "revoked": True}] if it.state == "revoked" else []
    return {"id": f"{it.url}/status", "issuer": _address_of(it.agency_id), "revokedCredentials": revoked}


async def issuer_behind(agency_id: UUID) -> Issuer | None:
    """None for an agency that has signed nothing, and for none. Call outside any scope."""
    async with agency_scope(system(agency_id), read_only=True):
        agency = await Agency.get_or_none(id=agency_id) if await BadgeKey.exists() else None
    return None if agency is None else Issuer(_address_of(agency_id), agency.name)


async def badge_key(agency_id: UUID, key_id: UUID) -> dict[str, Any] | None:
    """As a JWK; of retired keys too. Call outside any scope."""
    async with agency_scope(system(agency_id), read_only=True):
        key = await BadgeKey.get_or_none(id=key_id)
    return None if key is None else key.public_key


async def rotate_badge_key(actor: Actor, *, grounds: str) -> BadgeKey:
    """What is signed from now on is signed with a new key; the one before signs no more, and what it signed can be checked
    for ever. Raises NotAllowed, Invalid, Conflict."""
    actor.must_hold(Right.MANAGE_MACHINES)
    grounds = clean(grounds, field="grounds", longest=2_000)
    if not actor.sees_all:
        raise NotAllowed("This concerns the whole agency: leave out X-Workspace-Id.")
    await BadgeKey.filter(retired_at=None).update(retired_at=now(), private_key=None)
    try:
        key = await _signing_key()
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one nothing is signed.") from None
    await journal.record(
        "badge_key.rotated", subject_kind="badgekey", subject_id=key.id, workspace_id=None, grounds=grounds
    )
    return key


async def _signing_key() -> BadgeKey:
    """Made when it is needed first."""
    while (found := await BadgeKey.get_or_none(retired_at=None)) is None:
        made, id, scope = await asyncio.to_thread(RSAKey.generate_key, _BITS), new_id(), current()
        await scope.execute(
            """insert into badge_keys (agency_id, id, public_key, private_key) values ($1, $2, $3::jsonb, $4)
               on conflict (agency_id) where retired_at is null do nothing""",
            scope.actor.agency_id,
            id,
            orjson.dumps(made.as_dict(private=False)).decode(),
            await seal(made.as_pem(private=True).decode(), table="badge_keys", column="private_key", row_id=id),
        )
    return found


def _signed(header: dict[str, Any], credential: dict[str, Any], pem: str) -> str:
    return jws.serialize_compact(header, orjson.dumps(credential), RSAKey.import_key(pem), algorithms=[_ALGORITHM])


def _credential(it: PublicCertificate) -> dict[str, Any]:
    """An AchievementCredential; the registered claims of JWT say the same as its properties (section 8.2.4.2)."""
    holder = f"{it.url}#holder"  # somebody, without a hint who: their name stands beside it where they allowed it
    subject: dict[str, Any] = {
        "id": holder,
        "type": ["AchievementSubject"],
        "achievement": {
            "id": f"{it.url}#achievement",
            "type": ["Achievement"],
            "name": it.course or it.kind,
            "description": it.kind,
            "criteria": {"narrative": f"Completed what {it.agency} asks for {it.kind}."},
        },
    }
    if it.name is not None:
        subject["identifier"] = [
            {"type": "IdentityObject", "identityHash": it.name, "identityType": "name", "hashed": False}
        ]
    issuer = _address_of(it.agency_id)
    return {
        "@context": list(CONTEXT),
        "id": f"{it.url}/badge",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": it.course or it.kind,
        "issuer": {"id": issuer, "type": ["Profile"], "name": it.agency},
        "validFrom": it.valid_from.isoformat(timespec="seconds"),
        "validUntil": it.valid_until.isoformat(timespec="seconds"),
        "credentialSubject": subject,
        "credentialStatus": {"id": f"{it.url}/status", "type": "1EdTechRevocationList"},
        "iss": issuer,
        "jti": f"{it.url}/badge",
        "sub": holder,
        "nbf": int(it.valid_from.timestamp()),
        "exp": int(it.valid_until.timestamp()),
    }


def _address_of(agency_id: UUID) -> str:
    return f"{public_address()}/issuers/{agency_id}"
