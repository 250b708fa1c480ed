"""Introductions: both have to want it, and neither learns how to reach the other before."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from stories.conftest import Desk

from backend.communities import Member
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.stories import (
    STATES_OF_INTRODUCTIONS,
    Introduction,
    IntroductionSide,
    contact_of_other,
    end_introductions,
    follow_up_introduction,
    make_introduction,
    propose_introduction,
    respond_to_introduction,
)
from backend.stories.introducing import _move
from tenants.provisioning import issue_api_key
from tenants.rights import Right
from tenants.scope import agency_scope


async def proposed(desk: Desk) -> tuple[Introduction, tuple[Member, Member], list[str]]:
    """With the two, and the paths of their pages."""
    first, second = await desk.member(), await desk.member()
    async with agency_scope(desk.writer):
        introduction, addresses = await propose_introduction(
            desk.writer, desk.client, first_id=first.id, second_id=second.id, reason="You both grow tea."
        )
    return introduction, (first, second), [each[each.index("/introduction/") :] for each in addresses]


async def state_of(desk: Desk, introduction_id: UUID) -> str:
    async with agency_scope(desk.system):
        return (await Introduction.get(id=introduction_id)).state


async def contacts(desk: Desk, introduction_id: UUID) -> list[str]:
    async with agency_scope(desk.system):
        sides = await IntroductionSide.filter(introduction_id=introduction_id).order_by("created_at", "id")
    return [side.contact for side in sides]


@pytest.mark.parametrize("start", STATES_OF_INTRODUCTIONS)
async def test_an_introduction_goes_where_the_table_says_and_nowhere_else(desk: Desk, start: str) -> None:
    introduction, _, _ = await proposed(desk)
    for to in STATES_OF_INTRODUCTIONS:
        async with agency_scope(desk.system) as scope:
            await Introduction.filter(id=introduction.id).update(state=start)
            held = await Introduction.get(id=introduction.id)
            if to in STATES_OF_INTRODUCTIONS[start]:
                await _move(held, to)
            else:
                with pytest.raises(Conflict):
                    await _move(held, to)
            scope.doom()


async def test_each_learns_how_to_reach_the_other_only_after_both_have_accepted(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    introduction, _, (first, second) = await proposed(desk)
    assert "You both grow tea." in (await api.get(first)).text
    assert (await api.post(first, data={"act": "accept", "contact": "anna@example.com"})).status_code == 303
    for path in (first, second):
        assert "anna@example.com" not in (await api.get(path)).text
    assert "You have agreed" in (await api.get(first)).text
    assert (await api.post(second, data={"act": "accept", "contact": " "})).status_code == 400
    assert (await api.post(second, data={"act": "accept", "contact": "bert@example.com"})).status_code == 303
    assert await state_of(desk, introduction.id) == "both_accepted"
    ones, others = (await api.get(first)).text, (await api.get(second)).text
    assert ("bert@example.com" in ones, "anna@example.com" in ones) == (True, False)
    assert ("bert@example.com" in others, "anna@example.com" in others) == (False, True)
    async with agency_scope(desk.writer):
        await make_introduction(desk.writer, introduction.id)
        await follow_up_introduction(desk.writer, introduction.id, outcome="They met.")
    assert await contacts(desk, introduction.id) == ["", ""]
    assert "bert@example.com" not in (await api.get(first)).text


async def test_one_no_ends_it_and_nobody_learns_whose(desk: Desk, api: httpx.AsyncClient) -> None:
    introduction, _, (first, second) = await proposed(desk)
    await api.post(first, data={"act": "accept", "contact": "anna@example.com"})
    await api.post(second, data={"act": "decline"})
    assert (await state_of(desk, introduction.id), await contacts(desk, introduction.id)) == ("declined", ["", ""])
    pages = [(await api.get(path)).text for path in (first, second)]
    assert pages[0] == pages[1]
    assert "does not come about" in pages[0]
    assert (await api.post(second, data={"act": "accept", "contact": "x"})).status_code == 409
    async with agency_scope(desk.writer):
        with pytest.raises(Conflict):
            await make_introduction(desk.writer, introduction.id)


async def test_who_has_accepted_may_still_say_no(desk: Desk, api: httpx.AsyncClient) -> None:
    introduction, _, (first, second) = await proposed(desk)
    for path in (first, second):
        await api.post(path, data={"act": "accept", "contact": "x@example.com"})
    await api.post(first, data={"act": "decline"})
    assert (await state_of(desk, introduction.id), await contacts(desk, introduction.id)) == ("declined", ["", ""])


async def test_a_machine_answers_on_their_behalf_and_staff_do_not(desk: Desk, api: httpx.AsyncClient) -> None:
    introduction, (first, second), _ = await proposed(desk)
    key = await issue_api_key(
        desk.cast.agency_id, name="site", scopes=[Right.LEARN, Right.READ_CONTENT], workspace_id=desk.client
    )
    answered = "mutation($i: RespondToIntroductionInput!) { respondToIntroduction(input: $i) { introduction { state } userErrors { code } } }"
    reached = "query($i: ID!, $m: ID!) { introductionContact(introductionId: $i, memberId: $m) }"
    of = {"introductionId": f"introduction_{introduction.id}", "accepts": True}
    refused = await ask(api, desk.token("writer"), answered, i={**of, "memberId": f"member_{first.id}", "contact": "a"})
    assert refused["data"]["respondToIntroduction"]["userErrors"] == [{"code": "NOT_ALLOWED"}]
    for member, contact in ((first, "anna"), (second, "bert")):
        asked = await ask(api, key, reached, i=of["introductionId"], m=f"member_{first.id}")
        assert asked["data"] == {"introductionContact": None}
        done = await ask(api, key, answered, i={**of, "memberId": f"member_{member.id}", "contact": contact})
        assert done["data"]["respondToIntroduction"]["userErrors"] == []
    asked = await ask(api, key, reached, i=of["introductionId"], m=f"member_{first.id}")
    assert asked["data"] == {"introductionContact": "bert"}
    for token, member_id in ((desk.token("writer"), first.id), (key, (await desk.member()).id)):
        asked = await ask(api, token, reached, i=of["introductionId"], m=f"member_{member_id}")
        assert asked["data"] == {"introductionContact": None}
    shown = f'{{ node(id: "{of["introductionId"]}") {{ ... on Introduction {{ state sides {{ nodes {{ answer member {{ id }} }} }} }} }} }}'
    answer = await ask(api, key, shown)
    assert {side["answer"] for side in answer["data"]["node"]["sides"]["nodes"]} == {"ACCEPTED"}
    assert "anna" not in str(answer)


async def test_what_nobody_answers_in_time_comes_to_nothing(desk: Desk, api: httpx.AsyncClient) -> None:
    introduction, _, (first, _) = await proposed(desk)
    await api.post(first, data={"act": "accept", "contact": "anna"})
    async with agency_scope(desk.system):
        await Introduction.filter(id=introduction.id).update(open_until=now() - timedelta(seconds=1))
    assert "does not come about" in (await api.get(first)).text
    assert (await api.post(first, data={"act": "accept", "contact": "anna"})).status_code == 409
    async with agency_scope(desk.system):
        await end_introductions(desk.system, {})
    assert (await state_of(desk, introduction.id), await contacts(desk, introduction.id)) == ("declined", ["", ""])


async def test_who_is_forgotten_is_introduced_to_nobody(desk: Desk, api: httpx.AsyncClient) -> None:
    _, (first, _), (one, other) = await proposed(desk)
    for path in (one, other):
        await api.post(path, data={"act": "accept", "contact": "x@example.com"})
    async with agency_scope(desk.system):
        await Member.filter(id=first.id).update(erased_at=now())
    assert [(await api.get(path)).status_code for path in (one, other)] == [404, 404]


async def test_refused_is_who_is_not_there_and_who_may_not(desk: Desk, globex: Cast) -> None:
    introduction, (first, second), _ = await proposed(desk)
    theirs = await globex.post()
    async with agency_scope(desk.writer):
        for other, refusal in ((first.id, Invalid), (theirs.member_id, NotFound)):
            with pytest.raises(refusal):
                await propose_introduction(desk.writer, desk.client, first_id=first.id, second_id=other, reason="x")
        with pytest.raises(NotAllowed):
            await respond_to_introduction(desk.writer, introduction.id, member_id=first.id, accepts=True, contact="x")
        with pytest.raises(NotAllowed):
            await contact_of_other(desk.writer, introduction.id, first.id)
    async with agency_scope(globex.owner):
        for verb in (
            make_introduction(globex.owner, introduction.id),
            follow_up_introduction(globex.owner, introduction.id, outcome="x"),
            respond_to_introduction(globex.owner, introduction.id, member_id=second.id, accepts=False, contact=""),
        ):
            with pytest.raises(NotFound):
                await verb
    assert await state_of(desk, introduction.id) == "proposed"
