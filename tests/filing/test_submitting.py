"""A batch goes to the database once, whatever happens on the way; what became of every statement is kept."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from acting.conftest import served
from filing.commission import TOKEN, FakeDatabase
from filing.conftest import Desk
from filing.test_preparing import prepared

from backend.filing import (
    Filing,
    FilingBatch,
    Service,
    correct_statement,
    let_file,
    record_submission,
    send_batch,
    submit_batch,
)
from backend.filing.submitting import content_of
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.outside import allow_origins, stored_files
from tenants.scope import agency_scope


@pytest.fixture
async def database(desk: Desk) -> AsyncIterator[FakeDatabase]:
    """Tend has its token."""
    fake = FakeDatabase()
    async with served(fake.app()) as origin:
        allow_origins([origin])
        async with agency_scope(desk.lead):
            await let_file(desk.lead, desk.service.id, token=TOKEN, address=f"{origin}/api/v1")
        yield fake
        allow_origins([])


async def a_batch(desk: Desk, decisions: int = 10) -> FilingBatch:
    await desk.fill(decisions)
    await prepared(desk)
    return await the_batch(desk)


async def the_batch(desk: Desk, state: str = "ready") -> FilingBatch:
    async with agency_scope(desk.place.system):
        return await FilingBatch.get(service_id=desk.service.id, state=state)


async def states(desk: Desk) -> dict[str, int]:
    async with agency_scope(desk.place.system):
        found = list(await Filing.filter(service_id=desk.service.id).values_list("state", flat=True))
    return {state: found.count(state) for state in sorted(set(found)) if state != "exempt"}


async def submit(desk: Desk, batch: FilingBatch) -> list[str]:
    async with agency_scope(desk.lead):
        await submit_batch(desk.lead, batch.id)
    return await desk.run("submit_batch")


async def test_a_batch_is_sent_and_every_statement_has_its_address(desk: Desk, database: FakeDatabase) -> None:
    batch = await a_batch(desk)
    assert await submit(desk, batch) == ["done"]
    assert await states(desk) == {"accepted": 8}
    batch = await the_batch(desk, "accepted")
    async with agency_scope(desk.place.system):
        links = await Filing.filter(batch_id=batch.id).values_list("permalink", flat=True)
        sent = json.loads(await content_of(batch))["statements"]
    assert {each["puid"]: each for each in sent} == database.taken
    assert {f"https://database.example/statement/{puid}" for puid in database.taken} == set(links)
    async with agency_scope(desk.place.system):
        await send_batch(desk.place.system, {"batch_id": str(batch.id)})
    assert database.calls == 1, "what is accepted is not sent again"
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict):
            await submit_batch(desk.lead, batch.id)


async def test_what_was_taken_and_not_heard_of_is_success_the_second_time(desk: Desk, database: FakeDatabase) -> None:
    batch = await a_batch(desk)
    database.dies = True
    assert await submit(desk, batch) == ["ready"]
    assert len(database.taken) == 8
    assert await states(desk) == {"ready": 8}
    assert await desk.run("submit_batch") == ["done"]
    assert (database.calls, len(database.taken)) == (2, 8)
    assert await states(desk) == {"accepted": 8}
    assert (await the_batch(desk, "accepted")).problem == "8 were there already"


async def test_the_database_may_ask_for_patience(desk: Desk, database: FakeDatabase) -> None:
    batch = await a_batch(desk)
    database.limited = 1
    assert await submit(desk, batch) == ["ready"]
    assert await desk.run("submit_batch") == ["done"]
    assert await states(desk) == {"accepted": 8}


async def test_a_token_that_it_does_not_know_changes_nothing_but_says_so(desk: Desk, database: FakeDatabase) -> None:
    batch = await a_batch(desk)
    async with agency_scope(desk.lead):
        service = await Service.get(id=desk.service.id)
        await let_file(desk.lead, desk.service.id, token="wrong", address=service.database_address)
    assert await submit(desk, batch) == ["done"]
    assert (await the_batch(desk)).problem == "The database does not know the token: give Tend another one."
    assert await states(desk) == {"ready": 8}
    assert database.taken == {}


async def test_one_bad_entry_refuses_all_and_the_rest_goes_with_the_next_batch(
    desk: Desk, database: FakeDatabase
) -> None:
    """As if the Commission had a rule that Tend does not know."""
    batch = await a_batch(desk)
    async with agency_scope(desk.place.system):
        sent = json.loads(await content_of(batch))["statements"]
        sent[3]["category"] = "STATEMENT_CATEGORY_NEW"
        await stored_files().put(batch.path, json.dumps({"statements": sent}).encode())
    assert await submit(desk, batch) == ["done"]
    assert await states(desk) == {"refused": 1, "waiting": 7}
    assert (await the_batch(desk, "refused")).problem == "1 refused, 7 wait for the next file"
    async with agency_scope(desk.place.system):
        refused = await Filing.get(service_id=desk.service.id, state="refused")
    assert refused.problems == [{"field": "category", "message": "The selected category is invalid."}]
    await prepared(desk)
    assert await submit(desk, await the_batch(desk)) == ["done"]
    assert await states(desk) == {"accepted": 7, "refused": 1}
    async with agency_scope(desk.lead):
        await correct_statement(desk.lead, refused.statement_id, explanation="They insulted somebody.")
    await prepared(desk)
    assert await submit(desk, await the_batch(desk)) == ["done"]
    assert await states(desk) == {"accepted": 8}
    assert len(database.taken) == 8


async def test_without_a_token_it_is_submitted_by_hand(desk: Desk) -> None:
    batch = await a_batch(desk)
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict, match="by hand"):
            await submit_batch(desk.lead, batch.id)
    async with agency_scope(desk.lead):
        await record_submission(desk.lead, batch.id, status=429)
        assert (await FilingBatch.get(id=batch.id)).problem is not None
        await record_submission(desk.lead, batch.id, status=201)
    assert await states(desk) == {"accepted": 8}


def existing(sent: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    return {"message": "not unique", "errors": {"puid": ["x"]}, "existing": {**sent[0], **changed}}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"uuid": "x", "platform_name": "Northwind"}, {"accepted": 1, "waiting": 7}),
        ({"decision_facts": "Something else."}, {"refused": 1, "waiting": 7}),
    ],
    ids=["the same", "another"],
)
async def test_what_is_there_already_is_success_only_where_it_is_the_same(
    desk: Desk, changed: dict[str, Any], expected: dict[str, int]
) -> None:
    batch = await a_batch(desk)
    async with agency_scope(desk.lead):
        sent = json.loads(await content_of(batch))["statements"]
        await record_submission(desk.lead, batch.id, status=422, answer=json.dumps(existing(sent, **changed)))
    assert await states(desk) == expected


async def test_an_answer_that_is_none_is_refused(desk: Desk) -> None:
    batch = await a_batch(desk)
    async with agency_scope(desk.lead):
        with pytest.raises(Invalid):
            await record_submission(desk.lead, batch.id, status=200)
        with pytest.raises(Invalid):
            await record_submission(desk.lead, batch.id, status=422, answer="[1]")
        with pytest.raises(NotFound):
            await record_submission(desk.lead, desk.service.id, status=201)
    assert await states(desk) == {"ready": 8}


async def test_the_token_lies_sealed_and_goes_when_tend_is_to_send_no_more(desk: Desk, database: FakeDatabase) -> None:
    async with agency_scope(desk.lead):
        service = await Service.get(id=desk.service.id)
        assert service.token is not None
        assert TOKEN.encode() not in service.token
        await let_file(desk.lead, desk.service.id, token=None)
        assert (await Service.get(id=desk.service.id)).token is None
        with pytest.raises(Invalid):
            await let_file(desk.lead, desk.service.id, token="x", address="http://127.0.0.1/api")
