"""The pages for frontend teams say what is so: every operation in them is run, every number and link is looked up."""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from graphql import OperationDefinitionNode, OperationType, parse, validate
from judged import decided
from markdown_it import MarkdownIt
from papers import a_published, made
from taught import taught
from told import told

from backend import serving
from backend.asgi import STATEMENT_SECONDS
from backend.client_reports import ClientReport, correct_client_report
from backend.customers import CustomerAccount
from backend.education import CoursePrerequisite
from backend.idempotency.keeping import KEPT_FOR
from backend.integrity.thresholds import CANDIDATES, POSTS_LOOKED_AT
from backend.kit.clock import now
from backend.moderation import Case
from backend.moderation.thresholds import LEASE, LONGEST_CLAIM, REPORTERS_WRITTEN_TO
from backend.people import TOKEN_LIFETIME
from backend.people.inviting import LIFETIME as INVITATION_LIFETIME
from backend.people.mailing_links import LIFETIME as LINK_LIFETIME
from backend.reporting.thresholds import (
    CONTACT_KEPT_FOR,
    COUNTED_WITHIN,
    FEWEST_UNFOUNDED,
    SETTLED_WITHIN,
    SETTLED_WITHIN_IF_COMPLEX,
)
from backend.retention import Definition, create_study
from backend.statements import APPEAL_WINDOW
from backend.web.hearing_reporters import FORMS_PER_PAGE
from graphql_schema import reading_metrics
from graphql_schema.answering import UserErrorCode
from graphql_schema.error_codes import ErrorCode, status_of
from graphql_schema.machines import RotateCredentialInput
from graphql_schema.projection import declaring, pricing
from graphql_schema.schema import schema
from graphql_schema.transport import (
    admitting,
    asking,
    documents,
    endpoint,
    event_streams,
    sizing,
    sockets,
    trusting,
)
from graphql_schema.transport.publishing import DOCS, PAGES, markdown_of
from tenants import sessions
from tenants.rights import PERSON_ROLES, RIGHTS_OF, Right
from tenants.scope import agency_scope

SCHEMA: Final = schema._schema
PATIENCE_SECONDS: Final = 20


@dataclass(frozen=True)
class Example:
    """A graphql fence with what follows it: variables, and the answer with the data that this cast does not have."""

    page: str
    line: int
    document: str
    expected: dict[str, str]  # of the info string: error=CODE, userError=CODE, cost=POINTS, scope=agency
    variables: Any
    answer: Any

    def __str__(self) -> str:
        return f"{self.page}.md:{self.line}"

    @property
    def is_subscription(self) -> bool:
        definition = parse(self.document).definitions[0]
        return isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.SUBSCRIPTION


def examples() -> list[Example]:
    found = []
    for file in sorted(DOCS.glob("*.md")):
        tokens = MarkdownIt().parse(file.read_text())
        for index, token in enumerate(tokens):
            language, _, expected = token.info.partition(" ")
            if token.type == "fence" and language == "graphql":
                following = {}
                for next_one in tokens[index + 1 : index + 3]:
                    if next_one.type != "fence" or next_one.info not in ("json", "json answer"):
                        break
                    following[next_one.info] = json.loads(next_one.content)
                found.append(
                    Example(
                        page=file.stem,
                        line=token.map[0] + 1 if token.map else 0,
                        document=token.content,
                        expected=dict(word.split("=") for word in expected.split()),
                        variables=following.get("json", {}),
                        answer=following.get("json answer"),
                    )
                )
    return found


EXAMPLES: Final = examples()


