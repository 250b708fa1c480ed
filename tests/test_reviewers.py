"""Who is offered what: skills, languages, conflicts of interest, and what somebody can bear."""

from datetime import timedelta
from uuid import UUID

import pytest
from cast import Cast

from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import (
    Case,
    ClaimRecord,
    Reviewer,
    claim_next,
    create_queue,
    declare_conflict,
    end_conflict,
    extend,
    move_case,
    release,
    set_own_limits,
    set_skills,
)
from backend.moderation.thresholds import HARD_LIMIT, SOFT_LIMIT
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


@pytest.fixture
async def reviewer(acme: Cast, client: UUID) -> Actor:
    who = await acme.hire(f"reviewer-{client}", Role.MODERATOR, [client])
    return who.narrowed_to(client)


@pytest.fixture
def lead(acme: Cast, client: UUID) -> Actor:
    return acme.owner.narrowed_to(client)


async def a_case(acme: Cast, client: UUID, policy: str = "harassment") -> Case:
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    return await acme.case(workspace=slug, policy=f"{slug}:{policy}")


async def offered(who: Actor) -> UUID | None:
    """The case they are offered, given back at once."""
    async with agency_scope(who) as scope:
        claim = await claim_next(who)
        scope.doom()
    return None if claim is None else claim.case_id


async def test_a_queue_that_asks_for_a_skill_is_worked_by_who_has_all_of_them(
    acme: Cast, client: UUID, reviewer: Actor, lead: Actor
) -> None:
    case = await a_case(acme, client)
    async with agency_scope(lead):
        queue = await create_queue(lead, client, name="Money", skills=["finance", "French"])
        await move_case(lead, case.id, queue_id=queue.id)
    assert await offered(reviewer) is None
    async with agency_scope(lead):
        await set_skills(lead, reviewer.membership_id, skills=["finance"])
    assert await offered(reviewer) is None
    async with agency_scope(lead):
        await set_skills(lead, reviewer.membership_id, skills=["french", "finance", "chess"])
    assert await offered(reviewer) == case.id


async def test_a_queue_for_leads_is_offered_to_leads_alone(
    acme: Cast, client: UUID, reviewer: Actor, lead: Actor
) -> None:
    case = await a_case(acme, client)
    async with agency_scope(lead):
        queue = await create_queue(lead, client, name="Hard", is_for_leads=True)
        await move_case(lead, case.id, queue_id=queue.id)
    assert await offered(reviewer) is None
    assert await offered(lead) == case.id


async def test_who_names_languages_is_offered_those_and_what_has_none(
    acme: Cast, client: UUID, reviewer: Actor
) -> None:
    case = await a_case(acme, client)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update cases set language = 'fr' where id = $1", case.id)
    assert await offered(reviewer) == case.id
    async with agency_scope(reviewer):
        await set_own_limits(reviewer, languages=["en", "DE"], avoids_severe=False)
    assert await offered(reviewer) is None
    async with agency_scope(acme.system) as scope:
        await scope.execute("update cases set language = null where id = $1", case.id)
    assert await offered(reviewer) == case.id


@pytest.mark.parametrize("close_to", ["the author", "a reporter", "the community", "the client"])
async def test_nobody_is_offered_a_case_of_whom_they_are_close_to(
    acme: Cast, client: UUID, reviewer: Actor, close_to: str
) -> None:
    case = await a_case(acme, client)
    async with agency_scope(acme.system) as scope:
        community = await scope.fetchval("select community_id from posts where id = $1", case.post_id)
        reporter = await scope.fetchval("select member_id from reports where case_id = $1", case.id)
    named = {
        "the author": {"member_id": case.member_id},
        "a reporter": {"member_id": reporter},
        "the community": {"community_id": community},
        "the client": {},
    }[close_to]
    async with agency_scope(reviewer):
        conflict = await declare_conflict(reviewer, client, **named)
    assert await offered(reviewer) is None
    with pytest.raises(Conflict):
        async with agency_scope(reviewer):
            await declare_conflict(reviewer, client, **named)
    async with agency_scope(reviewer):
        await end_conflict(reviewer, conflict)
    assert await offered(reviewer) == case.id


async def test_a_conflict_is_ended_by_who_declared_it_or_by_a_lead(
    acme: Cast, client: UUID, reviewer: Actor, lead: Actor
) -> None:
    async with agency_scope(reviewer):
        conflict = await declare_conflict(reviewer, client)
    other = (await acme.hire(f"other-{client}", Role.MODERATOR, [client])).narrowed_to(client)
    with pytest.raises(NotAllowed):
        async with agency_scope(other):
            await end_conflict(other, conflict)
    async with agency_scope(lead):
        await end_conflict(lead, conflict)


