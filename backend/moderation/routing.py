"""Which queue a case goes to: a client's ordered rules in versions, of which the first that fits decides."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import journal
from backend.communities import Community
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation.leasing import reviewer
from backend.moderation.models import Case
from backend.moderation.queue_models import Queue, RoutingRule
from backend.moderation.thresholds import ROUTING_RULES
from backend.policies import Policy
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

_BY_HAND = 0  # the routing version of a case that a person or a rule sent where it is


@dataclass(frozen=True, slots=True)
class Route:
    """Where to, and for which cases: what is left empty asks for nothing. One of the channels or policies of a case's
    reports is enough."""

    queue_id: UUID
    tiers: Collection[str] = ()
    severities: Collection[str] = ()
    channels: Collection[str] = ()
    languages: Collection[str] = ()
    policy_id: UUID | None = None
    community_id: UUID | None = None
    is_at_risk: bool | None = None
    is_appeal: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What routes ask about a case."""

    tier: str
    severity: str
    channels: frozenset[str]
    policies: frozenset[UUID]
    language: str | None
    community_id: UUID
    is_at_risk: bool
    is_appeal: bool


def fits(route: Any, facts: Facts) -> bool:
    """`route` is a Route or a row of routing_rules."""
    return (
        (not route.tiers or facts.tier in route.tiers)
        and (not route.severities or facts.severity in route.severities)
        and (not route.channels or not facts.channels.isdisjoint(route.channels))
        and (not route.languages or facts.language in route.languages)
        and (route.policy_id is None or route.policy_id in facts.policies)
        and (route.community_id is None or route.community_id == facts.community_id)
        and (route.is_at_risk is None or route.is_at_risk == facts.is_at_risk)
        and (route.is_appeal is None or route.is_appeal == facts.is_appeal)
    )


async def set_routing(actor: Actor, workspace_id: UUID, *, expected_version: int, routes: Sequence[Route]) -> int:
    """A new version of the whole list; cases that wait are sent anew when something new is reported about them. The
    version. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if len(routes) > ROUTING_RULES:
        raise Invalid(f"At most {ROUTING_RULES} routes.", path=("input", "routes"))
    await current().lock(locks.ROUTING, str(workspace_id))
    version = await routing_version(workspace_id)
    if version != expected_version:
        raise Conflict("Somebody has changed the routing since you read it.", path=("input", "expectedVersion"))
    await _check(workspace_id, routes)
    for position, route in enumerate(routes, start=1):
        await RoutingRule.create(
            workspace_id=workspace_id,
            version=version + 1,
            position=position,
            queue_id=route.queue_id,
            tiers=sorted(route.tiers),
            severities=sorted(route.severities),
            channels=sorted(route.channels),
            languages=sorted(route.languages),
            policy_id=route.policy_id,
            community_id=route.community_id,
            is_at_risk=route.is_at_risk,
            is_appeal=route.is_appeal,
            created_by_id=actor.membership_id,
        )
    await journal.record(
        "routing.set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        version=version + 1,
        routes=len(routes),
    )
    return version + 1


async def move_case(actor: Actor, case_id: UUID, *, queue_id: UUID) -> None:
    """A waiting case to another queue of its client, where it stays. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    reviewer(actor)
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None:
        raise NotFound(path=("input", "caseId"))
    if not await Queue.exists(id=queue_id, workspace_id=case.workspace_id, archived_at=None):
        raise NotFound(path=("input", "queueId"))
    if case.state == "closed":
        raise Conflict("This case is closed.", path=("input", "caseId"))
    await send_to(case.id, workspace_id=case.workspace_id, queue_id=queue_id)
    await journal.record(
        "case.moved", subject_kind="case", subject_id=case.id, workspace_id=case.workspace_id, queue=str(queue_id)
    )


async def send_to(case_id: UUID, *, workspace_id: UUID, queue_id: UUID, version: int = _BY_HAND) -> None:
    """Call while holding the row lock on the case."""
    await current().execute(
        """update cases set queue_id = $4, routing_version = $5
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        workspace_id,
        case_id,
        queue_id,
        version,
    )


async def route_anew(case: Any, facts: Facts, *, workspace_id: UUID) -> None:
    """Where the rules in force send it, unless a person or a rule of the client has sent it somewhere, or it is being
    looked at. `case` is a row with id, state, queue_id and routing_version, locked."""
    if case["state"] != "queued" or case["routing_version"] == _BY_HAND:
        return
    version = await routing_version(workspace_id)
    if version == 0:
        return
    rules = await RoutingRule.filter(workspace_id=workspace_id, version=version).order_by("position")
    found = next((rule for rule in rules if fits(rule, facts)), None)
    if found is not None and await Queue.exists(id=found.queue_id, workspace_id=workspace_id, archived_at=None):
        await send_to(case["id"], workspace_id=workspace_id, queue_id=found.queue_id, version=version)


async def routing_version(workspace_id: UUID) -> int:
    """0 where nobody has set any."""
    found: int = await current().fetchval(
        "select coalesce(max(version), 0) from routing_rules where agency_id = $1 and workspace_id = $2",
        current().actor.agency_id,
        workspace_id,
    )
    return found


async def _check(workspace_id: UUID, routes: Sequence[Route]) -> None:
    """Raises NotFound for what is not the client's."""
    wanted = {
        ("queueId", Queue): {route.queue_id for route in routes},
        ("policyId", Policy): {route.policy_id for route in routes if route.policy_id},
        ("communityId", Community): {route.community_id for route in routes if route.community_id},
    }
    for (name, model), ids in wanted.items():
        if ids and await model.filter(id__in=list(ids), workspace_id=workspace_id).count() != len(ids):
            raise NotFound(path=("input", "routes", name))
