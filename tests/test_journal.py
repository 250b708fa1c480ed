"""The journal: who, on whose behalf, what, before and after, why; in the transaction of the deed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from cast import Cast, ask

from backend import journal
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import NotAllowed
from backend.kit.ids import new_id
from backend.outbox import Job, enqueue
from tenants.actor import Actor
from tenants.provisioning import issue_api_key
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import agency_scope, current
from workers.catalogue import Kind
from workers.running import run_job


async def entry_of(cast: Cast, subject_id: UUID) -> JournalEntry:
    async with agency_scope(cast.system):
        return await JournalEntry.get(subject_id=subject_id)


async def test_an_entry_says_who_what_before_and_after_why_and_by_which_request(acme: Cast) -> None:
    subject = new_id()
    async with agency_scope(acme.moderator, request_id="r-1"):
        await journal.record(
            "case.moved",
            subject_kind="case",
            subject_id=subject,
            workspace_id=acme.workspaces["forum"],
            before={"queue": "a", "tier": "low", "due": None},
            after={"queue": "b", "tier": "low", "note": 1},
            grounds="The client asked.",
            count=2,
        )
    entry = await entry_of(acme, subject)
    assert (entry.actor_kind, entry.membership_id, entry.api_client_id, entry.on_behalf_of_id) == (
        "staff",
        acme.moderator.membership_id,
        None,
        None,
    )
    assert (entry.action, entry.request_id, entry.grounds) == ("case.moved", "r-1", "The client asked.")
    assert entry.changes == {"queue": ["a", "b"], "note": [None, 1]}  # tier is the same, due is None both times
    assert entry.detail == {"count": 2}


async def test_a_machine_is_named(acme: Cast) -> None:
    await issue_api_key(acme.agency_id, name="journal")
    async with agency_scope(acme.system) as scope:
        client = await scope.fetchval("select id from api_clients where agency_id = $1 limit 1", acme.agency_id)
    subject = new_id()
    machine = Actor(
        agency_id=acme.agency_id,
        role=Role.API_CLIENT,
        rights=frozenset(),
        workspaces=None,
        name="m",
        api_client_id=client,
    )
    async with agency_scope(machine):
        await journal.record_access("case", subject, workspace_id=None, grounds="An audit.")
    entry = await entry_of(acme, subject)
    assert (entry.actor_kind, entry.api_client_id, entry.action, entry.grounds) == (
        "api_client",
        client,
        "case.read",
        "An audit.",
    )


async def test_nobody_can_change_or_remove_an_entry_or_a_link(acme: Cast) -> None:
    for statement in (
        "update journal set detail = '{}' where agency_id = $1",
        "delete from journal where agency_id = $1",
        "update journal_links set seq = 1 where agency_id = $1",
        "delete from journal_links where agency_id = $1",
    ):
        async with agency_scope(acme.system) as scope:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await scope.execute(statement, acme.agency_id)
            scope.doom()


async def test_a_mutation_leaves_the_id_of_its_request(api: httpx.AsyncClient, acme: Cast) -> None:
    slug = f"c-{str(new_id())[-12:]}"
    response = await api.post(
        "/graphql",
        json={
            "query": """mutation($w: ID!, $slug: String!) {
                createCommunity(input: { workspaceId: $w, slug: $slug, name: "x" }) { community { id } } }""",
            "variables": {"w": f"workspace_{acme.workspaces['forum']}", "slug": slug},
        },
        headers={"Authorization": f"Bearer {acme.tokens['lead']}", "X-Request-Id": "asked-by-a-test"},
    )
    community = response.json()["data"]["createCommunity"]["community"]["id"].removeprefix("community_")
    assert (await entry_of(acme, UUID(community))).request_id == "asked-by-a-test"


# On behalf of somebody ---------------------------------------------------------------------------------------------


async def ask_for(actor: Actor, **more: Any) -> UUID:
    async with agency_scope(actor):
        await enqueue("test", {}, on_behalf=True, **more)
        found = await Job.filter(kind="test").order_by("-created_at", "-id").first()
        assert found is not None
    async with agency_scope(_system(actor)) as scope:
        await scope.execute(
            "update jobs set state = 'sent' where agency_id = $1 and id = $2", actor.agency_id, found.id
        )
    return found.id


def _system(actor: Actor) -> Actor:
    from tenants.actor import system

    return system(actor.agency_id)


async def run(actor: Actor, job_id: UUID) -> tuple[list[Actor], Job]:
    """Who the work was done as, and the job afterwards."""
    seen: list[Actor] = []

    async def work(who: Actor, _payload: Any) -> None:
        seen.append(who)
        await journal.record("job.tested", subject_kind="job", subject_id=job_id, workspace_id=_one(who))
        assert current().actor == who

    await run_job(actor.agency_id, job_id, catalogue={"test": Kind(work)})
    async with agency_scope(_system(actor)):
        return seen, await Job.get(id=job_id)


def _one(who: Actor) -> UUID | None:
    return None if who.workspaces is None else min(who.workspaces)


async def test_a_job_that_a_person_asked_for_is_done_with_their_rights_and_in_their_name(acme: Cast) -> None:
    job_id = await ask_for(acme.moderator)
    [who], job = await run(acme.moderator, job_id)
    assert job.state == "done"
    assert (who.membership_id, who.role, who.rights, who.workspaces, who.by_job) == (
        acme.moderator.membership_id,
        Role.MODERATOR,
        RIGHTS_OF[Role.MODERATOR],
        frozenset({acme.workspaces["forum"], acme.workspaces["chat"]}),
        True,
    )
    entry = await entry_of(acme, job_id)
    assert (entry.actor_kind, entry.membership_id, entry.on_behalf_of_id, entry.request_id) == (
        "system",
        None,
        acme.moderator.membership_id,
        f"job_{job_id}",
    )


async def test_for_one_client_it_sees_that_client_only(acme: Cast) -> None:
    [who], _ = await run(acme.moderator, await ask_for(acme.moderator, workspace_id=acme.workspaces["chat"]))
    assert who.workspaces == frozenset({acme.workspaces["chat"]})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("ends_at = now() - interval '1 second'", "has ended"),
        ("suspended_at = now()", "is suspended"),
        ("starts_at = now() + interval '1 day'", "has not begun"),
    ],
)
async def test_whoever_may_not_act_any_more_gets_nothing_and_it_is_not_tried_again(
    acme: Cast, change: str, why: str
) -> None:
    actor = await acme.hire(
        f"x-{str(new_id())[-12:]}", Role.CONTRACTOR, [acme.workspaces["forum"]], ends_at=now() + timedelta(days=30)
    )
    job_id = await ask_for(actor)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            f"update memberships set {change} where agency_id = $1 and id = $2", acme.agency_id, actor.membership_id
        )
    seen, job = await run(actor, job_id)
    assert seen == []
    assert (job.state, job.last_error) == ("dead", f"The membership of whoever asked for this {why}.")


async def test_a_client_that_was_taken_away_is_not_worked_for(acme: Cast) -> None:
    actor = await acme.hire(f"x-{str(new_id())[-12:]}", Role.MODERATOR, [acme.workspaces["forum"]])
    job_id = await ask_for(actor, workspace_id=acme.workspaces["forum"])
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "delete from assignments where agency_id = $1 and membership_id = $2", acme.agency_id, actor.membership_id
        )
    seen, job = await run(actor, job_id)
    assert seen == []
    assert (job.state, job.last_error) == ("dead", "Whoever asked for this does not work for this client any more.")


async def test_a_machine_cannot_lend_its_rights(acme: Cast) -> None:
    machine = Actor(
        agency_id=acme.agency_id,
        role=Role.API_CLIENT,
        rights=frozenset(),
        workspaces=None,
        name="m",
        api_client_id=new_id(),
    )
    async with agency_scope(machine):
        with pytest.raises(NotAllowed):
            await enqueue("test", {}, on_behalf=True)


# Reading it --------------------------------------------------------------------------------------------------------


async def test_the_journal_of_the_agency_has_what_concerns_no_client_for_who_sees_all(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    subject = new_id()
    for workspace_id in (None, acme.workspaces["forum"], acme.workspaces["shop"]):
        async with agency_scope(acme.owner):
            await journal.record("test.tried", subject_kind="case", subject_id=subject, workspace_id=workspace_id)
    query = """query($filter: JournalFilter) { agency { journal(filter: $filter) { totalCount
        nodes { action staff { name } onBehalfOf { id } apiClientId requestId grounds changes } } } }"""
    counts = {}
    for who in ("owner", "moderator", "contractor"):
        answer = await ask(api, acme.tokens[who], query, filter={"subjectId": f"case_{subject}"})
        counts[who] = answer["data"]["agency"]["journal"]["totalCount"]
        assert len(answer["data"]["agency"]["journal"]["nodes"]) == counts[who]
    assert counts == {"owner": 3, "moderator": 1, "contractor": 0}


async def test_the_journal_can_be_asked_for_a_person_an_action_and_a_time(api: httpx.AsyncClient, acme: Cast) -> None:
    subject, action = new_id(), f"test.{str(new_id())[-12:]}"
    for actor in (acme.owner, acme.moderator):
        async with agency_scope(actor):
            await journal.record(action, subject_kind="case", subject_id=subject, workspace_id=acme.workspaces["forum"])
    query = """query($w: ID!, $filter: JournalFilter) { workspace(id: $w) { journal(filter: $filter) {
        nodes { staff { id } } } } }"""

    async def found(**filter_: Any) -> list[str]:
        answer = await ask(
            api,
            acme.tokens["owner"],
            query,
            w=f"workspace_{acme.workspaces['forum']}",
            filter={"action": action, **filter_},
        )
        return [node["staff"]["id"] for node in answer["data"]["workspace"]["journal"]["nodes"]]

    owner, moderator = f"staff_{acme.owner.membership_id}", f"staff_{acme.moderator.membership_id}"
    assert await found() == [moderator, owner]
    assert await found(staffId=owner) == [owner]
    assert await found(subjectId=f"case_{subject}", since="2020-01-01T00:00:00Z") == [moderator, owner]
    assert await found(until="2020-01-01T00:00:00Z") == []
    assert await found(until="2020-01-01T00:00:00") == []  # without a zone: UTC
