"""Which platform a community is on, and what Tend reaches into it with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.acting import built_in, discourse, mastodon, site, slack
from backend.acting.letting import TABLE
from backend.acting.models import ActingKey
from backend.acting.platforms import Hand, Platform
from backend.communities import Connection
from backend.outside import open_sealed
from tenants.scope import current

PLATFORMS: Final[Mapping[str, Platform]] = {
    "built_in": built_in,
    "discourse": discourse,
    "mastodon": mastodon,
    "slack": slack,
    "webhook": site,
}
NAMES: Final = {"discourse": "Discourse", "mastodon": "Mastodon", "slack": "Slack", "webhook": "the site"}


@dataclass(frozen=True, slots=True)
class Reach:
    """`key_id` is None where the community lives in Tend."""

    connection_id: UUID
    workspace_id: UUID
    name: str
    platform: Platform
    hand: Hand
    key_id: UUID | None = None
    paced_until: datetime | None = None
    rests_until: datetime | None = None


async def why_not(connection: Connection | None, kind: str) -> str | None:
    """Why a human has to do it; None where Tend can."""
    if connection is None or connection.disconnected_at is not None:
        return "The community is connected to no platform: do it there by hand, then say so here."
    cannot = PLATFORMS[connection.platform].CANNOT.get(kind)
    if cannot is not None:
        return f"{cannot} Say here when it is done."
    if connection.platform != "built_in" and not await _key_of(connection):
        name = NAMES[connection.platform]
        return f"Tend has no key to act on {name}: give it one and retry, or do it there by hand, then say so here."
    return None


async def reach(connection_id: UUID) -> Reach | None:
    """None where Tend does not act there, or no longer."""
    connection = await Connection.get_or_none(id=connection_id)
    if connection is None:
        return None
    platform = PLATFORMS[connection.platform]
    if connection.platform == "built_in":
        return Reach(connection.id, connection.workspace_id, "built_in", platform, Hand("", "", ""))
    key = await _key_of(connection)
    if key is None:
        return None
    api_key = await open_sealed(key.api_key, table=TABLE, column="api_key", row_id=key.id)
    return Reach(
        connection.id,
        connection.workspace_id,
        connection.platform,
        platform,
        Hand(key.address or slack.ADDRESS, key.username or "", api_key),
        key.id,
        key.paced_until,
        key.rests_until,
    )


async def lives_in_tend(connection_id: UUID) -> bool:
    return await Connection.filter(id=connection_id, platform="built_in").exists()


async def rest(found: Reach, *, until: datetime) -> None:
    await _change(found, "rests_until = $4", until)


async def pace(found: Reach, *, until: datetime) -> None:
    await _change(found, "paced_until = $4", until)


async def _key_of(connection: Connection) -> ActingKey | None:
    return await ActingKey.get_or_none(workspace_id=connection.workspace_id, connection_id=connection.id)


async def _change(found: Reach, change: str, moment: datetime) -> None:
    await current().execute(
        f"update acting_keys set {change} where agency_id = $1 and workspace_id = $2 and id = $3",
        current().actor.agency_id,
        found.workspace_id,
        found.key_id,
        moment,
    )