@dataclass
class Scene:
    """A client of its own with two waiting cases, and what the placeholders of a page stand for there."""

    cast: Cast
    slug: str
    token: str
    api: httpx.AsyncClient

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "X-Workspace-Id": self.slug}

    @property
    def headers_of_the_agency(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def claimed(self) -> dict[str, Any]:
        answer = await self.ask("mutation { claimNextCase(input: {}) { claimToken case { id version post { id } } } }")
        payload = answer["data"]["claimNextCase"]
        case = payload["case"]
        return {
            "<case id>": case["id"],
            "<case version>": case["version"],
            "<post id>": case["post"]["id"],
            "<claim token>": payload["claimToken"],
        }

    async def ids(self) -> dict[str, Any]:
        answer = await self.ask(
            """{ workspaces(first: 1) { nodes { id cases(first: 1) { nodes { id post { id } } }
                 policies(first: 1) { nodes { versions(first: 1) { nodes { id } } } } communities { nodes { id } } queues { nodes { id } } } } }"""
        )
        [workspace] = answer["data"]["workspaces"]["nodes"]
        return {
            "<workspace id>": workspace["id"],
            "<case id>": workspace["cases"]["nodes"][0]["id"],
            "<post id>": workspace["cases"]["nodes"][0]["post"]["id"],
            "<policy version id>": workspace["policies"]["nodes"][0]["versions"]["nodes"][0]["id"],
            "<community id>": workspace["communities"]["nodes"][0]["id"],
            "<queue id>": workspace["queues"]["nodes"][0]["id"],
        }

    async def machine(self) -> dict[str, Any]:
        answer = await self.ask(
            'mutation($w: ID!) { createApiClient(input: { name: "m", scopes: [REPORT], workspaceId: $w }) { apiClient { id } } }',
            w=(await self.ids())["<workspace id>"],
        )
        return {"<api client id>": answer["data"]["createApiClient"]["apiClient"]["id"]}

    async def endpoint(self) -> dict[str, Any]:
        answer = await self.ask(
            """mutation($w: ID!) { createWebhookEndpoint(input: { url: "https://example.com/", kinds: [HOLD_LIFTED],
                 workspaceId: $w }) { endpoint { id } } }""",
            w=(await self.ids())["<workspace id>"],
        )
        endpoint_id = answer["data"]["createWebhookEndpoint"]["endpoint"]["id"]
        sent = await self.ask(
            "mutation($e: ID!) { sendWebhookTest(input: { endpointId: $e }) { delivery { id } } }", e=endpoint_id
        )
        return {"<endpoint id>": endpoint_id, "<delivery id>": sent["data"]["sendWebhookTest"]["delivery"]["id"]}

    async def judged(self) -> dict[str, Any]:
        """A decision of somebody else's."""
        decision = (await decided(self.cast, self.cast.workspaces[self.slug], by="admin")).decision
        async with agency_scope(self.cast.system):
            case = await Case.get(id=decision.case_id)
        return {"<decision id>": f"decision_{decision.id}", "<member id>": f"member_{case.member_id}"}

    async def appealed(self) -> dict[str, Any]:
        judged = await self.judged()
        await self.ask(
            """mutation($d: ID!, $m: ID!) { fileAppeal(input: { decisionId: $d, memberId: $m, text: "x" }) {
                 appeal { id } } }""",
            d=judged["<decision id>"],
            m=judged["<member id>"],
        )
        async with agency_scope(self.cast.system):
            await Case.filter(workspace_id=self.cast.workspaces[self.slug], kind="appeal").update(
                virtual_deadline=now() - timedelta(days=1)
            )
        claimed = await self.claimed()
        return {
            "<appeal case id>": claimed["<case id>"],
            "<appeal claim token>": claimed["<claim token>"],
        }

    async def investigation(self) -> dict[str, Any]:
        opened = await self.ask(
            """mutation($w: ID!) { openInvestigation(input: { workspaceId: $w, title: "x", question: "x" }) {
                 investigation { id } } }""",
            w=(await self.ids())["<workspace id>"],
        )
        return {"<investigation id>": opened["data"]["openInvestigation"]["investigation"]["id"]}

    async def public_notice(self) -> dict[str, Any]:
        filed = await self.ask(
            """mutation($c: ID!) { fileNotice(input: { communityId: $c, kind: RULES, location: "x", reason: "x" }) {
                 publicNotice { id } } }""",
            c=(await self.ids())["<community id>"],
        )
        return {"<public notice id>": filed["data"]["fileNotice"]["publicNotice"]["id"]}

    async def service(self) -> dict[str, Any]:
        provider = await self.ask(
            """mutation($w: ID!) { describeProvider(input: { workspaceId: $w, statutoryName: "Known", isClient: true,
                 establishmentCountry: "DE", sizeClass: LARGE, sizeClassSince: "2020-01-01" }) { provider { id } } }""",
            w=(await self.ids())["<workspace id>"],
        )
        known = {"<provider id>": provider["data"]["describeProvider"]["provider"]["id"]}
        service = await self.ask(
            """mutation($p: ID!) { describeService(input: { providerId: $p, name: "Known", kind: ONLINE_PLATFORM,
                 isPublic: true }) { service { id } } }""",
            p=known["<provider id>"],
        )
        return known | {"<service id>": service["data"]["describeService"]["service"]["id"]}

    async def in_danger(self) -> dict[str, Any]:
        """An exercise, for which the owner is on call."""
        owner = f"staff_{self.cast.owner.membership_id}"
        await self.ask(
            """mutation($w: ID!, $s: [ID!]!) { setRota(input: { workspaceId: $w, name: "Days", timeZone: "UTC",
                 layers: [{ level: 1, startsAt: "2026-01-01T00:00:00Z", shiftHours: 24, staffIds: $s }] }) { rota { id } } }""",
            w=(await self.ids())["<workspace id>"],
            s=[owner],
        )
        raised = await self.ask(
            """mutation($c: ID!) { raiseEscalation(input: { caseId: $c, kind: MEDICAL, summary: "x", isDrill: true }) {
                 escalation { id } } }""",
            c=(await self.ids())["<case id>"],
        )
        return {
            "<escalation id>": raised["data"]["raiseEscalation"]["escalation"]["id"],
            "<staff id>": owner,
        }

    async def taught(self) -> dict[str, Any]:
        known = await self.ids()
        client = self.cast.workspaces[self.slug]
        async with agency_scope(self.cast.system):
            case = await Case.get(id=known["<case id>"].partition("_")[2])
        made = await taught(self.cast, client, case.member_id)
        async with agency_scope(self.cast.system):
            await CoursePrerequisite.filter(workspace_id=client).delete()
        return {f"<{kind} id>": made[kind] for kind in ("content", "course", "enrolment")}

    async def told(self) -> dict[str, Any]:
        known = await self.ids()
        async with agency_scope(self.cast.system):
            case = await Case.get(id=known["<case id>"].partition("_")[2])
        other = await self.cast.post(workspace=self.slug)
        return {
            "<story id>": (stories := await told(self.cast, case))["story"],
            "<practice id>": stories["practice"],
            "<teller id>": f"member_{case.member_id}",
            "<other member id>": f"member_{other.member_id}",
        }

    async def rule(self) -> dict[str, Any]:
        answer = await self.ask("{ workspaces { nodes { id policies(first: 1) { nodes { id } } } } }")
        [workspace] = answer["data"]["workspaces"]["nodes"]
        known = {"<policy id>": workspace["policies"]["nodes"][0]["id"]}
        made = await self.ask(
            """mutation($w: ID!, $p: ID!) { writeRule(input: { workspaceId: $w, name: "r", policyId: $p,
                 conditions: { pattern: "x" } }) { rule { id } } }""",
            w=workspace["id"],
            p=known["<policy id>"],
        )
        known["<rule id>"] = made["data"]["writeRule"]["rule"]["id"]
        asked = await self.ask(
            "mutation($r: ID!) { backTestRule(input: { ruleId: $r }) { backTest { id } } }", r=known["<rule id>"]
        )
        return known | {"<back test id>": asked["data"]["backTestRule"]["backTest"]["id"]}

    async def programme(self) -> dict[str, Any]:
        """And the author of a post in its community."""
        known = await self.ids()
        made = await self.ask(
            """mutation($c: ID!) { createVerificationProgramme(input: { communityId: $c, name: "p",
                 design: { claim: "x", strong: [BOOKING] } }) { programme { id } } }""",
            c=known["<community id>"],
        )
        case = await self.ask("query($id: ID!) { case(id: $id) { member { id } } }", id=known["<case id>"])
        return {
            "<programme id>": made["data"]["createVerificationProgramme"]["programme"]["id"],
            "<author id>": case["data"]["case"]["member"]["id"],
        }

    async def study(self) -> dict[str, Any]:
        """And an account."""
        known = await self.ids()
        workspace = UUID(known["<workspace id>"].partition("_")[2])
        async with agency_scope(self.cast.system):
            account = await CustomerAccount.create(workspace_id=workspace, external_id="a0", name="x")
            study = await create_study(self.cast.system, workspace, name="x", definition=Definition(["read"]))
        return {"<account id>": f"customeraccount_{account.id}", "<study id>": f"retentionstudy_{study.id}"}

    async def report(self) -> dict[str, Any]:
        """One that is published, and a draft of the same definition."""
        workspace = UUID((await self.ids())["<workspace id>"].partition("_")[2])
        published = await a_published(self.cast, workspace)
        async with agency_scope(self.cast.owner):
            draft = await correct_client_report(self.cast.owner, published.id, correction="x")
        await made(self.cast, workspace)
        async with agency_scope(self.cast.owner):
            await ClientReport.filter(id=draft.id).update(words={})
        return {
            "<report definition id>": f"clientreportdefinition_{published.definition_id}",
            "<client report id>": f"clientreport_{published.id}",
            "<client draft id>": f"clientreport_{draft.id}",
        }

    async def variables(self, example: Example) -> Any:
        known = await self.ids()
        text = json.dumps(example.variables)
        if "<api client id>" in text:
            known |= await self.machine()
        if "<endpoint id>" in text or "<delivery id>" in text:
            known |= await self.endpoint()
        if "<public notice id>" in text:
            known |= await self.public_notice()
        if "<programme id>" in text:
            known |= await self.programme()
        if "<client " in text or "<report definition id>" in text:
            known |= await self.report()
        if "<study id>" in text or "<account id>" in text:
            known |= await self.study()
        if "<decision id>" in text:
            known |= await self.judged()
        if "<escalation id>" in text or "<staff id>" in text:
            known |= await self.in_danger()
        if any(name in text for name in ("<content id>", "<course id>", "<enrolment id>")):
            known |= await self.taught()
        if any(name in text for name in ("<story id>", "<teller id>", "<practice id>")):
            known |= await self.told()
        if "<appeal case id>" in text:
            known |= await self.appealed()
        if "<investigation id>" in text:
            known |= await self.investigation()
        if any(name in text for name in ("<policy id>", "<rule id>", "<back test id>")):
            known |= await self.rule()
        if "<service id>" in text or "<provider id>" in text:
            known |= await self.service()
        if "<claim token>" in text:
            known |= await self.claimed()
        if "<end cursor>" in text:
            first_page = await self.ask(example.document, **_filled(example.variables, known | {"<end cursor>": None}))
            known["<end cursor>"] = re.findall(r"'endCursor': '([^']+)'", str(first_page))[0]
        return _filled(example.variables, known)

    async def ask(self, document: str, **variables: Any) -> Any:
        return await ask(self.api, self.token, document, headers={"X-Workspace-Id": self.slug}, **variables)


@pytest.fixture
async def scene(acme: Cast, api: httpx.AsyncClient) -> Scene:
    workspace_id = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == workspace_id)
    for _ in range(2):
        await acme.case(workspace=slug, policy=f"{slug}:harassment")
    return Scene(acme, slug, acme.tokens["owner"], api)


