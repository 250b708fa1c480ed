"""What is to be done about a danger: in versions, frozen when it is raised; ticked by whoever has it, and never unticked."""

from datetime import timedelta

import httpx
import pytest
from cast import Cast, ask
from safety.conftest import House

from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.safety import (
    BUILT_IN,
    KINDS,
    EscalationStep,
    Item,
    ProtocolVersion,
    acknowledge_escalation,
    protocol_versions,
    resolve_escalation,
    tick_item,
    write_protocol,
)
from tenants.scope import agency_scope

ITEMS = [Item("ring", "Ring the bell."), Item("run", "Run.")]


async def newest(house: House) -> ProtocolVersion:
    """Others may have written one before: tests share the agency."""
    async with agency_scope(house.moderator):
        return (await protocol_versions(house.moderator, kind="doxxing"))[0]


async def written(house: House, items: list[Item] = ITEMS) -> int:
    before = await newest(house)
    async with agency_scope(house.lead):
        return await write_protocol(house.lead, kind="doxxing", items=items, expected_version=before.version)


def test_every_danger_has_a_first_version_that_can_be_worked_with() -> None:
    assert set(BUILT_IN) == set(KINDS)
    for kind, items in BUILT_IN.items():
        assert 5 <= len(items) <= 12, kind
        assert all(text.endswith((".", "?")) and len(text) < 150 for text in items.values()), kind


async def test_what_is_raised_keeps_the_version_of_that_moment(house: House) -> None:
    built_in = await house.of(await house.raised(kind="medical"))
    assert built_in.protocol["version"] == 0
    assert [item["key"] for item in built_in.protocol["items"]] == list(BUILT_IN["medical"])
    version = await written(house)
    escalation_id = await house.raised(kind="doxxing")
    assert await written(house, [Item("hide", "Hide.")]) == version + 1
    kept = (await house.of(escalation_id)).protocol
    assert kept == {
        "version": version,
        "items": [{"key": "ring", "text": "Ring the bell."}, {"key": "run", "text": "Run."}],
    }
    assert (await house.of(await house.raised(kind="doxxing"))).protocol["version"] == version + 1


async def test_every_version_can_be_read_and_one_is_in_force(house: House) -> None:
    version = await written(house)
    async with agency_scope(house.moderator):
        found = await protocol_versions(house.moderator, kind="doxxing")
    assert [each.version for each in found] == list(range(version, -1, -1))
    assert [each.is_in_force for each in found] == [True] + [False] * version
    assert (found[0].created_by_id, found[0].items) == (house.lead.membership_id, ITEMS)
    assert found[-1].created_by_id is None


async def test_only_a_lead_writes_one_and_only_over_the_one_they_read(house: House) -> None:
    before = await newest(house)
    async with agency_scope(house.responder):
        with pytest.raises(NotAllowed):
            await write_protocol(house.responder, kind="doxxing", items=ITEMS, expected_version=before.version)
    for items, version, refusal in (
        (ITEMS, before.version + 1, Conflict),
        ([], before.version, Invalid),
        ([Item("a", "x")] * 2, before.version, Invalid),
        ([Item("Not a key", "x")], before.version, Invalid),
        ([Item("a", " ")], before.version, Invalid),
        ([Item(f"a{n}", "x") for n in range(51)], before.version, Invalid),
    ):
        async with agency_scope(house.lead):
            with pytest.raises(refusal):
                await write_protocol(house.lead, kind="doxxing", items=items, expected_version=version)
    assert await newest(house) == before


async def test_an_item_is_ticked_once_and_a_later_word_says_why_it_is_not_done(house: House) -> None:
    escalation_id = await house.raised(kind="medical")
    start = (await house.of(escalation_id)).raised_at
    minute = timedelta(minutes=1)

    async def tick(is_done: bool, note: str, after: int, *, key: str = "stay") -> None:
        async with agency_scope(house.responder):
            await tick_item(
                house.responder, escalation_id, key=key, is_done=is_done, note=note, moment=start + after * minute
            )

    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id, moment=start)
    with pytest.raises(Conflict):
        await tick(False, "It was never done.", 1)
    await tick(True, "", 2)
    with pytest.raises(Conflict):
        await tick(True, "again", 3)
    with pytest.raises(Invalid):
        await tick(False, "", 3)
    await tick(False, "She hung up.", 4)
    await tick(True, "Called back.", 5)
    with pytest.raises(NotFound):
        await tick(True, "", 6, key="no_such_item")
    async with agency_scope(house.system):
        steps = await EscalationStep.filter(escalation_id=escalation_id, kind__startswith="item_").order_by("at")
    assert [(each.kind, each.target, each.note, each.by_id) for each in steps] == [
        ("item_done", "stay", "", house.responder.membership_id),
        ("item_undone", "stay", "She hung up.", house.responder.membership_id),
        ("item_done", "stay", "Called back.", house.responder.membership_id),
    ]
    alive_until = (await house.of(escalation_id)).ack_expires_at
    assert alive_until == start + 5 * minute + timedelta(minutes=15), "a tick is a sign of life"


async def test_only_who_may_answer_ticks_and_nobody_once_it_is_over(house: House) -> None:
    escalation_id = await house.raised(kind="medical")
    for who in (house.moderator, house.lead, house.supporter):
        async with agency_scope(who):
            with pytest.raises(NotAllowed):
                await tick_item(who, escalation_id, key="stay", is_done=True, note="")
    async with agency_scope(house.responder):
        await resolve_escalation(house.responder, escalation_id, outcome="stood_down", note="x", lifts_restriction=True)
        with pytest.raises(Conflict):
            await tick_item(house.responder, escalation_id, key="stay", is_done=True, note="")


async def test_protocols_through_the_api_are_for_who_works_cases(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    version = await written(house)
    query = "{ protocols(kind: DOXXING) { kind version isInForce items { key text } createdBy { id } } }"
    first, *_ = (await ask(api, house.token("moderator"), query))["data"]["protocols"]
    assert first == {
        "kind": "DOXXING",
        "version": version,
        "isInForce": True,
        "items": [{"key": item.key, "text": item.text} for item in ITEMS],
        "createdBy": {"id": f"staff_{house.lead.membership_id}"},
    }
    assert (await ask(api, house.token("supporter"), query))["data"] == {"protocols": None}
    theirs = (await ask(api, globex.tokens["owner"], query))["data"]["protocols"]
    assert [each["createdBy"] for each in theirs if each["createdBy"]] == []
    assert "Ring the bell." not in str(theirs)
    assert len((await ask(api, house.token("moderator"), "{ protocols { version } }"))["data"]["protocols"]) > len(
        KINDS
    )
