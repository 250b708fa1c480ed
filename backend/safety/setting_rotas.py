from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from backend.safety.rota_models import HolidayCalendar, Rota, RotaLayer, RotaOverride
from backend.safety.taking_turns import HOLIDAYS, WEEKDAYS
from backend.safety.thresholds import EARLIEST, LATEST, MOST_LAYERS, MOST_OVERRIDES, MOST_TURNS
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import Membership
from tenants.rights import RIGHTS_OF, Right, Role
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class WantedLayer:
    """As `taking_turns.Layer`; weekdays are mon to sun. A calendar is named unless holidays are ignored."""

    level: int
    starts_at: datetime
    shift_hours: int
    turns: Sequence[UUID]
    weekdays: Collection[str] = ()
    from_minute: int = 0
    until_minute: int = 1440
    ends_at: datetime | None = None
    holidays: str = "ignored"
    calendar_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedOverride:
    level: int
    membership_id: UUID
    starts_at: datetime
    ends_at: datetime
    instead_of_id: UUID | None = None


async def set_rota(
    actor: Actor,
    *,
    workspace_id: UUID | None,
    name: str,
    time_zone: str,
    layers: Sequence[WantedLayer],
    overrides: Sequence[WantedOverride] = (),
    rota_id: UUID | None = None,
    expected_version: int | None = None,
) -> UUID:
    """The whole of a rota, a new one without `rota_id`: from now on, also for escalations that are open. Without layers
    nobody is on call by it. Without a workspace it is the agency's, for all its clients. Raises NotAllowed, NotFound,
    Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    if workspace_id is not None:
        await find_workspace(workspace_id)
    elif not actor.sees_all:
        raise Invalid("Name one of your clients: you do not work for the whole agency.", path=("input", "workspaceId"))
    name = clean_line(name, field="name", longest=200)
    await _check(layers, overrides, time_zone)
    await _check_calendars(layers, workspace_id)
    await current().lock(locks.ESCALATING, f"rotas of {workspace_id or actor.agency_id}")  # of two of one name one is
    rota = await _rota(workspace_id, name, time_zone, rota_id=rota_id, expected_version=expected_version)
    await RotaLayer.filter(rota_id=rota.id).delete()
    await RotaOverride.filter(rota_id=rota.id).delete()
    for position, layer in enumerate(layers, start=1):
        await RotaLayer.create(
            rota_id=rota.id,
            level=layer.level,
            position=position,
            starts_at=layer.starts_at,
            shift_hours=layer.shift_hours,
            turns=[str(each) for each in layer.turns],
            weekdays=[day for day in WEEKDAYS if day in layer.weekdays],
            from_minute=layer.from_minute,
            until_minute=layer.until_minute,
            ends_at=layer.ends_at,
            holidays=layer.holidays,
            calendar_id=layer.calendar_id,
        )
    for override in overrides:
        await RotaOverride.create(
            rota_id=rota.id,
            level=override.level,
            membership_id=override.membership_id,
            instead_of_id=override.instead_of_id,
            starts_at=override.starts_at,
            ends_at=override.ends_at,
        )
    await journal.record(
        "rota.set",
        subject_kind="rota",
        subject_id=rota.id,
        workspace_id=rota.workspace_id,
        layers=len(layers),
        overrides=len(overrides),
        people=sorted({str(each) for layer in layers for each in layer.turns}),
    )
    return rota.id


async def _rota(
    workspace_id: UUID | None, name: str, time_zone: str, *, rota_id: UUID | None, expected_version: int | None
) -> Rota:
    others = Rota.filter(workspace_id=workspace_id, name=name)
    if await others.exclude(id=rota_id).exists() if rota_id else await others.exists():
        raise Conflict("Another rota has this name.", path=("input", "name"))
    if rota_id is None:
        return await Rota.create(workspace_id=workspace_id, name=name, time_zone=time_zone)
    rota = await Rota.filter(id=rota_id).select_for_update().first()
    if rota is None or rota.workspace_id != workspace_id:
        raise NotFound(path=("input", "rotaId"))
    if expected_version is not None and expected_version != rota.version:
        raise Conflict("Somebody has changed this rota since you read it.", path=("input", "expectedVersion"))
    await Rota.filter(id=rota_id).update(name=name, time_zone=time_zone, version=rota.version + 1)
    return rota


async def _check(layers: Sequence[WantedLayer], overrides: Sequence[WantedOverride], time_zone: str) -> None:
    """Raises Invalid, NotFound."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("This is no time zone: give one such as Europe/Paris.", path=("input", "timeZone")) from None
    if len(layers) > MOST_LAYERS or len(overrides) > MOST_OVERRIDES:
        raise Invalid("These are too many.", path=("input", "layers"))
    for layer in layers:
        _check_layer(layer)
    spans = [
        *((each.starts_at, each.ends_at) for each in layers),
        *((each.starts_at, each.ends_at) for each in overrides),
    ]
    if not all(EARLIEST <= at <= LATEST for span in spans for at in span if at is not None):
        raise Invalid("Rotas are of this century.", path=("input", "layers"))
    for override in overrides:
        if not 1 <= override.level <= 5 or override.starts_at >= override.ends_at:
            raise Invalid("An override has a level from 1 to 5, and ends after it begins.", path=("input", "overrides"))
    who = {each for layer in layers for each in layer.turns}
    who |= {override.membership_id for override in overrides}
    who |= {override.instead_of_id for override in overrides if override.instead_of_id is not None}
    workers = [role.value for role in Role if Right.WORK_QUEUE in RIGHTS_OF[role]]
    found = set(await Membership.filter(id__in=list(who), role__in=workers).values_list("id", flat=True))
    if who - found:
        raise NotFound(path=("input", "layers"))


async def _check_calendars(layers: Sequence[WantedLayer], workspace_id: UUID | None) -> None:
    """A client's rota has the client's calendars and the agency's; the agency's has its own. Raises NotFound."""
    named = {layer.calendar_id for layer in layers if layer.calendar_id is not None}
    found = await HolidayCalendar.filter(id__in=list(named)).values_list("id", "workspace_id")
    if named - {id for id, of in found if of in (None, workspace_id)}:
        raise NotFound(path=("input", "layers"))


def _check_layer(layer: WantedLayer) -> None:
    """Raises Invalid."""
    minutes = 0 <= layer.from_minute < 1440 and 0 < layer.until_minute <= 1440
    if not (1 <= layer.level <= 5 and 1 <= layer.shift_hours <= 744 and minutes):
        raise Invalid(
            "Levels go from 1 to 5, shifts from 1 to 744 hours, hours from 0 to 1440.", path=("input", "layers")
        )
    if layer.from_minute == layer.until_minute:
        raise Invalid("Hours end at another minute than they begin.", path=("input", "layers"))
    if not 1 <= len(layer.turns) <= MOST_TURNS:
        raise Invalid(f"Between one and {MOST_TURNS} people take turns.", path=("input", "layers"))
    if set(layer.weekdays) - set(WEEKDAYS):
        raise Invalid("Weekdays are mon to sun.", path=("input", "layers"))
    if layer.holidays not in HOLIDAYS or (layer.holidays == "ignored") != (layer.calendar_id is None):
        raise Invalid("Whoever does not ignore holidays names a calendar, and nobody else.", path=("input", "layers"))
    if layer.ends_at is not None and layer.ends_at <= layer.starts_at:
        raise Invalid("A layer ends after it begins.", path=("input", "layers"))
