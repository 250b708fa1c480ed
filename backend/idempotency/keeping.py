import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from tenants.actor import Actor
from tenants.scope import current

KEPT_FOR: Final = timedelta(hours=24)
_NONCE: Final = 12  # bytes, as AES-GCM wants


class IdempotencyConflict(Conflict):
    """The same request is running right now."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is running right now.")


class IdempotencyKeyReused(Invalid):
    """The key belongs to another request."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class Kept:
    """The answers of one principal's request under one key. `request` is all that makes it the same one: its scope too.

    Answers may hold what is told only once (a claim's token), so they are encrypted with the client's key, of which no
    more than a hash is kept.
    """

    def __init__(self, actor: Actor, key: str, request: bytes) -> None:
        self._lookup = f"{actor.membership_id or actor.api_client_id} {hashlib.sha256(key.encode()).hexdigest()}"
        self._fingerprint = hashlib.sha256(request).digest()
        self._cipher = AESGCM(hashlib.sha256(b"tend kept answer " + key.encode()).digest())

    async def kept(self, field_key: str) -> bytes | None:
        """What the field answered within KEPT_FOR. Call in the transaction that would do it: until that ends, whoever
        asks the same hears IdempotencyConflict. Raises IdempotencyKeyReused as well."""
        scope, lookup = current(), self._lookup_of(field_key)
        lock = int.from_bytes(lookup[:8], "big", signed=True)
        if not await scope.fetchval("select pg_try_advisory_xact_lock($1)", lock):
            raise IdempotencyConflict
        row = await scope.fetchrow(
            """select fingerprint, answer from kept_answers
                where agency_id = $1 and lookup = $2 and created_at > now() - $3::interval""",
            scope.actor.agency_id,
            lookup,
            KEPT_FOR,
        )
        if row is None:
            return None
        if row["fingerprint"] != self._fingerprint:
            raise IdempotencyKeyReused
        answer: bytes = row["answer"]
        return self._cipher.decrypt(answer[:_NONCE], answer[_NONCE:], lookup)

    async def keep(self, field_key: str, answer: bytes) -> None:
        """Call in the same transaction, after the deed."""
        scope, lookup = current(), self._lookup_of(field_key)
        nonce = secrets.token_bytes(_NONCE)
        await scope.execute(
            """insert into kept_answers (agency_id, id, lookup, fingerprint, answer) values ($1, $2, $3, $4, $5)
               on conflict (agency_id, lookup) do update
                  set fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = now()""",
            scope.actor.agency_id,
            new_id(),
            lookup,
            self._fingerprint,
            nonce + self._cipher.encrypt(nonce, answer, lookup),
        )

    def _lookup_of(self, field_key: str) -> bytes:
        return hashlib.sha256(f"{self._lookup} {field_key}".encode()).digest()


async def forget_answers(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: what nobody can ask for any more."""
    await current().execute(
        "delete from kept_answers where agency_id = $1 and created_at < now() - $2::interval",
        system.agency_id,
        KEPT_FOR,
    )
