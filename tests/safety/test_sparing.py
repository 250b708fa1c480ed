"""Who is spared when it is their turn: whoever has had enough, and whoever does not take that kind; and that nobody in danger
waits for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from cast import Cast, ask
from hypothesis import given, settings
from hypothesis import strategies as st
from safety.conftest import House

from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotAllowed
from backend.leaving import Export
from backend.leaving.reading import tables_of
from backend.notices import Notice
from backend.safety import (
    Caps,
    EscalationStep,
    OptOut,
    ResponderExposure,
    SafetySettings,
    WantedLayer,
    responder_loads,
    set_opt_outs,
    set_rota,
    set_safety_settings,
    untaken_dangers,
)
from backend.safety.policies import Contacts, reached
from backend.safety.sparing import reached_by
from backend.safety.staffing import Colleague, Staffing
from backend.safety.taking_turns import Layer, Turns
from tenants.rights import Role
from tenants.scope import agency_scope

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 5, 1, tzinfo=UTC)
NOBODY = Contacts(has_email=False, has_telephony=False)
PEOPLE = [UUID(int=number) for number in range(1, 6)]

colleagues = st.builds(
    lambda role, trained, rests, capped, out: (role, trained, rests, capped, frozenset(out)),
    st.sampled_from((Role.SAFETY_RESPONDER, Role.SAFETY_RESPONDER, Role.LEAD, Role.OWNER)),
    st.sampled_from((True, True, False)),
    st.booleans(),
    st.booleans(),
    st.sets(st.sampled_from(("self_harm", "medical"))),
)
targets = st.one_of(
    st.builds(lambda level: {"kind": "ON_CALL", "level": level}, st.integers(1, 2)),
    st.builds(lambda who: {"kind": "STAFF", "staffId": f"staff_{who}"}, st.sampled_from(PEOPLE)),
    st.sampled_from(({"kind": "RESPONDERS"}, {"kind": "LEADS"}, {"kind": "OWNERS"})),
)
policies = st.lists(st.lists(targets, min_size=1, max_size=3), min_size=1, max_size=3).map(
    lambda levels: {"levels": [{"targets": each} for each in levels]}
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(people=st.lists(colleagues, min_size=1, max_size=5), policy=policies, rota=st.sets(st.integers(1, 2)))
def test_nobody_in_danger_waits_because_somebody_is_spared(
    people: list[tuple[Any, ...]], policy: dict[str, Any], rota: set[int]
) -> None:
    """Whatever the policy and whoever rests, has enough or takes no such kind: each level reaches somebody where it did, whoever
    is fresh comes first, and everybody whose turn it is, is paged in the end."""
    known = {
        who: Colleague(who, role, is_trained=trained, rests=rests, is_capped=capped, opted_out=out)
        for who, (role, trained, rests, capped, out) in zip(PEOPLE, people, strict=False)
    }
    turns = Turns(START.tzinfo, [Layer(level, START, 24, [PEOPLE[level - 1]]) for level in sorted(rota)])  # type: ignore[arg-type]
    staffing = Staffing(known, asks_for_training=False, rotas={UUID(int=9): turns} if rota else {})
    levels, paged_in_the_end = policy["levels"], set()
    asked = {"kind": "self_harm", "staffing": staffing, "contacts": NOBODY, "moment": START}
    for number in range(1, len(levels) + 2):
        named = levels[number - 1]["targets"] if number <= len(levels) else [{"kind": "OWNERS"}]
        plainly = {page.membership_id for each in named for page in reached(each, staffing, NOBODY, START)}
        for is_first_pass in (True, False):
            found = reached_by(policy, number, is_first_pass=is_first_pass, **asked)
            paged = {page.membership_id for page in found.pages}
            assert len(paged) == len(found.pages), "each once"
            assert paged or not plainly, "no level is emptied"
            assert plainly - paged == set(found.passed), "whoever is passed over is said, and nobody else"
            assert set(found.needed) <= paged
            paged_in_the_end |= paged if is_first_pass else set()  # also of a policy that never begins anew
            if found.passed:
                others = [known[who] for who in paged]
                reasons = set(found.passed.values())
                takers = [each for each in others if each.may_respond and "self_harm" not in each.opted_out]
                assert takers or "opted_out" not in reasons
                if reasons & {"rests", "capped"}:
                    assert number == 1
                    assert any(each.spared_from("self_harm") is None for each in others)
    turn = {
        page.membership_id
        for level in levels
        for each in level["targets"]
        for page in reached(each, staffing, NOBODY, START)
    }
    assert turn <= paged_in_the_end


@pytest.mark.parametrize("spared", [{"rests": True}, {"is_capped": True}], ids=["rests", "capped"])
def test_where_a_policy_has_no_second_level_whoever_rests_is_paged_from_the_second_pass_on(
    spared: dict[str, bool],
) -> None:
    """It may begin anew for ever, while whoever is fresh never comes."""
    tired, fresh = PEOPLE[:2]
    known = {
        tired: Colleague(tired, Role.SAFETY_RESPONDER, is_trained=True, **spared),
        fresh: Colleague(fresh, Role.SAFETY_RESPONDER, is_trained=True),
    }
    turns = Turns(ZoneInfo("UTC"), [Layer(level, START, 24, [who]) for level, who in ((1, tired), (2, fresh))])
    asked: dict[str, Any] = {
        "kind": "self_harm",
        "staffing": Staffing(known, asks_for_training=False, rotas={UUID(int=9): turns}),
        "contacts": NOBODY,
        "moment": START,
    }
    policy = {"levels": [{"targets": [{"kind": "ON_CALL", "level": 1}]}]}
    first = reached_by(policy, 1, **asked)
    later = reached_by(policy, 1, is_first_pass=False, **asked)
    assert [page.membership_id for page in first.pages] == [fresh]
    assert {page.membership_id for page in later.pages} == {tired, fresh}
    assert later.why_they(tired).endswith("nobody else is there, or has come.")


async def a_rota(house: House, *levels: str) -> None:
    layers = [
        WantedLayer(level=n, starts_at=now() - HOUR, shift_hours=744, turns=[house.people[who].membership_id])
        for n, who in enumerate(levels, start=1)
    ]
    async with agency_scope(house.lead):
        await set_rota(house.lead, workspace_id=house.client, name="all", time_zone="UTC", layers=layers)


async def opt_out(house: House, who: str, *kinds: str) -> None:
    async with agency_scope(house.people[who]):
        assert await set_opt_outs(house.people[who], kinds) == list(kinds)


async def steps(house: House, escalation_id: UUID, level: int, loop: int = 0) -> set[tuple[str, str, str]]:
    """Kind, who and why, of those that say whom the level reached."""
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.system):
        rows = await EscalationStep.filter(escalation_id=escalation_id, level=level, loop=loop)
    return {
        (row.kind, names.get(row.membership_id, "?"), "" if row.kind == "paged" else row.target)
        for row in rows
        if row.membership_id is not None
    }


async def had(house: House, who: str, *, ago: timedelta, lasted: timedelta, severity: int = 2) -> None:
    """Somebody had a grave one, of another moment."""
    escalation_id = await house.raised(kind="other")
    async with agency_scope(house.system):
        await ResponderExposure.create(
            workspace_id=house.client,
            escalation_id=escalation_id,
            membership_id=house.people[who].membership_id,
            severity=severity,
            began_at=now() - ago - lasted,
            ended_at=now() - ago,
        )


@pytest.fixture
async def caps(house: House) -> Any:
    """Sets them, and takes them back."""

    async def set_them(**most: int) -> None:
        async with agency_scope(house.cast.owner):
            known = await SafetySettings.get_or_none()
            await set_safety_settings(
                house.cast.owner,
                has_monthly_drills=False,
                acknowledge_within=None,
                caps=Caps(**most),
                expected_version=0 if known is None else known.version,
            )

    yield set_them
    await set_them()


@pytest.mark.parametrize(
    ("most", "ago", "lasted", "severity", "is_capped"),
    [
        ({}, 12 * HOUR, HOUR, 2, False),
        ({"most_grave_a_day": 1}, 12 * HOUR, HOUR, 2, True),
        ({"most_grave_a_day": 1}, 12 * HOUR, HOUR, 3, False),
        ({"most_grave_a_day": 2}, 12 * HOUR, HOUR, 2, False),
        ({"most_grave_a_day": 1}, 25 * HOUR, HOUR, 2, False),
        ({"most_grave_a_week": 1}, 25 * HOUR, HOUR, 2, True),
        ({"most_grave_a_week": 1}, 8 * DAY, HOUR, 2, False),
        ({"most_grave_hours_a_day": 2}, 12 * HOUR, 3 * HOUR, 2, True),
        ({"most_grave_hours_a_day": 2}, 23 * HOUR, 9 * HOUR, 2, False),  # an hour of it is within the day
        ({"most_grave_hours_a_week": 9}, 23 * HOUR, 9 * HOUR, 2, True),
        ({"most_grave_hours_a_week": 9}, 8 * DAY, 9 * HOUR, 2, False),
    ],
    ids=str,
)
async def test_whoever_has_had_enough_is_paged_second_and_it_is_said_why(
    house: House, caps: Any, most: dict[str, int], ago: timedelta, lasted: timedelta, severity: int, is_capped: bool
) -> None:
    await a_rota(house, "responder", "second")
    await had(house, "responder", ago=ago, lasted=lasted, severity=severity)
    await caps(**most)
    escalation_id = await house.raised()
    spared = {("paged", "second", ""), ("passed_over", "responder", "capped")}
    assert await steps(house, escalation_id, 1) == (spared if is_capped else {("paged", "responder", "")})
    async with agency_scope(house.lead):
        [load] = await responder_loads(house.lead, since=now() - 10 * DAY, until=now() + HOUR)
    assert load.is_capped is is_capped


async def test_whoever_is_alone_is_paged_for_all_that_and_is_told_so(house: House, caps: Any) -> None:
    await a_rota(house, "responder")
    await had(house, "responder", ago=12 * HOUR, lasted=HOUR)
    await caps(most_grave_a_day=1)
    escalation_id = await house.raised()
    assert await steps(house, escalation_id, 1) == {("paged", "responder", ""), ("nobody_else", "responder", "capped")}
    async with agency_scope(house.system):
        notice = await Notice.get(subject_id=escalation_id, kind="escalation")
    assert notice.text == (
        "Somebody may be in danger: take it. You have had enough of these, and nobody else is there, or has come."
    )


async def test_who_does_not_take_the_kind_is_passed_over_at_every_level_that_has_somebody_else(house: House) -> None:
    await a_rota(house, "responder", "second")
    await opt_out(house, "responder", "self_harm")
    other = await house.raised(kind="violence")
    assert await steps(house, other, 1) == {("paged", "responder", "")}
    escalation_id = await house.raised()
    assert await steps(house, escalation_id, 1) == {("paged", "second", ""), ("passed_over", "responder", "opted_out")}
    await house.step_at(escalation_id, (await house.of(escalation_id)).next_at)
    assert await steps(house, escalation_id, 2) == {("paged", "second", ""), ("paged", "lead", "")}


async def test_when_nobody_has_come_in_a_whole_pass_they_are_paged_after_all(house: House) -> None:
    await a_rota(house, "responder", "second")
    await opt_out(house, "responder", "self_harm")
    escalation_id = await house.raised()
    escalation = await house.of(escalation_id)
    while escalation.loop == 0:
        escalation = await house.step_at(escalation_id, escalation.next_at)
    assert await steps(house, escalation_id, 1, loop=1) == {
        ("paged", "second", ""),
        ("paged", "responder", ""),
        ("nobody_else", "responder", "opted_out"),
    }
    async with agency_scope(house.system):
        told = await Notice.get(subject_id=escalation_id, membership_id=house.responder.membership_id)
    assert told.text == (
        "Somebody may be in danger: take it. You do not take this kind, and nobody else is there, or has come."
    )


async def test_when_nobody_else_is_there_they_are_paged_at_once_and_may_take_it(house: House) -> None:
    await a_rota(house, "responder")
    await opt_out(house, "responder", "self_harm")
    escalation_id = await house.raised()
    assert await steps(house, escalation_id, 1) == {
        ("paged", "responder", ""),
        ("nobody_else", "responder", "opted_out"),
    }


async def test_leads_see_what_nobody_on_call_takes_and_whoever_it_is_says_it_for_themselves_alone(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    await a_rota(house, "responder", "second")
    said = "mutation($k: [DangerKind!]!) { setOptOuts(input: { kinds: $k }) { kinds userErrors { code } } }"
    for who, kinds in (("responder", ["MEDICAL", "CHILD_SAFETY"]), ("second", ["CHILD_SAFETY"])):
        answer = await ask(api, house.token(who), said, k=kinds)
        assert set(answer["data"]["setOptOuts"]["kinds"]) == set(kinds)
    query = "query($w: ID!) { untakenDangers(workspaceId: $w) { kind } myOptOuts }"
    client = f"workspace_{house.client}"
    assert await ask(api, house.token("lead"), query, w=client) == {
        "data": {"untakenDangers": [{"kind": "CHILD_SAFETY"}], "myOptOuts": []}
    }
    assert await ask(api, house.token("responder"), query, w=client) == {
        "data": {"untakenDangers": None, "myOptOuts": ["CHILD_SAFETY", "MEDICAL"]}
    }
    assert await ask(api, house.token("supporter"), query, w=client) == {
        "data": {"untakenDangers": None, "myOptOuts": None}
    }
    assert await ask(api, globex.tokens["owner"], query, w=client) == {
        "data": {"untakenDangers": None, "myOptOuts": []}
    }
    refused = await ask(api, house.token("supporter"), said, k=["MEDICAL"])
    assert refused["data"]["setOptOuts"] == {"kinds": None, "userErrors": [{"code": "NOT_ALLOWED"}]}
    async with agency_scope(house.cast.system):
        entries = await JournalEntry.filter(action="responder.opted_out", subject_id=house.responder.membership_id)
    assert [entry.detail for entry in entries] == [{"kinds": 2}], "which ones is nobody's business"
    await ask(api, house.token("second"), said, k=[])
    async with agency_scope(house.lead):
        assert await untaken_dangers(house.lead, house.client) == []


async def test_what_nobody_takes_ends_when_somebody_else_has_their_turn(house: House) -> None:
    start = now() - HOUR
    turns = [house.people[who].membership_id for who in ("responder", "second")]
    layer = WantedLayer(level=1, starts_at=start, shift_hours=24, turns=turns)
    async with agency_scope(house.lead):
        await set_rota(house.lead, workspace_id=house.client, name="x", time_zone="UTC", layers=[layer])
    await opt_out(house, "responder", "medical")
    async with agency_scope(house.lead):
        first, second, *_ = await untaken_dangers(house.lead, house.client)
    assert (first.ends_at, second.starts_at, second.ends_at) == (start + DAY, start + 2 * DAY, start + 3 * DAY)


@pytest.mark.parametrize(
    "most",
    [
        {"most_grave_a_day": 0},
        {"most_grave_hours_a_day": 25},
        {"most_grave_hours_a_week": 169},
        {"most_grave_a_week": -1},
    ],
    ids=str,
)
async def test_a_cap_that_cannot_be_is_refused(house: House, caps: Any, most: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        await caps(**most)


async def test_what_somebody_does_not_take_leaves_with_no_export(house: House) -> None:
    await opt_out(house, "responder", "self_harm")
    async with agency_scope(house.cast.system) as scope:
        export = Export(what="agency", agency_id=house.cast.agency_id)
        names = [table.name async for table in tables_of(scope, export, on_rows=AsyncMock())]
    assert "memberships" in names
    assert "opt_outs" not in names


async def test_no_machine_opts_out(house: House) -> None:
    async with agency_scope(house.system):
        with pytest.raises(NotAllowed):
            await set_opt_outs(house.system, ["medical"])
        with pytest.raises(Invalid):
            await set_opt_outs(house.cast.owner, ["nonsense"])
        assert not await OptOut.exists(membership_id=house.second.membership_id)
