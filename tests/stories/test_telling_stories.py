"""A story on its way from a nomination to what is told, and back."""

from datetime import timedelta

import httpx
import pytest
from cast import Cast, ask
from stories.conftest import Desk

from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.stories import (
    CHANNELS,
    STATES,
    StoryConsent,
    StoryVersion,
    SuccessStory,
    advance_story,
    draft_story,
    expire_consents,
    nominate_story,
    publish_story,
    retire_story,
    told_version,
    told_versions,
    withdraw_consent,
)
from backend.stories.telling import move
from tenants.rights import Role
from tenants.scope import agency_scope


async def where_told(desk: Desk, story: SuccessStory) -> list[str]:
    async with agency_scope(desk.editor):
        return [channel for channel in CHANNELS if await told_version(desk.editor, story.id, channel) is not None]


@pytest.mark.parametrize("start", STATES)
async def test_a_story_goes_where_the_table_says_and_nowhere_else(desk: Desk, start: str) -> None:
    story = await desk.nominated()
    for to in STATES:
        async with agency_scope(desk.system) as scope:
            await SuccessStory.filter(id=story.id).update(state=start)
            held = await SuccessStory.get(id=story.id)
            if to in STATES[start]:
                await move(held, to)
                assert (await SuccessStory.get(id=story.id)).state == to
            else:
                with pytest.raises(Conflict):
                    await move(held, to)
            scope.doom()


async def test_a_story_is_told_once_it_is_written_consented_to_and_published_by_somebody_else(desk: Desk) -> None:
    story = await desk.drafted()
    await desk.ask(story, "site")
    async with agency_scope(desk.editor):
        with pytest.raises(Conflict):
            await publish_story(desk.editor, story.id)
    await desk.consent(story, channels=["site"])
    assert (await desk.read(story)).state == "approved"
    assert await where_told(desk, story) == []
    async with agency_scope(desk.writer):
        with pytest.raises(Conflict):
            await publish_story(desk.writer, story.id)
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, story.id)
        assert len(await told_versions(desk.editor, desk.client, "site")) == 1
        assert await told_versions(desk.editor, desk.client, "social") == []
    assert await where_told(desk, story) == ["site"]


async def test_whoever_wrote_the_consent_down_does_not_publish_upon_it(desk: Desk) -> None:
    story = await desk.drafted()
    await desk.ask(story)
    await desk.consent(story, by=desk.editor)
    async with agency_scope(desk.editor):
        with pytest.raises(Conflict):
            await publish_story(desk.editor, story.id)
    assert (await desk.read(story)).state == "approved"


async def test_nobody_alone_lets_a_published_story_be_told_more_widely_than_they_said(desk: Desk) -> None:
    story = await desk.published(channels=["site"])
    await desk.consent(story, by=desk.editor)
    assert ((await desk.read(story)).state, await where_told(desk, story)) == ("approved", [])
    async with agency_scope(desk.editor):
        with pytest.raises(Conflict):
            await publish_story(desk.editor, story.id)


async def test_an_edit_after_consent_takes_it_down_and_asks_again(desk: Desk) -> None:
    story = await desk.published()
    await desk.write(story, "We grew, and they helped.")
    assert (await desk.read(story)).state == "member_review"
    assert await where_told(desk, story) == []
    with pytest.raises(Conflict):
        await desk.consent(story, version=1)
    await desk.consent(story, version=2)
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, story.id)
    assert await where_told(desk, story) == list(CHANNELS)


async def test_consent_to_less_than_the_version_uses_does_not_approve_it(desk: Desk) -> None:
    story = await desk.drafted(uses=["name", "quote", "metric"])
    await desk.ask(story)
    await desk.consent(story, uses=["quote", "logo"])
    assert (await desk.read(story)).state == "member_review"
    await desk.consent(story, uses=["name", "quote", "metric"])
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, story.id)
    await desk.agrees(story, uses=["name", "quote", "metric"], channels=["social"])
    assert await where_told(desk, story) == ["social"]
    await desk.agrees(story, uses=["name"])
    assert (await desk.read(story)).state == "member_review"
    assert await where_told(desk, story) == []


async def test_consent_ends_by_the_clock_and_the_job_asks_for_it_again(desk: Desk) -> None:
    story = await desk.published(expires_at=now() + timedelta(days=1))
    async with agency_scope(desk.system):
        await StoryConsent.filter(story_id=story.id).update(expires_at=now() - timedelta(seconds=1))
    assert await where_told(desk, story) == []
    assert (await desk.read(story)).state == "published"
    async with agency_scope(desk.system):
        await expire_consents(desk.system, {})
        consent = await StoryConsent.get(story_id=story.id)
    assert ((await desk.read(story)).state, consent.ended_because) == ("member_review", "expired")
    await desk.consent(story)
    async with agency_scope(desk.editor):
        await publish_story(desk.editor, story.id)
    assert await where_told(desk, story) == list(CHANNELS)


