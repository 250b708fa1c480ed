"""From a draft to what readers have: four eyes, and what was published stays as it was."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from cast import Cast, ask
from education.conftest import School

from backend.education import (
    ContentDraft,
    ContentItem,
    ContentVersion,
    Words,
    archive_content,
    discard_draft,
    draft_content,
    publish_draft,
    restore_content,
    return_draft,
    rewrite_draft,
    start_content,
    submit_draft,
)
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from tenants.provisioning import SlugTaken
from tenants.rights import Role
from tenants.scope import agency_scope

VERBS: dict[str, Callable[[School, UUID], Awaitable[Any]]] = {
    "submit": lambda school, draft_id: submit_draft(school.educator, draft_id),
    "return": lambda school, draft_id: return_draft(school.reviewer, draft_id, note="Too long."),
    "publish": lambda school, draft_id: publish_draft(school.reviewer, draft_id),
    "rewrite": lambda school, draft_id: rewrite_draft(
        school.educator, draft_id, expected_version=1, words=Words("b", "b")
    ),
    "discard": lambda school, draft_id: discard_draft(school.educator, draft_id),
}
# What leads where: from each state, by each verb; None is refused.
LEADS = {
    ("draft", "submit"): "in_review",
    ("draft", "return"): None,
    ("draft", "publish"): None,
    ("draft", "rewrite"): "draft",
    ("draft", "discard"): "gone",
    ("in_review", "submit"): None,
    ("in_review", "return"): "draft",
    ("in_review", "publish"): "gone",
    ("in_review", "rewrite"): None,
    ("in_review", "discard"): None,
}


async def state_of(school: School, draft_id: UUID) -> str:
    async with agency_scope(school.system):
        draft = await ContentDraft.get_or_none(id=draft_id)
    return "gone" if draft is None else draft.state


@pytest.mark.parametrize(("state", "verb"), LEADS, ids=["-".join(each) for each in LEADS])
async def test_a_draft_goes_where_the_table_says_and_nowhere_else(school: School, state: str, verb: str) -> None:
    _, draft_id = await school.draft()
    async with agency_scope(school.system):
        await ContentDraft.filter(id=draft_id).update(state=state)
    wanted = LEADS[state, verb]
    actor = school.reviewer if verb in ("return", "publish") else school.educator
    if wanted is None:
        with pytest.raises(Conflict):
            async with agency_scope(actor):
                await VERBS[verb](school, draft_id)
    else:
        async with agency_scope(actor):
            await VERBS[verb](school, draft_id)
    assert await state_of(school, draft_id) == (wanted or state)
    async with agency_scope(school.system):
        assert await ContentVersion.filter(workspace_id=school.client).count() == int(
            (state, verb) == ("in_review", "publish")
        )


async def test_whoever_wrote_any_of_it_does_not_publish_it(school: School) -> None:
    _, draft_id = await school.draft()
    async with agency_scope(school.reviewer):
        await rewrite_draft(school.reviewer, draft_id, expected_version=1, words=Words("A title", "One more word."))
    async with agency_scope(school.educator):
        await submit_draft(school.educator, draft_id)
    for writer in (school.educator, school.reviewer):
        with pytest.raises(Conflict, match="somebody else"):
            async with agency_scope(writer):
                await publish_draft(writer, draft_id)
    assert await state_of(school, draft_id) == "in_review"
    async with agency_scope(school.lead):
        version = await publish_draft(school.lead, draft_id)
    assert (version.text, version.published_by_id) == ("One more word.", school.cast.owner.membership_id)


async def test_who_only_supports_neither_writes_nor_publishes(school: School) -> None:
    support = await school.hire("support", Role.SUPPORT)
    _, draft_id = await school.draft()
    async with agency_scope(support):
        for attempt in (
            submit_draft(support, draft_id),
            publish_draft(support, draft_id),
            start_content(support, school.client, kind="article", slug="a-b", language="en", words=Words("a", "a")),
        ):
            with pytest.raises(NotAllowed):
                await attempt


async def test_what_was_published_never_changes(school: School) -> None:
    item, first = await school.published("First words.")
    async with agency_scope(school.educator):
        draft = await draft_content(school.educator, item.id, language="en", words=Words("Anew", "Second words."))
    second = await school.publish(draft.id)
    async with agency_scope(school.system):
        rows = await ContentVersion.filter(item_id=item.id).order_by("version")
        assert [(row.version, row.title, row.text) for row in rows] == [
            (1, "A title", "First words."),
            (2, "Anew", "Second words."),
        ]
        assert (await ContentItem.get(id=item.id)).current_version_id == second.id
    for statement in ("update content_versions set title = 'x'", "delete from content_versions"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with agency_scope(school.system) as scope:
                await scope.execute(f"{statement} where agency_id = $1 and id = $2", school.cast.agency_id, first.id)


async def test_one_draft_in_each_language_at_a_time_and_no_lost_words(school: School) -> None:
    item_id, draft_id = await school.draft()
    with pytest.raises(Conflict, match="already"):
        async with agency_scope(school.educator):
            await draft_content(school.educator, item_id, language="en", words=Words("a", "a"))
    async with agency_scope(school.educator):
        await rewrite_draft(school.educator, draft_id, expected_version=1, words=Words("mine", "mine"))
    with pytest.raises(Conflict, match="since you read"):
        async with agency_scope(school.reviewer):
            await rewrite_draft(school.reviewer, draft_id, expected_version=1, words=Words("theirs", "theirs"))
    async with agency_scope(school.system):
        draft = await ContentDraft.get(id=draft_id)
    assert (draft.title, draft.version) == ("mine", 2)


async def test_an_archived_article_stands_still_until_it_is_restored(school: School) -> None:
    item, _ = await school.published()
    async with agency_scope(school.educator):
        draft = await draft_content(school.educator, item.id, language="en", words=Words("a", "a"))
    async with agency_scope(school.reviewer):
        await archive_content(school.reviewer, item.id)
    for attempt in (archive_content, lambda actor, _: submit_draft(actor, draft.id)):
        with pytest.raises(Conflict, match="archived"):
            async with agency_scope(school.reviewer):
                await attempt(school.reviewer, item.id)
    async with agency_scope(school.reviewer):
        await restore_content(school.reviewer, item.id)
        await submit_draft(school.reviewer, draft.id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"language": "xx"}, "language"),
        ({"slug": "No"}, "slug"),
        ({"title": " "}, "content.title"),
        ({"text": "x" * 100_001}, "content.text"),
        ({"summary": "x" * 501}, "content.summary"),
    ],
    ids=["language", "slug", "title", "text", "summary"],
)
async def test_what_cannot_be_an_article_is_refused(school: School, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await school.draft(**given)
    assert refused.value.path == ("input", *field.split("."))


async def test_a_title_turns_nothing_that_stands_after_it(school: School) -> None:
    _, draft_id = await school.draft(title="\u202eReset\n\u2067 it")
    async with agency_scope(school.system):
        assert (await ContentDraft.get(id=draft_id)).title == "Reset it"


async def test_a_short_name_is_of_one_article_of_a_client(school: School) -> None:
    await school.draft(slug="same-name")
    with pytest.raises(SlugTaken):
        await school.draft(slug="same-name")


async def test_an_article_is_written_reviewed_published_and_read_through_the_api(
    school: School, api: httpx.AsyncClient
) -> None:
    async def do(who: str, document: str, **given: Any) -> Any:
        answer = await ask(api, school.token(who), document, headers={"X-Workspace-Id": school.slug}, **given)
        assert "errors" not in answer, answer
        return answer["data"]

    begun = await do(
        "educator",
        """mutation($w: ID!) { startContent(input: { workspaceId: $w, kind: ARTICLE, slug: "first", language: "en",
             content: { title: "First", text: "# Hello\\n\\n<b>you</b>" } }) {
             content { id state current { id } drafts { nodes { id version state } } } userErrors { code } } }""",
        w=f"workspace_{school.client}",
    )
    content = begun["startContent"]["content"]
    [draft] = content["drafts"]["nodes"]
    assert (content["state"], content["current"], draft["state"]) == ("DRAFT", None, "DRAFT")
    act = "mutation($d: ID!) { %s(input: { draftId: $d }) { userErrors { code path } } }"
    await do("educator", act % "submitDraft", d=draft["id"])
    refused = await do("educator", act % "publishDraft", d=draft["id"])
    assert refused["publishDraft"]["userErrors"] == [{"code": "CONFLICT", "path": ["input", "draftId"]}]
    assert (await do("reviewer", act % "publishDraft", d=draft["id"]))["publishDraft"]["userErrors"] == []
    shown = await do(
        "educator",
        """query($i: ID!) { readContent(itemId: $i, languages: ["fr"]) { language version title html contents
             readingSeconds isStale item { state drafts { totalCount } } publishedBy { name } } }""",
        i=content["id"],
    )
    assert shown["readContent"] == {
        "language": "en",
        "version": 1,
        "title": "First",
        "html": '<h2 id="section-hello">Hello</h2>\n<p>&lt;b&gt;you&lt;/b&gt;</p>\n',
        "contents": [{"level": 2, "title": "Hello", "anchor": "section-hello"}],
        "readingSeconds": 2,
        "isStale": False,
        "item": {"state": "PUBLISHED", "drafts": {"totalCount": 0}},
        "publishedBy": {"name": f"reviewer-{school.slug} of acme"},
    }


async def test_another_agency_and_another_client_find_nothing(school: School, globex: Cast) -> None:
    item, _ = await school.published()
    _, draft_id = await school.draft()
    elsewhere = school.cast.actors["educator"]  # of another client of the agency
    for stranger in (globex.owner, elsewhere):
        for attempt in (
            lambda who: archive_content(who, item.id),
            lambda who: submit_draft(who, draft_id),
            lambda who: publish_draft(who, draft_id),
            lambda who: start_content(
                who, school.client, kind="article", slug="x-y", language="en", words=Words("a", "a")
            ),
        ):
            with pytest.raises(NotFound):
                async with agency_scope(stranger):
                    await attempt(stranger)
    assert await state_of(school, draft_id) == "draft"
