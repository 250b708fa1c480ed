"""What is kept for a while, and what goes with a client."""

import asyncio
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from cast import Cast
from webhooks.conftest import attempts, deliveries, endpoint, run_turns, server

from backend.kit.errors import Conflict
from backend.leaving import close_workspace
from backend.webhooks import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    forget_webhooks,
    remove_endpoint,
)
from backend.webhooks.pacing import free_lane
from backend.webhooks.thresholds import KEPT_FOR
from tenants.scope import agency_scope

TABLES = (WebhookEndpoint, WebhookEvent, WebhookDelivery, WebhookAttempt)


async def counts(cast: Cast) -> list[int]:
    async with agency_scope(cast.system):
        return [await model.all().count() for model in TABLES]


async def test_after_thirty_days_an_event_goes_with_all_that_became_of_it(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url)
        await acme.case()
        await acme.case()
        await run_turns(acme)
    old, new = await deliveries(acme, issued)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update webhook_events set occurred_at = now() - $2::interval where id = $1",
            old.event_id,
            KEPT_FOR + timedelta(seconds=1),
        )
        await forget_webhooks(acme.system, {})
    assert [each.id for each in await deliveries(acme, issued)] == [new.id]
    assert await attempts(acme, old) == []
    assert await counts(acme) == [1, 1, 1, 1]


async def test_a_client_that_is_deleted_takes_its_endpoints_events_and_deliveries_along(acme: Cast) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    async with server() as there:
        await endpoint(acme, there.url, workspace=slug)
        of_all = await endpoint(acme, there.url, "case.reported", "workspace.erased", workspace=None)
        await acme.case(workspace=slug, policy=f"{slug}:harassment")
        await run_turns(acme)
        assert await counts(acme) == [2, 1, 2, 2]
        async with agency_scope(acme.owner) as scope:
            await close_workspace(acme.owner, client, grounds="x")
            await scope.execute("update workspaces set deletes_at = now() where id = $1", client)
        jobs = await acme.run_jobs("delete_workspace", even_later=True)
        assert "done" in {job.state for job in jobs}
        await run_turns(acme)
        last = there.sent[-1].told
    assert (last["type"], last["workspaceId"]) == ("workspace.erased", f"workspace_{client}")
    assert last["data"]["id"].startswith("erasure_")
    assert await counts(acme) == [1, 1, 1, 1]
    assert len(await deliveries(acme, of_all)) == 1


async def test_an_endpoint_is_not_removed_while_something_is_sent_to_it(acme: Cast) -> None:
    issued = await endpoint(acme, "https://example.com/")
    async with agency_scope(acme.system):
        assert await free_lane(issued.endpoint) == 0
        with pytest.raises(Conflict):
            # Another connection: another task has no part in the scope that is open here.
            await _elsewhere(acme, issued)
    async with agency_scope(acme.owner):
        await remove_endpoint(acme.owner, issued.endpoint.id)
    assert (await counts(acme))[0] == 0


async def _elsewhere(acme: Cast, issued: Any) -> None:

    async def remove() -> None:
        async with agency_scope(acme.owner):
            await remove_endpoint(acme.owner, issued.endpoint.id)

    await asyncio.create_task(remove(), context=Context())
