"""What readers are given, look for and say; whose knowledge it is; languages; the glossary."""

import httpx
import pytest
from cast import Cast, ask
from education.conftest import School

from backend.education import (
    AuthoredShare,
    ContentFeedback,
    ContentSearch,
    GlossaryTerm,
    Words,
    archive_content,
    authored_share,
    define_term,
    draft_content,
    give_feedback,
    remove_term,
    search_content,
    set_authors,
    version_for_readers,
)
from backend.kit.errors import Invalid, NotFound
from tenants.scope import agency_scope

STALE = "query($i: ID!) { readContent(itemId: $i, languages: [%s]) { language version sourceVersion isStale } }"


async def test_a_reader_gets_their_language_else_the_original_and_sees_what_is_stale(
    school: School, api: httpx.AsyncClient
) -> None:
    item, _ = await school.published("Good morning.")
    async with agency_scope(school.educator):
        german = await draft_content(
            school.educator, item.id, language="de", words=Words("Titel", "Guten Morgen."), source_version=1
        )

    async def shown(languages: str) -> tuple[object, ...]:
        answer = await ask(api, school.token("educator"), STALE % languages, i=f"content_{item.id}")
        return tuple(answer["data"]["readContent"].values())

    assert await shown('"de", "en"') == ("en", 1, None, False)  # a draft is nobody's
    await school.publish(german.id)
    assert await shown('"fr", "de", "en"') == ("de", 1, 1, False)
    assert await shown('"fr"') == ("en", 1, None, False)
    async with agency_scope(school.educator):
        second = await draft_content(school.educator, item.id, language="en", words=Words("Title", "Good evening."))
    await school.publish(second.id)
    assert await shown('"de"') == ("de", 1, 1, True)
    async with agency_scope(school.educator):
        german = await draft_content(
            school.educator, item.id, language="de", words=Words("Titel", "Guten Abend."), source_version=2
        )
    await school.publish(german.id)
    assert await shown('"de"') == ("de", 2, 2, False)


@pytest.mark.parametrize(("language", "source"), [("de", None), ("en", 1), ("de", 2)])
async def test_a_translation_names_a_version_of_the_original_and_nothing_else_does(
    school: School, language: str, source: int | None
) -> None:
    item, _ = await school.published()
    with pytest.raises(Invalid) as refused:
        async with agency_scope(school.educator):
            await draft_content(
                school.educator, item.id, language=language, words=Words("a", "a"), source_version=source
            )
    assert refused.value.path == ("input", "sourceVersion")


async def test_all_words_are_looked_for_and_what_is_not_found_is_counted_without_who(school: School) -> None:
    _, body = await school.published("How to reset a password.", title="Accounts")
    _, title = await school.published("Words about it, reset and so on.", title="Your password")
    archived, _ = await school.published("password reset")
    async with agency_scope(school.reviewer):
        await archive_content(school.reviewer, archived.id)
    await school.draft("password reset, soon")

    async def found(text: str) -> list[object]:
        async with agency_scope(school.educator):
            return list(await search_content(school.educator, school.client, text=text))

    assert await found("Password RESET") == [title.id, body.id]
    assert await found("reset password") == [title.id, body.id]
    assert await found("refund") == []
    with pytest.raises(Invalid):
        await found("!?")
    async with agency_scope(school.system):
        rows = await ContentSearch.filter(workspace_id=school.client).order_by("words")
    assert [(row.words, row.times, row.empty_count) for row in rows] == [("password reset", 2, 0), ("refund", 1, 1)]


async def test_one_version_of_an_article_is_found_in_the_language_that_is_asked_for(school: School) -> None:
    item, english = await school.published("Tend helps.")
    async with agency_scope(school.educator):
        draft = await draft_content(
            school.educator, item.id, language="de", words=Words("T", "Tend hilft."), source_version=1
        )
    german = await school.publish(draft.id)
    async with agency_scope(school.educator):
        assert await search_content(school.educator, school.client, text="tend") == [english.id]
        assert await search_content(school.educator, school.client, text="tend", languages=["de"]) == [german.id]


async def test_a_member_says_once_whether_it_helped_and_may_think_again(school: School, api: httpx.AsyncClient) -> None:
    _, version = await school.published()
    member = await school.member()
    for is_helpful in (False, True):
        async with agency_scope(school.educator):
            await give_feedback(
                school.educator,
                version.id,
                is_helpful=is_helpful,
                has_solved=is_helpful,
                words="Aha.",
                member_id=member,
            )
    async with agency_scope(school.educator):
        await give_feedback(school.educator, version.id, is_helpful=False)
    async with agency_scope(school.system):
        rows = await ContentFeedback.filter(version_id=version.id).order_by("created_at")
    assert [(row.member_id, row.is_helpful, row.has_solved, row.words) for row in rows] == [
        (member, True, True, "Aha."),
        (None, False, None, ""),
    ]
    counted = await ask(
        api,
        school.token("educator"),
        "query($i: ID!) { node(id: $i) { ... on ContentVersion { helpfulCount unhelpfulCount solvedCount } } }",
        i=f"contentversion_{version.id}",
    )
    assert counted["data"]["node"] == {"helpfulCount": 1, "unhelpfulCount": 1, "solvedCount": 1}


async def test_what_a_colleague_and_a_member_wrote_together_counts_half(school: School) -> None:
    staff, member = [school.educator.membership_id], await school.member()
    for authors in ((staff, [member]), ([], [member]), (staff, []), (staff, [])):
        item, _ = await school.published()
        async with agency_scope(school.educator):
            await set_authors(school.educator, item.id, staff=authors[0], members=authors[1])
    await school.published()  # by nobody who was named
    async with agency_scope(school.educator):
        assert await authored_share(school.educator, school.client) == AuthoredShare(by_members=1.5, items=4)


async def test_nobody_else_reads_searches_or_credits(school: School, globex: Cast) -> None:
    item, version = await school.published()
    foreign = await globex.post()
    strangers = (globex.owner, school.cast.actors["educator"])
    for stranger in strangers:
        async with agency_scope(stranger):
            assert await version_for_readers(stranger, item.id) is None
            for attempt in (
                search_content(stranger, school.client, text="words"),
                give_feedback(stranger, version.id, is_helpful=True),
                authored_share(stranger, school.client),
                define_term(stranger, school.client, language="en", term="x", definition="x"),
            ):
                with pytest.raises(NotFound):
                    await attempt
    for staff, members in (([globex.owner.membership_id], []), ([], [foreign.member_id])):
        with pytest.raises(NotFound):
            async with agency_scope(school.educator):
                await set_authors(school.educator, item.id, staff=staff, members=members)


async def test_a_word_of_the_glossary_is_there_once_in_a_language(school: School) -> None:
    async with agency_scope(school.educator):
        for term, definition in (("churn", "Who leaves."), ("Churn", "Customers who leave.")):
            term_id = await define_term(school.educator, school.client, language="en", term=term, definition=definition)
        rows = await GlossaryTerm.filter(workspace_id=school.client)
        assert [(row.id, row.term, row.definition) for row in rows] == [(term_id, "Churn", "Customers who leave.")]
        await remove_term(school.educator, term_id)
        assert not await GlossaryTerm.exists(workspace_id=school.client)
