"""Strikes: what a violation counts, and which threshold it makes the member reach. A ledger that is only added to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.moderation.decision_models import StrikeEntry
from backend.moderation.queue_models import StrikeThreshold
from backend.policies import PolicyVersion
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

THRESHOLDS_PER_WORKSPACE: Final = 20


@dataclass(frozen=True, slots=True)
class Threshold:
    """Whoever reaches `points` is met with `action` (warn_member, silence_member, suspend_member; None: nothing by itself)
    for `days`; None: without end."""

    points: int
    action: str | None = None
    days: int | None = None


# Where a client has said nothing. Source: Coop (moderation.md 5B), without its actions.
USUAL_THRESHOLDS: Final = (Threshold(3), Threshold(5), Threshold(10))


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's points: those that count now, and all there ever were; what was taken back is in neither."""

    active: int
    total: int


@dataclass(frozen=True, slots=True)
class Strikes:
    """What one violation adds to a standing. `needs_takedown`: no points, and the member goes for good."""

    points: int
    before: Standing
    threshold: Threshold | None
    needs_takedown: bool
    version: PolicyVersion


def points_for(version: PolicyVersion, *, earlier: int) -> int:
    """`earlier`: violations of the same policy that stand. Source: Ozone (moderation.md 5C), but for those that were taken
    back, which it goes on counting."""
    if version.needs_takedown:
        return 0
    if earlier == 0 and version.first_occurrence_count is not None:
        return version.first_occurrence_count
    if version.strike_on_occurrence > 1 and earlier < version.strike_on_occurrence - 1:
        return 0
    return version.strike_count


def fired_threshold(thresholds: Iterable[Threshold], *, before: int, added: int) -> Threshold | None:
    """The highest t with before < t <= before + added fires, alone. Source: Coop (moderation.md 5B)."""
    reached = [each for each in thresholds if before < each.points <= before + added]
    return max(reached, key=lambda each: each.points, default=None)


async def strikes_of(member_id: UUID, *, workspace_id: UUID) -> Standing:
    row = await current().fetchrow(
        """select coalesce(sum(points) filter (where expires_at > now()), 0)::integer as active,
                  coalesce(sum(points), 0)::integer as total
             from strike_entries where agency_id = $1 and workspace_id = $2 and member_id = $3""",
        current().actor.agency_id,
        workspace_id,
        member_id,
    )
    return Standing(row["active"], row["total"])


async def strikes_for(member_id: UUID, versions: Sequence[PolicyVersion], *, workspace_id: UUID) -> Strikes:
    """Of several policies only the worst counts. Adds nothing."""
    before = await strikes_of(member_id, workspace_id=workspace_id)
    found = []
    for version in versions:
        earlier = await _standing_violations(member_id, version.policy_id, workspace_id)
        found.append((version.needs_takedown, points_for(version, earlier=earlier), version))
    needs_takedown, points, version = max(found, key=lambda each: each[:2])
    threshold = fired_threshold(await thresholds_of(workspace_id), before=before.active, added=points)
    return Strikes(points, before, threshold, needs_takedown, version)


async def add_strikes(
    *, workspace_id: UUID, decision_id: UUID, member_id: UUID, versions: Sequence[PolicyVersion]
) -> Strikes:
    """Also where it counts nothing: that it happened is what the next one is counted by."""
    # Of two decisions about one member at once, the second counts on top of the first.
    await current().execute(
        "select from members where agency_id = $1 and workspace_id = $2 and id = $3 for no key update",
        current().actor.agency_id,
        workspace_id,
        member_id,
    )
    strikes = await strikes_for(member_id, versions, workspace_id=workspace_id)
    await StrikeEntry.create(
        workspace_id=workspace_id,
        member_id=member_id,
        decision_id=decision_id,
        policy_id=strikes.version.policy_id,
        points=strikes.points,
        needs_takedown=strikes.needs_takedown,
        threshold=None if strikes.threshold is None else strikes.threshold.points,
        expires_at=now() + timedelta(days=strikes.version.strike_days),
    )
    return strikes


