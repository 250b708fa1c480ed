"""Who was forgotten, remembered as hashes that lead back to nobody: for the proof, and so that nobody comes back."""

import hmac
import secrets
from collections.abc import Collection, Iterable
from uuid import UUID

from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.outside import NoInstallationKey, open_sealed, seal
from tenants.scope import current


async def hash_of_subject(kind: str, id: UUID) -> bytes:
    """32 bytes. Raises Conflict where the installation has no key for secrets."""
    [found] = await hashes_of_subjects([(kind, id)])
    return found


async def hashes_of_subjects(subjects: Collection[tuple[str, UUID]]) -> dict[bytes, tuple[str, UUID]]:
    """Kind and id of each by the hash that a proof of its erasure has. Raises Conflict as above."""
    if not subjects:
        return {}
    secret = await _secret()
    return {hmac.digest(secret, f"{kind} {id}".encode(), "sha256"): (kind, id) for kind, id in subjects}


async def keep_out(workspace_id: UUID, community_id: UUID, external_id: str) -> None:
    """From now on nobody of this name is taken into the community. Raises Conflict as above."""
    await current().execute(
        """insert into erased_identities (agency_id, workspace_id, id, community_id, identity_hash)
           values ($1, $2, $3, $4, $5) on conflict do nothing""",
        current().actor.agency_id,
        workspace_id,
        new_id(),
        community_id,
        await _hash_of_name(community_id, external_id),
    )


async def kept_out(workspace_id: UUID, community_id: UUID, external_ids: Iterable[str]) -> set[str]:
    """Those of the names that must not come into the community."""
    scope = current()
    where = "agency_id = $1 and workspace_id = $2 and community_id = $3"
    place = (scope.actor.agency_id, workspace_id, community_id)
    if not await scope.fetchval(f"select exists (select from erased_identities where {where})", *place):
        return set()  # nearly always: then no key is opened and nothing hashed
    names = {await _hash_of_name(community_id, external_id): external_id for external_id in external_ids}
    rows = await scope.fetch(
        f"select identity_hash from erased_identities where {where} and identity_hash = any($4::bytea[])",
        *place,
        list(names),
    )
    return {names[row["identity_hash"]] for row in rows}


async def hashes_of_words(words: Iterable[str], *, purpose: str) -> dict[str, str]:
    """In hexadecimal, by the words: the same for as long as the agency is there, and nothing to guess at for whoever has
    not its secret. Raises Conflict as above."""
    secret = await _secret()
    return {each: hmac.digest(secret, f"{purpose} {each}".encode(), "sha256").hex() for each in words}


async def _hash_of_name(community_id: UUID, external_id: str) -> bytes:
    return hmac.digest(await _secret(), f"{community_id} {external_id}".encode(), "sha256")


async def _secret() -> bytes:
    """The agency's, made when it is needed first. Sealed, so it outlives the keys of the installation: rotated with
    them, it stays the same."""
    scope = current()
    try:
        while True:
            row = await scope.fetchrow(
                "select id, secret from erasure_keys where agency_id = $1", scope.actor.agency_id
            )
            if row is not None:
                text = await open_sealed(row["secret"], table="erasure_keys", column="secret", row_id=row["id"])
                return bytes.fromhex(text)
            id = new_id()
            sealed = await seal(secrets.token_hex(32), table="erasure_keys", column="secret", row_id=id)
            await scope.execute(
                """insert into erasure_keys (agency_id, id, secret) values ($1, $2, $3)
                   on conflict (agency_id) do nothing""",
                scope.actor.agency_id,
                id,
                sealed,
            )
    except NoInstallationKey:
        raise Conflict(
            "This installation has no key for secrets yet, and without one nobody can be kept out."
        ) from None
