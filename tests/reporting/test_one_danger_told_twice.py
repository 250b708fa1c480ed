"""A danger that a form told without its post, and the post: one escalation, whichever came first and whoever was faster."""

import asyncio
from uuid import UUID

import httpx
import pytest
from cast import ask
from reporting.conftest import Place

from backend.communities import Post
from backend.evidence import EvidenceSnapshot
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.moderation import About, raise_danger
from backend.notices import Notice
from backend.reporting import PublicNotice, attach_notice
from backend.safety import (
    Danger,
    Escalation,
    EscalationBrief,
    EscalationStep,
    ResponderExposure,
    Restriction,
    acknowledge_escalation,
    escalation_record,
    regrade_escalation,
    resolve_escalation,
    safety_numbers,
)
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope

WORDS = "He stands on the bridge"


async def told(place: Place, api: httpx.AsyncClient, words: str = WORDS) -> PublicNotice:
    """By a form, of nobody knows what."""
    response = await place.hand_in(api, location="by the river", reason=words, danger="yes", danger_kind="self_harm")
    assert response.status_code == 303
    return (await place.notices())[-1]


async def hired(place: Place, name: str = "r") -> Actor:
    return await place.cast.hire(f"{name}-{place.slug}", Role.SAFETY_RESPONDER, [place.client], sees_all=False)


async def attach(place: Place, notice: PublicNotice, post: Post) -> None:
    async with agency_scope(place.lead):
        await attach_notice(place.lead, notice.id, post_id=post.id)


async def raise_post(place: Place, post: Post, summary: str = "Look at this") -> UUID:
    async with agency_scope(place.lead):
        return (await raise_danger(place.lead, About(post_id=post.id), Danger("self_harm", summary)))[0]


async def take(who: Actor, escalation_id: UUID) -> None:
    async with agency_scope(who):
        await acknowledge_escalation(who, escalation_id)


async def all_of(place: Place) -> list[Escalation]:
    async with agency_scope(place.system):
        return await Escalation.filter(workspace_id=place.client).order_by("raised_at", "id")


async def brief(place: Place, escalation_id: UUID) -> EscalationBrief:
    async with agency_scope(place.system):
        return await EscalationBrief.get(escalation_id=escalation_id)


async def steps(place: Place, escalation_id: UUID) -> list[tuple[str, str]]:
    async with agency_scope(place.system):
        rows = await EscalationStep.filter(escalation_id=escalation_id).order_by("at", "id")
    return [(row.kind, row.note) for row in rows if row.kind not in ("paged", "nobody_else", "exhausted")]


async def test_what_was_told_first_gets_its_post_and_goes_on_with_whoever_has_it(
    place: Place, api: httpx.AsyncClient
) -> None:
    responder = await hired(place)
    notice = await told(place, api)
    [first] = await all_of(place)
    await take(responder, first.id)
    post = await place.post()
    await attach(place, notice, post)
    [escalation] = await all_of(place)
    assert (escalation.id, escalation.state, escalation.owner_id) == (first.id, "acknowledged", responder.membership_id)
    about = await brief(place, first.id)
    assert (about.post_id, about.member_id, about.summary) == (post.id, post.member_id, f"{WORDS}\n\nby the river")
    assert [kind for kind, _ in await steps(place, first.id)] == ["raised", "acknowledged", "subject_found"]
    async with agency_scope(place.system):
        assert await Restriction.exists(post_id=post.id, escalation_id=first.id, lifted_at=None)
        assert await EvidenceSnapshot.exists(case_id=about.case_id)
        heard = await Notice.get(subject_id=first.id, kind="escalation_joined")
    assert heard.membership_id == responder.membership_id
    async with agency_scope(responder):
        assert await Post.exists(id=post.id), "its reader sees the post"
    assert await raise_post(place, post) == first.id, "the post is raised already"


