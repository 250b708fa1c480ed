"""Best practices: distilled from stories, published by somebody else, and gone with a story that they quote."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from stories.conftest import Desk

from backend.education import ContentSearch, Words
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.stories import (
    BestPractice,
    Evidence,
    Original,
    PracticeEvidence,
    StoryConsent,
    SuccessStory,
    archive_practice,
    distil_best_practice,
    is_quotation,
    publish_practice,
    publish_story,
    return_practice,
    rewrite_practice,
    submit_practice,
    withdraw_consent,
)
from tenants.provisioning import SlugTaken
from tenants.scope import agency_scope

SAID = "We asked every new customer what they came for, and answered within a day."


async def has_readers(desk: Desk, practice: BestPractice) -> bool:
    async with agency_scope(desk.editor) as scope:
        return await scope.fetchval(
            "select app.is_practised(id, current_version_id) from best_practices where agency_id = $1 and id = $2",
            desk.cast.agency_id,
            practice.id,
        )


@pytest.mark.parametrize(
    ("text", "names", "quotes"),
    [
        ("They asked every new customer what they came for.", [], True),
        ("THEY ASKED: every new customer, what they came for!", [], True),
        ("Ask customers what they came for and answer soon.", [], False),
        ("Ask soon, says anna-b.", ["Anna-B"], True),
        ("Ask soon, says Annabel.", ["Anna"], False),
        ("Ask soon in an hour.", ["an"], False),
        ("", [], False),
    ],
)
def test_words_in_a_row_and_names_are_a_quotation(text: str, names: list[str], quotes: bool) -> None:
    assert is_quotation(text, SAID, names=names) is quotes


async def test_one_writes_and_another_publishes(desk: Desk) -> None:
    story = await desk.published()
    async with agency_scope(desk.writer):
        practice = await distil_best_practice(
            desk.writer, desk.client, slug="do-this", language="en", words=Words("Do this", "x"),
            evidence=[Evidence(story.id)],
        )  # fmt: skip
        with pytest.raises(Conflict):
            await publish_practice(desk.writer, practice.id)
        await submit_practice(desk.writer, practice.id)
    for refused in (
        publish_practice(desk.writer, practice.id),
        submit_practice(desk.writer, practice.id),
        rewrite_practice(desk.writer, practice.id, expected_version=9, words=Words("x", "x"), evidence=[]),
    ):
        async with agency_scope(desk.writer) as scope:
            with pytest.raises(Conflict):
                await refused
            scope.doom()
    assert not await has_readers(desk, practice)
    async with agency_scope(desk.editor):
        await return_practice(desk.editor, practice.id, note="Say more.")
        read = await BestPractice.get(id=practice.id)
        await rewrite_practice(
            desk.editor, practice.id, expected_version=read.version, words=Words("Do this", "more"), evidence=[Evidence(story.id)]
        )  # fmt: skip
        await submit_practice(desk.editor, practice.id)
    for who in (desk.editor, desk.writer):  # both have written some of it
        async with agency_scope(who) as scope:
            with pytest.raises(Conflict):
                await publish_practice(who, practice.id)
            scope.doom()
    lead = desk.cast.owner.narrowed_to(desk.client)
    async with agency_scope(lead):
        await publish_practice(lead, practice.id)
    assert await has_readers(desk, practice)
    async with agency_scope(desk.editor):
        await archive_practice(desk.editor, practice.id)
    assert not await has_readers(desk, practice)


async def test_what_quotes_comes_down_with_the_story_and_what_does_not_stays(desk: Desk) -> None:
    story = await desk.published(SAID)
    quoting = await desk.practice(story, f"As they say: {SAID}", is_quoting=False)
    other = await desk.practice(story, "Ask people.", is_quoting=False)
    async with agency_scope(desk.system):
        found = await PracticeEvidence.filter(story_id=story.id).order_by("created_at", "id")
    assert [each.is_quoting for each in found] == [True, False]  # whatever the writer says
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, story.id)
    assert (await has_readers(desk, quoting), await has_readers(desk, other)) == (False, True)


async def test_a_practice_waits_for_consent_to_practices_and_to_the_version_that_it_quotes(desk: Desk) -> None:
    story = await desk.published(SAID, channels=["site"])
    with pytest.raises(Conflict):
        await desk.practice(story)
    await desk.agrees(story, channels=["practice"])
    practice = await desk.practice(story)
    assert await has_readers(desk, practice)
    await desk.write(story, "We did something else.")
    await desk.consent(story, version=2, channels=["practice"])
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, story.id)
    assert not await has_readers(desk, practice)  # it quotes what they have not consented to
    again = await desk.practice(story)
    assert await has_readers(desk, again)
    async with agency_scope(desk.system):
        await StoryConsent.filter(story_id=story.id, ended_at=None).update(expires_at=now() - timedelta(seconds=1))
    assert not await has_readers(desk, again)


async def test_refused_is_what_rests_on_nothing_or_on_what_is_not_there(desk: Desk, globex: Cast) -> None:
    story, nothing = await desk.published(), await desk.nominated()
    elsewhere = await globex.post()
    for evidence, refusal in (
        ([], Invalid),
        ([Evidence(new_id()) for _ in range(21)], Invalid),
        ([Evidence(nothing.id)], Conflict),
        ([Evidence(elsewhere.id)], NotFound),
    ):
        async with agency_scope(desk.writer) as scope:
            with pytest.raises(refusal):
                await distil_best_practice(
                    desk.writer, desk.client, slug="a-b", language="en", words=Words("x", "x"), evidence=evidence
                )
            scope.doom()
    practice = await desk.practice(story)
    async with agency_scope(desk.system):
        slug = (await BestPractice.get(id=practice.id)).slug
    async with agency_scope(desk.writer) as scope:
        with pytest.raises(SlugTaken):
            await distil_best_practice(
                desk.writer, desk.client, slug=slug, language="en", words=Words("x", "x"), evidence=[Evidence(story.id)]
            )
        scope.doom()
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await archive_practice(globex.owner, practice.id)


SEARCH = """mutation($i: SearchContentInput!) { searchContent(input: $i) { userErrors { code }
    versions { title } practices { practiceId language title isStale } } }"""
READ = """query($i: ID!, $l: [String!]) { readPractice(practiceId: $i, languages: $l) {
    practiceId language version title isStale helpfulCount unhelpfulCount solvedCount } }"""
SAY = """mutation($i: GivePracticeFeedbackInput!) { givePracticeFeedback(input: $i) {
    practice { id } feedback { words } userErrors { code path } } }"""


async def translated(desk: Desk, of: BestPractice, story: SuccessStory, *, is_quoting: bool = False) -> BestPractice:
    async with agency_scope(desk.writer):
        practice = await distil_best_practice(
            desk.writer, desk.client, slug=f"p-{new_id()}", language="de", words=Words("Tut dies", "Fragt jeden."),
            evidence=[Evidence(story.id, is_quoting)], original=Original(of.id, 1),
        )  # fmt: skip
        await submit_practice(desk.writer, practice.id)
    async with agency_scope(desk.editor):
        await publish_practice(desk.editor, practice.id)
    return practice


async def test_readers_get_a_practice_in_their_language_where_there_is_one(desk: Desk, api: httpx.AsyncClient) -> None:
    story = await desk.published(SAID)
    original = await desk.practice(story, "Ask everybody.", is_quoting=False)
    german = await translated(desk, original, story, is_quoting=True)

    async def read(id: UUID, *languages: str) -> Any:
        answer = await ask(api, desk.token("editor"), READ, i=f"practice_{id}", l=list(languages))
        shown = answer["data"]["readPractice"]
        return shown and (shown["practiceId"], shown["language"], shown["isStale"])

    theirs, ours = (f"practice_{german.id}", "de", False), (f"practice_{original.id}", "en", False)
    assert await read(original.id, "fr", "de", "en") == await read(original.id, "fr-CA", "DE-at", "en") == theirs
    assert await read(german.id, "en") == ours
    assert await read(original.id) == await read(german.id, "fr") == ours
    async with agency_scope(desk.writer):
        await rewrite_practice(
            desk.writer, original.id, expected_version=4, words=Words("Do this", "Anew."), evidence=[Evidence(story.id, False)]
        )  # fmt: skip
        await submit_practice(desk.writer, original.id)
    assert await read(original.id, "de") == theirs  # readers have no later one yet
    async with agency_scope(desk.editor):
        await publish_practice(desk.editor, original.id)
    assert await read(original.id, "de") == (f"practice_{german.id}", "de", True)
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, story.id)
    assert await read(original.id, "de") == ours  # the translation quotes the story, and the original does not
    async with agency_scope(desk.editor):
        await archive_practice(desk.editor, original.id)
    assert await read(german.id, "de") is None
    assert await read(new_id()) is None


async def test_a_translation_quotes_what_its_original_quotes_whatever_its_writer_says(desk: Desk) -> None:
    quoted, other = await desk.published(SAID), await desk.published("We grew.")
    original = await desk.practice(quoted, f"As they say: {SAID}")
    german = await translated(desk, original, other)
    async with agency_scope(desk.writer):
        german = await BestPractice.get(id=german.id)
        anew = await rewrite_practice(
            desk.writer, german.id, expected_version=german.version, words=Words("Tut dies", "Fragt bald."), source_version=1,
            evidence=[Evidence(quoted.id, False)],
        )  # fmt: skip
        found = [
            {each.story_id: each.is_quoting for each in await PracticeEvidence.filter(version_id=version)}
            for version in (german.current_version_id, anew.draft_version_id)
        ]
    assert found == [{quoted.id: True, other.id: False}, {quoted.id: True}]
    assert await has_readers(desk, german)
    await desk.write(quoted, "We did something else.")
    await desk.consent(quoted, version=2)
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, quoted.id)
    assert not await has_readers(desk, german)
    async with agency_scope(desk.writer):
        await submit_practice(desk.writer, german.id)
    async with agency_scope(desk.editor):
        with pytest.raises(Conflict, match="may not be told"):  # it is of what they said before
            await publish_practice(desk.editor, german.id)


async def test_a_translation_is_of_an_original_of_the_client_and_one_of_its_versions(desk: Desk, globex: Cast) -> None:
    story = await desk.published(SAID)
    original = await desk.practice(story, "Ask everybody.", is_quoting=False)
    german = await translated(desk, original, story)
    for of, language, refusal in (
        (Original(original.id, 1), "de", Conflict), (Original(original.id, 1), "en", Invalid), (Original(original.id, 9), "fr", Invalid),
        (Original(german.id, 1), "fr", Invalid), (Original(new_id(), 1), "fr", NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            async with agency_scope(desk.writer):
                await distil_best_practice(
                    desk.writer, desk.client, slug=f"p-{new_id()}", language=language, words=Words("x", "x"),
                    evidence=[Evidence(story.id, False)], original=of,
                )  # fmt: skip
    for practice, source in ((original, 1), (german, None), (german, 2)):
        with pytest.raises(Invalid):
            async with agency_scope(desk.writer):
                await rewrite_practice(
                    desk.writer, practice.id, expected_version=4, words=Words("x", "x"), source_version=source,
                    evidence=[Evidence(story.id, False)],
                )  # fmt: skip


async def test_practices_are_found_with_articles_and_only_while_readers_have_them(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    story = await desk.published(SAID)
    original = await desk.practice(story, "Gurkensalat for everybody.")
    await translated(desk, original, story)

    async def found(text: str, *languages: str) -> list[tuple[str, str]]:
        given = {"workspaceId": f"workspace_{desk.client}", "text": text, "languages": list(languages)}
        answer = (await ask(api, desk.token("editor"), SEARCH, i=given))["data"]["searchContent"]
        assert answer["userErrors"] == []
        assert answer["versions"] == []
        return [(each["language"], each["title"]) for each in answer["practices"]]

    assert await found("EVERYBODY gurkensalat") == [("en", "Do this")]
    assert await found("fragt jeden", "de") == [("de", "Tut dies")]
    async with agency_scope(desk.system):
        searched = {each.words: (each.times, each.empty_count) for each in await ContentSearch.all()}
    assert searched == {"everybody gurkensalat": (1, 0), "fragt jeden": (1, 0)}
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, story.id)
    assert await found("gurkensalat") == []
    async with agency_scope(desk.system):
        assert (await ContentSearch.get(words="gurkensalat")).empty_count == 1


async def test_a_member_says_once_whether_a_practice_helped(desk: Desk, api: httpx.AsyncClient, globex: Cast) -> None:
    story, member = await desk.published(SAID), await desk.member()
    practice = await desk.practice(story, "Ask everybody.", is_quoting=False)
    given = {
        "practiceId": f"practice_{practice.id}",
        "version": 1,
        "isHelpful": True,
        "hasSolved": True,
        "words": "Yes.",
    }
    for each in (given, {**given, "isHelpful": False, "words": "No."}):
        said = await ask(api, desk.token("editor"), SAY, i={**each, "memberId": f"member_{member.id}"})
        assert said["data"]["givePracticeFeedback"]["feedback"] == {"words": each["words"]}
    await ask(api, desk.token("editor"), SAY, i=given)
    shown = (await ask(api, desk.token("editor"), READ, i=given["practiceId"], l=[]))["data"]["readPractice"]
    assert (shown["helpfulCount"], shown["unhelpfulCount"], shown["solvedCount"]) == (1, 1, 2)
    wrong = [
        await ask(api, token, SAY, i={**given, **more})
        for token, more in (
            (globex.tokens["owner"], {}),
            (desk.token("editor"), {"practiceId": f"practice_{new_id()}"}),
            (desk.token("editor"), {"version": 2}),
        )
    ]
    assert [each["data"]["givePracticeFeedback"]["userErrors"] for each in wrong] == [
        [{"code": "NOT_FOUND", "path": ["input", "practiceId"]}]
    ] * 3
