"""Whether Tend may act in a community: the key that the platform gave it, which nobody can read again."""

import base64
import binascii
import secrets
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from backend import journal
from backend.acting.models import ActingKey
from backend.acting.thresholds import LONGEST_KEY, SECRET_BYTES
from backend.communities import Connection
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean, clean_line
from backend.outbox import enqueue
from backend.outside import is_askable, seal
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

TABLE: Final = "acting_keys"
_LONGEST_ADDRESS: Final = 2_000
_WITH_ADDRESS: Final = frozenset({"discourse", "mastodon", "webhook"})


async def let_tend_act(
    actor: Actor, community_id: UUID, *, api_key: str | None, api_user: str | None, address: str | None
) -> str | None:
    """From now on actions are carried out there; what failed before is retried by hand. For a site that is asked by
    webhook, `api_key` is the secret; the one that was made where none is given is answered, here and nowhere else.

    Raises NotAllowed, NotFound, Invalid, and Conflict where the community is connected to no platform.
    """
    connection = await held_connection(actor, community_id)
    if connection.platform == "built_in" or connection.disconnected_at is not None:
        raise Conflict("The community is connected to no platform.", path=("input", "communityId"))
    platform, made = connection.platform, None
    if platform == "webhook" and api_key is None:
        made = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    key = ActingKey(
        id=new_id(),
        workspace_id=connection.workspace_id,
        connection_id=connection.id,
        platform=platform,
        address=_checked_address(platform, address or connection.address),
        username=_checked_user(platform, api_user),
    )
    key.api_key = await seal(made or _checked_key(platform, api_key), table=TABLE, column="api_key", row_id=key.id)
    await drop_key(connection.workspace_id, connection.id)
    await key.save(force_create=True)
    # What waits, perhaps because of the key before, need wait no longer.
    await enqueue("carry_out_actions", {"connection_id": str(connection.id)}, workspace_id=connection.workspace_id)
    await _record("acting_allowed", connection, platform=platform, host=urlsplit(key.address or "").hostname)
    return made


async def stop_acting(actor: Actor, community_id: UUID) -> None:
    """What is ordered from now on is for humans; so is what waits, once its turn comes. Raises NotAllowed, NotFound, and
    Conflict where Tend does not act."""
    connection = await held_connection(actor, community_id)
    if not await drop_key(connection.workspace_id, connection.id):
        raise Conflict("Tend does not act in this community.", path=("input", "communityId"))
    await _record("acting_stopped", connection, platform=connection.platform)


async def drop_key(workspace_id: UUID, connection_id: UUID) -> bool:
    """Whether there was one. Call where the community is no longer the platform's: a key never outlives its connection."""
    dropped = await current().change(
        "delete from acting_keys where agency_id = $1 and workspace_id = $2 and connection_id = $3",
        current().actor.agency_id,
        workspace_id,
        connection_id,
    )
    return dropped > 0


async def held_connection(actor: Actor, community_id: UUID) -> Connection:
    """Locked. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    # NO KEY: deliveries and actions that are just being stored point at it, and need not wait.
    connection = await Connection.filter(community_id=community_id).select_for_update(no_key=True).get_or_none()
    if connection is None:
        raise NotFound(path=("input", "communityId"))
    return connection


def _checked_address(platform: str, address: str | None) -> str | None:
    if platform not in _WITH_ADDRESS:
        return None
    if address is None:
        raise Invalid("Give the address of the site.", path=("input", "address"))
    address = clean(address, field="address", longest=_LONGEST_ADDRESS)
    if not is_askable(address):
        raise Invalid("This is no https address on port 443 without a name or password.", path=("input", "address"))
    return address if platform == "webhook" else address.rstrip("/")


def _checked_user(platform: str, user: str | None) -> str | None:
    if platform != "discourse":
        return None
    if user is None:
        raise Invalid("Give the username of the moderator or admin whose key it is.", path=("input", "apiUser"))
    return clean_line(user, field="apiUser", longest=200)


def _checked_key(platform: str, key: str | None) -> str:
    if key is None:
        raise Invalid("The platform makes this key: give it here.", path=("input", "apiKey"))
    key = clean(key, field="apiKey", longest=LONGEST_KEY)
    if not (key.isascii() and key.isprintable()):
        raise Invalid("A key has letters, digits and signs of ASCII only.", path=("input", "apiKey"))
    if platform == "webhook":
        try:
            length = len(base64.b64decode(key.removeprefix("whsec_"), validate=True))
        except binascii.Error:
            length = 0
        if not key.startswith("whsec_") or not 24 <= length <= 64:
            raise Invalid("A secret is whsec_ and 24 to 64 bytes in base64.", path=("input", "apiKey"))
    return key


async def _record(verb: str, connection: Connection, **detail: Any) -> None:
    """Of an address only the host."""
    await journal.record(
        f"community.{verb}",
        subject_kind="community",
        subject_id=connection.community_id,
        workspace_id=connection.workspace_id,
        **detail,
    )