async def test_where_the_post_was_raised_first_what_was_told_is_joined_to_that(
    place: Place, api: httpx.AsyncClient
) -> None:
    """With its words, its earlier beginning and whoever has it; it counts once."""
    responder = await hired(place)
    notice = await told(place, api)
    [first] = await all_of(place)
    await take(responder, first.id)
    post = await place.post()
    left = await raise_post(place, post)
    await attach(place, notice, post)
    rows = {row.id: row for row in await all_of(place)}
    over, on = rows[first.id], rows[left]
    assert (over.state, over.outcome, over.joined_to_id, over.next_at) == ("resolved", "joined", left, None)
    assert (on.state, on.owner_id, on.raised_at) == ("acknowledged", responder.membership_id, first.raised_at)
    assert on.acknowledged_at == over.acknowledged_at
    assert [kind for kind, _ in await steps(place, first.id)] == ["raised", "acknowledged", "joined_to"]
    assert await steps(place, left) == [("raised", ""), ("acknowledged", ""), ("joined", f"{WORDS}\n\nby the river")]
    gone = await brief(place, first.id)
    assert (gone.is_open, gone.post_id, gone.member_id) == (False, post.id, post.member_id), "it is forgotten with them"
    async with agency_scope(place.system):
        assert (await PublicNotice.get(id=notice.id)).escalation_id == left
        assert not await Notice.exists(kind="recovery_proposed", membership_id=responder.membership_id), "it goes on"
        had = await ResponderExposure.filter(workspace_id=place.client).order_by("began_at", "id")
    assert [(row.escalation_id, row.ended_at is None) for row in had] == [(left, False), (left, True)], "as one"
    async with agency_scope(responder):
        assert await Post.exists(id=post.id)
        record = await escalation_record(responder, left)
    assert record is not None
    assert record.seconds_to_acknowledge == (over.acknowledged_at - first.raised_at).total_seconds()
    async with agency_scope(place.lead):
        window = {"since": first.raised_at, "until": now()}
        [gravest, *_] = await safety_numbers(place.lead, place.client, **window)
    assert (gravest.count, gravest.in_time, gravest.open) == (1, 1, 1)


async def test_whoever_has_the_post_keeps_it_and_whoever_had_the_other_is_told(
    place: Place, api: httpx.AsyncClient
) -> None:
    one, two = await hired(place, "one"), await hired(place, "two")
    notice = await told(place, api)
    [first] = await all_of(place)
    await take(one, first.id)
    post = await place.post()
    left = await raise_post(place, post)
    await take(two, left)
    await attach(place, notice, post)
    async with agency_scope(place.system):
        assert (await Escalation.get(id=left)).owner_id == two.membership_id
        heard = await Notice.filter(kind="escalation_joined", subject_id__in=[first.id, left])
    assert {(each.subject_id, each.membership_id) for each in heard} == {
        (first.id, one.membership_id),
        (left, two.membership_id),
    }


async def test_whoever_has_both_goes_on_and_is_not_sent_to_rest(place: Place, api: httpx.AsyncClient) -> None:
    responder = await hired(place)
    notice = await told(place, api)
    [first] = await all_of(place)
    post = await place.post()
    left = await raise_post(place, post)
    for escalation_id in (first.id, left):
        await take(responder, escalation_id)
    await attach(place, notice, post)
    async with agency_scope(place.system):
        assert (await Escalation.get(id=left)).owner_id == responder.membership_id
        assert not await Notice.exists(kind="recovery_proposed", membership_id=responder.membership_id)


async def test_two_who_told_the_same_are_one_in_the_end(place: Place, api: httpx.AsyncClient) -> None:
    one, two = await told(place, api), await told(place, api, "I see him too")
    post = await place.post()
    await attach(place, one, post)
    await attach(place, two, post)
    first, second = await all_of(place)
    assert (first.state, second.state, second.joined_to_id) == ("triggered", "resolved", first.id)
    assert [note for kind, note in await steps(place, first.id) if kind == "joined"] == [
        "I see him too\n\nby the river"
    ]


