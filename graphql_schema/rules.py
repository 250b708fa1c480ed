"""What Tend looks for by itself, what it found, and how often it was right."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend import ruling
from graphql_schema.communities import Post
from graphql_schema.describing import optional, value
from graphql_schema.orders import BackTestOrder, CreationOrder, FiringOrder, VersionOrder
from graphql_schema.policies import Policy
from graphql_schema.projection import Connection, Filters, Node, column, many, one, publish, same_row, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="How a rule finds posts.")
class RuleKind(Enum):
    WORDS = value("words", "By whole words, in any case.")
    PATTERN = value("pattern", "By an RE2 pattern.")
    CONDITIONS = value("conditions", "By `conditions` that say more than words or a pattern.")


@strawberry.enum(description="What a rule does.")
class RuleState(Enum):
    DRAFT = value("draft", "Nothing yet: it was written and never tried.")
    SHADOW = value("shadow", "It is tried: what it finds is counted, and nothing else happens.")
    LIVE = value("live", "It acts. A newer version may be tried in the shadow beside it.")
    PAUSED = value("paused", "It looks at nothing, until it is made live or tried again.")
    ARCHIVED = value("archived", "It looks at nothing any more, for good.")


@strawberry.enum(description="Whether a rule finds more than it used to.")
class AlarmState(Enum):
    OK = value("ok", "As often as usual, or more by chance.")
    ALARM = value("alarm", "Far more than usual: chance does that once in two hundred times.")
    INSUFFICIENT_DATA = value("insufficient_data", "It has not looked at enough to tell.")


@strawberry.enum(description="How a rule came to find a post.")
class FiringMode(Enum):
    LIVE = value("live", "It acted on a new or edited post.")
    SHADOW = value("shadow", "It was tried, and did nothing.")
    OLD = value("old", "It acted on what was there before it.")


@strawberry.enum(description="Where a back-test is.")
class BackTestState(Enum):
    RUNNING = value("running", "It looks at posts, a piece at a time.")
    DONE = value("done", "It has looked at all of them.")
    FAILED = value("failed", "It could not go on: `problem` says why.")
    CANCELLED = value("cancelled", "Somebody called it off; its counts are of what it had looked at.")


@strawberry.enum(description="How media is recognised.")
class HashKind(Enum):
    SHA256 = value("sha256", "The same file, byte for byte.")
    PDQ = value("pdq", "A picture that looks the same: at most 31 of 256 bits differ, at a quality of 50 or more.")


@strawberry.enum(description="What is thought of a picture or film.")
class HashOpinion(Enum):
    NEGATIVE = value("negative", "It is not accepted.")
    INVESTIGATION_SEED = value("investigation_seed", "It is worth a look.")
    POSITIVE = value("positive", "It is known to be fine, however much it looks like another.")


@strawberry.input(description="Which rules; a field that is left out or null asks for nothing.")
class RuleFilter:
    state: RuleState | None = optional("Only those in this state.")


RULE_FILTERS: Final = Filters(RuleFilter, {"state": "{row}.state = {value}::text"})
_OF_VERSION: Final = ruling.RECORD.format(
    agency="{agency}", workspace="{row}.workspace_id", rule="{row}.rule_id", version="{row}.version"
)


def _precision(sign: str, of: str) -> str:
    """A bound of Wilson's 95 % interval, of `upheld` of `decided` in `of`, step by step as in backend/kit/statistics.py;
    null of nothing."""
    z = 1.959963984540054
    return (
        f"(select case when n > 0 then greatest(0, least(1, (k / n + z2 / (2 * n)) / (1 + z2 / n) {sign} "
        f"{z}::float8 * sqrt(k / n * (1 - k / n) / n + z2 / (4 * n * n)) / (1 + z2 / n))) end "
        f"from (select upheld::float8 as k, decided::float8 as n, {z * z}::float8 as z2 from {of}) x)"
    )


@publish(ruling.RuleVersion, needs=Right.READ_CASES)
class RuleRecord:
    """How often a version was right. Firings are kept for 180 days, those of the shadow for 30."""

    found: int = sql(f"(select found::int from ({_OF_VERSION}) x)", description="Posts it found, in whichever mode.")
    decided: int = sql(
        f"(select decided::int from ({_OF_VERSION}) x)", description="Of these, those whose case was decided."
    )
    upheld: int = sql(f"(select upheld::int from ({_OF_VERSION}) x)", description="Of these, those with a violation.")
    precision_at_least: float | None = sql(
        _precision("-", f"({_OF_VERSION}) y"),
        description="The share of violations: lower bound of Wilson's 95 % interval; null where nothing was decided.",
    )
    precision_at_most: float | None = sql(
        _precision("+", f"({_OF_VERSION}) y"), description="Its upper bound; null where nothing was decided."
    )


@publish(ruling.RuleVersion, kind="ruleversion", needs=Right.READ_CASES)
class RuleVersion(Node):
    """What a rule looked for, and did, at a time; never changed."""

    id: strawberry.ID
    version: int = column(description="1 for the first, one more with every revision.")
    conditions: JSON = column(description="What it looks for, in the shape of ConditionInput.")
    actions: JSON = column(description="What becomes of a post it finds, in the shape of RuleActionsInput.")
    policy: Policy | None = one("policy_id", description="What its reports say was broken.")
    made_by: Staff | None = one(
        "made_by_id", description="Who wrote it; null for a machine, or where you may not see staff."
    )
    created_at: datetime = column(description="When it was written.")
    record: RuleRecord = same_row(description="How often it was right.")


@publish(ruling.RuleFiring, kind="rulefiring", needs=Right.READ_CASES)
class RuleFiring(Node):
    """A rule has found a post."""

    id: strawberry.ID
    version: int = column(description="Which of its versions.")
    mode: FiringMode = column(description="How it came to that.")
    is_held_back: bool = column(description="Whether nothing was done, since it had done enough for a day.")
    at: datetime = column(description="When it was found.")
    post: Post | None = one("post_id", description="What it found.")


@publish(ruling.Rule, needs=Right.READ_CASES)
class RuleAlarm:
    """How much a live rule finds, by the last hour in which it looked at something, against the week before."""

    state: AlarmState = column("alarm_state", description="Whether that is too much. Computed every hour.")
    rate: float | None = column(
        "alarm_rate", description="The share of posts it found in that hour; null without enough data."
    )
    usual_rate: float | None = column(
        "usual_rate", description="The share before, later hours weighing more; null without enough data."
    )
    p_value: float | None = column(
        "alarm_p",
        description="How likely so many are by chance; null where the rate is below 1.25 times the usual one.",
    )


@publish(ruling.BackTest, kind="backtest", needs=Right.READ_CASES)
class BackTest(Node):
    """What conditions would have found among stored posts."""

    id: strawberry.ID
    state: BackTestState = column(description="Where it is.")
    problem: str | None = column(description="Why it has failed, for people; null otherwise.")
    rule_version: int | None = column(description="Which version of the rule; null for conditions of no rule.")
    conditions: JSON = column(description="What was looked for, in the shape of ConditionInput.")
    since: datetime | None = column(description="Posts written from then on; null for all.")
    until: datetime | None = column(description="Posts written before then; null for all.")
    asked_at: datetime = column(description="When it was asked for.")
    ended_at: datetime | None = column(description="When it was done, given up or called off; null until then.")
    asked_by: Staff | None = one("asked_by_id", description="Who asked for it.")
    post_count: float = sql("{row}.post_count::float8", description="How many posts there were to look at.")
    looked_at: float = sql("{row}.looked_at::float8", description="How many it has looked at.")
    found: float = sql("{row}.fired::float8", description="How many of them it would have found.")
    rate: float | None = sql(
        "{row}.fired::float8 / nullif({row}.looked_at, 0)", description="The share of these; null of nothing."
    )
    failed: float = sql(
        "{row}.failed::float8", description="How often a condition could not be known that should have been."
    )
    decided: float = sql("{row}.decided::float8", description="Of what it found, those whose case was decided.")
    upheld: float = sql("{row}.upheld::float8", description="Of these, those with a violation.")
    precision_at_least: float | None = sql(
        _precision("-", "(select {row}.upheld, {row}.decided) y"),
        description="The share of violations: lower bound of Wilson's 95 % interval; null where nothing was decided.",
    )
    precision_at_most: float | None = sql(
        _precision("+", "(select {row}.upheld, {row}.decided) y"),
        description="Its upper bound; null where nothing was decided.",
    )
    overlaps: JSON = sql(
        "(select coalesce(jsonb_agg(jsonb_build_object('ruleId', 'rule_' || o.key, 'both', (o.value->>0)::bigint, "
        "'other', (o.value->>1)::bigint, 'jaccard', (o.value->>0)::float8 "
        "/ nullif({row}.fired + (o.value->>1)::bigint - (o.value->>0)::bigint, 0)) "
        "order by (o.value->>0)::bigint desc, o.key), '[]') from jsonb_each({row}.overlap) o)",
        description="A list with `ruleId`, `both`, `other` and `jaccard` for each other rule that is live: how many posts "
        "both would find, how many the other, and the shared part of all that either would. The 50 that share the most.",
    )
    example_post_ids: list[strawberry.ID] = sql(
        "array(select 'post_' || e.id from unnest({row}.examples) with ordinality e (id, n) order by e.n)",
        description="Up to 20 of the posts it would have found, those taken in last; for `nodes`.",
    )


@publish(ruling.Rule, kind="rule", needs=Right.READ_CASES)
class Rule(Node):
    """What Tend looks for by itself."""

    id: strawberry.ID
    name: str = column(description="Unique within the client, at most 200 characters; reports by the rule quote it.")
    state: RuleState = column(description="What it does.")
    kind: RuleKind = column(description="Whether `words`, `pattern` or `conditions` counts.")
    words: list[str] = column(description="Whole words, in any case, one of which is enough; empty for other kinds.")
    pattern: str | None = column(description="In RE2 syntax; null for other kinds.")
    conditions: JSON = sql(
        "(select v.conditions from rule_versions v where v.agency_id = {agency} and v.workspace_id = {row}.workspace_id "
        "and v.rule_id = {row}.id and v.version = {row}.version)",
        description="What its newest version looks for, in the shape of ConditionInput.",
    )
    version: int = column(description="Of its newest version; for `expectedVersion`.")
    live_version: int | None = column(description="What acts, or did before it was paused; null where none has.")
    shadow_version: int | None = column(description="What is tried; null where none is.")
    live_since: datetime | None = column(description="When `liveVersion` went live; null where none has.")
    policy: Policy | None = one("policy_id", description="What its reports say was broken.")
    created_at: datetime = column(description="When it was made.")
    alarm: RuleAlarm = same_row(description="Whether it finds more than it used to.")
    versions: Connection[RuleVersion] = many(
        "rule_id", order=VersionOrder, description="What it looked for over time, the newest included."
    )
    firings: Connection[RuleFiring] = many("rule_id", order=FiringOrder, description="What it has found.")
    back_tests: Connection[BackTest] = many(
        "rule_id", order=BackTestOrder, description="What it would have found among stored posts."
    )


@publish(ruling.Ruleset, needs=Right.READ_CASES)
class RuleTarget:
    """How often a rule must be right before it goes live."""

    target_precision: float = column(description="At the lower bound of Wilson's 95 % interval, from 0 to 1.")
    least_decided: int = column(description="Of so many decided cases at least.")


@publish(ruling.BankedHash, kind="bankedhash", needs=Right.READ_CASES)
class BankedHash(Node):
    """A picture or film that staff knows."""

    id: strawberry.ID
    kind: HashKind = column(description="How it is recognised.")
    hash: str = column(description="64 hexadecimal digits, in lower case.")
    opinion: HashOpinion = column(description="What is thought of it.")
    is_enabled: bool = column(description="Whether it counts.")
    created_at: datetime = column(description="When it was put in.")


@publish(ruling.HashBank, kind="hashbank", needs=Right.READ_CASES)
class HashBank(Node):
    """Pictures and films that staff knows, by their hashes."""

    id: strawberry.ID
    name: str = column(description="Unique within the client, at most 200 characters.")
    created_at: datetime = column(description="When it was made.")
    hashes: Connection[BankedHash] = many("bank_id", order=CreationOrder, description="What is in it.")