def _filled(value: Any, known: dict[str, Any]) -> Any:
    """KeyError for a placeholder that nothing is known for."""
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    return known[value] if isinstance(value, str) and value.startswith("<") else value


def test_there_are_examples_on_the_pages_that_need_them() -> None:
    pages = {example.page for example in EXAMPLES}
    assert {"start", "workspaces", "pages", "errors", "limits", "mutations", "subscriptions"} <= pages


@pytest.mark.parametrize("example", [each for each in EXAMPLES if not each.is_subscription], ids=str)
async def test_an_example_answers_what_the_page_says(scene: Scene, example: Example) -> None:
    response = await scene.api.post(
        "/graphql",
        json={"query": example.document, "variables": await scene.variables(example)},
        headers=scene.headers if example.expected.get("scope") != "agency" else scene.headers_of_the_agency,
    )
    answer = response.json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == ([example.expected["error"]] if "error" in example.expected else []), answer
    refusals = [error["code"] for error in _all(answer, "userErrors")]
    assert refusals == ([example.expected["userError"]] if "userError" in example.expected else []), answer
    if "cost" in example.expected:
        assert answer["extensions"]["cost"]["requested"] == int(example.expected["cost"])
    if example.answer is not None:
        assert _without_rows(answer) == _without_rows(example.answer)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.is_subscription], ids=str)
