"""Whoever reports ticks that somebody is in danger: whoever is on call is paged, whatever else is known."""

import json

import httpx
import pytest
from cast import ask
from reporting.conftest import Place

from backend.communities import Member
from backend.kit.clock import now
from backend.leaving import erase_member
from backend.notices import Notice
from backend.outbox import Job
from backend.reporting import LegalOrder, PublicNotice, attach_notice
from backend.safety import (
    Danger,
    Escalation,
    EscalationBrief,
    EscalationStep,
    Subject,
    acknowledge_escalation,
    raise_escalation,
)
from tenants.rights import Role
from tenants.scope import agency_scope

WORDS = "He stands on the bridge"


async def raised(place: Place) -> list[tuple[Escalation, EscalationBrief]]:
    async with agency_scope(place.system):
        found = await Escalation.filter(workspace_id=place.client).order_by("raised_at", "id")
        return [(each, await EscalationBrief.get(escalation_id=each.id)) for each in found]


async def test_a_tick_pages_about_the_post_and_no_word_of_it_travels(place: Place, api: httpx.AsyncClient) -> None:
    post = await place.post()
    done = await place.hand_in(
        api, location=post.external_id, reason=WORDS, danger="yes", danger_kind="self_harm", kind="illegal"
    )
    assert done.status_code == 303, "who calls for help is asked for no name"
    [(escalation, brief)] = await raised(place)
    assert (escalation.kind, escalation.severity, escalation.impact, escalation.is_drill) == (
        "self_harm",
        1,
        None,
        False,
    )
    assert (brief.post_id, brief.member_id, brief.summary, brief.by_id) == (post.id, post.member_id, WORDS, None)
    async with agency_scope(place.system):
        notice = await PublicNotice.get(workspace_id=place.client)
        assert (notice.danger, notice.state, notice.post_id) == ("self_harm", "attached", post.id)
        pages = [f"{each.text} {json.dumps(each.facts)}" for each in await Notice.filter(subject_id=escalation.id)]
        jobs = [json.dumps(job.payload) for job in await Job.filter(workspace_id=place.client)]
    assert pages
    assert WORDS not in " ".join(pages + jobs)
    await place.hand_in(api, location=post.external_id, reason="I see him too", danger="yes", danger_kind="self_harm")
    assert len(await raised(place)) == 1, "the same danger is joined"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, None),
        ({"danger_kind": "violence"}, None),
        ({"danger": "yes"}, "other"),
        ({"danger": "yes", "danger_kind": "nonsense"}, "other"),
        ({"danger": "yes", "danger_kind": "violence"}, "violence"),
    ],
)
async def test_only_a_tick_says_so(place: Place, api: httpx.AsyncClient, fields: dict[str, str], kind: str) -> None:
    await place.hand_in(api, location="somewhere in the forum", reason=WORDS, **fields)
    assert [each.kind for each, _ in await raised(place)] == ([kind] if kind else [])


async def test_where_nobody_knows_whom_it_is_about_each_pages_up_to_a_number_and_then_the_newest_is_added_to(
    place: Place, api: httpx.AsyncClient
) -> None:
    responder = await place.cast.hire(f"r-{place.slug}", Role.SAFETY_RESPONDER, [place.client], sees_all=False)
    for number in range(5):
        await place.hand_in(api, location=f"thread {number}", reason=WORDS, danger="yes", danger_kind="violence")
    found = await raised(place)
    assert [brief.summary for _, brief in found] == [f"{WORDS}\n\nthread {number}" for number in range(5)]
    assert {brief.member_id for _, brief in found} == {None}
    newest = found[-1][0].id
    async with agency_scope(responder):
        await acknowledge_escalation(responder, newest)
    await place.hand_in(api, location="thread 5", reason="and another one", danger="yes", danger_kind="violence")
    assert len(await raised(place)) == 5
    async with agency_scope(place.system):
        step = await EscalationStep.get(escalation_id=newest, kind="joined")
        assert step.note == "and another one\n\nthread 5"
        told = await Notice.get(subject_id=newest, kind="escalation_joined")
    assert (told.membership_id, told.urgency, told.facts) == (responder.membership_id, "danger", {"drill": "real"})


async def test_staff_who_had_a_letter_and_machines_say_it_too(place: Place, api: httpx.AsyncClient) -> None:
    answer = await ask(
        api,
        place.token,
        """mutation($c: ID!) { fileNotice(input: { communityId: $c, kind: RULES, location: "a thread", reason: "x",
             danger: STALKING }) { publicNotice { danger } userErrors { code } } }""",
        c=f"community_{place.community}",
    )
    assert answer["data"]["fileNotice"] == {"publicNotice": {"danger": "STALKING"}, "userErrors": []}
    [(escalation, brief)] = await raised(place)
    assert (escalation.kind, brief.by_id) == ("stalking", place.cast.owner.membership_id)


