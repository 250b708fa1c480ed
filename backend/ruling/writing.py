from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import parse_published
from backend.kit.texts import clean, clean_line
from backend.moderation import Queue
from backend.outbox import enqueue
from backend.policies import Policy
from backend.ruling.changing import note_change
from backend.ruling.conditions import OF_REPORTS, Condition, OfBank, Pattern, Words, leaves, write
from backend.ruling.matching import compile_pattern, compile_words, distinct
from backend.ruling.models import HashBank, Rule, RuleVersion
from backend.ruling.reading import read
from backend.ruling.thresholds import RULES_PER_WORKSPACE, TAGS_PER_RULE, WORDS_PER_RULE
from backend.safety import KINDS as DANGERS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

REPORT: Mapping[str, Any] = {"report": True}


async def create_rule(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str,
    policy_id: UUID,
    words: Sequence[str] = (),
    pattern: str | None = None,
) -> Rule:
    """A rule that is live at once and reports every post, old and new, with one of `words` (whole words, any case) or
    matching `pattern` (RE2). Nothing has tried it. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    if bool(words) == (pattern is not None):
        raise Invalid("Give either words or a pattern.", path=("input", "words"))
    if len(words) > WORDS_PER_RULE:
        raise Invalid(f"A rule holds at most {WORDS_PER_RULE:,} words.", path=("input", "words"))
    condition: Condition
    if pattern is not None:
        compile_pattern(pattern)
        condition = Pattern(pattern)
    else:
        condition = Words(tuple(distinct(clean(word, field="words", longest=200) for word in words)))
        compile_words(condition.words)
    rule = await _new(
        actor, workspace_id, name=name, policy_id=policy_id, condition=condition, actions=REPORT, live=True
    )
    await journal.record(
        "rule.created", subject_kind="rule", subject_id=rule.id, workspace_id=workspace_id, name=rule.name
    )
    await enqueue("apply_rules", {"rule_id": str(rule.id)}, workspace_id=workspace_id)
    return rule


async def write_rule(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str,
    policy_id: UUID,
    conditions: object,
    actions: Mapping[str, Any] = REPORT,
) -> Rule:
    """A draft, which does nothing yet. `conditions` and `actions` are JSON, in the shape of the API's input.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    condition = await checked_conditions(workspace_id, conditions)
    actions = await _checked_actions(workspace_id, actions)
    rule = await _new(actor, workspace_id, name=name, policy_id=policy_id, condition=condition, actions=actions)
    await journal.record(
        "rule.created", subject_kind="rule", subject_id=rule.id, workspace_id=workspace_id, name=rule.name
    )
    return rule


