"""From draft to shadow to live, and back."""

from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.outbox import enqueue
from backend.ruling.changing import note_change
from backend.ruling.measuring import Record, record_of
from backend.ruling.models import BackTest, Rule, Ruleset, RuleVersion
from backend.ruling.thresholds import LEAST_DECIDED
from backend.ruling.writing import held_rule, show
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right


class RuleUnproven(Conflict):
    """Too little of what it finds was decided, or too much of that was no violation."""

    code = "RULE_UNPROVEN"

    def __init__(self, best: Record, *, target: float, least_decided: int) -> None:
        super().__init__(
            f"Of what this version finds {best.decided:,} were decided (at least {least_decided:,} are needed) and "
            f"{best.upheld:,} of them were violations: a precision of at least {best.precision_at_least:.2f}, where this "
            f"client wants {target:.2f}. Try it in the shadow or on stored posts, or say why it goes live despite that.",
            path=("input", "ruleId"),
        )


async def shadow_rule(actor: Actor, rule_id: UUID) -> Rule:
    """Try the newest version: what it finds is counted, and nothing else happens. A live rule goes on beside it.

    Raises NotAllowed, NotFound, Conflict.
    """
    actor.must_hold(Right.WRITE_POLICIES)
    rule = await _open_rule(rule_id)
    if rule.state == "live" and rule.live_version == rule.version:
        raise Conflict("Its newest version is live: revise or pause it first.", path=("input", "ruleId"))
    rule.shadow_version = rule.version
    if rule.state != "live":
        rule.state, rule.live_version, rule.live_since = "shadow", None, None
        show(rule, await RuleVersion.get(rule_id=rule.id, version=rule.version))
    return await _turned(rule, "shadowed")


async def make_rule_live(
    actor: Actor, rule_id: UUID, *, expected_version: int, despite: str | None = None, with_old_posts: bool = False
) -> Rule:
    """Let the newest version act, on new posts, and with `with_old_posts` on those that are there as well.

    It must have been tried: what was decided among the posts it found (in the shadow, or in its latest back-test) tells how
    often it is right. `despite` is why it goes live anyway. A paused rule whose version was live before just goes on.
    Raises NotAllowed, NotFound, Invalid, Conflict, RuleUnproven.
    """
    actor.must_hold(Right.WRITE_POLICIES)
    if despite is not None:
        despite = clean(despite, field="despite", longest=2_000)
    rule = await _open_rule(rule_id)
    if rule.version != expected_version:
        raise Conflict("Somebody has revised this rule since you read it.", path=("input", "expectedVersion"))
    if rule.state == "live" and rule.live_version == rule.version:
        raise Conflict("It is live already.", path=("input", "ruleId"))
    goes_on = rule.state == "paused" and rule.live_version == rule.version
    best = await _best_record(rule)
    if not goes_on and despite is None:
        await _must_be_proven(rule, best)
    rule.state, rule.live_version, rule.shadow_version, rule.live_since = "live", rule.version, None, now()
    rule.alarm_state, rule.alarm_rate, rule.usual_rate, rule.alarm_p = "insufficient_data", None, None, None
    show(rule, await RuleVersion.get(rule_id=rule.id, version=rule.version))
    detail: dict[str, Any] = {"decided": best.decided, "upheld": best.upheld}
    if despite is not None:
        detail["despite"] = despite
    await _turned(rule, "made_live", **detail)
    if with_old_posts:
        await enqueue("apply_rules", {"rule_id": str(rule.id)}, workspace_id=rule.workspace_id)
    return rule


async def pause_rule(actor: Actor, rule_id: UUID) -> Rule:
    """It looks at nothing, neither live nor in the shadow. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    rule = await _open_rule(rule_id)
    if rule.state not in ("live", "shadow"):
        raise Conflict("It looks at nothing as it is.", path=("input", "ruleId"))
    rule.state, rule.shadow_version = "paused", None
    return await _turned(rule, "paused")


async def archive_rule(actor: Actor, rule_id: UUID) -> Rule:
    """For good: what it did stays, and its name is taken. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    rule = await _open_rule(rule_id)
    rule.state, rule.shadow_version = "archived", None
    return await _turned(rule, "archived")


async def set_rule_target(
    actor: Actor, workspace_id: UUID, *, target_precision: float, least_decided: int = LEAST_DECIDED
) -> Ruleset:
    """How often a rule must be right before it goes live. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    if not 0 <= target_precision < 1:
        raise Invalid("A precision is at least 0 and less than 1.", path=("input", "targetPrecision"))
    if not 1 <= least_decided <= 10_000:
        raise Invalid("Ask for 1 to 10,000 decided cases.", path=("input", "leastDecided"))
    await note_change(workspace_id)
    ruleset = await Ruleset.get(workspace_id=workspace_id)
    ruleset.target_precision, ruleset.least_decided = target_precision, least_decided
    await ruleset.save(update_fields=("target_precision", "least_decided"))
    await journal.record(
        "rules.target_set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        target_precision=target_precision,
        least_decided=least_decided,
    )
    return ruleset


async def _open_rule(rule_id: UUID) -> Rule:
    rule = await held_rule(rule_id)
    if rule.state == "archived":
        raise Conflict("The rule is archived, for good.", path=("input", "ruleId"))
    return rule


async def _best_record(rule: Rule) -> Record:
    """What is known of the newest version by its firings, or by its latest back-test: whichever says more."""
    records = [await record_of(rule.workspace_id, rule.id, rule.version)]
    tested = (
        await BackTest.filter(workspace_id=rule.workspace_id, rule_id=rule.id, rule_version=rule.version, state="done")
        .order_by("-asked_at")
        .first()
    )
    if tested is not None:
        records.append(Record(tested.fired, tested.decided, tested.upheld))
    return max(records, key=lambda record: record.decided)


async def _must_be_proven(rule: Rule, best: Record) -> None:
    ruleset = await Ruleset.get(workspace_id=rule.workspace_id)
    if best.decided < ruleset.least_decided or best.precision_at_least < ruleset.target_precision:
        raise RuleUnproven(best, target=ruleset.target_precision, least_decided=ruleset.least_decided)


async def _turned(rule: Rule, how: str, **detail: Any) -> Rule:
    await rule.save()
    await journal.record(
        f"rule.{how}",
        subject_kind="rule",
        subject_id=rule.id,
        workspace_id=rule.workspace_id,
        version=rule.version,
        **detail,
    )
    return rule