async def test_two_orders_about_nobody_that_tend_knows_are_two_dangers(place: Place) -> None:
    async with agency_scope(place.system) as scope:
        for _ in range(2):
            danger = Danger("terrorism", "x", legal_basis="tco_order")
            await raise_escalation(scope.actor, Subject(place.client), danger)
    assert len(await raised(place)) == 2


async def test_whoever_is_forgotten_is_in_no_words_about_nobody(place: Place, api: httpx.AsyncClient) -> None:
    """Not where they are named, nor where it was found later what they were about; of others the words stay."""
    post = await place.post()
    async with agency_scope(place.system):
        await Member.filter(id=post.member_id).update(handle="quiet.fox-1", external_id="platform-8812")
    for location, reason in (
        ("a thread", "QUIET.FOX-1 has a knife"),
        ("https://forum.example/u/quiet.fox-1", "look there"),
        ("the other thread", "quietXfox-1 and quiet.fox-11 are in danger"),
        ("somewhere", "he stands there"),
    ):
        await place.hand_in(api, location=location, reason=reason, danger="yes", danger_kind="violence")
    async with agency_scope(place.system):
        notice = await PublicNotice.get(reason="he stands there")
        first = await Escalation.get(id=notice.escalation_id)
        written = {"workspace_id": place.client, "at": now()}
        named = (await EscalationBrief.get(summary__startswith="QUIET.FOX-1")).escalation_id
        for escalation_id in (first.id, named):
            await EscalationStep.create(kind="noted", note="I know him", escalation_id=escalation_id, **written)
        order = await LegalOrder.create(
            workspace_id=place.client, kind="information", community_id=place.community, authority="x",
            member_state="DE", legal_basis="x", category="x", language="DE", received_at=now(),
            reasons="platform-8812 sold it", effect_note="told of another", urls=["https://forum.example/u/quiet.fox-1"],
            account_identifiers=["@quiet.fox-1", "loud.fox"],
        )  # fmt: skip
    async with agency_scope(place.cast.owner):
        await attach_notice(place.cast.owner, notice.id, post_id=post.id)
    async with agency_scope(place.system) as scope:
        await scope.execute("delete from holds where workspace_id = $1", place.client)
    async with agency_scope(place.cast.owner):
        await erase_member(place.cast.owner, post.member_id, grounds="They asked.")
    [job] = await place.cast.run_jobs("erase_member")
    assert job.state == "done", job.last_error
    words = [brief.summary for _, brief in await raised(place)]
    assert words == ["", "", "quietXfox-1 and quiet.fox-11 are in danger\n\nthe other thread", ""]
    async with agency_scope(place.system):
        notes = [step.note for step in await EscalationStep.filter(workspace_id=place.client, kind="noted")]
        assert notes == ["", ""]
        notices = await PublicNotice.filter(workspace_id=place.client).order_by("received_at")
        kept = await LegalOrder.get(id=order.id)
    assert [(each.location, each.reason) for each in notices] == [
        ("a thread", ""),
        ("", "look there"),
        ("the other thread", "quietXfox-1 and quiet.fox-11 are in danger"),
        ("", ""),
    ]
    assert (kept.reasons, kept.effect_note) == ("", "told of another")
    assert (kept.urls, kept.account_identifiers) == ([""], ["", "loud.fox"])


async def test_a_removal_order_leads_to_its_escalation_and_what_is_filed(place: Place, api: httpx.AsyncClient) -> None:
    answer = await ask(
        api,
        place.token,
        """mutation($c: ID!, $at: DateTime!) { recordOrder(input: { communityId: $c, kind: TERRORIST_CONTENT, authority: "x",
             memberState: "DE", legalBasis: "x", language: "DE", receivedAt: $at, urls: ["https://forum.example/x"] }) {
             order { escalation { id kind legalBasis filings { totalCount } } } userErrors { code } } }""",
        c=f"community_{place.community}",
        at=now().isoformat(),
    )
    [(escalation, _)] = await raised(place)
    assert answer["data"]["recordOrder"]["order"]["escalation"] == {
        "id": f"escalation_{escalation.id}",
        "kind": "TERRORISM",
        "legalBasis": "TCO_ORDER",
        "filings": {"totalCount": 0},
    }