async def take_back_strikes(decision_id: UUID, *, workspace_id: UUID) -> bool:
    """Whether there was anything to take back. The second entry ends with the first: while it counts and afterwards the
    two are nothing. Again it changes nothing."""
    taken: UUID | None = await current().fetchval(
        """insert into strike_entries (agency_id, workspace_id, id, member_id, decision_id, policy_id, points,
                                       expires_at, is_reversal)
           select e.agency_id, e.workspace_id, $4, e.member_id, e.decision_id, e.policy_id, -e.points, e.expires_at, true
             from strike_entries e
            where e.agency_id = $1 and e.workspace_id = $2 and e.decision_id = $3 and not e.is_reversal
           on conflict (agency_id, workspace_id, decision_id, is_reversal) do nothing returning id""",
        current().actor.agency_id,
        workspace_id,
        decision_id,
        new_id(),
    )
    return taken is not None


async def thresholds_of(workspace_id: UUID) -> Sequence[Threshold]:
    rows = await StrikeThreshold.filter(workspace_id=workspace_id).order_by("points")
    return [Threshold(row.points, row.action, row.days) for row in rows] or USUAL_THRESHOLDS


async def set_strike_thresholds(actor: Actor, workspace_id: UUID, thresholds: Sequence[Threshold]) -> UUID:
    """All of them; none for the usual ones. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    if len(thresholds) > THRESHOLDS_PER_WORKSPACE:
        raise _invalid(f"A client has at most {THRESHOLDS_PER_WORKSPACE} thresholds.")
    if len({each.points for each in thresholds}) < len(thresholds):
        raise _invalid("Two thresholds have the same points.")
    for each in thresholds:
        if not 1 <= each.points <= 1_000 or not 1 <= (each.days or 1) <= 3_650:
            raise _invalid("Points are 1 to 1,000, days 1 to 3,650.")
        if each.days is not None and each.action not in ("silence_member", "suspend_member"):
            raise _invalid("Only silencing and suspending have an end.")
    before = await StrikeThreshold.filter(workspace_id=workspace_id).order_by("points")
    await StrikeThreshold.filter(workspace_id=workspace_id).delete()
    for each in thresholds:
        await StrikeThreshold.create(workspace_id=workspace_id, points=each.points, action=each.action, days=each.days)
    await journal.record(
        "workspace.strike_thresholds_set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        before={"thresholds": [[row.points, row.action, row.days] for row in before]},
        after={"thresholds": sorted([each.points, each.action, each.days] for each in thresholds)},
    )
    return workspace_id


async def strikes_expected(moderator: Actor, case_id: UUID, version_id: UUID) -> Strikes:
    """What deciding the case by this version would add. Raises NotAllowed, NotFound."""
    moderator.must_hold(Right.READ_CASES)
    case = await current().fetchrow(
        """select workspace_id, member_id from cases
            where agency_id = $1 and ($2 or workspace_id = any($3)) and id = $4""",
        moderator.agency_id,
        moderator.sees_all,
        list(moderator.workspaces or ()),
        case_id,
    )
    version = (
        None if case is None else await PolicyVersion.get_or_none(id=version_id, workspace_id=case["workspace_id"])
    )
    if case is None or version is None:
        raise NotFound
    return await strikes_for(case["member_id"], [version], workspace_id=case["workspace_id"])


async def _standing_violations(member_id: UUID, policy_id: UUID, workspace_id: UUID) -> int:
    found: int = await current().fetchval(
        """select count(*) from strike_entries e
            where e.agency_id = $1 and e.workspace_id = $2 and e.member_id = $3 and e.policy_id = $4
              and not e.is_reversal and not exists (
                  select from strike_entries b where b.agency_id = $1 and b.workspace_id = $2
                     and b.decision_id = e.decision_id and b.is_reversal)""",
        current().actor.agency_id,
        workspace_id,
        member_id,
        policy_id,
    )
    return found


def _invalid(message: str) -> Invalid:
    return Invalid(message, path=("input", "thresholds"))
