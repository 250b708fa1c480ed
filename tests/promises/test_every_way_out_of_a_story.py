"""What holds for every way by which words of a story leave Tend, and for the next one before it is written: none without consent
to exactly these words that is in force now."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import ask
from promises.test_the_api import SCHEMA, _all_fields
from stories.conftest import Desk
from stories.conftest import desk as at_desk  # noqa: F401 - a fixture

from backend.communities import Member
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.leaving import Export, erase_member, reading
from backend.stories import (
    CHANNELS,
    BestPractice,
    PracticeVersion,
    StoryConsent,
    StoryVersion,
    SuccessStory,
    publish_story,
    retire_story,
    share_story,
    withdraw_consent,
)
from backend.webhooks import Wanted, WebhookEvent, create_endpoint, shaping
from graphql_schema.projection import declaring
from tenants.provisioning import issue_api_key
from tenants.rights import MACHINE_RIGHTS, Right, Role
from tenants.scope import agency_scope


@dataclass
class Told:
    """A story that is told everywhere, and a best practice that quotes it; `path` is the page of whoever tells it. `marker`
    stands in `words`, and nowhere else in the agency."""

    desk: Desk
    story: SuccessStory
    practice: BestPractice
    member: Member
    path: str
    page: str
    tokens: dict[str, str]
    marker: str
    words: str

    @property
    def ids(self) -> dict[str, str]:
        return {"SuccessStory": f"story_{self.story.id}", "BestPractice": f"practice_{self.practice.id}"}


@pytest.fixture
async def told(at_desk: Desk) -> Told:  # noqa: F811
    desk = at_desk
    member = await desk.member()
    marker = f"quetzal{new_id().hex}"
    words = f"We looked at {marker} each day until it was done and over."
    story = await desk.published(words, member=member)
    practice = await desk.practice(story, f"Do it: {words}")
    async with agency_scope(desk.editor):
        address = await share_story(desk.editor, story.id)
    await desk.cast.hire(f"reader-{desk.slug}", Role.STAKEHOLDER, [desk.client], sees_all=False)
    machine = await issue_api_key(
        desk.cast.agency_id, name=desk.slug, scopes=sorted(MACHINE_RIGHTS - {Right.TEACH}), workspace_id=desk.client
    )
    tokens = {"reader": desk.token("reader"), "machine": machine, "owner": desk.cast.tokens["owner"], "writer": desk.token("writer")}  # fmt: skip
    path = await desk.ask(story)
    return Told(desk, story, practice, member, path, address[address.index("/story/") :], tokens, marker, words)


Ways = dict[str, str]


async def _by_the_api(told: Told, api: httpx.AsyncClient, who: str) -> Ways:
    """Every field of every type through which a version can be reached, from the things that readers can name."""
    token, of = told.tokens[who], {"X-Workspace-Id": f"workspace_{told.desk.client}"}
    asked = {}
    for name, id in told.ids.items():
        asked[name] = f'node(id: "{id}") {{ ... on {name} {{ {_all_fields(SCHEMA.type_map[name], 3)} }} }}'
    async with agency_scope(told.desk.system):
        for model in (StoryVersion, PracticeVersion):
            kind = SCHEMA.type_map[model.__name__]
            for row in await model.filter(workspace_id=told.desk.client):
                id = f"{kind.name.lower()}_{row.id}"
                asked[f"{kind} {row.version}"] = f'node(id: "{id}") {{ ... on {kind} {{ {_all_fields(kind, 1)} }} }}'
    shown, client = _all_fields(SCHEMA.type_map["PublishedStory"], 1), f"workspace_{told.desk.client}"
    for channel in CHANNELS:
        by = f"channel: {channel.upper()}) {{ {shown} }}"
        asked[f"readStory {channel}"] = f'readStory(storyId: "{told.ids["SuccessStory"]}", {by}'
        asked[f"publishedStories {channel}"] = f'publishedStories(workspaceId: "{client}", {by}'
    practised = _all_fields(SCHEMA.type_map["PublishedPractice"], 1)
    asked["readPractice"] = f'readPractice(practiceId: "{told.ids["BestPractice"]}") {{ {practised} }}'
    for name, kind in (("stories", "SuccessStory"), ("bestPractices", "BestPractice")):
        nodes = _all_fields(SCHEMA.type_map[kind], 2)
        asked[f"Workspace.{name}"] = f'workspace(id: "{client}") {{ {name} {{ nodes {{ {nodes} }} }} }}'
    found = {}
    for way, text in asked.items():
        answer = await ask(api, token, f"{{ {text} }}", headers=of)
        assert "errors" not in answer, answer
        found[way] = str(answer)
    return found


async def _by_webhooks(told: Told, *, with_drafts: bool) -> Ways:
    """What an endpoint is sent that asks for everything."""
    desk, found = told.desk, {}
    scopes = MACHINE_RIGHTS - (set() if with_drafts else {Right.TEACH})
    owner = desk.cast.owner
    for name, id in told.ids.items():
        selection = f"{{ ... on {name} {{ {_all_fields(SCHEMA.type_map[name], 2)} }} }}"
        async with agency_scope(owner) as scope:
            wanted = Wanted("https://example.com/", "x", ["story_published"], selection=selection)
            issued = await create_endpoint(owner, wanted, workspace_id=desk.client)
            issued.endpoint.scopes = sorted(scopes)
            kind, _, uuid = id.partition("_")
            event = WebhookEvent(
                workspace_id=desk.client, kind="story.published", subject_kind=kind, subject_id=uuid, sequence=1, occurred_at=now()
            )  # fmt: skip
            body = json.loads(await shaping.body_of(issued.endpoint, event))
            assert "isReduced" not in body, body
            found[f"webhook {name}"] = str(body)
            scope.doom()
    return found


async def _by_exports(told: Told) -> Ways:
    found = {}
    owner = told.desk.cast.owner
    for what, client in (("agency", None), ("workspace", told.desk.client)):
        export = Export(agency_id=owner.agency_id, workspace_id=client, subject_id=new_id(), what=what, format="json")
        async with agency_scope(owner) as scope:
            lines = []
            async for table in reading.tables_of(scope, export, on_rows=_counted):
                async for page in table.pages:
                    lines += page
        found[f"export {what}"] = "\n".join(lines)
    return found


async def _counted(_table: str, _rows: int) -> None:
    pass


async def ways(told: Told, api: httpx.AsyncClient, *, nobody: bool = False) -> set[str]:
    """By which the words leave: to readers, or, with `nobody`, to anybody at all."""
    found: Ways = {}
    for who in ("owner", "writer") if nobody else ("reader", "machine"):
        found |= {f"{who}: {way}": text for way, text in (await _by_the_api(told, api, who)).items()}
    found |= await _by_webhooks(told, with_drafts=nobody) | await _by_exports(told)
    found["page"] = (await api.get(told.page)).text
    if nobody:
        found["consent page"] = (await api.get(told.path)).text
    assert len(found) > 25
    return {way for way, text in found.items() if told.marker in text}


async def _withdrawn_on_the_page(told: Told, api: httpx.AsyncClient) -> None:
    assert (await api.post(told.path, data={"act": "withdraw", "sure": "1"})).status_code == 303


async def _withdrawn_by_staff(told: Told, _: httpx.AsyncClient) -> None:
    async with agency_scope(told.desk.writer):
        await withdraw_consent(told.desk.writer, told.story.id)


async def _forgotten(told: Told, _: httpx.AsyncClient) -> None:
    async with agency_scope(told.desk.cast.owner):
        await erase_member(told.desk.cast.owner, told.member.id, grounds="x")
    [job] = await told.desk.cast.run_jobs("erase_member")
    assert job.state == "done", job.last_error


async def _withdrawn_and_the_agency_taken_back(told: Told, api: httpx.AsyncClient) -> None:
    """All rows as they were before, but of tables that stay as they are (backend/backups)."""
    async with agency_scope(told.desk.system):
        story = await SuccessStory.get(id=told.story.id)
        [consent] = await StoryConsent.filter(story_id=story.id, ended_at=None)
    await _withdrawn_on_the_page(told, api)
    async with agency_scope(told.desk.system):
        await story.save()
        await consent.save()


async def _expired(told: Told, _: httpx.AsyncClient) -> None:
    """Nobody has noticed yet."""
    async with agency_scope(told.desk.system):
        await StoryConsent.filter(story_id=told.story.id).update(expires_at=now() - timedelta(seconds=1))


async def _edited(told: Told, _: httpx.AsyncClient) -> None:
    await told.desk.write(told.story, f"{told.words} And more.")


async def _edited_and_consented_to_again(told: Told, _: httpx.AsyncClient) -> None:
    """To other words: those before were not consented to by that."""
    await told.desk.write(told.story, "Nothing of it.")
    await told.desk.consent(told.story, version=2)
    async with agency_scope(told.desk.editor):
        await publish_story(told.desk.editor, told.story.id)


async def _retired(told: Told, _: httpx.AsyncClient) -> None:
    async with agency_scope(told.desk.editor):
        await retire_story(told.desk.editor, told.story.id)


async def _consented_to_less(told: Told, _: httpx.AsyncClient) -> None:
    await told.desk.agrees(told.story, uses=["name"])


async def _covered_by_less(told: Told, _: httpx.AsyncClient) -> None:
    """And the story is where it was: whatever let that happen."""
    async with agency_scope(told.desk.system):
        await StoryConsent.filter(story_id=told.story.id).update(uses=["name"])


End = Callable[[Told, httpx.AsyncClient], Awaitable[None]]
ENDS: dict[str, End] = {
    "expired": _expired,
    "edited": _edited,
    "edited and consented to again": _edited_and_consented_to_again,
    "retired": _retired,
    "consented to less": _consented_to_less,
    "covered by less": _covered_by_less,
}
FOR_EVERYBODY: dict[str, End] = {
    "withdrawn on the page": _withdrawn_on_the_page,
    "withdrawn by staff": _withdrawn_by_staff,
    "withdrawn and the agency taken back": _withdrawn_and_the_agency_taken_back,
    "forgotten": _forgotten,
}


async def test_with_consent_every_way_is_open(told: Told, api: httpx.AsyncClient) -> None:
    """Otherwise the tests below would prove nothing."""
    assert {way.partition(": ")[2] or way for way in await ways(told, api)} >= {
        "BestPractice",
        "Workspace.bestPractices",
        "webhook BestPractice",
        "export agency",
        "export workspace",
        "page",
        *(f"{field} {channel}" for field in ("readStory", "publishedStories") for channel in CHANNELS),
    }
    open_to_staff = await ways(told, api, nobody=True)
    assert {
        "owner: StoryVersion 1",
        "writer: PracticeVersion 1",
        "webhook SuccessStory",
        "consent page",
    } <= open_to_staff


@pytest.mark.parametrize("end", ENDS)
async def test_without_consent_that_counts_no_reader_gets_a_word(told: Told, api: httpx.AsyncClient, end: str) -> None:
    await ENDS[end](told, api)
    assert await ways(told, api) == set()


@pytest.mark.parametrize("end", FOR_EVERYBODY)
async def test_what_is_taken_back_nobody_gets_a_word_of(told: Told, api: httpx.AsyncClient, end: str) -> None:
    await FOR_EVERYBODY[end](told, api)
    assert await ways(told, api, nobody=True) == set()
    assert await ways(told, api) == set()


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_channel_that_is_not_named_gets_nothing(told: Told, api: httpx.AsyncClient, channel: str) -> None:
    await told.desk.agrees(told.story, channels=[each for each in CHANNELS if each != channel])
    closed = {f"{who}: {field} {channel}" for who in ("reader", "machine") for field in ("readStory", "publishedStories")}  # fmt: skip
    closed |= {"page"} if channel == "page" else set()
    if channel == "practice":
        closed |= {f"{who}: {way}" for who in ("reader", "machine") for way in ("BestPractice", "Workspace.bestPractices")} | {"webhook BestPractice"}  # fmt: skip
    still = await ways(told, api)
    assert not still & closed
    assert len(still) > 10


@pytest.mark.parametrize("model", [StoryVersion, PracticeVersion])
def test_every_type_that_shows_their_words_has_a_condition_on_its_rows(model: Any) -> None:
    shown = [entry for entry in declaring._BY_TYPE_NAME.values() if entry.model is model]
    assert len(shown) == 2
    for entry in shown:
        assert entry.row is not None, (
            f"{entry.cls.__name__} shows words without consent: give it a `row` that asks for it"
        )
        assert "app.is_" in entry.row
    assert model.leaves_if is not None