async def revise_rule(
    actor: Actor,
    rule_id: UUID,
    *,
    expected_version: int,
    policy_id: UUID | None = None,
    conditions: object | None = None,
    actions: Mapping[str, Any] | None = None,
) -> Rule:
    """A new version; what is None stays. A live rule goes on with the version it has, until the new one is made live; one
    that is tried in the shadow is tried in its new version.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    actor.must_hold(Right.WRITE_POLICIES)
    rule = await held_rule(rule_id)
    if rule.version != expected_version:
        raise Conflict("Somebody has revised this rule since you read it.", path=("input", "expectedVersion"))
    if rule.state == "archived":
        raise Conflict("An archived rule is not revised: write a new one.", path=("input", "ruleId"))
    newest = await RuleVersion.get(rule_id=rule.id, version=rule.version)
    condition = (
        read(newest.conditions) if conditions is None else await checked_conditions(rule.workspace_id, conditions)
    )
    actions = newest.actions if actions is None else await _checked_actions(rule.workspace_id, actions)
    policy_id = policy_id or newest.policy_id
    await _must_exist(Policy, policy_id, rule.workspace_id, field="policyId")
    rule.version += 1
    if rule.shadow_version is not None:
        rule.shadow_version = rule.version
    version = _version(actor, rule, condition=condition, actions=actions, policy_id=policy_id)
    await version.save()
    if rule.live_version is None:
        show(rule, version)
    await rule.save()
    await journal.record(
        "rule.revised", subject_kind="rule", subject_id=rule.id, workspace_id=rule.workspace_id, version=rule.version
    )
    return rule


async def held_rule(rule_id: UUID) -> Rule:
    """The rule, locked; and nobody else changes rules of its client meanwhile. Raises NotFound."""
    rule = await Rule.get_or_none(id=rule_id)
    if rule is None:
        raise NotFound(path=("input", "ruleId"))
    await note_change(rule.workspace_id)
    return await Rule.filter(id=rule_id, workspace_id=rule.workspace_id).select_for_update().get()


def show(rule: Rule, version: RuleVersion) -> None:
    """What the rule tells of itself is what this version says."""
    condition = read(version.conditions)
    rule.kind, rule.words, rule.pattern = "conditions", [], None
    if isinstance(condition, Words) and not condition.disguised:
        rule.kind, rule.words = "words", list(condition.words)
    elif isinstance(condition, Pattern):
        rule.kind, rule.pattern = "pattern", condition.pattern
    rule.policy_id = version.policy_id


async def checked_conditions(workspace_id: UUID, conditions: object) -> Condition:
    """Raises Invalid; NotFound for a bank of hashes that is not there."""
    condition = read(conditions)
    for leaf in leaves(condition):
        if isinstance(leaf, OfBank):
            named = parse_published(leaf.bank_id)
            assert named is not None
            await _must_exist(HashBank, named[1], workspace_id, field="conditions")
        elif isinstance(leaf, Words):
            compile_words(leaf.words, field="conditions")
    return condition


async def _checked_actions(workspace_id: UUID, actions: Mapping[str, Any]) -> dict[str, Any]:
    queue_id = actions.get("queueId")
    if queue_id is not None:
        named = parse_published(queue_id)
        if named is None or named[0] != "queue":
            raise NotFound(path=("input", "actions", "queueId"))
        await _must_exist(Queue, named[1], workspace_id, field="actions")
        if not actions.get("report", True):
            raise Invalid("Only what is reported waits in a queue.", path=("input", "actions", "queueId"))
    if actions.get("hideUntilReviewed") and not actions.get("report", True):
        raise Invalid("Only what is reported is reviewed.", path=("input", "actions", "hideUntilReviewed"))
    tags = sorted({clean_line(tag, field="tags", longest=40) for tag in actions.get("tags") or ()})
    if len(tags) > TAGS_PER_RULE:
        raise Invalid(f"A rule puts at most {TAGS_PER_RULE} tags on a post.", path=("input", "actions", "tags"))
    raises = actions.get("raises")
    if raises is not None:
        if not actions.get("report", True):
            raise Invalid("Only what is reported is raised as a danger.", path=("input", "actions", "raises"))
        raises = _checked_danger(raises)
    most = actions.get("atMostPerDay")
    if most is not None and not 1 <= most <= 1_000_000:
        raise Invalid("A limit for a day is 1 to 1,000,000.", path=("input", "actions", "atMostPerDay"))
    return {
        "report": bool(actions.get("report", True)),
        "hideUntilReviewed": bool(actions.get("hideUntilReviewed")),
        "queueId": queue_id,
        "tags": tags,
        "atMostPerDay": most,
        "raises": raises,
    }


def _checked_danger(raises: Mapping[str, Any]) -> dict[str, Any]:
    """In the shape of the API's input. Raises Invalid."""
    if str(raises["kind"]).lower() not in DANGERS:
        raise Invalid("This is no danger.", path=("input", "actions", "raises"))
    grades = {name: raises.get(name) for name in ("impact", "urgency")}
    if not all(grade is None or 1 <= grade <= 4 for grade in grades.values()):
        raise Invalid("Impact and urgency go from 1 to 4.", path=("input", "actions", "raises"))
    return {"kind": raises["kind"], **grades}


async def _must_exist(model: Any, id: UUID, workspace_id: UUID, *, field: str) -> None:
    if not await model.exists(id=id, workspace_id=workspace_id):
        raise NotFound(path=("input", field))


async def _new(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str,
    policy_id: UUID,
    condition: Condition,
    actions: Mapping[str, Any],
    live: bool = False,
) -> Rule:
    name = clean_line(name, field="name", longest=200)
    await _must_exist(Policy, policy_id, workspace_id, field="policyId")
    await note_change(workspace_id)
    if await Rule.filter(workspace_id=workspace_id).exclude(state="archived").count() >= RULES_PER_WORKSPACE:
        raise Conflict(f"A workspace holds at most {RULES_PER_WORKSPACE:,} rules.")
    rule = Rule(workspace_id=workspace_id, name=name)
    version = _version(actor, rule, condition=condition, actions=actions, policy_id=policy_id)
    show(rule, version)
    if live:
        rule.state, rule.live_version, rule.live_since = "live", 1, now()
    try:
        await rule.save()
    except IntegrityError:
        raise Conflict("Another rule of this workspace has this name.", path=("input", "name")) from None
    await version.save()
    return rule


def _version(
    actor: Actor, rule: Rule, *, condition: Condition, actions: Mapping[str, Any], policy_id: UUID
) -> RuleVersion:
    rule.counts_reports = rule.counts_reports or any(isinstance(leaf, OF_REPORTS) for leaf in leaves(condition))
    return RuleVersion(
        workspace_id=rule.workspace_id,
        rule_id=rule.id,
        version=rule.version,
        conditions=write(condition),
        actions=dict(actions),
        policy_id=policy_id,
        made_by_id=actor.membership_id,
    )
