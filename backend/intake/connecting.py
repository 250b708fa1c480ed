"""A community and its platform: where deliveries go, and the secret that they are signed with."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from backend import journal
from backend.acting import drop_key
from backend.communities import Connection
from backend.intake.thresholds import LONGEST_OVERLAP, LONGEST_SECRET, SHORTEST_SECRET
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.outside import is_askable, open_sealed, public_address, seal
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current
from tenants.tokens import hash_of, new_link_token

TABLE: Final = "connections"
CONNECTABLE: Final = frozenset({"discourse", "slack", "mastodon", "webhook"})
# Whose secret Tend can make. Slack makes its own with the app, and Mastodon once it knows where to deliver.
_MADE_HERE: Final = frozenset({"discourse", "webhook"})
LONGEST_ADDRESS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Connected:
    """`deliver_to` and `secret` are told here and nowhere else; `secret` is None where the platform made it."""

    community_id: UUID
    deliver_to: str | None
    secret: str | None


async def connect_community(
    actor: Actor, community_id: UUID, *, platform: str, address: str | None, secret: str | None
) -> Connected:
    """From now on the platform can tell what happens there. Of one that was disconnected before, the old address opens
    nothing any more. Raises NotAllowed, NotFound, Invalid, and Conflict where the community is connected."""
    connection = await held_connection(actor, community_id)
    if platform not in CONNECTABLE:
        raise Invalid("A community cannot be connected to this platform.", path=("input", "platform"))
    if connection.platform != "built_in" and connection.disconnected_at is None:
        raise Conflict("The community is connected already: disconnect it first.", path=("input", "communityId"))
    checked = _checked_address(address)
    is_made_here = secret is None and platform in _MADE_HERE
    chosen = _new_secret(platform) if is_made_here else _checked_secret(platform, secret)
    connection.platform, connection.address = platform, checked
    connection.secret = None if chosen is None else await _sealed(chosen, "secret", connection.id)
    connection.previous_secret = connection.previous_until = connection.disconnected_at = None
    connection.connected_at = now()
    await _save(connection)
    token = await _open_door(connection.id)
    await _record("connected", connection, platform=platform, host=urlsplit(checked or "").hostname)
    return Connected(community_id, f"{public_address()}/in/{token}", chosen if is_made_here else None)


async def rotate_connection_secret(
    actor: Actor, community_id: UUID, *, secret: str | None, overlap: timedelta
) -> Connected:
    """Another secret; for `overlap` the old one is believed as well. Raises NotAllowed, NotFound, Invalid, and Conflict
    where the community is not connected."""
    connection = await _connected(actor, community_id)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"Both are believed for at most {LONGEST_OVERLAP.days} days.", path=("input", "overlapMinutes"))
    is_made_here = secret is None and connection.platform in _MADE_HERE
    chosen = _new_secret(connection.platform) if is_made_here else _checked_secret(connection.platform, secret)
    if chosen is None:
        raise Invalid("The platform makes this secret: give it here.", path=("input", "secret"))
    connection.previous_secret = connection.previous_until = None
    if connection.secret is not None and overlap:
        old = await open_sealed(connection.secret, table=TABLE, column="secret", row_id=connection.id)
        connection.previous_secret = await _sealed(old, "previous_secret", connection.id)
        connection.previous_until = now() + overlap
    connection.secret = await _sealed(chosen, "secret", connection.id)
    await _save(connection)
    await _record("secret_rotated", connection, previous_until=connection.previous_until)
    return Connected(community_id, None, chosen if is_made_here else None)


async def disconnect_community(actor: Actor, community_id: UUID) -> None:
    """Whatever the platform tells from now on is refused; what it told stays. Tend acts there no more. Raises NotAllowed, NotFound, and Conflict
    where the community is not connected."""
    connection = await _connected(actor, community_id)
    connection.disconnected_at = now()
    connection.secret = connection.previous_secret = connection.previous_until = None
    await drop_key(connection.workspace_id, connection.id)
    await _save(connection)
    await _record("disconnected", connection, platform=connection.platform)


async def held_connection(actor: Actor, community_id: UUID) -> Connection:
    """Locked. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    # NO KEY: deliveries that are just being stored point at it, and need not wait.
    connection = await Connection.filter(community_id=community_id).select_for_update(no_key=True).get_or_none()
    if connection is None:
        raise NotFound(path=("input", "communityId"))
    return connection


async def _connected(actor: Actor, community_id: UUID) -> Connection:
    connection = await held_connection(actor, community_id)
    if connection.platform == "built_in" or connection.disconnected_at is not None:
        raise Conflict("The community is connected to no platform.", path=("input", "communityId"))
    return connection


def _checked_address(address: str | None) -> str | None:
    if address is None:
        return None
    address = clean(address, field="address", longest=LONGEST_ADDRESS)
    if not is_askable(address):
        raise Invalid("This is no https address on port 443 without a name or password.", path=("input", "address"))
    return address


def _new_secret(platform: str) -> str:
    if platform == "webhook":
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return secrets.token_urlsafe(32)


def _checked_secret(platform: str, secret: str | None) -> str | None:
    """None for Mastodon's, which is known only after there is an address. Raises Invalid."""
    if secret is None:
        if platform == "mastodon":
            return None
        raise Invalid("The platform makes this secret: give it here.", path=("input", "secret"))
    secret = clean(secret, field="secret", longest=LONGEST_SECRET)
    if platform == "webhook":
        try:
            length = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
        except binascii.Error:
            length = 0
        if not secret.startswith("whsec_") or not 24 <= length <= 64:
            raise Invalid("A secret is whsec_ and 24 to 64 bytes in base64.", path=("input", "secret"))
    elif len(secret) < SHORTEST_SECRET:
        raise Invalid(f"A secret has at least {SHORTEST_SECRET} characters.", path=("input", "secret"))
    return secret


async def _sealed(secret: str, column: str, id: UUID) -> bytes:
    return await seal(secret, table=TABLE, column=column, row_id=id)


async def _save(connection: Connection) -> None:
    connection.is_ready = connection.secret is not None and connection.disconnected_at is None
    connection.version += 1
    await connection.save(
        update_fields=(
            *("platform", "address", "secret", "previous_secret", "previous_until"),
            *("is_ready", "connected_at", "disconnected_at", "version"),
        )
    )


async def _open_door(connection_id: UUID) -> str:
    """The token of the one address that opens it from now on."""
    scope, token = current(), new_link_token()
    agency_id = scope.actor.agency_id
    await scope.execute(
        "delete from doors where kind = 'connection' and agency_id = $1 and target_id = $2", agency_id, connection_id
    )
    await scope.execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ('connection', $1, $2, $3)",
        hash_of(token),
        agency_id,
        connection_id,
    )
    return token


async def _record(verb: str, connection: Connection, **detail: Any) -> None:
    """Of an address only the host."""
    await journal.record(
        f"community.{verb}",
        subject_kind="community",
        subject_id=connection.community_id,
        workspace_id=connection.workspace_id,
        **detail,
    )
