"""Numbers of one client in one window."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from backend.client_metrics.values import Value, Window
from tenants.actor import Actor


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


async def measure(actor: Actor, workspace_id: UUID, window: Window, names: Sequence[str]) -> tuple[Value, ...]:
    """In the order of `names`, each first of the whole client, then of its parts, by name. Raises NotAllowed, NotFound,
    Invalid for names that are none and windows that end before they begin."""
    raise NotImplementedError


async def series(actor: Actor, workspace_id: UUID, name: str, window: Window, step: Step) -> tuple[Value, ...]:
    """Of the whole client, one for each day, week or month of the client's calendar that the window touches; the first and
    the last may be cut. Raises as `measure`."""
    raise NotImplementedError
