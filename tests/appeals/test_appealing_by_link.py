"""Members who have no account appeal behind the link they were sent, and read there what came of it."""

from datetime import timedelta

import httpx
import pytest
from appeals.conftest import WORDS, Town, send

from backend.communities import set_language
from backend.kit.errors import Invalid
from backend.moderation import Case, appealing, undo_decision
from backend.statements import APPEAL_WINDOW
from tenants.scope import agency_scope

FORM = "<textarea"


async def test_an_author_appeals_and_reads_there_that_the_decision_was_taken_back(
    town: Town, api: httpx.AsyncClient
) -> None:
    decision = await town.decide("violation")
    path = await town.link(town.author)
    assert path.startswith("/statement/")
    assert FORM in (await api.get(path)).text
    assert await town.appeals() == [], "looking at a page files nothing"

    sent = await send(api, path, "It was\r\na joke.")
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    [appeal] = await town.appeals()
    assert (appeal.decision_id, appeal.member_id, appeal.appellant, appeal.text, appeal.filed_by_id) == (
        decision.id,
        town.author,
        "author",
        "It was\na joke.",
        None,
    )
    shown = (await api.get(path)).text
    assert FORM not in shown
    assert "<blockquote>It was\na joke.</blockquote>" in shown
    assert "Somebody who took no part in the decision looks at it." in shown

    await town.answer_appeal("overturned", "You are right.")
    assert (await town.told(town.author))[-1].startswith(
        "We looked at the decision again: it was wrong, and we took it back.\n\nYou are right.\n\n"
    )
    assert await town.link(town.author) == path
    shown = (await api.get(path)).text
    assert "We took this decision back on " in shown
    assert "it was wrong, and we took it back." in shown
    assert "<blockquote>You are right.</blockquote>" in shown
    assert FORM not in shown


async def test_a_reporter_whose_report_led_to_nothing_appeals_and_reads_that_it_was_right(
    town: Town, api: httpx.AsyncClient
) -> None:
    await town.decide("no_violation")
    [told] = await town.told(town.reporter)
    assert "you reported a post in Main. Somebody looked at it and found that it does not break the rules" in told
    path = await town.link(town.reporter)
    assert path.startswith("/report/")
    shown = (await api.get(path)).text
    assert f"<blockquote>{WORDS}</blockquote>" in shown
    assert "found that it does not break the rules" in shown
    assert "Article 21 of the Digital Services Act" in shown

    assert (await send(api, path, "Look again.")).status_code == 303
    await town.answer_appeal(
        "overturned", "You were right.", policy_version_id=town.policy_version, actions=["hide_post"]
    )
    first, again, answer = await town.told(town.reporter)
    assert (first, "Somebody looked at it again and found that it breaks the rules" in again) == (told, True)
    assert answer.startswith("We looked at the decision again: it was wrong")
    assert await town.link(town.reporter) == path
    shown = (await api.get(path)).text
    assert "found that it breaks the rules" in shown
    assert "<blockquote>You were right.</blockquote>" in shown
    assert FORM not in shown


async def test_a_reporter_whose_report_was_followed_is_told_and_has_nothing_to_appeal(
    town: Town, api: httpx.AsyncClient
) -> None:
    await town.decide("violation")
    path = await town.link(town.reporter)
    shown = (await api.get(path)).text
    assert "found that it breaks the rules" in shown
    assert FORM not in shown
    assert (await send(api, path, "More!")).status_code == 409
    assert await town.appeals() == []


@pytest.mark.parametrize(
    ("verdict", "said", "replaced"),
    [
        ("upheld", "it stays as it is", False),
        ("inadmissible", "We could not look at your appeal", False),
        ("modified", "and changed it", True),
    ],
)
async def test_whatever_came_of_an_appeal_stands_on_the_page(
    town: Town, api: httpx.AsyncClient, verdict: str, said: str, replaced: bool
) -> None:
    await town.decide("violation")
    path = await town.link(town.author)
    await send(api, path, "x")
    new = {"policy_version_id": town.policy_version, "actions": ["warn_member"]} if verdict == "modified" else {}
    await town.answer_appeal(verdict, **new)
    shown = (await api.get(path)).text
    assert said in shown
    assert ("we put another decision in the place of this one" in shown) == replaced
    assert FORM not in shown


async def test_a_second_appeal_and_one_against_what_is_not_in_force_are_refused_in_plain_words(
    town: Town, api: httpx.AsyncClient
) -> None:
    decision = await town.decide("violation")
    path = await town.link(town.author)
    async with agency_scope(town.first):
        claim = await undo_decision(town.first, decision.id, reason="x")
    refused = await send(api, path, "x")
    assert refused.status_code == 409
    assert "Something has changed meanwhile, and what you wrote was not taken." in refused.text
    assert "We took this decision back on " in refused.text

    await town.decide("violation", claim=claim)
    path = await town.link(town.author)
    assert (await send(api, path, "x")).status_code == 303
    refused = await send(api, path, "y")
    assert refused.status_code == 409
    assert "Your appeal" in refused.text
    assert len(await town.appeals()) == 1


async def test_when_the_time_is_over_the_page_says_so(
    town: Town, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = await town.decide("violation")
    path = await town.link(town.author)
    end = decision.decided_at + APPEAL_WINDOW
    monkeypatch.setattr(appealing, "now", lambda: end + timedelta(seconds=1))
    shown = (await api.get(path)).text
    assert f"The time for an appeal ended on {end.day} {end:%B %Y}." in shown
    assert FORM not in shown
    assert (await send(api, path, "x")).status_code == 409
    assert await town.appeals() == []


async def test_a_german_community_reads_and_is_written_to_in_german(town: Town, api: httpx.AsyncClient) -> None:
    async with agency_scope(town.cast.owner):
        await set_language(town.cast.owner, town.cast.communities[town.slug], language="de")
    await town.decide("violation")
    path = await town.link(town.author)
    shown = (await api.get(path)).text
    assert '<html lang="de">' in shown
    assert "Warum ist die Entscheidung falsch?" in shown
    await send(api, path, "Es war ein Scherz.")
    await town.answer_appeal("upheld")
    assert (await town.told(town.author))[-1].startswith("Wir haben die Entscheidung noch einmal geprüft, und sie")
    assert "Ihre Beschwerde" in (await api.get(path)).text
    shown = (await api.get(await town.link(town.reporter))).text
    assert "haben Sie einen Beitrag in Main gemeldet." in shown


@pytest.mark.parametrize("answer", ["Bertram told us.", f"We were told: {WORDS.lower()}"])
async def test_an_answer_to_the_author_neither_names_nor_quotes_who_complained(
    town: Town, api: httpx.AsyncClient, answer: str
) -> None:
    await town.decide("violation")
    await send(api, await town.link(town.author), "Who says so?")
    with pytest.raises(Invalid) as refused:
        await town.answer_appeal("upheld", answer)
    assert refused.value.path == ("input", "answer")
    async with agency_scope(town.system):
        assert (await Case.get(post_id=town.post.id, kind="appeal")).state != "closed"
