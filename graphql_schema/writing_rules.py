"""Rules, from draft to shadow to live: the mutations."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from backend import ruling
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.on_call import DangerKind
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.rule_conditions import ConditionInput, as_json
from graphql_schema.rules import BackTest, Rule
from tenants.rights import Right

_NAME = "Unique within the client, at most 200 characters; reports by the rule quote it."
_POLICY = "The policy of this client that its reports say was broken."
_RULE = "The rule; CONFLICT if it is archived"
_EXPECTED = "The version you read; refused with CONFLICT if it has changed."


@strawberry.input(
    description="A rule that is live at once: give either words or a pattern. A client has 1,000 at most."
)
class CreateRuleInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose posts it looks at.")
    name: str = strawberry.field(description=_NAME)
    policy_id: strawberry.ID = strawberry.field(description=_POLICY)
    words: list[str] = strawberry.field(
        default_factory=list, description="Whole words, in any case: at most 2,000, of 200 characters each."
    )
    pattern: str | None = optional("In RE2 syntax, without look-around and back-references, at most 2,000 characters.")


@strawberry.type(description="The rule; it is applied to what was already posted as well.")
class CreateRulePayload:
    rule: Rule | None = strawberry.field(default=None, description="The new rule; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="The danger that what a rule finds is raised as.")
class RuleDangerInput:
    kind: DangerKind = strawberry.field(description="What danger it is.")
    impact: int | None = optional("1 a life or a child's safety, 2 serious harm, 3 limited, 4 a breach of rules.")
    urgency: int | None = optional("1 now, 2 within a day, 3 within days, 4 none. Unknown counts as 1.")


@strawberry.input(description="What becomes of a post that a rule finds; once for each rule and post.")
class RuleActionsInput:
    report: bool = strawberry.field(default=True, description="It is reported, under the rule's policy.")
    hide_until_reviewed: bool = strawberry.field(
        default=False, description="Members do not see it until somebody has decided."
    )
    queue_id: strawberry.ID | None = optional(
        "Its case waits in this queue of the client, unless somebody works on it."
    )
    tags: list[str] = strawberry.field(
        default_factory=list, description="Words that are put on it: 10 at most, of 40 characters each."
    )
    raises: RuleDangerInput | None = optional(
        "It is raised as an escalation as well: whoever is on call is paged at once. Only what is new and reported."
    )
    at_most_per_day: int | None = optional("Beyond so many posts in a day (UTC) nothing is done, only noted.")


@strawberry.input(description="A new rule, which does nothing yet. A client has 1,000 at most.")
class WriteRuleInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose posts it looks at.")
    name: str = strawberry.field(description=_NAME)
    policy_id: strawberry.ID = strawberry.field(description=_POLICY)
    conditions: ConditionInput = strawberry.field(description="What it looks for.")
    actions: RuleActionsInput | None = optional("What becomes of what it finds; it is reported when left out.")


@strawberry.input(description="A new version of a rule; what is left out stays as it is.")
class ReviseRuleInput:
    rule_id: strawberry.ID = strawberry.field(description="The rule; CONFLICT if it is archived.")
    expected_version: int = strawberry.field(description=_EXPECTED)
    policy_id: strawberry.ID | None = optional(_POLICY)
    conditions: ConditionInput | None = optional("What it looks for.")
    actions: RuleActionsInput | None = optional("What becomes of what it finds.")


@strawberry.input(description="A rule that is to be tried.")
class ShadowRuleInput:
    rule_id: strawberry.ID = strawberry.field(description=f"{_RULE} or its newest version is live.")


@strawberry.input(description="A rule that is to look at nothing for now.")
class PauseRuleInput:
    rule_id: strawberry.ID = strawberry.field(description=f"{_RULE}, or looks at nothing as it is.")


@strawberry.input(description="A rule that is not needed any more.")
class ArchiveRuleInput:
    rule_id: strawberry.ID = strawberry.field(description=f"{_RULE} already.")


@strawberry.input(description="A rule whose newest version is to act.")
class MakeRuleLiveInput:
    rule_id: strawberry.ID = strawberry.field(description="The rule; CONFLICT if its newest version is live.")
    expected_version: int = strawberry.field(description=_EXPECTED)
    despite: str | None = optional(
        "Why it goes live although it is not proven, at most 2,000 characters; goes into the journal."
    )
    with_old_posts: bool = strawberry.field(
        default=False, description="Whether it looks at what was already posted as well."
    )


@strawberry.type(description="The rule as it is now.")
class RulePayload:
    rule: Rule | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="How often a rule must be right before it goes live.")
class SetRuleTargetInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose rules they are.")
    target_precision: float = strawberry.field(
        description="Share of violations, from 0 to below 1, at the lower bound of Wilson's 95 % interval."
    )
    least_decided: int = strawberry.field(default=30, description="Of so many decided cases at least, 1 to 10,000.")


@strawberry.type(description="The client whose rules are held to it.")
class RuleTargetPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Either a rule, whose newest version is tried, or a client with conditions.")
class BackTestRuleInput:
    rule_id: strawberry.ID | None = optional("The rule whose newest version is tried.")
    workspace_id: strawberry.ID | None = optional("The client, for conditions that are of no rule yet.")
    conditions: ConditionInput | None = optional("What to look for.")
    since: datetime | None = optional("Only posts written from then on.")
    until: datetime | None = optional("Only posts written before then.")


@strawberry.input(description="A back-test that is not needed any more.")
class CancelBackTestInput:
    back_test_id: strawberry.ID = strawberry.field(description="Which one; CONFLICT if it has ended.")


@strawberry.type(description="The back-test, which a job does.")
class BackTestPayload:
    back_test: BackTest | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class WritingRules:
    @verb(
        CreateRulePayload,
        "Let Tend report posts by itself at once, without trying it before.",
        needs=Right.WRITE_POLICIES,
    )
    async def create_rule(self, info: Info, input: Input[CreateRuleInput]) -> CreateRulePayload:
        rule = await ruling.create_rule(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            name=input.name,
            policy_id=uuid_of("policy", input.policy_id, field="policyId"),
            words=input.words,
            pattern=input.pattern if isinstance(input.pattern, str) else None,
        )
        return CreateRulePayload(rule=ref(Rule, rule.id))

    @verb(RulePayload, "Write down what Tend is to look for; it does nothing yet.", needs=Right.WRITE_POLICIES)
    async def write_rule(self, info: Info, input: Input[WriteRuleInput]) -> RulePayload:
        rule = await ruling.write_rule(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            name=input.name,
            policy_id=uuid_of("policy", input.policy_id, field="policyId"),
            conditions=as_json(input.conditions),
            actions=_given(input.actions) or {},
        )
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(
        RulePayload,
        "Give a rule a new version. One that is live goes on as it was, until the new version is made live.",
        needs=Right.WRITE_POLICIES,
    )
    async def revise_rule(self, info: Info, input: Input[ReviseRuleInput]) -> RulePayload:
        rule = await ruling.revise_rule(
            actor_of(info.context),
            _rule(input.rule_id),
            expected_version=input.expected_version,
            policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
            conditions=_given(input.conditions),
            actions=_given(input.actions),
        )
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(RulePayload, "Try a rule: what it finds is counted, and nothing else happens.", needs=Right.WRITE_POLICIES)
    async def shadow_rule(self, info: Info, input: Input[ShadowRuleInput]) -> RulePayload:
        rule = await ruling.shadow_rule(actor_of(info.context), _rule(input.rule_id))
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(
        RulePayload,
        "Let the newest version of a rule act: RULE_UNPROVEN unless it was right often enough when it was tried.",
        needs=Right.WRITE_POLICIES,
    )
    async def make_rule_live(self, info: Info, input: Input[MakeRuleLiveInput]) -> RulePayload:
        rule = await ruling.make_rule_live(
            actor_of(info.context),
            _rule(input.rule_id),
            expected_version=input.expected_version,
            despite=input.despite or None,
            with_old_posts=input.with_old_posts,
        )
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(RulePayload, "Let a rule look at nothing for now.", needs=Right.WRITE_POLICIES)
    async def pause_rule(self, info: Info, input: Input[PauseRuleInput]) -> RulePayload:
        rule = await ruling.pause_rule(actor_of(info.context), _rule(input.rule_id))
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(RulePayload, "Put a rule away for good; what it did stays.", needs=Right.WRITE_POLICIES)
    async def archive_rule(self, info: Info, input: Input[ArchiveRuleInput]) -> RulePayload:
        rule = await ruling.archive_rule(actor_of(info.context), _rule(input.rule_id))
        return RulePayload(rule=ref(Rule, rule.id))

    @verb(
        RuleTargetPayload,
        "Say how often rules of a client must be right before they go live; those that are live stay so.",
        needs=Right.WRITE_POLICIES,
    )
    async def set_rule_target(self, info: Info, input: Input[SetRuleTargetInput]) -> RuleTargetPayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await ruling.set_rule_target(
            actor_of(info.context),
            workspace_id,
            target_precision=input.target_precision,
            least_decided=input.least_decided,
        )
        return RuleTargetPayload(workspace=ref(Workspace, workspace_id))

    @verb(
        BackTestPayload,
        "Find out what a rule, or conditions, would have found among stored posts.",
        needs=Right.WRITE_POLICIES,
    )
    async def back_test_rule(self, info: Info, input: Input[BackTestRuleInput]) -> BackTestPayload:
        made = await ruling.back_test_rule(
            actor_of(info.context),
            rule_id=optional_uuid_of("rule", input.rule_id, field="ruleId"),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            conditions=_given(input.conditions),
            since=input.since or None,
            until=input.until or None,
        )
        return BackTestPayload(back_test=ref(BackTest, made.id))

    @verb(BackTestPayload, "Call a back-test off; what it has counted stays.", needs=Right.WRITE_POLICIES)
    async def cancel_back_test(self, info: Info, input: Input[CancelBackTestInput]) -> BackTestPayload:
        test = await ruling.cancel_back_test(
            actor_of(info.context), uuid_of("backtest", input.back_test_id, field="backTestId")
        )
        return BackTestPayload(back_test=ref(BackTest, test.id))


def _rule(text: str) -> UUID:
    return uuid_of("rule", text, field="ruleId")


def _given(input: Any) -> Any:
    """None where it was left out."""
    return as_json(input) if input else None
