"""Whoever answers for a grave escalation rests: what they had is kept, and nobody is paged first for two in a row unless alone."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from safety.conftest import House

from backend.kit.clock import now
from backend.notices import Notice
from backend.safety import (
    ResponderExposure,
    WantedLayer,
    accept_escalation,
    acknowledge_escalation,
    offer_escalation,
    regrade_escalation,
    resolve_escalation,
    responder_loads,
    set_rota,
    silence_escalation,
    start_drill,
)
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def a_rota(house: House, *levels: str) -> None:
    """Who is on call on level 1, then on level 2: each alone."""
    layers = [
        WantedLayer(level=n, starts_at=now() - HOUR, shift_hours=744, turns=[house.people[who].membership_id])
        for n, who in enumerate(levels, start=1)
    ]
    async with agency_scope(house.lead):
        await set_rota(house.lead, workspace_id=house.client, name="all", time_zone="UTC", layers=layers)


async def paged(house: House, escalation_id: UUID, level: int) -> set[str]:
    return {
        who.split("-")[0] for kind, at, _, who in await house.steps(escalation_id) if (kind, at) == ("paged", level)
    }


async def take(house: House, who: str, *, moment: datetime | None = None, **danger: object) -> UUID:
    escalation_id = await house.raised(**danger)
    async with agency_scope(house.people[who]):
        await acknowledge_escalation(house.people[who], escalation_id, moment=moment)
    return escalation_id


async def resolve(who: Actor, escalation_id: UUID, moment: datetime | None = None) -> None:
    async with agency_scope(who):
        await resolve_escalation(
            who, escalation_id, outcome="resolved", note="x", lifts_restriction=True, moment=moment
        )


async def exposures(house: House, escalation_id: UUID) -> list[tuple[str, int, float | None]]:
    """Who, how grave, seconds."""
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.system):
        rows = await ResponderExposure.filter(escalation_id=escalation_id).order_by("began_at")
    return [
        (
            names[row.membership_id],
            row.severity,
            None if row.ended_at is None else (row.ended_at - row.began_at).total_seconds(),
        )
        for row in rows
    ]


async def test_who_has_one_or_had_one_is_paged_second_and_who_else_is_on_call_first(house: House) -> None:
    await a_rota(house, "responder", "second")
    first = await take(house, "responder")
    assert await paged(house, first, 1) == {"responder"}
    while_they_have_it = await house.raised()
    assert await paged(house, while_they_have_it, 1) == {"second"}
    await resolve(house.responder, first)
    escalation_id = await house.raised()
    assert await paged(house, escalation_id, 1) == {"second"}
    await house.step_at(escalation_id, (await house.of(escalation_id)).next_at)
    assert await paged(house, escalation_id, 2) >= {"responder", "second", "lead"}


async def test_who_is_alone_is_paged_again(house: House) -> None:
    await a_rota(house, "responder")
    await resolve(house.responder, await take(house, "responder"))
    assert await paged(house, await house.raised(), 1) == {"responder"}


async def test_when_everybody_rests_everybody_is_paged_as_ever(house: House) -> None:
    await a_rota(house, "responder", "second")
    await resolve(house.responder, await take(house, "responder"))
    await resolve(house.second, await take(house, "second"))
    assert await paged(house, await house.raised(), 1) == {"responder"}


async def test_without_rotas_the_other_responders_are_paged(house: House) -> None:
    await resolve(house.responder, await take(house, "responder"))
    assert await paged(house, await house.raised(), 1) == {"second"}


async def test_somebody_who_is_not_trained_replaces_nobody(house: House) -> None:
    await a_rota(house, "responder", "second")
    async with agency_scope(house.system) as scope:
        await scope.execute(
            """insert into training_requirements (agency_id, workspace_id, id, kinds)
               values ($1, $2, gen_random_uuid(), '{crisis}')""",
            house.cast.agency_id,
            house.client,
        )
    await house.certify("responder")
    await resolve(house.responder, await take(house, "responder"))
    assert await paged(house, await house.raised(), 1) == {"responder"}


@pytest.mark.parametrize(
    ("impact", "urgency", "hours"), [(1, 1, 24), (2, 2, 11), (3, 3, 0)], ids=["one", "two", "three"]
)
async def test_they_rest_as_long_as_it_was_grave(house: House, impact: int, urgency: int, hours: int) -> None:
    await a_rota(house, "responder", "second")
    ended_at = now() - hours * HOUR
    escalation_id = await take(house, "responder", impact=impact, urgency=urgency)
    await resolve(house.responder, escalation_id)

    async def ended(moment: datetime) -> None:
        async with agency_scope(house.system) as scope:
            await scope.execute(
                "update responder_exposures set began_at = $2, ended_at = $3 where escalation_id = $1",
                escalation_id,
                moment - MINUTE,
                moment,
            )

    await ended(ended_at - MINUTE)
    assert await paged(house, await house.raised(), 1) == {"responder"}
    await ended(ended_at + 5 * MINUTE)
    assert await paged(house, await house.raised(), 1) == ({"second"} if hours else {"responder"})


async def test_a_grave_one_of_another_client_counts_and_a_drill_does_not(house: House) -> None:
    await a_rota(house, "responder", "second")
    async with agency_scope(house.lead):
        drill = await start_drill(house.lead, house.client, kind="self_harm")
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, drill)
    assert await exposures(house, drill) == []
    assert await paged(house, await house.raised(), 1) == {"responder"}
    other = House(house.cast, await house.cast.empty_workspace(), "", house.people)
    other.slug = next(slug for slug, id in house.cast.workspaces.items() if id == other.client)
    elsewhere = await other.raised(by=house.cast.owner)
    async with agency_scope(other.system) as scope:
        await scope.execute(
            """insert into responder_exposures (agency_id, workspace_id, id, escalation_id, membership_id, severity,
                                                began_at, ended_at)
               values ($1, $2, gen_random_uuid(), $3, $4, 1, now() - interval '2 hours', now() - interval '1 hour')""",
            house.cast.agency_id,
            other.client,
            elsewhere,
            house.responder.membership_id,
        )
    assert await paged(house, await house.raised(), 1) == {"second"}


async def test_each_who_had_it_is_kept_with_how_long_and_how_grave_it_was(house: House) -> None:
    escalation_id = await house.raised(impact=2, urgency=2)
    start = (await house.of(escalation_id)).raised_at
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id, moment=start + MINUTE)
        await offer_escalation(
            house.responder, escalation_id, to_id=house.second.membership_id, note="x", moment=start + 2 * MINUTE
        )
    async with agency_scope(house.second):
        await accept_escalation(house.second, escalation_id, moment=start + 3 * MINUTE)
        await regrade_escalation(
            house.second, escalation_id, impact=1, urgency=1, reason="x", moment=start + 4 * MINUTE
        )
    decayed = await house.step_at(escalation_id, (await house.of(escalation_id)).ack_expires_at)
    assert decayed.state == "triggered"
    assert await exposures(house, escalation_id) == [("responder", 2, 120), ("second", 1, 16 * 60)]
    async with agency_scope(house.system):
        told = await Notice.filter(subject_id=escalation_id, kind="recovery_proposed")
    assert {each.membership_id for each in told} == {house.responder.membership_id, house.second.membership_id}


async def test_a_silence_ends_it_too_and_what_is_light_asks_for_no_rest(house: House) -> None:
    escalation_id = await take(house, "responder", impact=3, urgency=3)
    assert [seconds for _, _, seconds in await exposures(house, escalation_id)] == [None]
    async with agency_scope(house.responder):
        await silence_escalation(house.responder, escalation_id, minutes=10, reason="x")
    assert [seconds for _, _, seconds in await exposures(house, escalation_id)] != [None]
    async with agency_scope(house.system):
        assert not await Notice.exists(subject_id=escalation_id, kind="recovery_proposed")


async def test_loads_are_everybodys_for_a_lead_and_ones_own_for_others(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    start = now()
    one = await take(house, "responder", moment=start)
    await resolve(house.responder, one, start + 10 * MINUTE)
    two = await take(house, "second", moment=start, impact=2, urgency=2)
    await resolve(house.second, two, start + 5 * MINUTE)
    window = {"since": start - HOUR, "until": start + HOUR}

    async def loads(who: Actor, moment: datetime) -> list[tuple[object, ...]]:
        names = {actor.membership_id: name for name, actor in house.people.items()}
        async with agency_scope(who):
            found = await responder_loads(who, **window, moment=moment)
        return [
            (names[each.membership_id], each.taken, each.seconds, each.weighted_seconds, each.rests_until)
            for each in found
        ]

    theirs = ("responder", 1, 600, 2400, start + 10 * MINUTE + 24 * HOUR)
    others = ("second", 1, 300, 600, start + 5 * MINUTE + 11 * HOUR)
    assert await loads(house.lead, start + HOUR) == [theirs, others]
    assert await loads(house.second, start + HOUR) == [others]
    assert await loads(house.lead, start + 12 * HOUR) == [theirs, (*others[:4], None)]
    query = """query($since: DateTime!, $until: DateTime!) {
        responderLoads(since: $since, until: $until) { taken hasOne staff { id } } }"""
    asked = {name: moment.isoformat() for name, moment in window.items()}
    assert (await ask(api, house.token("supporter"), query, **asked))["data"] == {"responderLoads": None}
    assert await ask(api, house.token("responder"), query, **asked) == {
        "data": {
            "responderLoads": [{"taken": 1, "hasOne": False, "staff": {"id": f"staff_{house.responder.membership_id}"}}]
        }
    }
    strangers = await ask(api, globex.tokens["owner"], query, **asked)
    assert str(house.responder.membership_id) not in str(strangers)
    await house.hire("elsewhere", Role.LEAD)
    async with agency_scope(house.cast.system) as scope:
        await scope.execute(
            "delete from assignments where agency_id = $1 and membership_id = $2",
            house.cast.agency_id,
            house.people["elsewhere"].membership_id,
        )
    assert (await ask(api, house.token("elsewhere"), query, **asked))["data"] == {"responderLoads": []}
