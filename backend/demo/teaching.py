"""What riders of the demo can learn, who has learned it, a story that is told with consent, and what was made of it."""

import tomllib
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from backend import education, stories
from backend.communities import Community, Member
from tenants.actor import Actor
from tenants.scope import agency_scope

WORDS: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
ENROLLED: Final = 12
SEARCHED: Final = ("puncture", "puncture", "warranty abroad", "battery")
RIGHT: Final = {
    question["text"]: {question["choices"][n] for n in question["right"]} for question in WORDS["course"]["questions"]
}


async def teach(writer: Actor, publisher: Actor) -> None:
    """Once, for the only client of both."""
    client = writer.only_workspace
    async with agency_scope(writer):
        if await education.ContentItem.exists(workspace_id=client):
            return
        forum = await Community.filter(workspace_id=client).order_by("slug").last()
        assert forum is not None
        members = await Member.filter(community_id=forum.id, kind="person").order_by("handle").limit(ENROLLED)
    items = {each["slug"]: await _written(writer, publisher, each) for each in WORDS["articles"]}
    async with agency_scope(writer):
        for term in WORDS["terms"]:
            await education.define_term(writer, client, language="en", **term)
        for words in SEARCHED:
            for version in await education.search_content(writer, client, text=words):
                await education.give_feedback(writer, version, is_helpful=True, has_solved=True)
    await _learned(writer, publisher, items, [member.id for member in members])
    await _told(writer, publisher, members[0].id)


async def _written(writer: Actor, publisher: Actor, given: dict[str, Any]) -> UUID:
    words = education.Words(given["title"], given["text"].strip(), given["summary"])
    async with agency_scope(writer):
        item, draft = await education.start_content(
            writer, writer.only_workspace, kind=given["kind"], slug=given["slug"], language="en", words=words
        )
        if given.get("is_draft"):
            return item.id
        await education.submit_draft(writer, draft.id)
    async with agency_scope(publisher):
        await education.publish_draft(publisher, draft.id)
    return item.id


async def _learned(writer: Actor, publisher: Actor, items: dict[str, UUID], members: list[UUID]) -> None:
    """A third each: enrolled, half way, with a certificate."""
    given = WORDS["course"]
    wanted = education.WantedCourse(
        given["slug"],
        given["title"],
        given["summary"],
        lessons=[items[slug] for slug in given["lessons"]],
        certificate_kind=given["certificate_kind"],
    )
    async with agency_scope(writer):
        course = await education.create_course(writer, writer.only_workspace, wanted)
        await education.set_quiz(
            writer,
            course.id,
            questions=[education.Question(**question) for question in given["questions"]],
            draws={},
            pass_percent=60,
            most_attempts=3,
        )
    async with agency_scope(publisher):
        await education.publish_course(publisher, course.id)
    async with agency_scope(writer):
        await education.lay_path(
            writer, writer.only_workspace, slug="riders-help-riders", title="Riders help riders", courses=[course.id]
        )
        for place, member in enumerate(members):
            enrolment = await education.enrol(writer, course.id, member_id=member)
            for lesson in wanted.lessons[: (0, 1, 2)[place % 3]]:
                await education.complete_lesson(writer, enrolment.id, lesson)
            if place % 3 == 2:
                attempt = await education.start_attempt(writer, enrolment.id)
                answers = [
                    [number for number, choice in enumerate(asked["choices"]) if choice in RIGHT[asked["text"]]]
                    for asked in attempt.questions
                ]
                await education.submit_attempt(writer, attempt.id, answers=answers)


async def _told(writer: Actor, publisher: Actor, member_id: UUID) -> None:
    client, given = writer.only_workspace, WORDS["story"]
    async with agency_scope(writer):
        story = await stories.nominate_story(
            writer, client, member_id=member_id, language="en", why="Started a club that grew out of the forum."
        )
        await stories.advance_story(writer, story.id, to="qualified", notes="Agreed to talk.")
        story = await stories.advance_story(writer, story.id, to="interviewed", notes="By telephone, half an hour.")
        version = await stories.draft_story(
            writer,
            story.id,
            expected_version=story.version,
            title=given["title"],
            text=given["text"].strip(),
            uses=["quote"],
        )
        await stories.request_consent(writer, story.id, channels=["page", "practice"], until=None)
        await stories.record_consent(
            writer,
            story.id,
            version=version.version,
            uses=["quote"],
            channels=["page", "practice"],
            expires_at=None,
            proof="Said yes by mail; the mail is kept with the contract.",
        )
    async with agency_scope(publisher):
        await stories.publish_story(publisher, story.id)
    practice, words = WORDS["practice"], WORDS["practice"]
    async with agency_scope(writer):
        made = await stories.distil_best_practice(
            writer,
            client,
            slug=practice["slug"],
            language="en",
            words=education.Words(words["title"], words["text"].strip(), words["summary"]),
            evidence=[stories.Evidence(story.id)],
        )
        await stories.submit_practice(writer, made.id)
    async with agency_scope(publisher):
        await stories.publish_practice(publisher, made.id)
