"""An endpoint that is gone or has failed for five days is sent nothing more, and somebody is told."""

from datetime import timedelta
from typing import Any

import pytest
from cast import Cast
from webhooks.conftest import KIND, attempts, deliveries, endpoint, make_due, run_turns, says, says_in_turn, server

from backend.kit.errors import Conflict
from backend.notices import Notice
from backend.outbox import Job
from backend.webhooks import (
    WebhookEndpoint,
    disable_endpoint,
    enable_endpoint,
    remove_endpoint,
    replay_deliveries,
    replay_delivery,
    send_test,
)
from backend.webhooks.thresholds import DISABLED_AFTER, SCHEDULE
from tenants.scope import agency_scope


async def row(cast: Cast, issued: Any) -> WebhookEndpoint:
    async with agency_scope(cast.system):
        return await WebhookEndpoint.get(id=issued.endpoint.id)


async def told(cast: Cast, issued: Any) -> set[Any]:
    async with agency_scope(cast.system):
        return {notice.membership_id for notice in await Notice.filter(subject_id=issued.endpoint.id)}


async def told_of_the_cast(cast: Cast, issued: Any) -> set[str]:
    """Other tests have hired others."""
    who = await told(cast, issued)
    names = ("owner", "admin", "deputy", "lead", "moderator", "colleague", "stakeholder")
    return {name for name in names if cast.actors[name].membership_id in who}


async def has_failed_since(cast: Cast, issued: Any, ago: timedelta, *, failures: int) -> None:
    async with agency_scope(cast.system) as scope:
        await scope.execute(
            """update webhook_endpoints set failing_since = now() - $2::interval, failures = $3, rests_until = null
                where id = $1""",
            issued.endpoint.id,
            ago,
            failures,
        )


async def test_410_disables_at_once_and_those_who_could_enable_it_are_told(acme: Cast) -> None:
    async with server(says("410 Gone")) as there:
        issued = await endpoint(acme, there.url)
        for _ in range(3):
            await acme.case()
        await run_turns(acme)
        assert len(there.sent) == 1
    found = await row(acme, issued)
    assert found.disabled_at is not None
    assert found.disabled_because == "gone"
    first, *others = await deliveries(acme, issued)
    assert await attempts(acme, first) == [(410, "The endpoint answered 410: it wants no more.")]
    assert {each.state for each in (first, *others)} == {"failed"}
    assert all([await attempts(acme, each) == [] for each in others])
    assert await told_of_the_cast(acme, issued) == {"owner", "admin", "deputy"}, "the deputy works for this client"


async def test_after_five_days_without_a_success_it_is_disabled(acme: Cast) -> None:
    async with server(says("500 Internal Server Error")) as there:
        issued = await endpoint(acme, there.url, workspace=None)
        await acme.case()
        await run_turns(acme)
        await has_failed_since(acme, issued, DISABLED_AFTER - timedelta(minutes=1), failures=50)
        await make_due(acme, issued)
        await run_turns(acme)
        assert (await row(acme, issued)).disabled_at is None
        await has_failed_since(acme, issued, DISABLED_AFTER, failures=50)
        await make_due(acme, issued)
        await run_turns(acme)
    found = await row(acme, issued)
    assert found.disabled_because == "failing"
    assert [each.state for each in await deliveries(acme, issued)] == ["failed"]
    assert await told_of_the_cast(acme, issued) == {"owner", "admin"}, "it is of all clients"


async def test_two_failures_a_week_apart_disable_nothing(acme: Cast) -> None:
    async with server(says("500 Internal Server Error")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        await has_failed_since(acme, issued, timedelta(days=7), failures=len(SCHEDULE) - 2)
        await make_due(acme, issued)
        await run_turns(acme)
    assert (await row(acme, issued)).disabled_at is None


async def test_a_success_among_the_failures_begins_the_five_days_anew(acme: Cast) -> None:
    async with server(says_in_turn("204 No Content", "500 Internal Server Error")) as there:
        issued = await endpoint(acme, there.url)
        await has_failed_since(acme, issued, timedelta(days=7), failures=50)
        await acme.case()
        await acme.case()
        await run_turns(acme)
        assert len(there.sent) == 2
    found = await row(acme, issued)
    assert (found.failures, found.disabled_at) == (1, None)


async def test_a_disabled_endpoint_hears_nothing_until_it_is_enabled(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        async with agency_scope(acme.owner):
            await disable_endpoint(acme.owner, issued.endpoint.id)
        await acme.case()
        assert await deliveries(acme, issued) == []
        for refused in (
            lambda: send_test(acme.owner, issued.endpoint.id),
            lambda: replay_deliveries(
                acme.owner, issued.endpoint.id, since=issued.endpoint.created_at, until=None, with_delivered=True
            ),
        ):
            with pytest.raises(Conflict):
                async with agency_scope(acme.owner):
                    await refused()
        async with agency_scope(acme.owner):
            await enable_endpoint(acme.owner, issued.endpoint.id)
        await acme.case()
        await run_turns(acme)
        assert len(there.sent) == 1
        assert await told(acme, issued) == set(), "whoever does it by hand knows"


async def test_what_failed_when_it_was_disabled_can_be_replayed_under_the_same_id(acme: Cast) -> None:
    async with server(says_in_turn("410 Gone", "204 No Content")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await acme.case()
        await run_turns(acme)
        before = [each.id for each in await deliveries(acme, issued)]
        async with agency_scope(acme.owner):
            await enable_endpoint(acme.owner, issued.endpoint.id)
            count = await replay_deliveries(
                acme.owner, issued.endpoint.id, since=issued.endpoint.created_at, until=None, with_delivered=False
            )
        assert count == 2
        await run_turns(acme)
        assert [each.state for each in await deliveries(acme, issued)] == ["delivered", "delivered"]
        assert [each.id for each in await deliveries(acme, issued)] == before
        ids = [sent.headers["webhook-id"] for sent in there.sent]
        assert ids[0] in ids[1:]
        assert set(ids) == {f"webhookdelivery_{id}" for id in before}


async def test_one_that_was_delivered_can_be_replayed_too(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        [delivery] = await deliveries(acme, issued)
        async with agency_scope(acme.owner):
            await replay_delivery(acme.owner, delivery.id)
        await run_turns(acme)
        first, second = there.sent
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.verified(issued.secret) == second.verified(issued.secret)
    [delivery] = await deliveries(acme, issued)
    assert (delivery.state, delivery.attempt) == ("delivered", 1)
    assert await attempts(acme, delivery) == [(204, None), (204, None)]


async def test_a_removed_endpoint_takes_its_deliveries_along(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        async with agency_scope(acme.owner):
            await remove_endpoint(acme.owner, issued.endpoint.id)
        await run_turns(acme)
        assert there.sent == []
    assert await deliveries(acme, issued) == []
    async with agency_scope(acme.system):
        assert await Job.filter(kind=KIND, state="dead").count() == 0
