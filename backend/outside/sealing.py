"""Secrets at rest: each sealed for its place with the agency's key."""

import os
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.kit.ids import new_id
from backend.outside.wrapping import KEY_BYTES, NONCE_BYTES, SealBroken, is_wrapped_by_current, unwrap, wrap
from tenants.actor import system
from tenants.doors import every_agency
from tenants.scope import agency_scope, current
from tenants.tables import sealed_columns

_FORM: Final = b"\x01"  # of a sealed value: this byte, the id of its key, a nonce, and what AES-256-GCM makes of it
_HEAD: Final = 1 + 16


async def seal(text: str, *, table: str, column: str, row_id: UUID) -> bytes:
    """For exactly this place; call in the scope that writes it there. Raises NoInstallationKey."""
    key_id, key = await _current_key()
    nonce = os.urandom(NONCE_BYTES)
    return _FORM + key_id.bytes + nonce + AESGCM(key).encrypt(nonce, text.encode(), _place(table, column, row_id))


async def open_sealed(value: bytes, *, table: str, column: str, row_id: UUID) -> str:
    """Raises SealBroken for a value of another row, column or agency, NoInstallationKey."""
    if value[:1] != _FORM or len(value) < _HEAD + NONCE_BYTES:
        raise SealBroken
    nonce, sealed = value[_HEAD : _HEAD + NONCE_BYTES], value[_HEAD + NONCE_BYTES :]
    key = await _key(UUID(bytes=value[1:_HEAD]))
    try:
        return AESGCM(key).decrypt(nonce, sealed, _place(table, column, row_id)).decode()
    except InvalidTag:
        raise SealBroken from None


async def rotate_secrets() -> int:
    """Every agency gets a new key, wrapped by the installation's current one, and everything is sealed with it; how many
    values there were. May be interrupted, run again, and run while the API works: a retired key still opens what a
    request had in hand meanwhile, and the next run finds it."""
    resealed = 0
    for agency_id in await every_agency():
        async with agency_scope(system(agency_id)):
            await _replace_key()
        async with agency_scope(system(agency_id)):
            for model, column in sealed_columns():
                resealed += await _reseal(model._meta.db_table, column)
    return resealed


async def _current_key() -> tuple[UUID, bytes]:
    """The id and the key. Held until the scope ends: a rotation waits for what is being sealed with it."""
    scope = current()
    while True:
        row = await scope.fetchrow(
            "select id, wrapped from agency_keys where agency_id = $1 and retired_at is null for share",
            scope.actor.agency_id,
        )
        if row is not None:
            return row["id"], unwrap(row["wrapped"], place=_place_of_key(row["id"]))
        await _make_key()  # or a rotation has retired the key while we waited for it: then there is another


async def _make_key() -> None:
    scope, id = current(), new_id()
    await scope.execute(
        """insert into agency_keys (agency_id, id, wrapped) values ($1, $2, $3)
           on conflict (agency_id) where retired_at is null do nothing""",
        scope.actor.agency_id,
        id,
        wrap(os.urandom(KEY_BYTES), place=_place_of_key(id)),
    )


async def _key(id: UUID) -> bytes:
    scope = current()
    wrapped = await scope.fetchval(
        "select wrapped from agency_keys where agency_id = $1 and id = $2", scope.actor.agency_id, id
    )
    if wrapped is None:
        raise SealBroken
    return unwrap(wrapped, place=_place_of_key(id))


async def _replace_key() -> None:
    """The current key is retired, once nobody seals with it any more; all get the installation's current wrapping."""
    scope = current()
    agency_id = scope.actor.agency_id
    rows = await scope.fetch("select id, wrapped from agency_keys where agency_id = $1", agency_id)
    for row in rows:
        if not is_wrapped_by_current(row["wrapped"]):
            place = _place_of_key(row["id"])
            await scope.execute(
                "update agency_keys set wrapped = $3 where agency_id = $1 and id = $2",
                agency_id,
                row["id"],
                wrap(unwrap(row["wrapped"], place=place), place=place),
            )
    await scope.execute(
        "update agency_keys set retired_at = now() where agency_id = $1 and retired_at is null", agency_id
    )
    await _make_key()


async def _reseal(table: str, column: str) -> int:
    scope = current()
    agency_id = scope.actor.agency_id
    rows = await scope.fetch(
        f"select id, {column} as value from {table} where agency_id = $1 and {column} is not null for update", agency_id
    )
    for row in rows:
        text = await open_sealed(row["value"], table=table, column=column, row_id=row["id"])
        await scope.execute(
            f"update {table} set {column} = $3 where agency_id = $1 and id = $2",
            agency_id,
            row["id"],
            await seal(text, table=table, column=column, row_id=row["id"]),
        )
    return len(rows)


def _place(table: str, column: str, row_id: UUID) -> bytes:
    return f"{current().actor.agency_id}|{table}|{column}|{row_id}".encode()


def _place_of_key(id: UUID) -> bytes:
    return _place("agency_keys", "wrapped", id)
