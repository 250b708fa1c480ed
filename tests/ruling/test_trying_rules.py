"""From draft to shadow to live: a rule acts once it was right often enough."""

import asyncio
from uuid import UUID

import pytest
from cast import Cast
from ruling.conftest import Client

from backend.communities import Post
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.moderation import Case, Queue, Report, claim_next, decide
from backend.outbox import Job
from backend.ruling import (
    PostTag,
    Rule,
    RuleFiring,
    RuleUnproven,
    RuleVersion,
    archive_rule,
    create_rule,
    make_rule_live,
    pause_rule,
    revise_rule,
    set_rule_target,
    shadow_rule,
)
from tenants.scope import agency_scope

A, B = {"pattern": "aaa"}, {"pattern": "bbb"}


async def test_a_draft_does_nothing_and_a_shadow_only_counts(acme: Cast, client: Client) -> None:
    post = await client.post("aaa")
    await client.rule(A, state="draft")
    await client.apply()
    assert await client.found() == set()
    await client.rule(A, state="shadow", name="Another", actions={"hideUntilReviewed": True, "tags": ["x"]})
    await client.apply()
    await client.apply()
    async with agency_scope(acme.system):
        [firing] = await RuleFiring.filter(workspace_id=client.id)
        assert (firing.post_id, firing.mode, firing.version) == (post.id, "shadow", 1)
        assert not await Report.exists(workspace_id=client.id)
        assert not await PostTag.exists(workspace_id=client.id)
        assert (await Post.get(id=post.id)).hidden_at is None


async def test_a_live_rule_reports_routes_hides_and_tags_once(acme: Cast, client: Client) -> None:
    async with agency_scope(acme.system):
        queue = await Queue.create(workspace_id=client.id, name="Special")
    post = await client.post("aaa")
    actions = {"hideUntilReviewed": True, "tags": ["b", "a", "a"], "queueId": f"queue_{queue.id}"}
    rule = await client.rule(A, actions=actions)
    for _ in range(2):
        await client.apply()
    await acme.run_jobs("carry_out_actions")
    async with agency_scope(acme.system):
        [report] = await Report.filter(workspace_id=client.id)
        case = await Case.get(post_id=post.id)
        hidden = await Post.get(id=post.id)
        tags = [tag.tag for tag in await PostTag.filter(post_id=post.id).order_by("tag")]
    assert (report.rule_id, report.channel, report.policy_id) == (rule.id, "rule", await client.policy_id())
    assert (case.queue_id, case.state) == (queue.id, "queued")
    assert hidden.hidden_at is not None
    assert tags == ["a", "b"]
    lead = acme.owner.narrowed_to(client.id)
    async with agency_scope(lead):
        claim = await claim_next(lead)
        await decide(lead, claim.case_id, token=claim.token, outcome="no_violation", reason="Fine.")
    await acme.run_jobs("carry_out_actions")
    async with agency_scope(acme.system):
        assert (await Post.get(id=post.id)).hidden_at is None, "what was hidden until reviewed is shown again"


async def test_a_rule_that_has_done_enough_for_today_only_notes(acme: Cast, client: Client) -> None:
    posts = [await client.post("aaa") for _ in range(6)]
    await client.rule(A, actions={"atMostPerDay": 3})
    ids = [str(post.id) for post in posts]
    async with asyncio.timeout(20):  # two jobs at once, each with posts of its own
        await asyncio.gather(
            client.apply(first_id=ids[0], last_id=ids[2]), client.apply(first_id=ids[3], last_id=ids[5])
        )
    await client.apply()
    async with agency_scope(acme.system):
        assert await Report.filter(workspace_id=client.id).count() == 3
        held = [firing.post_id for firing in await RuleFiring.filter(workspace_id=client.id, is_held_back=True)]
        noted = await RuleFiring.filter(workspace_id=client.id).count()
    assert len(held) == 3
    assert noted == 6


