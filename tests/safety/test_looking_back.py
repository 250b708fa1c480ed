"""After an escalation: one list of all that happened, how soon, a review in time, and what follows from it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cast import Cast, ask
from safety.conftest import House

from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.notices import Notice
from backend.safety import (
    EscalationReview,
    FollowUp,
    acknowledge_escalation,
    break_glass,
    escalation_record,
    finish_follow_up,
    note_on_escalation,
    record_contact,
    resolve_escalation,
    set_follow_up,
    tell_of_deadlines,
    tick_item,
    write_review,
)
from tenants.rights import Role
from tenants.scope import agency_scope

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WORDS = {"what_happened": "He was found.", "went_well": "The call.", "to_change": "The night rota."}


async def over(house: House, **danger: object) -> object:
    """Raised and resolved at once; the escalation."""
    escalation_id = await house.raised(**danger)
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
        await resolve_escalation(house.responder, escalation_id, outcome="resolved", note="x", lifts_restriction=False)
    return await house.of(escalation_id)


async def told_of(house: House, escalation_id: object, *, moment: object) -> set[str]:
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.system):
        await tell_of_deadlines(moment)
        told = await Notice.filter(subject_id=escalation_id, kind="review_overdue")
    return {names.get(each.membership_id, "somebody") for each in told}


async def test_everything_is_one_list_and_says_how_soon(house: House) -> None:
    escalation_id = await house.raised(kind="medical")
    start = (await house.of(escalation_id)).raised_at
    who = house.responder
    async with agency_scope(who):
        await note_on_escalation(who, escalation_id, note="I look at it.", moment=start + 2 * MINUTE)
        await acknowledge_escalation(who, escalation_id, moment=start + 3 * MINUTE)
        await tick_item(who, escalation_id, key="stay", is_done=True, note="", moment=start + 4 * MINUTE)
        await record_contact(
            who,
            escalation_id,
            whom="emergency_services",
            channel="telephone",
            note="112",
            told_at=start + 5 * MINUTE,
            moment=start + 6 * MINUTE,
        )
        record = await escalation_record(who, escalation_id)
    assert record is not None
    assert (record.seconds_to_human, record.seconds_to_act, record.seconds_to_acknowledge) == (120, 120, 180)
    steps = [each.kind for each in record.timeline if each.kind not in (None, "paged")]
    assert steps == ["raised", "noted", "acknowledged", "item_done", "contacted"]
    readers = {(each.because, each.membership_id) for each in record.timeline if each.because}
    assert readers == {
        ("paged", house.responder.membership_id),
        ("paged", house.second.membership_id),
        ("responds", house.responder.membership_id),
    }
    assert [task.key for task in record.checklist if task.is_done] == ["stay"]
    assert len(record.checklist) == len((await house.of(escalation_id)).protocol["items"])


async def test_while_nobody_was_there_nothing_took_any_time(house: House) -> None:
    escalation_id = await house.raised()
    async with agency_scope(house.responder):
        record = await escalation_record(house.responder, escalation_id)
    assert record is not None
    assert (record.seconds_to_human, record.seconds_to_act, record.seconds_to_acknowledge) == (None, None, None)


async def test_whom_somebody_told_before_it_was_raised_was_told_in_no_time_and_never_before_this_century(
    house: House,
) -> None:
    escalation_id = await house.raised()
    start, who = (await house.of(escalation_id)).raised_at, house.responder
    told = {"whom": "client", "channel": "telephone", "note": "x"}
    async with agency_scope(who):
        with pytest.raises(Invalid):
            await record_contact(who, escalation_id, told_at=datetime(1, 1, 1, tzinfo=UTC), **told)
        await record_contact(who, escalation_id, told_at=start - HOUR, **told)
        record = await escalation_record(who, escalation_id)
    assert record is not None
    assert (record.seconds_to_human, record.seconds_to_act) == (0, 0)


async def test_the_record_is_for_readers_alone(api: httpx.AsyncClient, house: House, globex: Cast) -> None:
    escalation_id = await house.raised()
    query = """query($e: ID!) { escalationRecord(escalationId: $e) {
        secondsToHuman checklist { key saidBy { id } } timeline { at step reader note staff { id } by { id } } } }"""
    nothing = {"data": {"escalationRecord": None}}
    for token in (*map(house.token, ("moderator", "lead", "supporter")), house.cast.tokens["owner"]):
        assert await ask(api, token, query, e=f"escalation_{escalation_id}") == nothing
    for id in (f"escalation_{escalation_id}"[:-4] + "0000", "nonsense", f"case_{escalation_id}"):
        assert await ask(api, house.token("responder"), query, e=id) == nothing
    assert await ask(api, globex.tokens["owner"], query, e=f"escalation_{escalation_id}") == nothing
    mine = (await ask(api, house.token("responder"), query, e=f"escalation_{escalation_id}"))["data"]
    assert mine["escalationRecord"]["timeline"][0]["step"] == "RAISED"
    async with agency_scope(house.cast.owner):
        await break_glass(house.cast.owner, escalation_id, reason="x")
    theirs = (await ask(api, house.cast.tokens["owner"], query, e=f"escalation_{escalation_id}"))["data"]
    assert {each["reader"] for each in theirs["escalationRecord"]["timeline"]} == {None, "PAGED", "BROKE_GLASS"}


@pytest.mark.parametrize(
    ("impact", "urgency", "hours"), [(1, 1, 72), (2, 2, 168), (3, 3, None)], ids=["one", "two", "three"]
)
async def test_a_review_is_due_by_severity_and_leads_are_told_once_when_it_is_late(
    house: House, impact: int, urgency: int, hours: int | None
) -> None:
    escalation = await over(house, impact=impact, urgency=urgency)
    if hours is None:
        assert escalation.review_due_at is None
        assert await told_of(house, escalation.id, moment=escalation.resolved_at + 10_000 * HOUR) == set()
        return
    assert escalation.review_due_at == escalation.resolved_at + hours * HOUR
    assert await told_of(house, escalation.id, moment=escalation.review_due_at - MINUTE) == set()
    for _ in range(2):
        assert await told_of(house, escalation.id, moment=escalation.review_due_at) == {"lead"}


async def test_whoever_writes_it_in_time_has_nobody_told(house: House) -> None:
    escalation = await over(house)
    async with agency_scope(house.responder):
        await write_review(house.responder, escalation.id, **WORDS, expected_version=0)
    reviewed = await house.of(escalation.id)
    assert reviewed.reviewed_at is not None
    assert await told_of(house, escalation.id, moment=escalation.review_due_at + HOUR) == set()


async def test_a_review_is_written_by_readers_once_it_is_over_and_changed_over_the_version_they_read(
    house: House,
) -> None:
    open_id = await house.raised()
    async with agency_scope(house.responder):
        with pytest.raises(Conflict):
            await write_review(house.responder, open_id, **WORDS, expected_version=0)
    escalation = await over(house)
    for who in (house.moderator, house.lead):
        async with agency_scope(who):
            with pytest.raises(NotAllowed):
                await write_review(who, escalation.id, **WORDS, expected_version=0)
    async with agency_scope(house.responder):
        await write_review(house.responder, escalation.id, **WORDS, expected_version=0)
    for version in (0, 2):
        async with agency_scope(house.second):
            with pytest.raises(Conflict):
                await write_review(house.second, escalation.id, **WORDS, expected_version=version)
    async with agency_scope(house.second):
        changed = {**WORDS, "to_change": ""}
        await write_review(house.second, escalation.id, **changed, expected_version=1)
    async with agency_scope(house.system):
        review = await EscalationReview.get(escalation_id=escalation.id)
    assert (review.version, review.by_id, review.to_change) == (2, house.second.membership_id, "")


async def test_what_follows_is_seen_by_whose_it_is_and_nothing_else_of_it(api: httpx.AsyncClient, house: House) -> None:
    escalation = await over(house)
    due_at = escalation.resolved_at + 48 * HOUR
    async with agency_scope(house.responder):
        follow_up_id = await set_follow_up(
            house.responder, escalation.id, what="Plan nights.", owner_id=house.moderator.membership_id, due_at=due_at
        )
    query = """query($f: ID!, $e: ID!) { node(id: $f) { ... on FollowUp { what isOverdue owner { id } } }
        escalation: node(id: $e) { ... on Escalation { brief { summary } review { toChange } followUps { nodes { what } } } } }"""
    ids = {"f": f"followup_{follow_up_id}", "e": f"escalation_{escalation.id}"}
    mine = (await ask(api, house.token("lead"), query, **ids))["data"]
    assert mine == {"node": None, "escalation": {"brief": None, "review": None, "followUps": {"nodes": []}}}
    await house.hire("other", Role.MODERATOR)
    theirs = (await ask(api, house.token("other"), query, **ids))["data"]
    assert theirs["node"] is None
    owned = (await ask(api, house.token("moderator"), query, **ids))["data"]
    assert owned["node"] == {
        "what": "Plan nights.",
        "isOverdue": False,
        "owner": {"id": f"staff_{house.moderator.membership_id}"},
    }
    assert owned["escalation"]["review"] is None
    assert await told_of(house, escalation.id, moment=due_at) == {"lead", "moderator"}
    for who in (house.lead, house.supporter):
        async with agency_scope(who):
            with pytest.raises(NotAllowed):
                await finish_follow_up(who, follow_up_id, note="")
    async with agency_scope(house.moderator):
        await finish_follow_up(house.moderator, follow_up_id, note="Planned.")
        with pytest.raises(Conflict):
            await finish_follow_up(house.moderator, follow_up_id, note="again")
    async with agency_scope(house.system):
        done = await FollowUp.get(id=follow_up_id)
    assert (done.done_note, done.done_at is not None) == ("Planned.", True)


async def test_a_follow_up_is_for_a_colleague_of_the_client_and_due_in_time(house: House, globex: Cast) -> None:
    escalation = await over(house)
    later = escalation.resolved_at + HOUR
    for owner, due_at, refusal in (
        (globex.owner.membership_id, later, NotFound),
        (house.lead.membership_id, escalation.raised_at - HOUR, Invalid),
        (house.lead.membership_id, later + 400 * 24 * HOUR, Invalid),
    ):
        async with agency_scope(house.responder):
            with pytest.raises(refusal):
                await set_follow_up(house.responder, escalation.id, what="x", owner_id=owner, due_at=due_at)
    async with agency_scope(house.lead):
        with pytest.raises(NotAllowed):
            await set_follow_up(house.lead, escalation.id, what="x", owner_id=house.lead.membership_id, due_at=later)
