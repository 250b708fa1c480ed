"""Claiming: one case, one moderator, until the lease ends."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from cast import Cast

from backend.kit.clock import now
from backend.kit.errors import NotAllowed, NotFound
from backend.moderation import Case, ClaimLost, ClaimRecord, claim_next, extend, release, return_ended_claims, skip
from backend.moderation.thresholds import LEASE, LONGEST_CLAIM
from backend.outbox import Job
from tenants.actor import Actor, system
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import agency_scope, current


async def claim(actor: Actor, workspace_id: UUID):
    async with agency_scope(actor):
        return await claim_next(actor, workspace_id=workspace_id)


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


def reviewer(acme: Cast, workspace_id: UUID, who: str = "moderator") -> Actor:
    return acme.actors[who].narrowed_to(workspace_id)


def slug_of(acme: Cast, workspace_id: UUID) -> str:
    return next(slug for slug, id in acme.workspaces.items() if id == workspace_id)


async def cases(acme: Cast, client: UUID, count: int) -> list[Case]:
    slug = slug_of(acme, client)
    return [await acme.case(workspace=slug, policy=f"{slug}:harassment") for _ in range(count)]


async def test_the_most_urgent_case_comes_first(acme: Cast, client: UUID) -> None:
    slug = slug_of(acme, client)
    mild = await acme.case(workspace=slug, policy=f"{slug}:spam")
    grave = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    moderator = reviewer(acme, client)
    assert (await claim(moderator, client)).case_id == grave.id
    assert (await claim(moderator, client)).case_id == mild.id
    assert await claim(moderator, client) is None


async def test_a_claim_names_its_holder_and_its_end(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    moderator = reviewer(acme, client)
    taken = await claim(moderator, client)
    async with agency_scope(acme.system):
        row = await Case.get(id=case.id)
    assert (row.state, row.claimed_by_id, row.claimed_until) == ("in_review", moderator.membership_id, taken.expires_at)
    assert abs(taken.expires_at - now() - LEASE) < timedelta(seconds=5)


async def test_many_moderators_at_once_never_get_the_same_case(acme: Cast, client: UUID) -> None:
    made = await cases(acme, client, 12)
    async with asyncio.timeout(30):
        taken = await asyncio.gather(
            *(claim(reviewer(acme, client, who), client) for who in ["moderator", "colleague"] * 8)
        )
    got = [found.case_id for found in taken if found is not None]
    assert len(got) == len(set(got)) == 12
    assert set(got) == {case.id for case in made}


async def test_without_the_right_the_case_stays_in_the_queue(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    stakeholder = Actor(
        agency_id=acme.agency_id,
        role=Role.STAKEHOLDER,
        rights=RIGHTS_OF[Role.STAKEHOLDER],
        workspaces=frozenset({client}),
        name="S",
        membership_id=acme.stakeholder.membership_id,
    )
    with pytest.raises(NotAllowed):
        await claim(stakeholder, client)
    async with agency_scope(acme.system):
        assert (await Case.get(id=case.id)).state == "queued"


async def test_a_workspace_of_somebody_else_is_not_there(acme: Cast, globex: Cast) -> None:
    for foreign in (globex.workspaces["forum"], acme.workspaces["shop"]):
        with pytest.raises(NotFound):
            await claim(acme.moderator, foreign)


async def test_a_forgotten_claim_goes_back_when_the_lease_ends(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    first = await claim(reviewer(acme, client), client)
    assert await claim(reviewer(acme, client, "colleague"), client) is None
    await acme.end_leases(client, case.id)
    second = await claim(reviewer(acme, client, "colleague"), client)
    assert second.case_id == case.id
    assert second.token != first.token
    async with agency_scope(acme.system):
        ends = [c.ended_by for c in await ClaimRecord.filter(case_id=case.id).order_by("claimed_at")]
    assert ends == ["expired", None]


async def test_the_job_returns_forgotten_claims_and_asks_for_its_next_turn(acme: Cast, client: UUID) -> None:
    forgotten, held = await cases(acme, client, 2)
    moderator = reviewer(acme, client)
    await claim(moderator, client)
    await claim(moderator, client)
    await acme.end_leases(client, forgotten.id)
    actor = system(acme.agency_id, workspace_id=client)
    async with agency_scope(actor):
        await current().execute("delete from jobs where agency_id = $1 and workspace_id = $2", acme.agency_id, client)
        await return_ended_claims(actor, {})
    async with agency_scope(acme.system):
        assert (await Case.get(id=forgotten.id)).state == "queued"
        assert (await Case.get(id=held.id)).state == "in_review"
        [job] = await Job.filter(workspace_id=client, kind="return_ended_claims")
        late = job.run_at - (await ClaimRecord.get(case_id=held.id)).expires_at
    assert timedelta(0) < late <= timedelta(minutes=1)


async def test_extending_gives_another_lease_but_not_for_ever(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    moderator = reviewer(acme, client)
    taken = await claim(moderator, client)
    async with agency_scope(moderator):
        longer = await extend(moderator, case.id, token=taken.token)
    assert longer.expires_at > taken.expires_at
    async with agency_scope(acme.system) as scope:
        began = await scope.fetchval(
            "update claims set claimed_at = now() - $3::interval where agency_id = $1 and case_id = $2 returning claimed_at",
            acme.agency_id,
            case.id,
            LONGEST_CLAIM - timedelta(minutes=1),
        )
    async with agency_scope(moderator):
        last = await extend(moderator, case.id, token=taken.token)
    assert last.expires_at == began + LONGEST_CLAIM


@pytest.mark.parametrize("verb", [extend, release])
async def test_a_stale_or_foreign_token_changes_nothing(acme: Cast, client: UUID, verb) -> None:
    [case] = await cases(acme, client, 1)
    moderator, colleague = reviewer(acme, client), reviewer(acme, client, "colleague")
    taken = await claim(moderator, client)
    for actor, token in ((moderator, "nonsense"), (colleague, taken.token)):
        with pytest.raises(ClaimLost):
            async with agency_scope(actor):
                await verb(actor, case.id, token=token)
    await acme.end_leases(client, case.id)
    with pytest.raises(ClaimLost):
        async with agency_scope(moderator):
            await verb(moderator, case.id, token=taken.token)
    async with agency_scope(acme.system):
        assert (await Case.get(id=case.id)).state == "in_review"


async def test_a_released_case_may_come_back_to_the_same_moderator(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    moderator = reviewer(acme, client)
    taken = await claim(moderator, client)
    async with agency_scope(moderator):
        await release(moderator, case.id, token=taken.token)
    assert (await claim(moderator, client)).case_id == case.id


async def test_a_skipped_case_goes_to_somebody_else(acme: Cast, client: UUID) -> None:
    [case] = await cases(acme, client, 1)
    moderator = reviewer(acme, client)
    taken = await claim(moderator, client)
    async with agency_scope(moderator):
        await skip(moderator, case.id, token=taken.token, reason="conflict_of_interest", note="I know them.")
    assert await claim(moderator, client) is None
    assert (await claim(reviewer(acme, client, "colleague"), client)).case_id == case.id


async def test_a_queue_of_another_agency_cannot_be_claimed_from(acme: Cast, globex: Cast) -> None:
    queue_id = await globex.queue_id(globex.workspaces["forum"])
    with pytest.raises(NotFound):
        async with agency_scope(acme.owner):
            await claim_next(acme.owner, queue_id=queue_id)


async def test_danger_comes_before_all_that_is_late(acme: Cast) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    late, danger = [await acme.case(workspace=slug, policy=f"{slug}:harassment") for _ in range(2)]
    async with agency_scope(acme.system) as scope:
        await scope.execute("update cases set virtual_deadline = now() - interval '9 days' where id = $1", late.id)
        await scope.execute("update cases set tier = 'danger' where id = $1", danger.id)
    moderator = acme.moderator.narrowed_to(client)
    async with agency_scope(moderator):
        claims = [await claim_next(moderator) for _ in range(3)]
    assert [claim and claim.case_id for claim in claims] == [danger.id, late.id, None]