async def test_a_new_version_is_tried_beside_the_one_that_is_live(acme: Cast, client: Client) -> None:
    rule = await client.rule(A)
    old, new = await client.post("aaa"), await client.post("bbb")
    async with agency_scope(client.lead):
        await revise_rule(client.lead, rule.id, expected_version=1, conditions=B)
        tried = await shadow_rule(client.lead, rule.id)
    assert (tried.state, tried.version, tried.live_version, tried.shadow_version) == ("live", 2, 1, 2)
    assert (tried.kind, tried.pattern) == ("pattern", "aaa"), "what acts is what it tells"
    await client.apply()
    assert await client.found(mode="live") == {old.id}
    assert await client.found(mode="shadow", version=2) == {new.id}
    async with agency_scope(client.lead):
        live = await make_rule_live(client.lead, rule.id, expected_version=2, despite="seen")
    assert (live.live_version, live.shadow_version, live.pattern) == (2, None, "bbb")
    newer = await client.post("bbb")
    await client.apply()
    async with agency_scope(acme.system):
        assert {each.post_id for each in await Report.filter(workspace_id=client.id)} == {old.id, new.id, newer.id}
        assert [each.version for each in await RuleVersion.filter(rule_id=rule.id).order_by("version")] == [1, 2]


async def test_what_was_judged_fine_is_not_reported_by_a_new_version(acme: Cast, client: Client) -> None:
    post = await client.post("aaa")
    rule = await client.rule(A)
    await client.apply()
    await client.decide(post, "no_violation")
    async with agency_scope(client.lead):
        await revise_rule(client.lead, rule.id, expected_version=1, conditions={"any": [A, B]})
        await make_rule_live(client.lead, rule.id, expected_version=2, despite="seen", with_old_posts=True)
    await acme.run_jobs("apply_rules")
    await client.apply()
    async with agency_scope(acme.system):
        assert await Case.filter(workspace_id=client.id).count() == 1
        assert {each.mode for each in await RuleFiring.filter(rule_id=rule.id, version=2)} == {"old", "live"}


async def decided(client: Client, rule: Rule, *, upheld: int, fine: int) -> None:
    """As if the rule had found posts that were decided so."""
    member = await client.post("x")
    async with agency_scope(client.cast.system) as scope:
        queue_id = await scope.fetchval("select id from queues where workspace_id = $1 limit 1", client.id)
        await scope.execute(
            """with posted as (
                 insert into posts (agency_id, workspace_id, community_id, id, member_id, external_id, text, posted_at)
                 select $1, $2, $3, gen_random_uuid(), $4, gen_random_uuid()::text, 'x', now() from generate_series(1, $6::int + $7::int)
                 returning id),
               numbered as (select id, row_number() over () as n from posted),
               fired as (
                 insert into rule_firings (agency_id, workspace_id, id, rule_id, version, post_id, mode)
                 select $1, $2, gen_random_uuid(), $5, $9, id, 'shadow' from numbered)
               insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, state, outcome, tier, severity,
                                  opened_at, due_at, virtual_deadline, closed_at)
               select $1, $2, gen_random_uuid(), $8, id, $4, 'closed',
                      case when n <= $6 then 'violation' else 'no_violation' end, 'low', 'low', now(), now(), now(), now()
                 from numbered""",
            client.cast.agency_id, client.id, member.community_id, member.member_id, rule.id, upheld, fine, queue_id,
            rule.version,
        )  # fmt: skip
        await scope.execute(
            """delete from case_tallies where agency_id = $1 and workspace_id = $2""", client.cast.agency_id, client.id
        )
        await scope.execute(
            """insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
               select $1, $2, gen_random_uuid(), count(*) filter (where state = 'queued'),
                      count(*) filter (where state = 'in_review'), count(*) filter (where state = 'closed')
                 from cases where agency_id = $1 and workspace_id = $2""",
            client.cast.agency_id,
            client.id,
        )


@pytest.mark.parametrize(
    ("upheld", "fine", "goes"),
    [(29, 0, False), (30, 0, True), (47, 3, True), (26, 4, False)],  # bounds 0.88, 0.89, 0.84, 0.70
)
async def test_a_rule_goes_live_once_it_was_right_often_enough(
    client: Client, upheld: int, fine: int, goes: bool
) -> None:
    rule = await client.rule(A, state="shadow")
    await decided(client, rule, upheld=upheld, fine=fine)
    async with agency_scope(client.lead):
        if goes:
            assert (await make_rule_live(client.lead, rule.id, expected_version=1)).state == "live"
        else:
            with pytest.raises(RuleUnproven):
                await make_rule_live(client.lead, rule.id, expected_version=1)
            assert (await Rule.get(id=rule.id)).state == "shadow"


