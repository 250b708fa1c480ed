"""A member who is asked something answers behind the link in the question, or behind any other that they have."""

import httpx
import pytest
from appeals.conftest import WORDS, Town, question_of, send

from backend.kit.errors import Invalid
from backend.moderation import Case, CaseQuestion
from tenants.scope import agency_scope


async def answers(town: Town) -> list[str | None]:
    async with agency_scope(town.system):
        return [each.answer for each in await CaseQuestion.filter(workspace_id=town.client).order_by("asked_at")]


async def test_an_author_is_asked_before_anything_is_decided_and_answers(town: Town, api: httpx.AsyncClient) -> None:
    await town.ask("author", "What did\nyou mean?")
    [told] = await town.told(town.author)
    assert told.startswith("What did\nyou mean?\n\nPlease answer here: ")
    path = await town.link(town.author)
    assert path.startswith("/question/")
    shown = (await api.get(path)).text
    assert "<blockquote>What did\nyou mean?</blockquote>" in shown
    assert "It is about your post of " in shown
    assert (await send(api, path, "A joke.", question=question_of(shown))).status_code == 303
    assert await answers(town) == ["A joke."]
    async with agency_scope(town.system):
        assert (await Case.get(post_id=town.post.id)).state == "queued"
    again = (await api.get(path)).text
    assert "<blockquote>A joke.</blockquote>" in again
    assert "<textarea" not in again
    assert (await send(api, path, "No.", question=question_of(shown))).status_code == 409
    assert (await send(api, path, "An appeal?")).status_code == 409, "there is nothing to appeal against yet"
    assert await answers(town) == ["A joke."]


async def test_a_reporter_is_asked_in_the_same_way_and_finds_the_dialogue_behind_every_link(
    town: Town, api: httpx.AsyncClient
) -> None:
    report_id = await town.report(town.reporter)
    await town.ask("reporter", report_id=report_id)
    path = await town.link(town.reporter)
    await send(api, path, "It hurt.", question=question_of((await api.get(path)).text))
    await town.decide("no_violation")
    shown = (await api.get(await town.link(town.reporter))).text
    assert "<blockquote>What did you mean?</blockquote>" in shown
    assert "<blockquote>It hurt.</blockquote>" in shown


async def test_somebody_who_appealed_is_asked_and_answers_beside_the_appeal(town: Town, api: httpx.AsyncClient) -> None:
    await town.decide("violation")
    path = await town.link(town.author)
    await send(api, path, "It was a joke.")
    town.first = town.second
    await town.ask("author", "Whose joke?")
    shown = (await api.get(path)).text
    assert (await send(api, path, "Mine.", question=question_of(shown))).status_code == 303
    assert await answers(town) == ["Mine."]


async def test_once_the_case_is_decided_no_answer_is_needed(town: Town, api: httpx.AsyncClient) -> None:
    question_id = await town.ask("author")
    path = await town.link(town.author)
    await town.wait_no_longer()
    await town.decide("no_violation")
    shown = (await api.get(path)).text
    assert "We no longer need an answer." in shown
    assert "<textarea" not in shown
    assert (await send(api, path, "Late.", question=f"question_{question_id}")).status_code == 409
    assert await answers(town) == [None]


async def test_nobody_answers_what_somebody_else_was_asked(town: Town, api: httpx.AsyncClient) -> None:
    question_id = await town.ask("reporter", report_id=await town.report(town.reporter))
    await town.wait_no_longer()
    await town.ask("author")
    path = await town.link(town.author)
    assert (await send(api, path, "I am Bertram.", question=f"question_{question_id}")).status_code == 409
    assert await answers(town) == [None, None]


@pytest.mark.parametrize("question", ["Why did bertram report you?", f"Is it true? {WORDS}"])
async def test_a_question_to_the_author_neither_names_nor_quotes_who_complained(town: Town, question: str) -> None:
    with pytest.raises(Invalid) as refused:
        await town.ask("author", question)
    assert refused.value.path == ("input", "question")
    assert await town.told(town.author) == []
    await town.ask("reporter", question, report_id=await town.report(town.reporter))
