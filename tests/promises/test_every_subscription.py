"""What holds for every subscription, and for the next one before it is written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast
from papers import a_draft

from backend.client_reports import ClientReport, return_client_report, submit_client_report
from backend.kit.ids import new_id
from backend.live import Live
from backend.moderation import claim_next, release
from backend.notices import Recipient, tell
from backend.operating import replay_job
from backend.outbox import Job
from backend.settings import Settings
from graphql_schema.schema import schema
from graphql_schema.transport import Documents, Rates
from graphql_schema.transport.admitting import Credentials, Visitor
from graphql_schema.transport.asking import asked_of
from graphql_schema.transport.executing import Mistakes, prepare, subscribe
from tenants.rights import Role
from tenants.scope import agency_scope

FIELDS = sorted(schema._schema.subscription_type.fields)


@dataclass(frozen=True)
class Heard:
    """`query` and the kind of id it takes as $id; `happens` in a client makes an event of it; who of acme hears it."""

    query: str
    happens: Callable[[Cast, UUID], Awaitable[None]]
    kind: str | None = None
    hearers: frozenset[str] = field(default_factory=frozenset)


async def _a_case_moves(acme: Cast, client: UUID) -> None:
    moderator = acme.owner.narrowed_to(client)
    async with agency_scope(moderator):
        claim = await claim_next(moderator, workspace_id=client)
        assert claim is not None
        await release(moderator, claim.case_id, token=claim.token)


async def _the_owner_is_told(acme: Cast, client: UUID) -> None:
    async with agency_scope(acme.system):
        reader = Recipient(membership_id=acme.owner.membership_id)
        await tell([reader], kind="report_decided", subject_id=new_id(), workspace_id=client, text="told")


async def _a_job_is_replayed(acme: Cast, client: UUID) -> None:
    async with agency_scope(acme.owner):
        await Job.filter(workspace_id=client, kind="test").update(state="dead")
        await replay_job(acme.owner, (await Job.get(workspace_id=client, kind="test")).id, kinds={})


async def _a_report_moves(acme: Cast, client: UUID) -> None:
    async with agency_scope(acme.owner):
        report = await ClientReport.get(workspace_id=client)
        await submit_client_report(acme.owner, report.id)
        await return_client_report(acme.owner, report.id, reason="More.")


# A subscription that is missing here fails its tests.
SUBSCRIPTIONS = {
    "caseChanged": Heard(
        "subscription($id: ID) { caseChanged(id: $id) { id } }",
        _a_case_moves,
        kind="case",
        hearers=frozenset({"owner", "insider"}),
    ),
    "queueChanged": Heard(
        "subscription($id: ID!) { queueChanged(workspaceId: $id) { id } }",
        _a_case_moves,
        kind="workspace",
        hearers=frozenset({"owner", "insider", "client"}),
    ),
    "clientReportChanged": Heard(
        "subscription($id: ID!) { clientReportChanged(id: $id) { state countedSectionCount } }",
        _a_report_moves,
        kind="clientreport",
        hearers=frozenset({"owner"}),
    ),
    "jobChanged": Heard(
        "subscription($id: ID!) { jobChanged(id: $id) { state attempt } }",
        _a_job_is_replayed,
        kind="job",
        hearers=frozenset({"owner"}),
    ),
    "noticeReceived": Heard(
        "subscription { noticeReceived { text } }", _the_owner_is_told, hearers=frozenset({"owner"})
    ),
}
LISTENERS = ("owner", "insider", "client", "contractor", "stakeholder")


@pytest.fixture(scope="module")
async def live(settings: Settings, api: httpx.AsyncClient) -> AsyncIterator[Live]:
    """Another process, as far as events go."""
    found = Live(settings.redis_url, channel=f"{settings.redis_queue}:live")
    yield found
    await found.stop()


@pytest.fixture(scope="module")
async def client(acme: Cast) -> UUID:
    """With a moderator and a stakeholder of its own; `contractor` and `stakeholder` work for another one."""
    from datetime import UTC, datetime

    if "insider" in acme.actors:  # made before another process took over half of the module
        assert acme.insider.workspaces is not None
        return next(iter(acme.insider.workspaces))
    workspace_id = await acme.empty_workspace()
    await acme.hire("insider", Role.CONTRACTOR, [workspace_id], ends_at=datetime(2100, 1, 1, tzinfo=UTC))
    await acme.hire("client", Role.STAKEHOLDER, [workspace_id])
    slug = next(slug for slug, id in acme.workspaces.items() if id == workspace_id)
    await acme.case(workspace=slug, policy=f"{slug}:harassment")
    return workspace_id


async def ids(acme: Cast, client: UUID) -> dict[str | None, str]:
    async with agency_scope(acme.system) as scope:
        case_id = await scope.fetchval("select id from cases where workspace_id = $1", client)
        job, _ = await Job.get_or_create(workspace_id=client, kind="test")
        report = await ClientReport.get_or_none(workspace_id=client)
    report = report or await a_draft(acme, client, sections=["safety"])
    return {
        "case": f"case_{case_id}", "workspace": f"workspace_{client}", "job": f"job_{job.id}",
        "clientreport": f"clientreport_{report.id}",
    }  # fmt: skip


@asynccontextmanager
async def listening(live: Live, token: str, query: str, id: str | None) -> AsyncIterator[list[Any]]:
    """What is heard meanwhile."""
    visitor = Visitor(
        Credentials(token, None, None), rates=Rates(None, dict.fromkeys(("token", "person", "agency"), 10**12)), live=live,
        request_id="x",
    )  # fmt: skip
    prepared = await prepare(
        asked_of({"query": query, "variables": {"id": id} if "$id" in query else {}}), Documents(None)
    )
    answers = await subscribe(prepared, visitor.enter)
    heard: list[Any] = []

    async def hear() -> None:
        async for answer in answers:
            heard.append(answer.members)  # noqa: PERF401 - it never ends

    hearing = asyncio.create_task(hear())
    try:
        yield heard
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await answers.aclose()
        await asyncio.sleep(0.05)
        assert live._listeners == {}, "whoever stops listening leaves nothing behind"


def test_every_subscription_is_here() -> None:
    assert set(SUBSCRIPTIONS) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("who", LISTENERS)
async def test_only_those_hear_who_may_see(acme: Cast, client: UUID, live: Live, name: str, who: str) -> None:
    subscription = SUBSCRIPTIONS[name]
    id = (await ids(acme, client)).get(subscription.kind)
    async with listening(live, acme.tokens[who], subscription.query, id) as heard:
        await subscription.happens(acme, client)
        await asyncio.sleep(0.3)
    assert bool(heard) == (who in subscription.hearers), heard
    assert all("errors" not in answer for answer in heard)


@pytest.mark.parametrize("name", FIELDS)
async def test_another_agency_hears_nothing_as_of_an_id_that_nobody_has(
    acme: Cast, globex: Cast, client: UUID, live: Live, name: str
) -> None:
    subscription = SUBSCRIPTIONS[name]
    theirs = (await ids(acme, client)).get(subscription.kind)
    nobodys = None if subscription.kind is None else f"{subscription.kind}_{new_id()}"
    for cast, id in ((globex, theirs), (globex, nobodys), (acme, nobodys)):
        if cast is acme and id is None:
            continue
        async with listening(live, cast.tokens["owner"], subscription.query, id) as heard:
            await subscription.happens(acme, client)
            await asyncio.sleep(0.3)
        assert heard == []


@pytest.mark.parametrize("name", [name for name in FIELDS if SUBSCRIPTIONS.get(name) and SUBSCRIPTIONS[name].kind])
async def test_what_is_no_id_is_bad_input_before_anything_is_heard(acme: Cast, live: Live, name: str) -> None:
    subscription = SUBSCRIPTIONS[name]
    for id in ("nonsense", f"post_{new_id()}", f"{subscription.kind}_{str(new_id()).upper()}"):
        with pytest.raises(Mistakes) as refused:
            async with listening(live, acme.tokens["owner"], subscription.query, id):
                pass
        assert refused.value.answer.errors[0].extensions["code"] == "BAD_USER_INPUT"