async def test_a_subscription_is_accepted_and_tells(scene: Scene, example: Example) -> None:
    assert not validate(SCHEMA, parse(example.document))
    body = {"query": example.document, "variables": await scene.variables(example)}
    async with asyncio.timeout(PATIENCE_SECONDS), _listening(scene, body) as next_chunk:
        status, media_type = await next_chunk()
        assert (status, media_type) == (200, "text/event-stream; charset=utf-8")
        assert await next_chunk() == ":\n\n"
        if "noticeReceived" in example.document:  # notices are told by a job; that nothing is refused is all there is
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(next_chunk(), 0.5)
            return
        event = await _soon(next_chunk, scene.claimed)
    [data] = re.findall(r"^event: next\ndata: (.*)\n\n$", event)
    answer = json.loads(data)
    assert "errors" not in answer
    assert all(value["id"] for value in answer["data"].values())


async def _soon(next_chunk: Callable[[], Awaitable[Any]], do: Callable[[], Awaitable[Any]]) -> Any:
    """What comes of doing it. Nothing says when a stream has begun to listen: until then it is done again."""
    coming = asyncio.ensure_future(_event(next_chunk))
    for _ in range(2):
        await do()
        await asyncio.wait({coming}, timeout=3)
        if coming.done():
            break
    return await coming


