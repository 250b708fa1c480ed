"""Which client needs attention this week, and why: over all clients that somebody sees, in a few statements.

How they are ranked: first by their gravest reason, in the order of `Why`; of those alike, whoever has more reasons; then by the
gravest reason's number; then by name. A client without a reason is not in the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.measuring import measure_places
from backend.client_metrics.places import Place
from backend.client_metrics.thresholds import CHANGED_P, FEWEST_TO_COMPARE, IN_TIME_FROM, WEEK
from backend.client_metrics.values import Value, Window
from backend.kit.statistics import at_least
from backend.safety import coverage_gaps
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import current


class Why(StrEnum):
    """The gravest first: people in danger, people who wait, what was promised, what changes, what is being prepared."""

    ESCALATION_LATE = "escalation_late"
    NOBODY_ON_CALL = "nobody_on_call"
    ESCALATION_OPEN = "escalation_open"
    OPEN_PAST_DUE = "open_past_due"
    BELOW_GOAL = "below_goal"
    REPORTS_RISING = "reports_rising"
    ACTIVITY_FALLING = "activity_falling"
    CERTIFICATES_MISSING = "certificates_missing"


@dataclass(frozen=True, slots=True)
class Reason:
    """`count`: how many there are of it; `value` and `before`: the numbers that say so, of this week and of the last."""

    why: Why
    count: int
    value: Value | None = None
    before: Value | None = None


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    workspace_id: UUID
    reasons: tuple[Reason, ...]


_STANDING: Final = ("escalations_late", "escalations_open", "open_past_due", "closed_in_time", "certified_share")
_COMPARED: Final = ("reports_received", "contributors")


async def clients_needing_attention(actor: Actor, *, moment: datetime | None = None) -> list[NeedsAttention]:
    """Of all clients the actor sees, in the week until `moment`. Raises NotAllowed for whoever is not of the agency."""
    actor.must_hold(Right.READ_STAFF)
    clients = await Workspace.filter(deletes_at=None).order_by("name", "id")
    moment = moment or await current().now()
    this = [_week(client, moment) for client in clients]
    last = [_week(client, moment - WEEK) for client in clients]
    standing = await measure_places(this, [CATALOGUE[name] for name in _STANDING])
    compared = await measure_places([*this, *last], [CATALOGUE[name] for name in _COMPARED])
    uncovered = await _uncovered(actor, clients, moment)
    found = []
    for n, client in enumerate(clients):
        now_by, before_by = _whole([*standing[n], *compared[n]]), _whole(compared[len(clients) + n])
        reasons = (*_standing(now_by), *_changes(now_by, before_by))
        if uncovered.get(client.id):
            reasons = (*reasons, Reason(Why.NOBODY_ON_CALL, uncovered[client.id]))
        if reasons:
            found.append(NeedsAttention(client.id, tuple(sorted(reasons, key=_gravity))))
    return sorted(found, key=_rank)


def _week(client: Workspace, until: datetime) -> Place:
    return Place(client.id, Window(until - WEEK, until, client.time_zone))


def _whole(values: Sequence[Value]) -> dict[str, Value]:
    return {value.metric: value for value in values if value.of is None}


def _standing(values: Mapping[str, Value]) -> list[Reason]:
    reasons = [
        Reason(why, int(value.value), value)
        for why, value in (
            (Why.ESCALATION_LATE, values["escalations_late"]),
            (Why.ESCALATION_OPEN, values["escalations_open"]),
            (Why.OPEN_PAST_DUE, values["open_past_due"]),
        )
        if value.value
    ]
    in_time, certified = values["closed_in_time"], values["certified_share"]
    if in_time.high is not None and in_time.high < IN_TIME_FROM:
        reasons.append(Reason(Why.BELOW_GOAL, _left(in_time), in_time))
    if _left(certified):
        reasons.append(Reason(Why.CERTIFICATES_MISSING, _left(certified), certified))
    return reasons


def _changes(values: Mapping[str, Value], before: Mapping[str, Value]) -> list[Reason]:
    """Were nothing changed, each thing of both weeks would lie in either as likely."""
    reports, people = values["reports_received"], values["contributors"]
    reasons = []
    if _is_more(reports, before["reports_received"]):
        reasons.append(Reason(Why.REPORTS_RISING, reports.n, reports, before["reports_received"]))
    if _is_more(before["contributors"], people):
        reasons.append(
            Reason(Why.ACTIVITY_FALLING, before["contributors"].n - people.n, people, before["contributors"])
        )
    return reasons


def _is_more(of: Value, than: Value) -> bool:
    both = of.n + than.n
    return both >= FEWEST_TO_COMPARE and at_least(of.n, both, share=0.5) <= CHANGED_P


def _left(share: Value) -> int:
    return int((share.denominator or 0) - (share.numerator or 0))


async def _uncovered(actor: Actor, clients: Sequence[Workspace], moment: datetime) -> dict[UUID, int]:
    """How often nobody is on call within the coming week. Asked for where there is a rota, the client's or the agency's."""
    rotas = await current().fetch("select distinct workspace_id from rotas where agency_id = $1", actor.agency_id)
    of = {row["workspace_id"] for row in rotas}
    found = {}
    for client in clients:
        if client.id in of or None in of:
            gaps = await coverage_gaps(actor, client.id, moment=moment)
            found[client.id] = sum(gap.starts_at < moment + WEEK for gap in gaps)
    return found


def _gravity(reason: Reason) -> int:
    return list(Why).index(reason.why)


def _rank(client: NeedsAttention) -> tuple[int, int, int]:
    """Sorting leaves the order of names."""
    gravest = client.reasons[0]
    return _gravity(gravest), -len(client.reasons), -gravest.count
