from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import published
from backend.safety.models import EscalationPolicy
from backend.safety.raising import KINDS
from backend.safety.rota_models import Rota
from backend.safety.thresholds import LONGEST_WAIT, MOST_LEVELS, MOST_POLICIES, MOST_TARGETS, SHORTEST_WAIT
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import Membership
from tenants.rights import CLIENT_ROLES, Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` is one of policies.TARGETS. `level` and perhaps `rota_id` belong to on_call, `staff_id` to staff."""

    kind: str
    level: int | None = None
    rota_id: UUID | None = None
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Level:
    wait_seconds: int
    targets: Sequence[Target]


@dataclass(frozen=True, slots=True)
class WantedPolicy:
    """For escalations at least as grave as `max_severity` (1 is the gravest), of these kinds or of any."""

    max_severity: int
    levels: Sequence[Level]
    kinds: Collection[str] = ()
    repeats: int = 0
    repeat_after_minutes: int = 0
    on_exhausted: str = "page_owners"


async def set_escalation_policies(
    actor: Actor, workspace_id: UUID | None, *, expected_version: int, policies: Sequence[WantedPolicy]
) -> list[UUID]:
    """A new version of the whole list, of a client or of the agency; the first that fits decides, and where none does
    the agency's, then the usual one. What is open goes on as it began. Their ids, in order. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    if workspace_id is not None:
        await find_workspace(workspace_id)
    elif not actor.sees_all:
        raise Invalid("Name one of your clients: you do not work for the whole agency.", path=("input", "workspaceId"))
    if len(policies) > MOST_POLICIES:
        raise Invalid(f"At most {MOST_POLICIES} policies.", path=("input", "policies"))
    scope = current()
    await scope.lock(locks.ESCALATING, f"policies of {workspace_id or actor.agency_id}")
    version = await policies_version(workspace_id)
    if version != expected_version:
        raise Conflict("Somebody has changed the policies since you read them.", path=("input", "expectedVersion"))
    for policy in policies:
        await _check(policy, workspace_id)
    # An empty list is a version as well: one row that fits whatever comes, without levels, stands for it.
    rows: Sequence[WantedPolicy] = policies or [WantedPolicy(max_severity=5, levels=())]
    made = []
    for position, policy in enumerate(rows, start=1):
        row = await EscalationPolicy.create(
            workspace_id=workspace_id,
            version=version + 1,
            position=position,
            max_severity=policy.max_severity,
            kinds=sorted(policy.kinds),
            levels=[_as_json(level) for level in policy.levels],
            repeats=policy.repeats,
            repeat_after_minutes=policy.repeat_after_minutes,
            on_exhausted=policy.on_exhausted,
            created_by_id=actor.membership_id,
        )
        made.append(row.id)
    whose = ("agency", actor.agency_id) if workspace_id is None else ("workspace", workspace_id)
    await journal.record(
        f"{whose[0]}.escalation_policies_set",
        subject_kind=whose[0],
        subject_id=whose[1],
        workspace_id=workspace_id,
        version=version + 1,
        policies=len(policies),
    )
    return made


async def policies_version(workspace_id: UUID | None) -> int:
    """Of the list in force; 0 before there was any."""
    scope = current()
    version: int = await scope.fetchval(
        """select coalesce(max(version), 0) from escalation_policies
            where agency_id = $1 and workspace_id is not distinct from $2""",
        scope.actor.agency_id,
        workspace_id,
    )
    return version


async def _check(policy: WantedPolicy, workspace_id: UUID | None) -> None:
    """Raises Invalid, NotFound."""
    path = ("input", "policies")
    if not 1 <= policy.max_severity <= 5 or not 0 <= policy.repeats <= 9:
        raise Invalid("Severities go from 1 to 5, repeats from 0 to 9.", path=path)
    if not 0 <= policy.repeat_after_minutes <= 1440:
        raise Invalid("A pause before it begins anew lasts a day at most.", path=path)
    if set(policy.kinds) - set(KINDS):
        raise Invalid("There is no such kind of danger.", path=path)
    if not 1 <= len(policy.levels) <= MOST_LEVELS:
        raise Invalid(f"Between one and {MOST_LEVELS} levels.", path=path)
    for level in policy.levels:
        if not SHORTEST_WAIT <= level.wait_seconds <= LONGEST_WAIT:
            raise Invalid("A level waits between a minute and a day.", path=path)
        if not 1 <= len(level.targets) <= MOST_TARGETS:
            raise Invalid(f"Between one and {MOST_TARGETS} targets.", path=path)
        for target in level.targets:
            await _check_target(target, workspace_id)


async def _check_target(target: Target, workspace_id: UUID | None) -> None:
    """Raises Invalid, NotFound."""
    path = ("input", "policies")
    if (target.kind == "on_call") != (target.level is not None):
        raise Invalid("Say which level of a rota is on call; no other target has one.", path=path)
    if target.level is not None and not 1 <= target.level <= 5:
        raise Invalid("Levels of a rota go from 1 to 5.", path=path)
    if target.rota_id is not None:
        rota = await Rota.get_or_none(id=target.rota_id) if target.kind == "on_call" else None
        if rota is None or rota.workspace_id not in (None, workspace_id):
            raise NotFound(path=path)
    if (target.kind == "staff") != (target.staff_id is not None):
        raise Invalid("Say which colleague; no other target names one.", path=path)
    if (
        target.staff_id is not None
        and not await Membership.filter(id=target.staff_id)
        .exclude(role__in=[role.value for role in CLIENT_ROLES])
        .exists()
    ):
        raise NotFound(path=path)


def _as_json(level: Level) -> dict[str, Any]:
    return {
        "waitSeconds": level.wait_seconds,
        "targets": [
            {
                "kind": target.kind.upper(),
                **({"level": target.level} if target.level is not None else {}),
                **({"rotaId": published("rota", target.rota_id)} if target.rota_id is not None else {}),
                **({"staffId": published("staff", target.staff_id)} if target.staff_id is not None else {}),
            }
            for target in level.targets
        ],
    }