async def _event(next_chunk: Callable[[], Awaitable[Any]]) -> Any:
    """Signs of life between events say nothing."""
    while (chunk := await next_chunk()) == ":\n\n":
        pass
    return chunk


@asynccontextmanager
async def _listening(scene: Scene, body: Any) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """Status and media type first, then each piece of the body, while the answer is still coming: httpx waits for all
    of it, so this asks its application directly."""
    application: Any = scene.api._transport.app  # type: ignore[attr-defined]
    chunks: asyncio.Queue[Any] = asyncio.Queue()
    requests = asyncio.Queue[Any]()
    requests.put_nowait({"type": "http.request", "body": json.dumps(body).encode(), "more_body": False})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            chunks.put_nowait((message["status"], dict(message["headers"])[b"content-type"].decode()))
        elif message["body"]:
            chunks.put_nowait(message["body"].decode())

    sent = scene.headers | {"Content-Type": "application/json", "Accept": "text/event-stream"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
    }
    serving = asyncio.create_task(application(scope, requests.get, send))
    try:
        yield chunks.get
    finally:
        requests.put_nowait({"type": "http.disconnect"})
        await serving


def _all(answer: Any, key: str) -> list[Any]:
    """Everything in the lists of this name, wherever they stand."""
    if isinstance(answer, list):
        return [found for each in answer for found in _all(each, key)]
    if not isinstance(answer, dict):
        return []
    return [found for name, value in answer.items() for found in (value if name == key else _all(value, key)) if value]


def _without_rows(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: [] if name == "nodes" else _without_rows(value) for name, value in answer.items()}
    return answer


class Page(HTMLParser):
    """What a test asks of a page; tags that are not closed, or closed twice, are a failure."""

    VOID: Final = ("meta", "link", "hr", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1] and {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for each, attributes in self.tags if each == tag]

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


async def page_at(api: httpx.AsyncClient, address: str, *, status: int = 200) -> Page:
    response = await api.get(address)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    return Page(response.text)


def test_every_file_is_a_page() -> None:
    assert sorted(PAGES) == sorted(file.stem for file in DOCS.glob("*.md"))


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_reads_well_without_a_token(api: httpx.AsyncClient, name: str) -> None:
    page = await page_at(api, f"/docs/{name}")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert len(page.ids) == len(set(page.ids))
    assert "{{" not in page.text
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    skip, *_ = page.all("a")
    assert skip == {"class": "skip", "href": "#content"}
    assert [link for link in page.all("a") if "aria-current" in link] == [
        {"href": f"/docs/{name}", "aria-current": "page"}
    ]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(cell == {"scope": "col"} for cell in page.all("th"))


async def test_the_first_page_is_also_that_of_the_bare_address(api: httpx.AsyncClient) -> None:
    texts = [(await api.get(address)).text for address in ("/docs", "/docs/", f"/docs/{PAGES[0]}")]
    assert len(set(texts)) == 1


@pytest.mark.parametrize("name", PAGES)
async def test_every_link_leads_somewhere(api: httpx.AsyncClient, name: str) -> None:
    page = await page_at(api, f"/docs/{name}")
    for link in page.all("a"):
        address, _, anchor = str(link["href"]).partition("#")
        if address == "/schema.graphql":
            assert (await api.get(address)).status_code == 200
            continue
        target = await page_at(api, address) if address else page
        assert not anchor or anchor in target.ids, link