async def test_another_version_has_to_prove_itself_anew(client: Client) -> None:
    rule = await client.rule(A, state="shadow")
    await decided(client, rule, upheld=40, fine=0)
    async with agency_scope(client.lead):
        await revise_rule(client.lead, rule.id, expected_version=1, conditions=B)
        with pytest.raises(RuleUnproven):
            await make_rule_live(client.lead, rule.id, expected_version=2)


async def test_a_client_may_ask_for_more_or_less(client: Client) -> None:
    rule = await client.rule(A, state="shadow")
    await decided(client, rule, upheld=9, fine=3)
    async with agency_scope(client.lead):
        with pytest.raises(RuleUnproven):
            await make_rule_live(client.lead, rule.id, expected_version=1)
        await set_rule_target(client.lead, client.id, target_precision=0.46, least_decided=12)  # the bound is 0.4677
        assert (await make_rule_live(client.lead, rule.id, expected_version=1)).state == "live"


async def test_whoever_sets_the_gate_aside_says_why(acme: Cast, client: Client) -> None:
    rule = await client.rule(A, state="draft")
    async with agency_scope(client.lead):
        await make_rule_live(client.lead, rule.id, expected_version=1, despite="The attack is under way.")
    async with agency_scope(acme.system):
        line = await JournalEntry.get(subject_id=rule.id, action="rule.made_live")
    assert line.membership_id == acme.owner.membership_id
    assert line.detail["despite"] == "The attack is under way."


async def test_a_paused_rule_looks_at_nothing_and_goes_on_as_it_was(client: Client) -> None:
    rule = await client.rule(A)
    async with agency_scope(client.lead):
        await pause_rule(client.lead, rule.id)
    await client.post("aaa")
    await client.apply()
    assert await client.found() == set()
    async with agency_scope(client.lead):
        assert (await make_rule_live(client.lead, rule.id, expected_version=1)).state == "live"
    await client.apply()
    assert len(await client.found()) == 1


async def test_an_archived_rule_is_gone_for_good(client: Client) -> None:
    rule = await client.rule(A)
    async with agency_scope(client.lead):
        await archive_rule(client.lead, rule.id)
    await client.post("aaa")
    await client.apply()
    assert await client.found() == set()
    for turn in (shadow_rule, pause_rule, archive_rule):
        async with agency_scope(client.lead):
            with pytest.raises(Conflict):
                await turn(client.lead, rule.id)
    async with agency_scope(client.lead):
        with pytest.raises(Conflict):
            await revise_rule(client.lead, rule.id, expected_version=1, conditions=B)


async def test_two_who_revise_the_same_version_do_not_overwrite_each_other(acme: Cast, client: Client) -> None:
    rule = await client.rule(A)

    async def revise(pattern: str) -> None:
        async with agency_scope(client.lead):
            await revise_rule(client.lead, rule.id, expected_version=1, conditions={"pattern": pattern})

    async with asyncio.timeout(20):
        ended = await asyncio.gather(revise("bbb"), revise("ccc"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["Conflict", "NoneType"]
    async with agency_scope(acme.system):
        assert await RuleVersion.filter(rule_id=rule.id).count() == 2


async def test_a_rule_of_before_tells_its_words_and_is_live_without_proof(acme: Cast, client: Client) -> None:
    policy_id: UUID = await client.policy_id()
    async with agency_scope(client.lead):
        rule = await create_rule(client.lead, client.id, name="x", policy_id=policy_id, words=["B", "a", "b"])
    async with agency_scope(acme.system):
        [version] = await RuleVersion.filter(rule_id=rule.id)
        assert await Job.filter(workspace_id=client.id, kind="apply_rules").count() == 1
    assert (rule.state, rule.kind, rule.words, rule.live_version) == ("live", "words", ["a", "b"], 1)
    assert version.conditions == {"words": {"words": ["a", "b"], "disguised": False}}
    assert rule.live_since is not None
    assert rule.live_since <= now()
