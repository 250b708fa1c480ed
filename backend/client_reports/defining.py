"""Which report a client gets: agreed once, and frozen into each report that is made of it."""

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from PIL import Image

from backend import journal
from backend.client_metrics import CATALOGUE
from backend.client_reports.models import ClientReportDefinition
from backend.client_reports.thresholds import (
    LARGEST_LOGO,
    LARGEST_SIDE,
    LOGO_PIXELS,
    MOST_DEFINITIONS,
    MOST_GOALS,
)
from backend.client_reports.wording import LANGUAGES
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

# In the order in which they are read.
SECTIONS: Final = tuple(dict.fromkeys(metric.section for metric in CATALOGUE.values()))


@dataclass(frozen=True, slots=True)
class Goal:
    """Agreed with the client since the first day of `since`, in the unit of the metric. `of`: which part of a metric that is
    broken down, such as a tier."""

    metric: str
    direction: str  # at_least, at_most
    target: float
    since: str
    of: str | None = None

    def written(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "of": self.of,
            "direction": self.direction,
            "target": self.target,
            "since": self.since,
        }


@dataclass(frozen=True, slots=True)
class WantedReport:
    """No sections: all of them. `logo`: a picture in base64; None for none."""

    name: str
    sections: Sequence[str] = ()
    period: str = "month"
    comparison: str = "period_before"
    goals: Sequence[Goal] = field(default=())
    language: str = "en"
    shows_staff: bool = False
    is_scheduled: bool = True
    logo: str | None = None


async def define_client_report(
    actor: Actor,
    workspace_id: UUID,
    wanted: WantedReport,
    *,
    definition_id: UUID | None = None,
    expected_version: int | None = None,
) -> ClientReportDefinition:
    """A new one, or one that is said anew; what was made before stays as it is. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if definition_id is None:
        if await ClientReportDefinition.filter(workspace_id=workspace_id, archived_at=None).count() >= MOST_DEFINITIONS:
            raise Conflict(f"A client has {MOST_DEFINITIONS} at most: archive one first.")
        definition = ClientReportDefinition(workspace_id=workspace_id, created_by_id=actor.membership_id)
    else:
        definition = await _held(definition_id)
        if definition.workspace_id != workspace_id:
            raise NotFound(path=("input", "definitionId"))
        if expected_version is not None and definition.version != expected_version:
            raise Conflict("Somebody has changed it since you looked.", path=("input", "expectedVersion"))
        definition.version += 1
    definition.update_from_dict(_checked(wanted))
    await definition.save()
    await _record("defined" if definition_id is None else "changed", definition)
    return definition


async def archive_client_report_definition(actor: Actor, definition_id: UUID) -> ClientReportDefinition:
    """Nothing is made of it any more. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    definition = await _held(definition_id)
    definition.archived_at = now()
    await definition.save(update_fields=("archived_at",))
    await _record("archived", definition)
    return definition


def frozen(definition: ClientReportDefinition) -> dict[str, Any]:
    """As a report keeps it."""
    return {
        "name": definition.name,
        "sections": list(definition.sections),
        "period": definition.period,
        "comparison": definition.comparison,
        "goals": definition.goals,
        "language": definition.language,
        "showsStaff": definition.shows_staff,
        "logo": definition.logo,
        "version": definition.version,
    }


async def _held(definition_id: UUID) -> ClientReportDefinition:
    """Locked. Raises NotFound, and Conflict for one that is archived."""
    definition = await ClientReportDefinition.filter(id=definition_id).select_for_update().get_or_none()
    if definition is None:
        raise NotFound(path=("input", "definitionId"))
    if definition.archived_at is not None:
        raise Conflict("It is archived.", path=("input", "definitionId"))
    return definition


def _checked(wanted: WantedReport) -> dict[str, Any]:
    """Raises Invalid."""
    if not set(wanted.sections) <= set(SECTIONS):
        raise Invalid("There is no such section.", path=("input", "sections"))
    if wanted.language not in LANGUAGES:
        raise Invalid(f"One of: {', '.join(LANGUAGES)}.", path=("input", "language"))
    if len(wanted.goals) > MOST_GOALS:
        raise Invalid(f"{MOST_GOALS} goals at most.", path=("input", "goals"))
    sections = [each for each in SECTIONS if each in wanted.sections] or list(SECTIONS)
    return {
        "name": clean_line(wanted.name, field="name", longest=200),
        "sections": sections,
        "period": wanted.period,
        "comparison": wanted.comparison,
        "goals": [_goal(each, sections) for each in wanted.goals],
        "language": wanted.language,
        "shows_staff": wanted.shows_staff,
        "is_scheduled": wanted.is_scheduled,
        "logo": None if not wanted.logo else _logo(wanted.logo),
    }


def _goal(goal: Goal, sections: Sequence[str]) -> dict[str, Any]:
    """Raises Invalid."""
    path = ("input", "goals")
    metric = CATALOGUE.get(goal.metric)
    if metric is None or metric.section not in sections:
        raise Invalid("A goal is about a metric of the report.", path=path)
    if not -1e12 < goal.target < 1e12:
        raise Invalid("A goal is a number.", path=path)
    try:
        date.fromisoformat(goal.since)
    except ValueError:
        raise Invalid("A goal counts since a day such as 2026-10-01.", path=path) from None
    of = None if goal.of is None else clean_line(goal.of, field="goals", longest=100, may_be_empty=True) or None
    return Goal(goal.metric, goal.direction, float(goal.target), goal.since, of).written()


def _logo(text: str) -> str:
    """The picture as a PNG of our own making: whatever else was in the file does not arrive. Raises Invalid."""
    path = ("input", "logo")
    if len(text) > LARGEST_LOGO:
        raise Invalid(f"{LARGEST_LOGO * 3 // 4:,} bytes at most.", path=path)
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > LARGEST_SIDE:
                raise Invalid(f"{LARGEST_SIDE:,} pixels a side at most.", path=path)
            small = picture.convert("RGBA")
            small.thumbnail(LOGO_PIXELS)
            small.info.clear()  # a colour profile would be written again, whatever is in it
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid("This is no picture: a PNG or JPEG, in base64.", path=path) from None
    packed = io.BytesIO()
    small.save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


async def _record(verb: str, definition: ClientReportDefinition) -> None:
    await journal.record(
        f"clientreportdefinition.{verb}",
        subject_kind="clientreportdefinition",
        subject_id=definition.id,
        workspace_id=definition.workspace_id,
        version=definition.version,
    )
