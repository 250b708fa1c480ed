"""The pages behind links: a member reads, agrees and takes back; anybody reads what may be told there. Attacked."""

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from cast import ask
from stories.conftest import Desk

from backend.communities import Member
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.notices import Notice
from backend.stories import StoryConsent, SuccessStory, retire_story, share_story, withdraw_consent
from backend.stories.consenting import take_back
from backend.stories.telling import held_story
from backend.web import telling_stories
from tenants.rights import Role
from tenants.scope import agency_scope

AGREE = {"act": "agree", "version": "1", "use_quote": "1", "channel_site": "1", "channel_page": "1"}


async def consents(desk: Desk, story: SuccessStory) -> list[StoryConsent]:
    async with agency_scope(desk.system):
        return await StoryConsent.filter(story_id=story.id).order_by("given_at", "id")


async def test_a_member_reads_the_exact_version_and_agrees_to_what_they_mark(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    story = await desk.drafted("We **grew**.", uses=["quote"])
    path = await desk.ask(story, "site", "page", until=now() + timedelta(days=90))
    page = await api.get(path)
    assert page.status_code == 200
    assert "<p>We <strong>grew</strong>.</p>" in page.text
    assert "it waits for you" in page.text
    assert 'name="use_quote" id="use_quote" value="1" checked' in page.text
    assert 'name="use_name" id="use_name" value="1">' in page.text
    assert "channel_social" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    until = (now() + timedelta(days=30)).date()
    answer = await api.post(path, data={**AGREE, "until": str(until)})
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    [consent] = await consents(desk, story)
    assert (consent.uses, consent.channels, consent.given_by) == (["quote"], ["site", "page"], "member")
    assert consent.expires_at is not None
    assert consent.expires_at.date() == until + timedelta(days=1)
    assert "You have agreed. It is not published yet." in (await api.get(path)).text
    assert (await desk.read(story)).state == "approved"


async def test_they_take_it_back_on_the_same_page_and_it_is_gone_everywhere(desk: Desk, api: httpx.AsyncClient) -> None:
    story = await desk.published("Zanzibar grew.")
    path = await desk.ask(story)
    async with agency_scope(desk.editor):
        address = await share_story(desk.editor, story.id)
    told = address[address.index("/story/") :]
    assert "Zanzibar grew." in (await api.get(told)).text
    assert (await api.post(path, data={"act": "withdraw"})).status_code == 400  # nobody takes back by a slip
    assert (await api.get(told)).status_code == 200
    assert (await api.post(path, data={"act": "withdraw", "sure": "1"})).status_code == 303
    gone, nobodys = await api.get(told), await api.get(f"/story/{new_id()}")
    assert (gone.status_code, gone.text) == (404, nobodys.text)
    after = await api.get(path)
    assert "Nobody is shown it any more" in after.text
    assert "Zanzibar" not in after.text
    assert "<form" not in after.text
    assert (await api.post(path, data=AGREE)).status_code == 409


async def test_a_page_that_is_old_agrees_to_nothing(desk: Desk, api: httpx.AsyncClient) -> None:
    story = await desk.drafted()
    path = await desk.ask(story)
    await desk.write(story, "We shrank.")
    answer = await api.post(path, data=AGREE)
    assert answer.status_code == 409
    assert "We shrank." in answer.text
    assert await consents(desk, story) == []


async def test_the_story_page_is_there_where_they_consented_to_one_and_no_longer(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    story = await desk.published(channels=["site"])
    async with agency_scope(desk.editor):
        with pytest.raises(Conflict):
            await share_story(desk.editor, story.id)
    await desk.agrees(story, channels=["page"])
    async with agency_scope(desk.editor):
        address = await share_story(desk.editor, story.id)
    told = address[address.index("/story/") :]
    assert (await api.get(told)).status_code == 200
    async with agency_scope(desk.system):
        await StoryConsent.filter(story_id=story.id, ended_at=None).update(expires_at=now() - timedelta(seconds=1))
    assert (await api.get(told)).status_code == 404
    await desk.agrees(story, channels=["page"])
    assert (await api.get(told)).status_code == 200
    async with agency_scope(desk.editor):
        await retire_story(desk.editor, story.id)
    assert (await api.get(told)).status_code == 404


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"act": "agree"}, 400),
        ({**AGREE, "version": "²"}, 400),
        ({**AGREE, "version": "9" * 40}, 400),
        ({**AGREE, "version": "2"}, 409),
        ({**AGREE, "until": "2020-01-01"}, 400),
        ({**AGREE, "until": "9999-12-31"}, 400),
        ({**AGREE, "until": "31.12."}, 400),
        ({"act": "agree", "version": "1", "use_quote": "1"}, 400),
        ({"act": "publish", "version": "1"}, 400),
        ({"act": "agree" * 9_000}, 400),
    ],
)
async def test_a_form_that_means_nothing_changes_nothing(
    desk: Desk, api: httpx.AsyncClient, form: dict[str, str], status: int
) -> None:
    story = await desk.drafted()
    path = await desk.ask(story)
    assert (await api.post(path, data=form)).status_code == status
    assert await consents(desk, story) == []
    assert (await desk.read(story)).state == "member_review"