@pytest.mark.parametrize("address", ["/docs", *(f"/docs/{page}" for page in PAGES), "/docs/style.css", "/docs/nothing"])
async def test_nothing_is_run_or_loaded_from_elsewhere_and_no_cookie_set(api: httpx.AsyncClient, address: str) -> None:
    response = await api.get(address)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in response.headers
    assert not re.search(r"url\(|@import|<script|<img|<iframe|<style| style=| on\w+=", response.text)
    if not address.endswith(".css"):
        page = Page(response.text)
        assert page.all("link") == [{"rel": "stylesheet", "href": "/docs/style.css"}]
        assert not [attributes for _, attributes in page.tags if "src" in attributes]


@pytest.mark.parametrize("name", ["nothing", "start.md", "style", "..%2fstart", "a/b", "%00", "page.html"])
async def test_a_page_that_is_not_there_says_so(api: httpx.AsyncClient, name: str) -> None:
    page = await page_at(api, f"/docs/{name}", status=404)
    assert len(page.all("h1")) == 1
    assert {str(link["href"]) for link in page.all("a")} >= {f"/docs/{each}" for each in PAGES}


async def test_every_code_stands_in_the_errors_page_with_its_status(api: httpx.AsyncClient) -> None:
    rows = (await page_at(api, "/docs/errors")).rows
    enums = SCHEMA.type_map["ErrorCode"], SCHEMA.type_map["UserErrorCode"]
    told, told_to_users = ({code: value.description for code, value in enum.values.items()} for enum in enums)  # type: ignore[attr-defined]
    assert set(told) == {code.name for code in ErrorCode}
    assert set(told_to_users) == {code.name for code in UserErrorCode}
    for code, meaning in told.items():
        statuses = [str(status_of(code, is_plain_json=is_plain_json)) for is_plain_json in (False, True)]
        assert [code, *statuses, meaning.replace("`", "")] in rows
    for code, meaning in told_to_users.items():
        assert [code, meaning.replace("`", "")] in rows


async def test_the_limits_are_those_of_the_code(api: httpx.AsyncClient) -> None:
    rows = {row[0]: row[1] for row in (await page_at(api, "/docs/limits")).rows}
    for what, value in {
        "Body": f"{endpoint.LARGEST_BODY:,} bytes",
        "Document": f"{documents.LONGEST_DOCUMENT:,} characters",
        "Tokens of a document": f"{documents.MOST_TOKENS:,}",
        "Levels of fields (edges, node and nodes are none)": f"{sizing.DEEPEST}",
        "Fields, those of fragments counted with every spread": f"{sizing.MOST_FIELDS:,}",
        "Aliases": f"{sizing.MOST_ALIASES}",
        "Directives": f"{sizing.MOST_DIRECTIVES}",
        "Operations": f"{sizing.MOST_OPERATIONS}",
        "Spreads of fragments": f"{sizing.MOST_SPREADS}",
        "The same field in one place of the answer, wherever it is written": f"{sizing.MOST_REPEATS} times",
        "Rows of a page": f"{declaring.LARGEST_PAGE}",
        "Cost of an operation": f"{pricing.MOST_EXPENSIVE:,} points",
        "Time of one statement in the database": f"{STATEMENT_SECONDS} seconds",
        "Operations at once over one WebSocket": f"{sockets.MOST_OPERATIONS}",
        "WebSockets and event streams of one token, for each process of the API": f"{admitting.MOST_LISTENERS}",
        "Values in the JSON of a request": f"{asking.MOST_COMMAS:,}",
        "totalCount, and other fields that count a list": f"{pricing.COUNT_PRICE}",
        "caseGroups": f"{pricing.GROUPS_PRICE}",
        "Numbers, each": f"{reading_metrics.METRIC_PRICE} for every 30 days of its window begun",
        "__schema, __type": f"1 for about {pricing.VALUES_PER_POINT} values of the answer",
    }.items():
        assert rows[what] == value


