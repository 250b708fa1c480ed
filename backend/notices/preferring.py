"""How each person wants to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend import journal
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.notices import catalogue
from backend.notices.catalogue import CHANNELS, HOW
from backend.notices.models import NoticeSettings
from backend.notices.writing import LANGUAGES
from backend.outside import is_askable, seal
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import current

MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Preference:
    """Of one kind by one channel; without a workspace for all clients about which nothing else is said."""

    kind: str
    channel: str
    how: str
    workspace_id: UUID | None = None


async def set_preferences(actor: Actor, wanted: Sequence[Preference]) -> list[UUID]:
    """The actor's own; others stay as they are. Raises NotAllowed for a machine, NotFound for a client, Invalid."""
    membership_id = own_membership(actor)
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} at once.", path=("input", "preferences"))
    for each in wanted:
        _check(each)
    clients = {each.workspace_id for each in wanted if each.workspace_id is not None}
    if await Workspace.filter(id__in=list(clients), deleted_at=None).count() != len(clients):
        raise NotFound(path=("input", "preferences"))
    return [await _write(membership_id, each) for each in wanted]


async def set_settings(
    actor: Actor,
    *,
    time_zone: str = "UTC",
    language: str = "en",
    digest_hour: int = 8,
    quiet_from: int | None = None,
    quiet_until: int | None = None,
    chat_url: str | None = None,
) -> UUID:
    """All of the actor's own; the chat stays where `chat_url` is None, and goes with an empty one. Raises NotAllowed for
    a machine, Invalid."""
    membership_id = own_membership(actor)
    if language not in LANGUAGES:
        raise Invalid(f"Tend writes in {', '.join(LANGUAGES)}.", path=("input", "language"))
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("This is no time zone, such as Europe/Paris.", path=("input", "timeZone")) from None
    for name, hour in (("digestHour", digest_hour), ("quietFrom", quiet_from), ("quietUntil", quiet_until)):
        if hour is not None and not 0 <= hour <= 23:
            raise Invalid("Hours are 0 to 23.", path=("input", name))
    if (quiet_from is None) != (quiet_until is None):
        raise Invalid("Quiet hours have a beginning and an end.", path=("input", "quietUntil"))
    scope = current()
    await scope.execute(
        """insert into notice_settings (agency_id, id, membership_id) values ($1, $2, $3)
           on conflict (agency_id, membership_id) do nothing""",
        actor.agency_id,
        new_id(),
        membership_id,
    )
    settings = await NoticeSettings.filter(membership_id=membership_id).select_for_update().get()
    settings.update_from_dict(
        {
            "time_zone": time_zone,
            "language": language,
            "digest_hour": digest_hour,
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
        }
    )
    if chat_url is not None:
        settings.chat_url = await _sealed(chat_url, settings.id)
        settings.has_chat = settings.chat_url is not None
        # What the agency tells them leaves for somebody else's server from now on.
        await journal.record(
            "membership.chat_set" if settings.has_chat else "membership.chat_removed",
            subject_kind="staff",
            subject_id=membership_id,
            workspace_id=None,
            host=urlsplit(chat_url.strip()).hostname,
        )
    await settings.save()
    return settings.id


async def settings_of(actor: Actor) -> UUID | None:
    """The id of the actor's own; None for a machine, and for whoever has said nothing."""
    id: UUID | None = await current().fetchval(
        "select id from notice_settings where agency_id = $1 and membership_id = $2",
        actor.agency_id,
        actor.membership_id,
    )
    return id


async def never_again(membership_id: UUID, kinds: Sequence[str], *, channel: str) -> None:
    """By this channel, for whichever client; also not what waits to be sent. Danger cannot be stopped."""
    scope = current()
    for kind in kinds:
        if kind in catalogue.KINDS and not catalogue.KINDS[kind].is_danger:
            await scope.execute(
                "delete from notice_preferences where agency_id = $1 and membership_id = $2 and kind = $3 and channel = $4",
                scope.actor.agency_id,
                membership_id,
                kind,
                channel,
            )
            await _write(membership_id, Preference(kind, channel, "never"))


def own_membership(actor: Actor) -> UUID:
    """Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    if actor.membership_id is None:
        raise NotAllowed("A machine is told nothing.")
    return actor.membership_id


def _check(wanted: Preference) -> None:
    """Raises Invalid."""
    about = catalogue.KINDS.get(wanted.kind)
    if about is None:
        raise Invalid(f"Kinds are {', '.join(sorted(catalogue.KINDS))}.", path=("input", "preferences"))
    assert wanted.channel in CHANNELS
    assert wanted.how in HOW
    if about.is_danger and wanted.channel == "mail" and wanted.how != "at_once":
        raise Invalid("Danger is always mailed, and at once.", path=("input", "preferences"))


async def _write(membership_id: UUID, wanted: Preference) -> UUID:
    scope = current()
    id: UUID = await scope.fetchval(
        """insert into notice_preferences (agency_id, id, membership_id, workspace_id, kind, channel, how)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (agency_id, membership_id, kind, channel, workspace_id) do update set how = excluded.how
           returning id""",
        *(scope.actor.agency_id, new_id(), membership_id, wanted.workspace_id),
        *(wanted.kind, wanted.channel, wanted.how),
    )
    if wanted.how == "never":
        await scope.execute(
            """update notice_deliveries d
                  set state = 'dropped', problem = 'They do not want to be told this way any more.', ended_at = now()
                where d.agency_id = $1 and d.membership_id = $2 and d.kind = $3 and d.channel = $4
                  and d.state = 'waiting'
                  and (d.workspace_id = $5 or $5::uuid is null and not exists (
                       select from notice_preferences p where p.agency_id = $1 and p.membership_id = $2
                          and p.kind = $3 and p.channel = $4 and p.workspace_id = d.workspace_id))""",
            *(scope.actor.agency_id, membership_id, wanted.kind, wanted.channel, wanted.workspace_id),
        )
    return id


async def _sealed(chat_url: str, settings_id: UUID) -> bytes | None:
    """Raises Invalid."""
    url = clean(chat_url, field="chatUrl", longest=500, may_be_empty=True)
    if not url:
        return None
    if not is_askable(url):
        raise Invalid("This is no https address of a public server.", path=("input", "chatUrl"))
    return await seal(url, table="notice_settings", column="chat_url", row_id=settings_id)