async def test_no_other_site_answers_for_them_and_no_link_can_be_made_up(desk: Desk, api: httpx.AsyncClient) -> None:
    story = await desk.drafted()
    path = await desk.ask(story)
    elsewhere = await api.post(path, data=AGREE, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    assert await consents(desk, story) == []
    token = path.rpartition("/")[2]
    for made_up in (
        f"/story/{token}",
        f"/introduction/{token}",
        f"/verify/{token}",
        path[:-1],
        f"/consent/{story.id}",
        f"/consent/story_{story.id}",
        "/consent/%00",
        "/consent/'%20or%201=1--",
    ):
        for answer in (await api.get(made_up), await api.post(made_up, data=AGREE)):
            assert answer.status_code in (404, 405)
    assert await consents(desk, story) == []


async def test_who_is_forgotten_is_asked_nothing(desk: Desk, api: httpx.AsyncClient) -> None:
    member = await desk.member()
    story = await desk.published(member=member)
    path = await desk.ask(story)
    async with agency_scope(desk.editor):
        address = await share_story(desk.editor, story.id)
    async with agency_scope(desk.system):
        await Member.filter(id=member.id).update(erased_at=now())
    assert (await api.get(path)).status_code == 404
    assert (await api.post(path, data=AGREE)).status_code == 404
    assert (await api.get(address[address.index("/story/") :])).status_code == 404


class Reader(HTMLParser):
    """What a screen reader and a keyboard need: every field has a label, every group a name, one first heading."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[str] = []
        self.labels: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.described: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        self.tags.append(tag)
        self.ids += [str(has["id"])] if "id" in has else []
        self.described += str(has.get("aria-describedby") or "").split()
        if tag in ("input", "textarea", "select") and has.get("type") != "hidden":
            self.fields.append(str(has.get("id")))
        if tag == "label":
            self.labels.append(str(has.get("for")))
        assert not [name for name in has if name.startswith("on") or name == "style"]


@pytest.mark.parametrize(
    ("language", "says"), [("de", "Ich stimme dieser Fassung zu"), ("fr", "I agree to this version")]
)
async def test_the_page_speaks_the_language_of_the_story_and_can_be_used_by_everybody(
    desk: Desk, api: httpx.AsyncClient, language: str, says: str
) -> None:
    story = await desk.drafted("# One\n\n<script>alert(1)</script>")
    path = await desk.ask(story)
    async with agency_scope(desk.system):
        await SuccessStory.filter(id=story.id).update(language=language)
    page = await api.get(path)
    assert says in page.text
    assert f'<html lang="{language if language == "de" else "en"}">' in page.text
    seen = Reader()
    seen.feed(page.text)
    assert sorted(seen.fields) == sorted(seen.labels)
    assert len(set(seen.ids)) == len(seen.ids)
    assert set(seen.described) <= set(seen.ids)
    assert seen.tags.count("h1") == 1
    assert seen.tags.count("fieldset") == seen.tags.count("legend") == 2
    assert "script" not in seen.tags


def test_both_languages_say_the_same_things() -> None:
    for kind in ("consent", "introduction"):
        english, german = (telling_stories._WORDS[kind, language] for language in ("en", "de"))
        assert english.keys() == german.keys()
        for name, text in english.items():
            assert sorted(_holes(text)) == sorted(_holes(german[name])), name


def _holes(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize("answer", ["agreed", "agreed_to_less", "declined", "withdrawn"])
async def test_whoever_asked_hears_what_they_answer(desk: Desk, answer: str) -> None:
    story = await desk.drafted(uses=["quote", "name"])
    await desk.ask(story)
    if answer != "declined":
        await desk.agrees(story, uses=["quote"] if answer == "agreed_to_less" else ["quote", "name"])
    if answer in ("declined", "withdrawn"):
        async with agency_scope(desk.system):
            await take_back(await held_story(story.id))
    async with agency_scope(desk.system):
        told = await Notice.filter(kind="story_answered", subject_id=story.id).order_by("-created_at", "-id")
    assert {notice.membership_id for notice in told} == {desk.writer.membership_id}
    assert [notice.facts["answer"] for notice in told] == {"withdrawn": ["withdrawn", "agreed"]}.get(answer, [answer])


async def test_whoever_asked_hears_also_that_they_think_again(desk: Desk) -> None:
    story = await desk.drafted(uses=["quote", "name"])
    await desk.ask(story)
    await desk.agrees(story, uses=["quote"])
    await desk.agrees(story, uses=["quote", "name"])
    async with agency_scope(desk.system):
        told = await Notice.filter(kind="story_answered", subject_id=story.id).order_by("created_at", "id")
    assert [notice.facts["answer"] for notice in told] == ["agreed_to_less", "agreed"]


async def test_what_staff_write_down_themselves_is_no_news_to_them(desk: Desk) -> None:
    story = await desk.drafted()
    await desk.ask(story)
    await desk.consent(story)
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, story.id)
    async with agency_scope(desk.system):
        assert not await Notice.exists(kind="story_answered", subject_id=story.id)


async def test_stories_are_found_by_state_consent_member_and_words_that_one_may_read(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    member = await desk.member()
    told = await desk.published("They saved hours. 50% of them_all", member=member)
    draft = await desk.drafted("They saved hours as well.")
    asked = await desk.drafted("Other words.")
    await desk.ask(asked)
    gone = await desk.drafted("They saved hours, and said no.")
    await desk.ask(gone)
    async with agency_scope(desk.writer):
        await withdraw_consent(desk.writer, gone.id)
    nominated = await desk.nominated()
    await desk.cast.hire(f"helper-{desk.slug}", Role.SUPPORT, [desk.client], sees_all=False)
    query = """query($w: ID!, $f: StoryFilter) { node(id: $w) { ... on Workspace {
        stories(filter: $f) { totalCount nodes { id consentState } } } } }"""

    async def found(who: str, **filter: Any) -> dict[str, str]:
        answer = await ask(api, desk.token(who), query, w=f"workspace_{desk.client}", f=filter)
        listed = answer["data"]["node"]["stories"]
        assert listed["totalCount"] == len(listed["nodes"])
        return {each["id"].removeprefix("story_"): each["consentState"] for each in listed["nodes"]}

    assert await found("writer") == {
        str(told.id): "GIVEN", str(draft.id): "NONE", str(asked.id): "ASKED", str(gone.id): "WITHDRAWN",
        str(nominated.id): "NONE",
    }  # fmt: skip
    assert set(await found("writer", state=["PUBLISHED", "RETIRED"])) == {str(told.id), str(gone.id)}
    assert set(await found("writer", consentState="ASKED")) == {str(asked.id)}
    assert set(await found("writer", memberId=f"member_{member.id}", consentState="GIVEN")) == {str(told.id)}
    assert set(await found("writer", text="SAVED hours")) == {str(told.id), str(draft.id)}
    assert set(await found("helper", text="SAVED hours")) == {str(told.id)}  # of what they may read, no other
    assert await found("writer", text="0% o_") == {}