async def test_what_is_withdrawn_is_over_for_everybody(desk: Desk, api: httpx.AsyncClient) -> None:
    story = await desk.published()
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, story.id)
    left = await desk.read(story)
    assert (left.state, left.why, left.notes) == ("retired", "", "")
    assert await where_told(desk, story) == []
    query = f'{{ node(id: "story_{story.id}") {{ ... on SuccessStory {{ state current {{ text }} versions {{ nodes {{ text }} }} }} }} }}'
    answer = await ask(api, desk.token("writer"), query)
    assert answer["data"]["node"] == {"state": "RETIRED", "current": None, "versions": {"nodes": []}}
    async with agency_scope(desk.writer):
        for verb in (
            draft_story(desk.writer, story.id, expected_version=left.version, title="x", text="x", uses=[]),
            withdraw_consent(desk.writer, story.id),
        ):
            with pytest.raises(Conflict):
                await verb
    with pytest.raises(Conflict):
        await desk.consent(story)


async def test_whoever_keeps_a_copy_hears_when_it_comes_and_goes(desk: Desk) -> None:
    story = await desk.published()
    practice = await desk.practice(story)
    async with agency_scope(desk.editor):
        await retire_story(desk.editor, story.id)
    async with agency_scope(desk.system):
        lines = await JournalEntry.filter(subject_id__in=[story.id, practice.id]).order_by("at", "id")
    assert [line.action for line in lines if line.action.endswith(("published", "taken_down"))] == [
        "story.published",
        "practice.published",
        "story.taken_down",
        "practice.taken_down",
    ]
    assert not [line for line in lines if "grew" in str(line.detail)]


async def test_refused_is_what_cannot_be_and_nothing_has_changed(desk: Desk, globex: Cast) -> None:
    story, member = await desk.nominated(), await desk.member()
    theirs = await globex.post()
    shop = desk.cast.workspaces["shop"]
    async with agency_scope(desk.writer):
        with pytest.raises(Invalid):
            await nominate_story(desk.writer, desk.client, language="en", why="x")
        with pytest.raises(Invalid):
            await nominate_story(desk.writer, desk.client, member_id=member.id, language="xx", why="x")
        with pytest.raises(NotFound):
            await nominate_story(desk.writer, desk.client, member_id=theirs.member_id, language="en", why="x")
        with pytest.raises(NotFound):
            await nominate_story(desk.writer, shop, member_id=member.id, language="en", why="x")
        with pytest.raises(Invalid):
            await advance_story(desk.writer, story.id, to="published", notes="x")
        with pytest.raises(Conflict):
            await draft_story(desk.writer, story.id, expected_version=1, title="x", text="x", uses=[])
    supporter = await desk.cast.hire(f"supporter-{desk.slug}", Role.SUPPORT, [desk.client], sees_all=False)
    async with agency_scope(supporter):
        with pytest.raises(NotAllowed):
            await advance_story(supporter, story.id, to="qualified", notes="x")
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await advance_story(globex.owner, story.id, to="qualified", notes="x")
        assert await told_version(globex.owner, story.id, "site") is None
        assert await told_versions(globex.owner, desk.client, "site") == []
    assert (await desk.read(story)).state == "nominated"
    async with agency_scope(desk.system):
        assert not await StoryVersion.exists(story_id=story.id)


async def test_readers_of_a_client_are_told_published_stories_without_who_tells_them(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    story = await desk.published("We **grew**.", channels=["site"])
    await desk.cast.hire(f"reader-{desk.slug}", Role.STAKEHOLDER, [desk.client], sees_all=False)
    query = """query($w: ID!, $s: ID!) { publishedStories(workspaceId: $w, channel: SITE) { storyId title html uses language toldUntil }
        readStory(storyId: $s, channel: PAGE) { title } node(id: $s) { id }
        workspace(id: $w) { stories { nodes { id } } } }"""
    asked = {"w": f"workspace_{desk.client}", "s": f"story_{story.id}"}
    answer = await ask(api, desk.token("reader"), query, **asked)
    assert answer["data"] == {
        "publishedStories": [
            {
                "storyId": f"story_{story.id}",
                "title": "How they grew",
                "html": "<p>We <strong>grew</strong>.</p>\n",
                "uses": ["QUOTE"],
                "language": "en",
                "toldUntil": None,
            }
        ],
        "readStory": None,
        "node": None,
        "workspace": {"stories": {"nodes": []}},
    }
