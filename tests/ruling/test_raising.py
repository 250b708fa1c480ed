"""What a rule finds can be a danger: it is raised as an escalation, beside being reported."""

import json
from typing import Any

import pytest
from cast import Cast, ask
from ruling.conftest import Client

from backend.kit.errors import Invalid
from backend.notices import Notice
from backend.outbox import Job
from backend.safety import Escalation, EscalationBrief
from tenants.scope import agency_scope

A = {"words": {"words": ["zebra"]}}
RAISES = {"raises": {"kind": "SELF_HARM", "impact": 1, "urgency": 2}}


async def raised(client: Client) -> list[Escalation]:
    async with agency_scope(client.cast.system):
        return await Escalation.filter(workspace_id=client.id).order_by("raised_at")


async def test_what_a_live_rule_finds_is_raised_once_and_for_its_readers_alone(acme: Cast, client: Client) -> None:
    post = await client.post("zebra rope tonight")
    rule = await client.rule(A, name="Ropes", actions=RAISES)
    for _ in range(2):
        await client.apply()
    [escalation] = await raised(client)
    assert (escalation.kind, escalation.severity, escalation.impact, escalation.urgency) == ("self_harm", 1, 1, 2)
    assert (escalation.raised_by_id, escalation.is_drill, escalation.first_paged_at) == (
        None,
        False,
        escalation.raised_at,
    )
    async with agency_scope(acme.system) as scope:
        brief = await EscalationBrief.get(escalation_id=escalation.id)
        assert (brief.post_id, brief.summary) == (post.id, f"Found by the rule “{rule.name}”.")
        assert await scope.fetchval("select count(*) from restrictions where post_id = $1", post.id) == 1
        told = [f"{each.text} {json.dumps(each.facts)}" for each in await Notice.filter(subject_id=escalation.id)]
        jobs = [json.dumps(job.payload) for job in await Job.filter(workspace_id=client.id)]
    assert told
    assert "zebra" not in " ".join(told + jobs)


@pytest.mark.parametrize("what", ["shadow", "old", "fine"])
async def test_nobody_is_paged_for_what_is_only_tried_was_there_before_or_was_judged_fine(
    client: Client, what: str
) -> None:
    post = await client.post("zebra")
    if what == "fine":
        await client.decide(post, "no_violation")
    rule = await client.rule(A, state="shadow" if what == "shadow" else "live", actions=RAISES)
    await client.apply(**({"rule_id": str(rule.id)} if what == "old" else {}))
    assert post.id in await client.found(rule_id=rule.id)
    assert await raised(client) == []


@pytest.mark.parametrize(
    "actions",
    [
        {"report": False, **RAISES},
        {"raises": {"kind": "SELF_HARM", "impact": 5}},
        {"raises": {"kind": "SELF_HARM", "urgency": 0}},
        {"raises": {"kind": "BOREDOM"}},
    ],
)
async def test_only_a_danger_that_is_reported_is_raised(client: Client, actions: Any) -> None:
    with pytest.raises(Invalid):
        await client.rule(A, state="draft", actions=actions)


async def test_a_rule_says_what_it_raises_as_it_was_told(acme: Cast, client: Client, api: Any) -> None:
    written = await ask(
        api,
        acme.tokens["owner"],
        """mutation($w: ID!, $p: ID!) { writeRule(input: { workspaceId: $w, name: "R", policyId: $p,
             conditions: { words: { words: ["x"] } }, actions: { raises: { kind: VIOLENCE, urgency: 1 } } }) {
             rule { versions { nodes { actions } } } userErrors { code } } }""",
        w=f"workspace_{client.id}",
        p=f"policy_{await client.policy_id()}",
    )
    [version] = written["data"]["writeRule"]["rule"]["versions"]["nodes"]
    assert version["actions"]["raises"] == {"kind": "VIOLENCE", "impact": None, "urgency": 1}