async def seen(acme: Cast, case: Case, who: Actor, *, seconds: int, severity: str, ago: timedelta) -> None:
    async with agency_scope(acme.system):
        await ClaimRecord.create(
            workspace_id=case.workspace_id,
            case_id=case.id,
            membership_id=who.membership_id,
            token_hash=case.id.bytes * 2,
            expires_at=case.opened_at,
            ended_at=case.opened_at - ago,
            ended_by="decided",
            severity=severity,
            visible_seconds=seconds,
        )


async def test_past_the_soft_limit_lighter_cases_go_first(acme: Cast, client: UUID, reviewer: Actor) -> None:
    grave, light = await a_case(acme, client), await a_case(acme, client, "spam")
    assert await offered(reviewer) == grave.id
    await seen(acme, grave, reviewer, seconds=SOFT_LIMIT // 9, severity="high", ago=timedelta(hours=1))
    assert await offered(reviewer) == light.id
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update cases set queue_id = queue_id, state = 'queued', severity = 'high' where id = $1", light.id
        )
    assert await offered(reviewer) == grave.id  # better that than nothing


@pytest.mark.parametrize("because", ["of the hard limit", "of a severe one just now", "they avoid them"])
async def test_severe_cases_are_spared(acme: Cast, client: UUID, reviewer: Actor, because: str) -> None:
    case = await a_case(acme, client)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update cases set severity = 'severe' where id = $1", case.id)
    assert await offered(reviewer) == case.id
    if because == "of the hard limit":
        await seen(acme, case, reviewer, seconds=HARD_LIMIT // 27, severity="severe", ago=timedelta(hours=1))
    elif because == "of a severe one just now":
        await seen(acme, case, reviewer, seconds=1, severity="severe", ago=timedelta(minutes=4))
    else:
        async with agency_scope(reviewer):
            await set_own_limits(reviewer, languages=[], avoids_severe=True)
    assert await offered(reviewer) is None


async def test_nobody_allows_themselves_more_than_is_usual(acme: Cast, reviewer: Actor) -> None:
    for limits in ({"soft_limit": SOFT_LIMIT + 1}, {"hard_limit": 0}, {"soft_limit": 100, "hard_limit": 99}):
        with pytest.raises(Invalid):
            async with agency_scope(reviewer):
                await set_own_limits(reviewer, languages=[], avoids_severe=False, **limits)
    async with agency_scope(reviewer):
        await set_own_limits(reviewer, languages=[], avoids_severe=False, soft_limit=10, hard_limit=20)
        row = await Reviewer.get(membership_id=reviewer.membership_id)
    assert (row.soft_limit, row.hard_limit) == (10, 20)


async def test_time_in_sight_never_shrinks_and_is_never_longer_than_the_claim(
    acme: Cast, client: UUID, reviewer: Actor
) -> None:
    await a_case(acme, client)
    async with agency_scope(reviewer):
        claim = await claim_next(reviewer)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update claims set claimed_at = now() - interval '60 seconds' where case_id = $1", claim.case_id
        )
    for said, kept in ((40, 40), (20, 40), (4_000, 61)):
        async with agency_scope(reviewer):
            await extend(reviewer, claim.case_id, token=claim.token, visible_seconds=said)
            row = await ClaimRecord.get(case_id=claim.case_id)
        assert kept <= row.visible_seconds <= kept + 30 * (kept == 61), (said, row.visible_seconds)
    with pytest.raises(Invalid):
        async with agency_scope(reviewer):
            await release(reviewer, claim.case_id, token=claim.token, visible_seconds=-1)


async def test_skills_are_given_by_leads_and_to_colleagues(
    acme: Cast, globex: Cast, reviewer: Actor, lead: Actor
) -> None:
    with pytest.raises(NotAllowed):
        async with agency_scope(reviewer):
            await set_skills(reviewer, reviewer.membership_id, skills=["finance"])
    with pytest.raises(NotFound):
        async with agency_scope(lead):
            await set_skills(lead, globex.owner.membership_id, skills=["finance"])
    with pytest.raises(Invalid):
        async with agency_scope(lead):
            await set_skills(lead, reviewer.membership_id, skills=["Not a word!"])
