"""When a turn ends, whoever has an escalation hands it over: listed, told before it ends, and once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from cast import Cast, ask
from safety.conftest import House

from backend.kit.clock import now
from backend.notices import Notice
from backend.safety import (
    Held,
    WantedLayer,
    acknowledge_escalation,
    hand_over_list,
    resolve_escalation,
    set_rota,
    tell_of_deadlines,
)
from tenants.scope import agency_scope

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def shifts(house: House, *who: str, level: int = 1) -> datetime:
    """Of eight hours each, in turn, the first one begun an hour ago; when it ends."""
    start = now().replace(second=0, microsecond=0) - HOUR
    turns = [house.people[each].membership_id for each in who]
    layer = WantedLayer(level=level, starts_at=start, shift_hours=8, turns=turns)
    async with agency_scope(house.lead):
        await set_rota(house.lead, workspace_id=house.client, name=f"l{level}", time_zone="UTC", layers=[layer])
    return start + 8 * HOUR


async def taken(house: House, who: str, **danger: object) -> UUID:
    escalation_id = await house.raised(**danger)
    async with agency_scope(house.people[who]):
        await acknowledge_escalation(house.people[who], escalation_id)
    return escalation_id


async def listed(house: House, moment: datetime | None = None) -> list[Held]:
    async with agency_scope(house.lead):
        return await hand_over_list(house.lead, house.client, moment=moment)


async def told(house: House, moment: datetime) -> list[str]:
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.system):
        await tell_of_deadlines(moment)
        found = await Notice.filter(kind="turn_ends", workspace_id=house.client)
    return sorted(names[each.membership_id] for each in found)


async def test_each_of_severity_one_to_three_is_listed_with_the_end_of_the_turn_and_who_comes(house: House) -> None:
    ends_at = await shifts(house, "responder", "second")
    grave = await taken(house, "responder")
    await taken(house, "responder", impact=4, urgency=2)
    await house.raised()
    owner, following = house.responder.membership_id, house.second.membership_id
    assert await listed(house) == [Held(grave, owner, ends_at, is_over=False, next_id=following)]
    assert await listed(house, ends_at + MINUTE) == [Held(grave, owner, ends_at, is_over=True, next_id=following)]
    # Their next turn ends later, and is none that they hold it in now.
    assert (await listed(house, ends_at + 9 * HOUR))[0].turn_ends_at == ends_at + 16 * HOUR
    async with agency_scope(house.responder):
        await resolve_escalation(house.responder, grave, outcome="resolved", note="x", lifts_restriction=True)
    assert await listed(house) == []


async def test_whoever_has_it_and_whoever_comes_are_told_half_an_hour_before_and_once(house: House) -> None:
    ends_at = await shifts(house, "responder", "second")
    await taken(house, "responder")
    assert await told(house, ends_at - 31 * MINUTE) == []
    for moment in (ends_at - 30 * MINUTE, ends_at - 10 * MINUTE, ends_at + HOUR):
        assert await told(house, moment) == ["responder", "second"]


async def test_after_an_outage_it_is_told_late(house: House) -> None:
    ends_at = await shifts(house, "responder", "second")
    await taken(house, "responder")
    assert await told(house, ends_at + 2 * HOUR) == ["responder", "second"]


async def test_whose_turn_does_not_end_and_who_had_none_is_told_nothing(house: House) -> None:
    await shifts(house, "responder")  # by turns with nobody
    await shifts(house, "second", level=2)
    await taken(house, "responder")
    paged = await house.raised()
    await house.step_at(paged, (await house.of(paged)).next_at)
    async with agency_scope(house.lead):
        await acknowledge_escalation(house.lead, paged)
    assert [(each.turn_ends_at, each.is_over) for each in await listed(house)] == [(None, False), (None, True)]
    assert await told(house, now() + 24 * HOUR) == []


async def test_without_rotas_no_turn_ends(house: House) -> None:
    await taken(house, "responder")
    [held] = await listed(house)
    assert (held.turn_ends_at, held.is_over) == (None, False)


async def test_the_list_through_the_api_is_for_who_works_cases_of_the_client(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    ends_at = await shifts(house, "responder", "second")
    escalation_id = await taken(house, "responder")
    query = """query($w: ID!) { handOverList(workspaceId: $w) {
        escalation { id isDrill brief { summary } } owner { id } turnEndsAt isOver next { id } } }"""
    mine = (await ask(api, house.token("second"), query, w=f"workspace_{house.client}"))["data"]["handOverList"]
    told_at = datetime.fromisoformat(mine[0].pop("turnEndsAt")).astimezone(UTC)
    assert told_at == ends_at
    assert mine == [
        {
            "escalation": {"id": f"escalation_{escalation_id}", "isDrill": False, "brief": None},
            "owner": {"id": f"staff_{house.responder.membership_id}"},
            "isOver": False,
            "next": {"id": f"staff_{house.second.membership_id}"},
        }
    ]
    nothing = {"data": {"handOverList": None}}
    assert await ask(api, house.token("supporter"), query, w=f"workspace_{house.client}") == nothing
    assert await ask(api, globex.tokens["owner"], query, w=f"workspace_{house.client}") == nothing
    assert await ask(api, house.token("second"), query, w="nonsense") == nothing
