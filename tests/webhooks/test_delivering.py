"""What happens is told to whoever asked: signed, tried again, given up in the end, and in nobody's way."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cast import Cast
from standardwebhooks.webhooks import WebhookVerificationError
from webhooks.conftest import KIND, attempts, deliveries, endpoint, make_due, run_turns, says, says_in_turn, server

from backend import journal
from backend.kit.clock import now
from backend.moderation import claim_next, report_post
from backend.outbox import Job
from backend.webhooks import WebhookEndpoint, WebhookEvent, deliver_webhooks, rotate_secret
from backend.webhooks.thresholds import SCHEDULE
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE


async def row(cast: Cast, issued: Any) -> WebhookEndpoint:
    async with agency_scope(cast.system):
        return await WebhookEndpoint.get(id=issued.endpoint.id)


async def test_an_event_arrives_signed_as_the_library_of_the_standard_verifies_it(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        case = await acme.case()
        await run_turns(acme)
    [sent] = there.sent
    [delivery] = await deliveries(acme, issued)
    assert (delivery.state, delivery.attempt) == ("delivered", 1)
    assert await attempts(acme, delivery) == [(204, None)]
    told = sent.verified(issued.secret)
    async with agency_scope(acme.system):
        event = await WebhookEvent.get(id=delivery.event_id)
    assert told == {
        "type": "case.reported",
        "timestamp": event.occurred_at.isoformat(),
        "agencyId": f"agency_{acme.agency_id}",
        "workspaceId": f"workspace_{case.workspace_id}",
        "orderingKey": f"case_{case.id}",
        "sequence": event.sequence,
        "data": {"id": f"case_{case.id}"},
    }
    assert sent.headers["webhook-id"] == f"webhookdelivery_{delivery.id}"
    with pytest.raises(WebhookVerificationError):
        sent.verified("whsec_" + "A" * 40)


async def test_a_deed_that_is_rolled_back_leaves_no_event(acme: Cast) -> None:
    post = await acme.post()
    async with server() as there:
        issued = await endpoint(acme, there.url)
        async with agency_scope(acme.owner) as scope:
            await report_post(acme.owner, post.id, reason="rude", policy_id=acme.policies["harassment"])
            assert await WebhookEvent.all().count() == 1
            scope.doom()
        await run_turns(acme)
        assert there.sent == []
    assert await deliveries(acme, issued) == []
    async with agency_scope(acme.system):
        assert await WebhookEvent.all().count() == 0
        assert await Job.filter(kind=KIND).count() == 0


async def test_only_who_asked_for_the_kind_the_client_and_the_actor_hears(acme: Cast, globex: Cast) -> None:
    async with server() as there:
        forum, chat = acme.workspaces["forum"], acme.workspaces["chat"]
        heard = {
            "its client": await endpoint(acme, there.url),
            "all clients": await endpoint(acme, there.url, workspace=None),
            "this client among others": await endpoint(acme, there.url, workspace=None, workspaces=[forum]),
            "what Tend does": await endpoint(acme, there.url, by=["system"]),
        }
        unheard = {
            "another kind": await endpoint(acme, there.url, "case.decided"),
            "another client": await endpoint(acme, there.url, workspace="chat"),
            "other clients": await endpoint(acme, there.url, workspace=None, workspaces=[chat]),
            "what staff does": await endpoint(acme, there.url, by=["staff", "api_client"]),
            "another agency": await endpoint(globex, there.url, workspace=None),
        }
        await acme.case()
        for name, issued in heard.items():
            assert len(await deliveries(acme, issued)) == 1, name
        for name, issued in unheard.items():
            assert await deliveries(globex if name == "another agency" else acme, issued) == [], name


async def test_whoever_works_for_one_client_only_is_heard_by_an_endpoint_of_the_whole_agency(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url, "case.claimed", workspace=None)
        await acme.case()
        who = acme.moderator.narrowed_to(acme.workspaces["forum"])
        async with agency_scope(who):
            await claim_next(who)
        await run_turns(acme)
        assert [sent.told["type"] for sent in there.sent] == ["case.claimed"]
        assert [d.state for d in await deliveries(acme, issued)] == ["delivered"]


async def test_the_events_of_a_subject_are_numbered_in_their_order(acme: Cast) -> None:
    async with server() as there:
        await endpoint(acme, there.url, "case.reported", "case.claimed")
        case = await acme.case(reporters=3)
        await run_turns(acme)
    told = [sent.told for sent in there.sent]
    assert {each["orderingKey"] for each in told} == {f"case_{case.id}"}
    numbers = [each["sequence"] for each in told]
    assert len(numbers) == 3
    assert numbers == sorted(set(numbers))
    assert max(numbers) < 2**53, "JavaScript reads it"


async def test_during_a_rotation_both_secrets_verify_and_afterwards_the_new_one_alone(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        async with agency_scope(acme.owner):
            renewed = await rotate_secret(acme.owner, issued.endpoint.id, overlap=timedelta(hours=1))
        await acme.case()
        await run_turns(acme)
        assert there.sent[0].verified(issued.secret) == there.sent[0].verified(renewed.secret)
        async with agency_scope(acme.system) as scope:
            await scope.execute("update webhook_endpoints set previous_until = now() - interval '1 second'")
        await acme.case()
        await run_turns(acme)
        assert there.sent[1].verified(renewed.secret)
        with pytest.raises(WebhookVerificationError):
            there.sent[1].verified(issued.secret)


async def test_a_failure_is_tried_again_under_the_same_id_until_it_is_taken(acme: Cast) -> None:
    async with server(says_in_turn("500 Internal Server Error", "204 No Content")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        [delivery] = await deliveries(acme, issued)
        assert (delivery.state, delivery.attempt) == ("waiting", 1)
        assert timedelta(seconds=4) < delivery.next_at - now() < timedelta(seconds=6)
        assert (await row(acme, issued)).failures == 1
        await make_due(acme, issued)
        await run_turns(acme)
    [delivery] = await deliveries(acme, issued)
    assert delivery.state == "delivered"
    assert await attempts(acme, delivery) == [(500, "The endpoint answered 500."), (204, None)]
    first, second = there.sent
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.verified(issued.secret) == second.verified(issued.secret)
    found = await row(acme, issued)
    assert (found.failures, found.failing_since, found.rests_until) == (0, None, None)


async def test_the_schedule_is_that_of_the_standard_and_then_it_has_failed(acme: Cast) -> None:
    assert [each.total_seconds() for each in SCHEDULE] == [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
    async with server(says("500 Internal Server Error")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        for tries, wait in enumerate([*SCHEDULE[1:], None], start=1):
            await run_turns(acme)
            [delivery] = await deliveries(acme, issued)
            assert delivery.attempt == tries
            if wait is not None:
                waits = delivery.next_at - now()
                assert wait * 0.99 - timedelta(seconds=1) < waits < wait * 1.11, tries
                await make_due(acme, issued)
        assert delivery.state == "failed"
        assert len(there.sent) == len(SCHEDULE)
        assert (await row(acme, issued)).disabled_at is None, "it has not failed for five days"


async def test_who_asks_for_a_pause_gets_it(acme: Cast) -> None:
    async with server(says("503 Service Unavailable", "Retry-After: 600")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
    [delivery] = await deliveries(acme, issued)
    assert timedelta(minutes=9) < delivery.next_at - now() <= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        (lambda: format_datetime(now() + timedelta(minutes=10), usegmt=True), 10),
        (lambda: format_datetime(now() + timedelta(days=400), usegmt=True), 600),
        (lambda: "999999999", 600),
        (lambda: format_datetime(now() - timedelta(days=1), usegmt=True), 0),
        (lambda: "Sun Nov  6 08:49:37 1994", 0),
        (lambda: "Wed, 21 Oct 99999999999 07:28:00 GMT", 0),
        (lambda: "9" * 5_000, 0),
        (lambda: "soon", 0),
        (lambda: "-600", 0),
    ],
)
async def test_a_pause_may_be_a_date_and_is_never_longer_than_ten_hours(
    acme: Cast, said: Callable[[], str], minutes: int
) -> None:
    async with server(says("503 Service Unavailable", f"Retry-After: {said()}")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
    [delivery] = await deliveries(acme, issued)
    asked = timedelta(minutes=minutes) or SCHEDULE[1]
    assert asked - timedelta(seconds=5) < delivery.next_at - now() < asked + timedelta(seconds=5)


async def test_a_turn_that_dies_is_a_failed_attempt_and_the_endpoint_gets_another(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        async with agency_scope(acme.system) as scope:
            # Its secret is damaged: whatever it is sent, Tend fails before.
            kept = await scope.fetchval("select secret from webhook_endpoints where id = $1", issued.endpoint.id)
            await scope.execute("update webhook_endpoints set secret = 'x' where id = $1", issued.endpoint.id)
            await scope.execute("update jobs set attempt = $1 where kind = $2", CATALOGUE[KIND].tries - 1, KIND)
        assert await acme.run_jobs(KIND)
        [delivery] = await deliveries(acme, issued)
        assert (delivery.state, delivery.attempt) == ("waiting", 1)
        assert await attempts(acme, delivery) == [(None, "Nothing was sent: Tend failed before.")]
        async with agency_scope(acme.system) as scope:
            assert sorted([job.state for job in await Job.filter(kind=KIND)]) == ["dead", "ready", "ready"]
            await scope.execute("update webhook_endpoints set secret = $2 where id = $1", issued.endpoint.id, kept)
        await make_due(acme, issued)
        await run_turns(acme)
        assert [delivery.state for delivery in await deliveries(acme, issued)] == ["delivered"]


async def test_a_redirect_is_a_failure_and_is_not_followed(acme: Cast) -> None:
    async with server() as elsewhere, server(says("302 Found", f"Location: {elsewhere.url}")) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        assert elsewhere.sent == []
    [delivery] = await deliveries(acme, issued)
    assert await attempts(acme, delivery) == [(302, "The endpoint answered 302: redirects are not followed.")]
    assert delivery.state == "waiting"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hooks",
        "https://example.com:8443/hooks",
        "https://user:password@example.com/hooks",
        "ftp://example.com/",
        "nonsense",
    ],
)
async def test_an_address_that_is_no_public_https_server_is_refused_when_it_is_named(acme: Cast, url: str) -> None:
    from backend.kit.errors import Invalid

    with pytest.raises(Invalid):
        await endpoint(acme, url)


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.1", "2130706433", "localhost"])
async def test_a_private_address_is_never_asked(acme: Cast, host: str) -> None:
    issued = await endpoint(acme, f"https://{host}/hooks")
    await acme.case()
    await run_turns(acme)
    [delivery] = await deliveries(acme, issued)
    assert await attempts(acme, delivery) == [(None, "The address leads to no public server.")]


async def test_an_answer_of_a_gigabyte_ends_with_its_first_bytes(acme: Cast) -> None:
    async def endless(_server: Any, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1_024):
            writer.write(b"x" * (1 << 20))
            await writer.drain()

    async with server(endless) as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
    [delivery] = await deliveries(acme, issued)
    assert await attempts(acme, delivery) == [(None, "The answer is larger than 65,536 bytes.")]


async def test_a_turn_that_is_run_twice_delivers_once(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        async with agency_scope(acme.system):
            from backend.outbox import enqueue

            for _ in range(3):
                await enqueue(KIND, {"endpoint_id": str(issued.endpoint.id)})
        await run_turns(acme)
    assert len(there.sent) == 1


async def test_what_a_killed_worker_had_sent_is_sent_again_under_the_same_id(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        async with agency_scope(acme.system) as scope:
            await deliver_webhooks(acme.system, {"endpoint_id": str(issued.endpoint.id)})
            scope.doom()  # as PostgreSQL does when a worker goes
        [delivery] = await deliveries(acme, issued)
        assert (delivery.state, delivery.attempt) == ("waiting", 0)
        await run_turns(acme)
        first, second = there.sent
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.verified(issued.secret) == second.verified(issued.secret)
    [delivery] = await deliveries(acme, issued)
    assert await attempts(acme, delivery) == [(204, None)]


async def test_numbers_grow_though_the_clock_goes_back_and_old_events_are_forgotten(acme: Cast) -> None:
    post = await acme.post()

    async def number() -> int:
        async with agency_scope(acme.system):
            await journal.record(
                "case.decided", subject_kind="case", subject_id=post.id, workspace_id=post.workspace_id
            )
            return (await WebhookEvent.all().order_by("-sequence").first()).sequence

    await endpoint(acme, "https://example.com/", "case.decided")
    first = await number()
    async with agency_scope(acme.system) as scope:
        await scope.execute("update webhook_events set sequence = sequence + 3600000000")
    assert await number() == first + 3_600_000_001
    async with agency_scope(acme.system):
        await WebhookEvent.all().delete()
    assert await number() > first
