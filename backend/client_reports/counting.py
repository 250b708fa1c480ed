"""What is counted for a section: its metrics in the period and in the one it is compared with, and how some went day by day."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.client_metrics import CATALOGUE, Part, Status, Step, Unit, Value, measure, series
from backend.client_reports.charting import draw
from backend.client_reports.models import ClientReport
from backend.client_reports.periods import Period
from backend.client_reports.wording import Wording
from backend.communities import Community
from backend.education import Course
from backend.kit.ids import parse_published
from backend.policies import TAXONOMY
from backend.verification import VerificationProgramme
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.scope import current
from tenants.tables import TenantModel

# What is drawn. One picture says how much there was, one how well it went, where there is something to say.
DRAWN: Final[Mapping[str, Sequence[str]]] = {
    "community": ("contributions", "contributors"),
    "moderation": ("cases_opened", "closed_in_time"),
    "integrity": ("reports_by_code",),
    "safety": ("escalations_raised",),
}
_MINUTES: Final = 5  # of one statement: nobody waits
_NAMED: Final[Mapping[Part, tuple[type[TenantModel], str]]] = {
    Part.COMMUNITY: (Community, "name"),
    Part.PROGRAMME: (VerificationProgramme, "name"),
    Part.COURSE: (Course, "title"),
}


async def count_section(actor: Actor, report: ClientReport, section: str) -> dict[str, Any]:
    """{values, before, series, charts, names, knownSince}: values as they are stored, names of parts by their ids."""
    await current().execute(f"set local statement_timeout = {_MINUTES * 60_000}")
    client = report.workspace_id
    zone = (await Workspace.get(id=client)).time_zone
    period = Period(report.definition["period"], date.fromisoformat(report.period_start))
    names = [name for name, metric in CATALOGUE.items() if metric.section == section]
    window = period.window(zone)
    values = await measure(actor, client, window, names)
    compared = period.compared(report.definition["comparison"])
    before = () if compared is None else await measure(actor, client, compared.window(zone), names)
    steps = {}
    for name in DRAWN.get(section, ()):
        found = await series(actor, client, name, window, _step(name, period))
        if any(each.status is Status.OK and each.value for each in found):
            steps[name] = [each.as_json() for each in found]
    told = Wording(report.definition["language"])
    return {
        "values": [each.as_json() for each in values],
        "before": [each.as_json() for each in before],
        "series": steps,
        # Drawn here, where nobody waits: the engine takes a second to start.
        "charts": await asyncio.to_thread(lambda: [draw(name, points, told) for name, points in steps.items()]),
        "names": await _names_of((*values, *before)),
        "knownSince": await _known_since(client, zone),
    }


async def _known_since(client: UUID, zone: str) -> str | None:
    """The day of the first that Tend knows of the client, there. Before it nothing was counted, and nothing is no number to
    compare with."""
    first = await current().fetchval(
        """select least((select min(posted_at) from posts where agency_id = $1 and workspace_id = $2),
                        (select min(opened_at) from cases where agency_id = $1 and workspace_id = $2))""",
        current().actor.agency_id,
        client,
    )
    return None if first is None else str(first.astimezone(ZoneInfo(zone)).date())


def _step(name: str, period: Period) -> Step:
    """A share of a day is a share of hardly anything."""
    return Step.DAY if period.kind == "month" and CATALOGUE[name].unit is not Unit.SHARE else Step.WEEK


async def _names_of(values: Iterable[Value]) -> dict[str, str]:
    """What parts are called now that are known by an id or a code."""
    named: dict[str, str] = {}
    by_part: dict[Part, set[UUID]] = {}
    for each in values:
        part = CATALOGUE[each.metric].by
        if each.of is None or part is None:
            continue
        parsed = parse_published(each.of)
        if part is Part.CODE and each.of in TAXONOMY:
            named[each.of] = TAXONOMY[each.of].title
        elif part in _NAMED and parsed is not None:
            by_part.setdefault(part, set()).add(parsed[1])
    for part, ids in by_part.items():
        model, column = _NAMED[part]
        for id, name in await model.filter(id__in=list(ids)).values_list("id", column):
            named[f"{part.value}_{id}"] = name
    return named
