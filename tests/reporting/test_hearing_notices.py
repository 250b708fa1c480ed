"""A notice: what it means, what becomes of it, and what its notifier is told."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from inbox import Inbox
from reporting.conftest import HERE, Place, found_place

from backend.communities import Connection, Post
from backend.evidence import place_hold
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.leaving import erase_member
from backend.moderation import Appeal, Report
from backend.reporting import Missing, PublicNotice, Said, attach_notice, file_notice, reject_notice, settle_notices
from backend.statements import Statement
from tenants.provisioning import issue_api_key
from tenants.rights import Right
from tenants.scope import agency_scope

LAW = {"kind": "illegal", "name": "Nadia", "faith": "yes", "topic": "HA"}
DISCOURSE, SLACK = "https://forum.example", "https://team.slack.com"


@pytest.mark.parametrize(
    ("platform", "address", "external_id", "location", "is_found"),
    [
        ("discourse", DISCOURSE, "4711", f"{DISCOURSE}/p/4711", True),
        ("discourse", DISCOURSE, "4711", f"Look: {DISCOURSE}/posts/4711.json, please", True),
        ("discourse", DISCOURSE, "3", f"{DISCOURSE}/t/title/12/3", False),  # the third of its topic, not number 3
        ("discourse", DISCOURSE, "4711", "https://evil.example/p/4711", False),
        ("discourse", DISCOURSE, "4711", "4711", True),
        ("mastodon", DISCOURSE, "110", f"{DISCOURSE}/@ann/110", True),
        ("slack", None, "C02/1355517523.000008", f"{SLACK}/archives/C02/p1355517523000008", True),
        (
            "slack",
            None,
            "C02/1355517523.000008",
            "https://slack.com.evil.example/archives/C02/p1355517523000008",
            False,
        ),
        ("webhook", DISCOURSE, "a b", f"{DISCOURSE}/reviews/a%20b", True),
        ("webhook", DISCOURSE, "77", f"{DISCOURSE}/reviews#comment-77", True),
        ("webhook", DISCOURSE, "77", "https://[broken", False),
    ],
)
async def test_an_address_means_the_post_that_is_there(
    place: Place, api: httpx.AsyncClient, platform: str, address: str | None, external_id: str, location: str, is_found: bool
) -> None:  # fmt: skip
    post = await place.post()
    async with agency_scope(place.system):
        await Post.filter(id=post.id).update(external_id=external_id)
        await Connection.filter(community_id=place.community).update(platform=platform, address=address)
    notice, _ = await place.heard(api, location=location)
    assert (notice.state, notice.post_id) == (("attached", post.id) if is_found else ("received", None))


async def test_about_a_post_that_is_known_it_is_a_report_at_once(
    place: Place, api: httpx.AsyncClient, somebody: str
) -> None:
    post = await place.post()
    notice, _ = await place.heard(api, location=f"post_{post.id}", email=somebody, **LAW)
    [case] = await place.cases()
    async with agency_scope(place.system):
        [report] = await Report.filter(case_id=case.id)
    assert (report.id, report.channel, report.reason) == (notice.id, "legal", "It is rude.")
    assert (report.credibility, report.post_version, report.set_aside) == (1.0, 1, None)
    # Hate is of the second gravest kind: due within a day, though no policy was named.
    assert (case.tier, case.report_count, case.state) == ("high", 1, "queued")
    assert (notice.category, notice.items, notice.is_in_good_faith) == ("ILLEGAL_OR_HARMFUL_SPEECH", [], True)
    assert notice.actual_knowledge_at == notice.attached_at is not None


async def test_what_is_not_found_waits_for_a_moderator(place: Place, api: httpx.AsyncClient) -> None:
    post, elsewhere = await place.post(), await place.cast.post()
    notice, link = await place.heard(api, location="The one about cats, yesterday", topic=f"policy_{place.policy()}")
    assert await place.cases() == []
    assert "Somebody will look for what it is about" in (await api.get(link)).text
    async with agency_scope(place.lead):
        with pytest.raises(NotFound):
            await attach_notice(place.lead, notice.id, post_id=elsewhere.id)
        assert await attach_notice(place.lead, notice.id, post_id=post.id) == notice.id
        with pytest.raises(Conflict):
            await reject_notice(place.lead, notice.id, reason="x")
    [case] = await place.cases()
    assert (case.post_id, case.severity, case.tier) == (post.id, "high", "high")
    async with agency_scope(place.system):
        assert (await Report.get(id=notice.id)).channel == "form"


async def test_whoever_gave_an_address_has_a_receipt_the_outcome_one_appeal_and_its_answer(
    place: Place, api: httpx.AsyncClient, somebody: str
) -> None:
    post = await place.post()
    notice, link = await place.heard(api, location=f"post_{post.id}", email=somebody, **LAW)
    assert notice.acknowledged_at is None
    assert await place.mailed(somebody) == ["We have your report"]
    assert place.inbox.link_to(somebody) == link
    decision = await place.decide("no_violation")
    assert await place.mailed(somebody) == ["We have your report", "What became of your report"]
    told = await place.notice(notice.id)
    assert (told.outcome, told.ground, told.decision_id) == ("no_violation", None, decision.id)
    assert told.received_at <= told.acknowledged_at <= told.decided_at <= told.notified_at
    assert "does not break the rules" in (await api.get(link)).text
    appealed = await api.post(link, data={"text": "Look again."}, headers=HERE)
    assert appealed.status_code == 303
    assert (await api.post(link, data={"text": "And again."}, headers=HERE)).status_code == 409
    async with agency_scope(place.system):
        [appeal] = await Appeal.filter(workspace_id=place.client)
        assert (appeal.appellant, appeal.member_id, appeal.report_id) == ("reporter", None, notice.id)
    version = await place.cast.policy_version(place.client)
    await place.answer_appeal("overturned", policy_version_id=version.id, actions=("hide_post",))
    assert sorted((await place.mailed(somebody))[2:]) == ["What became of your appeal", "What became of your report"]
    after = await place.notice(notice.id)
    assert (after.outcome, after.ground, after.decided_at) == ("violation", "terms", told.decided_at)
    text = (await api.get(link)).text
    assert "it was wrong, and we took it back" in text
    assert "Dear you." in text
    async with agency_scope(place.system):
        [statement] = await Statement.filter(workspace_id=place.client)
    assert statement.source == "notice"
    assert somebody not in statement.text


async def test_what_the_platform_confirmed_is_stamped(place: Place, api: httpx.AsyncClient) -> None:
    post = await place.post()
    notice, _ = await place.heard(api, location=f"post_{post.id}")
    await place.decide("violation")
    await place.cast.run_jobs("follow_decision", of=[place.client])
    for ran in ((), ("carry_out_actions",)):
        for kind in ran:
            await place.cast.run_jobs(kind, of=[place.client])
        await settle(place)
        stamped = (await place.notice(notice.id)).implemented_at
        assert (stamped is not None) == bool(ran)


async def settle(place: Place) -> None:
    async with agency_scope(place.cast.system):
        await settle_notices(place.cast.system, {})


async def test_twice_by_one_person_is_one_report_and_two_notices(
    place: Place, api: httpx.AsyncClient, somebody: str
) -> None:
    post = await place.post()
    first, _ = await place.heard(api, location=f"post_{post.id}", email=somebody)
    second, link = await place.heard(api, location=f"post_{post.id}", email=somebody.upper())
    assert first.reporter_key == second.reporter_key
    assert [case.report_count for case in await place.cases()] == [1]
    await place.decide("violation")
    assert await place.mailed(somebody) == ["We have your report"] * 2 + ["What became of your report"] * 2
    assert "breaks the rules" in (await api.get(link)).text


async def test_whoever_leaves_no_address_is_somebody_else_each_time(place: Place, api: httpx.AsyncClient) -> None:
    post = await place.post()
    notices = [(await place.heard(api, location=f"post_{post.id}"))[0] for _ in range(3)]
    assert len({notice.reporter_key for notice in notices}) == 3
    assert all(notice.acknowledged_at is not None for notice in notices), "the page itself is the receipt"
    assert len({notice.origin for notice in notices}) == 1


async def test_a_notice_that_is_rejected_says_why(place: Place, api: httpx.AsyncClient, somebody: str) -> None:
    notice, link = await place.heard(api, email=somebody)
    async with agency_scope(place.lead):
        await reject_notice(place.lead, notice.id, reason="That is <b>another</b> site.")
    assert (await place.mailed(somebody))[-1] == "What became of your report"
    assert "That is &lt;b&gt;another&lt;/b&gt; site." in (await api.get(link)).text
    assert (await api.post(link, data={"text": "x"}, headers=HERE)).status_code == 404


async def test_a_machine_and_staff_pass_notices_on_with_all_that_the_law_asks_for(
    place: Place, api: httpx.AsyncClient
) -> None:
    key = await issue_api_key(place.cast.agency_id, name="x", scopes=[Right.REPORT, Right.READ_CASES])
    mutation = """mutation($input: FileNoticeInput!) { fileNotice(input: $input) {
        publicNotice { channel kind category name state } userErrors { code path } } }"""
    given: dict[str, Any] = {
        "communityId": f"community_{place.community}", "kind": "ILLEGAL", "location": "x", "reason": "x",
        "taxonomyCode": "FR-PHISH", "name": "Nadia", "email": "n@example.com",
    }  # fmt: skip
    refused = await ask(api, key, mutation, input=given)
    assert refused["data"]["fileNotice"]["userErrors"] == [{"code": "INVALID", "path": ["input", "isInGoodFaith"]}]
    taken = await ask(api, key, mutation, input={**given, "isInGoodFaith": True})
    assert taken["data"]["fileNotice"]["publicNotice"] == {
        "channel": "API", "kind": "ILLEGAL", "category": "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", "name": None,
        "state": "RECEIVED",
    }  # fmt: skip
    async with agency_scope(place.lead):
        with pytest.raises(Missing):
            await file_notice(place.lead, place.community, Said("illegal", "x", "x", is_in_good_faith=True))
        await file_notice(place.lead, place.community, Said("rules", "a letter", "x"))
    assert [notice.channel for notice in await place.notices()] == ["api", "mail"]


async def test_addresses_are_cleared_when_nobody_can_appeal_any_more_unless_a_hold_is_on_them(
    acme: Cast, inbox: Inbox, api: httpx.AsyncClient, somebody: str
) -> None:
    place, held = await found_place(acme, inbox), await found_place(acme, inbox)
    for each in (place, held):
        for location in ("nowhere", f"post_{(await each.post()).id}"):
            await each.heard(api, location=location, email=somebody)
        await each.decide("no_violation")
        await each.cast.run_jobs("follow_decision", of=[each.client])
        [waiting, _] = await each.notices()
        async with agency_scope(each.lead):
            await reject_notice(each.lead, waiting.id, reason="x")
    await settle(place)
    assert {notice.email for notice in await place.notices()} == {somebody}
    async with agency_scope(held.cast.owner):
        await place_hold(held.cast.owner, held.client, reason="x")
    for each in (place, held):
        async with agency_scope(each.system):
            long_ago = now() - timedelta(days=200)
            rows = PublicNotice.filter(workspace_id=each.client)
            await rows.update(received_at=long_ago)
            await rows.filter(state="attached").update(decided_at=long_ago)
            await rows.filter(state="rejected").update(rejected_at=long_ago)
    await settle(place)
    assert [(notice.email, notice.reason) for notice in await place.notices()] == [(None, ""), (None, "It is rude.")]
    assert {(notice.email, notice.reason) for notice in await held.notices()} == {(somebody, "It is rude.")}


async def test_what_was_written_about_a_forgotten_member_is_gone(place: Place, api: httpx.AsyncClient) -> None:
    post = await place.post()
    notice, _ = await place.heard(api, location=f"post_{post.id} https://forum.example/ann", reason="Ann did it.")
    async with agency_scope(place.system):
        await PublicNotice.filter(id=notice.id).update(post_id=post.id, state="attached", attached_at=now())
    async with agency_scope(place.cast.owner):
        await erase_member(place.cast.owner, post.member_id, grounds="They asked.")
    await place.cast.run_jobs("erase_member")
    left = await place.notice(notice.id)
    assert (left.reason, left.location, left.items) == ("", "", [""])
