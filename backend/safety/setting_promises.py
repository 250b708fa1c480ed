"""What an agency promises about escalations, how much of them anybody has at most, and whether it wants drills."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.safety.after_models import SafetySettings
from backend.safety.thresholds import LOOSEST_PROMISE, MINUTE, TIMERS
from tenants import locks
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_LONGEST: Final[Mapping[str, tuple[str, int]]] = {
    "most_grave_a_day": ("mostGraveADay", 1_000),
    "most_grave_a_week": ("mostGraveAWeek", 1_000),
    "most_grave_hours_a_day": ("mostGraveHoursADay", 24),
    "most_grave_hours_a_week": ("mostGraveHoursAWeek", 168),
}


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of severity 1 and 2 somebody has at most, in 24 hours and in 7 days, in number and in hours; None: no end."""

    most_grave_a_day: int | None = None
    most_grave_a_week: int | None = None
    most_grave_hours_a_day: int | None = None
    most_grave_hours_a_week: int | None = None


async def set_safety_settings(
    actor: Actor,
    *,
    has_monthly_drills: bool,
    acknowledge_within: Sequence[int] | None,
    caps: Caps = Caps(),
    expected_version: int,
) -> UUID:
    """`acknowledge_within`: seconds until somebody takes it, by severity; None for Tend's own. For what is raised from now
    on; law's clocks run as they do. `caps` are for who is paged from now on. Raises NotAllowed, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    if not actor.sees_all:
        raise Invalid("Whoever works for some clients does not promise for all of them.", path=("input",))
    if acknowledge_within is not None:
        _check(acknowledge_within)
    for name, (field, longest) in _LONGEST.items():
        if (most := getattr(caps, name)) is not None and not 0 < most <= longest:
            raise Invalid(f"Between 1 and {longest}, or left out.", path=("input", field))
    await current().lock(locks.ESCALATING, f"settings of {actor.agency_id}")
    known = await SafetySettings.get_or_none()
    if expected_version != (0 if known is None else known.version):
        raise Conflict("Somebody has set them meanwhile: read them again.", path=("input", "expectedVersion"))
    columns: dict[str, Any] = {
        "has_monthly_drills": has_monthly_drills,
        "acknowledge_within": None if acknowledge_within is None else list(acknowledge_within),
        **asdict(caps),
        "version": expected_version + 1,
        "updated_at": now(),
    }
    if known is None:
        known = await SafetySettings.create(**columns)
    else:
        await SafetySettings.filter(id=known.id).update(**columns)
    await journal.record(
        "safety.settings_set",
        subject_kind="safetysettings",
        subject_id=known.id,
        workspace_id=None,
        has_monthly_drills=has_monthly_drills,
        acknowledge_within=columns["acknowledge_within"],
        **asdict(caps),
    )
    return known.id


async def promises() -> list[int]:
    """Seconds by severity, the gravest first, as they are now."""
    settings = await SafetySettings.get_or_none()
    if settings is None or settings.acknowledge_within is None:
        return [timers.acknowledge for timers in TIMERS.values()]
    return settings.acknowledge_within


async def promised(severity: int) -> int:
    return (await promises())[severity - 1]


def _check(within: Sequence[int]) -> None:
    """Raises Invalid."""
    path = ("input", "acknowledgeWithin")
    if len(within) != len(TIMERS):
        raise Invalid("Say it for each of the five severities.", path=path)
    if list(within) != sorted(within) or within[0] < MINUTE:
        raise Invalid("What is graver is promised no later, and a minute is the least.", path=path)
    for severity, loosest in LOOSEST_PROMISE.items():
        if within[severity - 1] > loosest:
            raise Invalid(f"Law leaves {loosest // MINUTE} minutes at most for severity {severity}.", path=path)