async def test_how_grave_its_responders_found_it_counts_and_not_the_form_again(
    place: Place, api: httpx.AsyncClient
) -> None:
    one, two = await hired(place, "one"), await hired(place, "two")
    notice = await told(place, api)
    [first] = await all_of(place)
    for who in (one, two):
        async with agency_scope(who):
            await regrade_escalation(who, first.id, impact=3, urgency=3, reason="A film scene")
    post = await place.post()
    async with agency_scope(place.lead):
        about = About(post_id=post.id)
        left, _ = await raise_danger(place.lead, about, Danger("self_harm", "x", impact=3, urgency=3))
    await attach(place, notice, post)
    async with agency_scope(place.system):
        assert (await Escalation.get(id=left)).severity == 3


async def test_what_is_over_is_not_opened_again_the_post_is_raised_anew(place: Place, api: httpx.AsyncClient) -> None:
    """Whoever resolved it had never seen the post."""
    responder = await hired(place)
    notice = await told(place, api)
    [first] = await all_of(place)
    await take(responder, first.id)
    async with agency_scope(responder):
        with pytest.raises(Invalid):
            await resolve_escalation(responder, first.id, outcome="joined", note="x", lifts_restriction=True)
        await resolve_escalation(
            responder, first.id, outcome="stood_down", note="Nothing found", lifts_restriction=True
        )
    await attach(place, notice, await place.post())
    assert [(row.state, row.outcome) for row in await all_of(place)] == [
        ("resolved", "stood_down"),
        ("triggered", None),
    ]


async def test_one_that_others_were_added_to_stays_and_is_paged_on(place: Place, api: httpx.AsyncClient) -> None:
    """These may be other dangers: beyond five open ones of a client forms are added to the newest."""
    for number in range(6):
        newest = await told(place, api, f"No {number}")
    await attach(place, newest, await place.post())
    rows = await all_of(place)
    assert [row.state for row in rows] == ["triggered"] * 6
    assert (await brief(place, rows[5].id)).post_id is not None
    assert (await brief(place, rows[4].id)).post_id is None


async def test_two_who_attach_and_raise_at_once_leave_one(place: Place, api: httpx.AsyncClient) -> None:
    notices = [await told(place, api, f"No {number}") for number in range(3)]
    post = await place.post()
    done = await asyncio.wait_for(
        asyncio.gather(
            *(attach(place, notice, post) for notice in (*notices, notices[0])),
            raise_post(place, post),
            told(place, api, "And another one"),
            return_exceptions=True,
        ),
        timeout=30,
    )
    assert [type(each) for each in done if isinstance(each, BaseException)] in ([], [Conflict]), done
    open_ = [row for row in await all_of(place) if row.state != "resolved"]
    about = [(await brief(place, row.id)).post_id for row in open_]
    assert sorted(about, key=str) == sorted([post.id, None], key=str), "the post's, and the one told meanwhile"
    left = open_[about.index(post.id)].id
    words = {(await brief(place, left)).summary, *(note for _, note in await steps(place, left))}
    assert {f"No {number}\n\nby the river" for number in range(3)} < words, "every word is there"


async def test_whoever_looks_at_the_one_that_is_over_is_led_on(place: Place, api: httpx.AsyncClient) -> None:
    notice = await told(place, api)
    [first] = await all_of(place)
    post = await place.post()
    left = await raise_post(place, post)
    await attach(place, notice, post)
    query = "query($id: ID!) { node(id: $id) { ... on Escalation { state outcome joinedTo { id state } } } }"
    assert (await ask(api, place.token, query, id=f"escalation_{first.id}"))["data"]["node"] == {
        "state": "RESOLVED",
        "outcome": "JOINED",
        "joinedTo": {"id": f"escalation_{left}", "state": "TRIGGERED"},
    }
