"""A rule that finds far more than it used to raises an alarm: the figures of moderation.md 5B, F9."""

from datetime import timedelta

import pytest
from cast import Cast
from ruling.conftest import Client

from backend.kit.clock import now
from backend.notices import Notice
from backend.ruling import Rule, RuleFiring, pause_rule, watch_rules
from backend.ruling.alarming import Period, alarm_of
from backend.ruling.models import RuleRuns
from tenants.scope import agency_scope

DAY = [Period(1_000, 10)] * 24


@pytest.mark.parametrize(
    ("newest", "prior", "state", "p"),
    [
        (Period(1_000, 12), DAY, "ok", None),  # below 1.25 times the usual rate
        (Period(1_000, 13), DAY, "ok", 0.2075),
        (Period(1_000, 19), DAY, "ok", 0.0069),
        (Period(1_000, 20), DAY, "alarm", 0.0033),
        (Period(1_000, 20), DAY[1:], "insufficient_data", None),
        (Period(1_000, 20), [Period(166, 2)] * 24, "insufficient_data", None),  # 3,984 runs before
        (Period(10, 2), DAY, "insufficient_data", None),
        (Period(125_001, 2), DAY, "ok", None),
    ],
)
def test_an_hour_is_held_against_the_hours_before(
    newest: Period, prior: list[Period], state: str, p: float | None
) -> None:
    alarm = alarm_of(newest, prior)
    assert (alarm.state, None if alarm.p is None else round(alarm.p, 4)) == (state, p)


def test_later_hours_weigh_more() -> None:
    rising = [Period(1_000, 10 + (24 - age)) for age in range(24)]
    alarm = alarm_of(Period(1_000, 40), rising)
    weights = [0.98**age for age in range(24)]
    usual = sum(w * period.passes for w, period in zip(weights, rising, strict=True)) / (1_000 * sum(weights))
    assert usual > 0.0225  # which all hours weighing the same would give
    assert (alarm.rate, alarm.usual_rate) == (0.04, pytest.approx(usual))


async def test_leads_are_told_once_when_a_rule_begins_to_find_too_much(acme: Cast, client: Client) -> None:
    rule = await client.rule({"pattern": "aaa"})
    posts = [await client.post("aaa") for _ in range(20)]
    hour = now().replace(minute=0, second=0, microsecond=0)
    async with agency_scope(acme.system):
        await Rule.filter(id=rule.id).update(live_since=hour - timedelta(days=3))
        for age in range(1, 26):
            await RuleRuns.create(workspace_id=client.id, hour=hour - timedelta(hours=age), runs=400)
            await RuleRuns.create(workspace_id=client.id, hour=hour - timedelta(hours=age), runs=600)
        for post in posts:
            await RuleFiring.create(
                workspace_id=client.id, rule_id=rule.id, version=1, post_id=post.id, mode="live",
                at=hour - timedelta(minutes=30),
            )  # fmt: skip
    for _ in range(2):
        async with agency_scope(acme.system):
            await watch_rules(acme.system, {})
    async with agency_scope(acme.system):
        watched = await Rule.get(id=rule.id)
        told = await Notice.filter(workspace_id=client.id, kind="rule_alarm")
    assert (watched.alarm_state, watched.alarm_rate, watched.usual_rate, watched.alarm_p) == ("alarm", 0.02, 0.0, 0.0)
    who = [notice.membership_id for notice in told]
    assert {acme.owner.membership_id, acme.admin.membership_id} <= set(who), "whoever may write its rules"
    assert acme.moderator.membership_id not in who
    assert len(who) == len(set(who)), "once"
    async with agency_scope(client.lead):
        await pause_rule(client.lead, rule.id)


async def test_a_rule_of_an_hour_has_nothing_to_be_held_against(acme: Cast, client: Client) -> None:
    rule = await client.rule({"pattern": "aaa"})
    await client.post("aaa")
    await client.apply()
    async with agency_scope(acme.system):
        assert (await RuleRuns.get(workspace_id=client.id)).runs == 1
        await watch_rules(acme.system, {})
        assert (await Rule.get(id=rule.id)).alarm_state == "insufficient_data"