def test_what_the_pages_say_in_words_is_so_in_the_code() -> None:
    assert "100,000 bytes" in markdown_of("limits")
    assert "ws_max_size=100_000" in inspect.getsource(serving)
    assert "for ten minutes" in markdown_of("mutations")
    assert timedelta(minutes=10) == LEASE
    assert "up to two hours" in markdown_of("mutations")
    assert timedelta(hours=2) == LONGEST_CLAIM
    assert "For 24 hours" in markdown_of("mutations")
    assert timedelta(hours=24) == KEPT_FOR
    assert "for 24 hours" in markdown_of("documents")
    assert trusting.REMEMBERED_SECONDS == 24 * 3600
    assert "works for one hour" in markdown_of("workspaces")
    assert timedelta(hours=1) == TOKEN_LIFETIME
    assert "an hour unless you say otherwise" in markdown_of("workspaces")
    assert RotateCredentialInput(credential_id="x").overlap_minutes == 60
    assert "within 10 seconds" in markdown_of("subscriptions")
    assert timedelta(seconds=10) == sockets.INIT_TIMEOUT
    assert "Within 5 seconds" in markdown_of("subscriptions")
    assert event_streams.CHECK_SECONDS < 5
    assert "after a day |" in markdown_of("signing_in")
    assert timedelta(days=1) == sessions.IDLE
    assert "after 30 days," in markdown_of("signing_in")
    assert timedelta(days=30) == sessions.LIFETIME
    assert "for ten minutes" in markdown_of("signing_in")
    assert timedelta(minutes=10) == LINK_LIFETIME
    assert f"for {APPEAL_WINDOW.days} days:" in markdown_of("appeals")
    assert f"{POSTS_LOOKED_AT} of each at most" in markdown_of("investigations")
    assert f"up to {CANDIDATES} `candidates`" in markdown_of("investigations")
    assert f"the first {REPORTERS_WRITTEN_TO} who" in markdown_of("appeals")
    text = " ".join(markdown_of("reporting").split())
    assert f"are deleted {CONTACT_KEPT_FOR.days} days after the decision" in text
    assert f"in the {COUNTED_WITHIN.days} days before the warning" in text
    assert "each needs three of them" in text
    assert FEWEST_UNFOUNDED == 3
    assert f"and {FORMS_PER_PAGE} by one page" in text
    assert f"{SETTLED_WITHIN.days} days, or {SETTLED_WITHIN_IF_COMPLEX.days}" in text
    assert "for seven days" in markdown_of("people")
    assert timedelta(days=7) == INVITATION_LIFETIME


async def test_the_rights_are_those_of_the_code(api: httpx.AsyncClient) -> None:
    rows = (await page_at(api, "/docs/rights")).rows
    roles = rows[0][1:]
    assert roles == [role.value.replace("_", " ") for role in PERSON_ROLES]
    told = {row[0].removesuffix(" *"): row[1:] for row in rows[1 : len(Right) + 1]}
    assert told == {
        right.value: ["yes" if right in RIGHTS_OF[role] else "" for role in PERSON_ROLES] for right in Right
    }
    assert ["Mutation.decideCase", "work_queue"] in rows
    assert ["Query.viewer", "none: it is about you"] in rows


async def test_uploads_are_refused_as_the_page_says(api: httpx.AsyncClient, acme: Cast) -> None:
    response = await api.post(
        "/graphql",
        data={"operations": "{}", "map": "{}"},
        files={"0": b"x"},
        headers={"Authorization": f"Bearer {acme.tokens['owner']}"},
    )
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert "refused with 415" in markdown_of("uploads")
    assert "UNSUPPORTED_MEDIA_TYPE" in markdown_of("uploads")


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("{ agency { slug } }", "text/event-stream, application/json", "text/event-stream"),
        ("{ agency { slug } }", "application/json, text/event-stream", "application/json"),
        ("{ agency { slug } }", "application/json;q=0.5, text/event-stream;q=0.9", "text/event-stream"),
        ("subscription { nothing }", "text/event-stream, application/json", "text/event-stream"),
        ("subscription { caseChanged { id } }", "application/json", "application/json"),
    ],
)
async def test_what_accept_does_to_streams_is_as_the_page_says(
    api: httpx.AsyncClient, acme: Cast, query: str, accept: str, media_type: str
) -> None:
    headers = {"Authorization": f"Bearer {acme.tokens['owner']}", "Accept": accept}
    response = await api.post("/graphql", json={"query": query}, headers=headers)
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert ("BAD_REQUEST" in response.text) == (query.startswith("subscription { case"))
