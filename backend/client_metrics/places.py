"""One statement for many clients and windows: a dashboard's series, or all clients of an agency, are asked for at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.client_metrics.defining import Base, with_given
from backend.client_metrics.values import Window
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Place:
    workspace_id: UUID
    window: Window


def over(sql: str, *bases: Base) -> str:
    """SQL about one client ($2) and one window ($3, $4), which reads these bases, told of each place: its number, from 0 on,
    is `place`. What it is given: `over_values`."""
    inside = sql.replace("$2", "asked.workspace_id").replace("$3", "asked.since").replace("$4", "asked.until")
    return f"""{with_given(bases, "$2::uuid[]")}select (asked.number - 1)::int as place, told.*
                 from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
                      with ordinality as asked (workspace_id, since, until, number)
                cross join lateral ({inside}) told"""


def over_values(places: Sequence[Place]) -> tuple[Any, ...]:
    return (
        current().actor.agency_id,
        [place.workspace_id for place in places],
        [place.window.since for place in places],
        [place.window.until for place in places],
    )
