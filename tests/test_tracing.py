"""Traces go from a request through its statements to its jobs and what these ask outside; no value is ever in one."""

import asyncio
import json
import os
import re
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import hands
import httpx
import orjson
import pytest
import structlog
import websockets
from api.test_journey import free_port
from cast import Cast, ask
from collector import Collector, Told, collecting
from inbox import Inbox
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from webhooks.conftest import server

from backend import logging, tracing
from backend.asgi import app
from backend.kit import spans
from backend.kit.ids import new_id
from backend.outbox import Job, enqueue
from backend.settings import Settings
from backend.webhooks import Wanted, create_endpoint
from tenants.database import pool
from tenants.scope import agency_scope
from tenants.tracing import LONGEST_TEXT, _described

ROOT = Path(__file__).parent.parent
MARK = "quixotically"  # stands in every value that is sent
RULE = """mutation MakeRule($i: CreateRuleInput!) { createRule(input: $i) { rule { id name } userErrors { code } } }"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@asynccontextmanager
async def processes(settings: Settings, log: Path, **environment: str) -> AsyncIterator[httpx.AsyncClient]:
    """`tend serve` and `tend work`, which stop as they should, and what they write on standard error."""
    port = str(free_port())
    assert settings.installation_key is not None
    assert settings.smtp_url is not None
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TEND_", "OTEL_"))},
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_REDIS_QUEUE": f"tend:{new_id()}",
        "TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value(),
        "TEND_SMTP_URL": settings.smtp_url.get_secret_value(),
        "TEND_PORT": port,
        "TEND_DRAIN_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
        **environment,
    }
    await hands.call_off_what_others_left(settings)
    with log.open("ab") as errors:
        running = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "backend.cli", command),
                env=given,
                cwd=ROOT,
                start_new_session=True,
                stderr=errors,
            )
            for command in ("serve", "work")
        ]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            async with asyncio.timeout(30):
                while not await _is_up(client):
                    await asyncio.sleep(0.1)
            yield client
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(25):
            ended = [await process.wait() for process in running]
    assert ended == [0, 0]


async def _is_up(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/work")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
async def outside() -> AsyncIterator[Any]:
    async with server() as there:
        yield there


@pytest.fixture(scope="module")
async def running(
    settings: Settings, collector: Collector, outside: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    async with processes(
        settings,
        tmp_path_factory.mktemp("tracing") / "log",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
        TEND_ALLOWED_OUTSIDE=json.dumps([outside.origin]),
    ) as client:
        yield client


@pytest.fixture(autouse=True)
async def quiet(acme: Cast, globex: Cast) -> None:
    """No jobs of other tests."""
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            await scope.execute("delete from jobs where agency_id = $1", cast.agency_id)


@pytest.fixture
def made() -> Iterator[InMemorySpanExporter]:
    """Spans of this very process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.make_with(provider.get_tracer("tests"))
    yield exporter
    spans.make_with(None)


async def a_rule(api: httpx.AsyncClient, acme: Cast, client: UUID, **headers: str) -> Any:
    """A rule for a word, the policy it needs, and the job that applies it."""
    policy = await acme.policy_version(client)
    return await ask(
        api,
        acme.tokens["owner"],
        RULE,
        headers=headers,
        i={
            "workspaceId": f"workspace_{client}",
            "name": f"Words {MARK}",
            "policyId": f"policy_{policy.policy_id}",
            "words": [MARK],
        },
    )


def called(told: list[Told], name: str, trace: str) -> Told | None:
    return next((span for span in told if span.name == name and span.trace == trace), None)


async def _state(acme: Cast, workspace: UUID) -> str:
    async with agency_scope(acme.system, read_only=True):
        return str((await Job.get(kind="apply_rules", workspace_id=workspace)).state)


# First, while no worker of the others is there and takes the jobs of these.


async def test_what_is_not_sent_when_processes_stop_is_sent_then(
    settings: Settings, acme: Cast, tmp_path: Path
) -> None:
    with collecting() as own:
        async with processes(
            settings,
            tmp_path / "log",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{own.url}/v1/traces",
            OTEL_BSP_SCHEDULE_DELAY="60000",
            # However much there is to do for other agencies of these tests meanwhile.
            OTEL_BSP_MAX_QUEUE_SIZE="100000",
            OTEL_BSP_MAX_EXPORT_BATCH_SIZE="100000",
            OTEL_SERVICE_NAME="ours",
        ) as client:
            workspace = await acme.empty_workspace()
            await a_rule(client, acme, workspace)
            async with asyncio.timeout(10):
                while await _state(acme, workspace) != "done":
                    await asyncio.sleep(0.1)
            assert own.bodies == []
        assert {"mutation MakeRule", "run apply_rules"} <= {span.name for span in own.told}
        assert {span.service for span in own.told} == {"ours"}


@pytest.mark.parametrize(("is_there", "timeout", "troubles"), [(False, "1", {2}), (True, "60", {1, 2})])
async def test_a_collector_that_is_down_or_silent_costs_nobody_anything_and_is_logged_once(
    settings: Settings, acme: Cast, tmp_path: Path, is_there: bool, timeout: str, troubles: set[int]
) -> None:
    log, silent = tmp_path / "log", socket.socket()
    silent.bind(("127.0.0.1", 0))
    if is_there:
        silent.listen()  # takes connections, and never answers
    with silent:
        async with processes(
            settings,
            log,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_TIMEOUT=timeout,
            OTEL_BSP_SCHEDULE_DELAY="50",
            OTEL_BSP_MAX_QUEUE_SIZE="64",
            OTEL_BSP_MAX_EXPORT_BATCH_SIZE="8",
        ) as client:
            workspace = await acme.empty_workspace()
            took = []
            for _ in range(200):
                began = time.perf_counter()
                answer = await ask(client, acme.tokens["owner"], "query Often { agency { slug } }")
                took.append(time.perf_counter() - began)
                assert answer == {"data": {"agency": {"slug": "acme"}}}
            assert sorted(took)[190] < 1  # nobody waits for a collector
            await a_rule(client, acme, workspace)
            async with asyncio.timeout(10):
                while await _state(acme, workspace) != "done":
                    await asyncio.sleep(0.1)
            await asyncio.sleep(3)  # some batches
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 30  # of the 60 that it would wait
    told = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    lines = [event for event in told if event.startswith("traces.")]  # jobs that other tests left may fail
    # One of each process; of one that is silent the worker knows only if it has more to send than it can keep.
    assert set(lines) == {"traces.trouble"}
    assert len(lines) in troubles


async def test_one_trace_leads_from_the_request_through_its_statements_and_jobs_to_what_they_ask_outside(
    running: httpx.AsyncClient, collector: Collector, outside: Any, acme: Cast
) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    await acme.post(f"so {MARK}", workspace=slug)
    async with agency_scope(acme.owner):
        await create_endpoint(
            acme.owner, Wanted(f"{outside.url}/{MARK}?key={MARK}", "", ["case_reported"]), workspace_id=client
        )
    trace, above, request_id = secrets.token_hex(16), secrets.token_hex(8), secrets.token_hex(8)
    answer = await a_rule(
        running,
        acme,
        client,
        traceparent=f"00-{trace}-{above}-01",
        tracestate=f"other={MARK}",
        baggage=f"word={MARK}",
        **{"X-Request-Id": request_id, "User-Agent": MARK},
    )
    assert answer["data"]["createRule"]["userErrors"] == []
    await collector.until(lambda told: called(told, "run deliver_webhooks", trace))
    told = collector.told

    request = called(told, "mutation MakeRule", trace)
    assert request is not None
    assert (request.service, request.kind, request.parent, request.failed) == ("tend-api", "SERVER", above, False)
    assert request.facts == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/graphql",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
        "graphql.operation.type": "mutation",
        "graphql.operation.name": "MakeRule",
        "tend.request_id": request_id,
        "tend.agency_id": str(acme.agency_id),
    }
    statements = [span for span in told if span.parent == request.id and span.kind == "CLIENT"]
    assert {span.facts["db.system.name"] for span in statements} == {"postgresql"}
    texts = [span.facts["db.query.text"] for span in statements]
    assert [text for text in texts if text in ("BEGIN", "COMMIT")] == ["BEGIN", "COMMIT"]
    assert any(text.startswith('INSERT INTO "rules"') for text in texts)  # by Tortoise
    assert any(text.startswith("insert into jobs") and "$10" in text for text in texts)  # by a scope
    assert any(span.name == "SELECT policies" for span in statements)

    job = called(told, "run apply_rules", trace)
    assert job is not None
    assert (job.service, job.kind, job.parent) == ("tend-worker", "CONSUMER", request.id)
    async with agency_scope(acme.system):
        row = await Job.get(kind="apply_rules", workspace_id=client)
    assert row.traceparent == f"00-{trace}-{request.id}-01"
    assert job.facts == {
        "messaging.system": "tend",
        "messaging.operation.name": "run",
        "messaging.operation.type": "process",
        "messaging.destination.name": "apply_rules",
        "messaging.message.id": str(row.id),
        "tend.agency_id": str(acme.agency_id),
        "tend.try": 1,
    }
    texts = [span.facts.get("db.query.text", "") for span in told if span.parent == job.id]
    assert any("state = ?" in text and text.startswith("update jobs set") for text in texts)

    # What a job asks for goes on in the same trace.
    delivering, sent = called(told, "run deliver_webhooks", trace), called(told, "POST", trace)
    assert delivering is not None
    assert sent is not None
    assert (delivering.parent, sent.parent, sent.kind) == (job.id, delivering.id, "CLIENT")
    assert sent.facts == {
        "http.request.method": "POST",
        "http.response.status_code": 204,
        "server.address": "127.0.0.1",
        "server.port": int(outside.origin.rpartition(":")[2]),
    }
    [received] = outside.sent
    assert not {"traceparent", "tracestate", "baggage"} & set(received.headers)


async def test_a_mail_is_told_of_and_not_to_whom_it_goes(
    running: httpx.AsyncClient, collector: Collector, inbox: Inbox, acme: Cast
) -> None:
    email, trace = f"{MARK}-{new_id()}@example.com", secrets.token_hex(16)
    await ask(
        running,
        acme.tokens["owner"],
        "mutation Invite($i: InvitePersonInput!) { invitePerson(input: $i) { userErrors { code } } }",
        headers={"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"},
        i={"email": email, "name": MARK, "role": "LEAD", "seesAll": True},
    )
    job = await collector.until(lambda told: called(told, "run send_invitation", trace))
    mail = called(collector.told, "send mail", trace)
    assert mail is not None
    assert (mail.kind, mail.parent, mail.facts["server.address"]) == ("CLIENT", job.id, "127.0.0.1")
    assert len(inbox.to(email)) == 1


async def test_an_event_of_a_subscription_is_a_trace_of_its_own_with_a_link_to_it(
    running: httpx.AsyncClient, collector: Collector, acme: Cast
) -> None:
    client = await acme.empty_workspace()
    address = str(running.base_url).replace("http", "ws")
    async with (
        asyncio.timeout(30),
        websockets.connect(f"{address}/graphql", subprotocols=["graphql-transport-ws"]) as ws,
    ):

        async def say(**message: Any) -> None:
            await ws.send(orjson.dumps(message).decode())

        await say(type="connection_init", payload={"Authorization": f"Bearer {acme.tokens['owner']}"})
        await ws.recv()
        query = "subscription Watch($w: ID!) { queueChanged(workspaceId: $w) { slug } }"
        variables = {"w": f"workspace_{client}"}
        await say(type="subscribe", id="1", payload={"query": query, "variables": variables})
        await asyncio.sleep(0.5)
        slug = next(slug for slug, id in acme.workspaces.items() if id == client)
        post = await acme.post(workspace=slug)
        await ask(
            running,
            acme.tokens["owner"],
            "mutation($i: ReportPostInput!) { reportPost(input: $i) { userErrors { code } } }",
            i={"postId": f"post_{post.id}", "reason": MARK},
        )
        assert orjson.loads(await ws.recv())["payload"]["data"] == {"queueChanged": {"slug": slug}}
        await say(type="subscribe", id="2", payload={"query": "query Who { agency { slug } }"})
        assert orjson.loads(await ws.recv())["id"] == "2"

    async def one(name: str, kind: str) -> Told:
        found: Told = await collector.until(
            lambda told: next((span for span in told if (span.name, span.kind) == (name, kind)), None)
        )
        return found

    listening, event = await one("subscription Watch", "SERVER"), await one("subscription Watch", "INTERNAL")
    asked = await one("query Who", "SERVER")
    assert (listening.parent, event.parent, asked.parent) == ("", "", "")
    assert len({listening.trace, event.trace, asked.trace}) == 3
    assert event.links == (listening.id,)
    for span in (listening, event, asked):
        assert span.facts["tend.agency_id"] == str(acme.agency_id)
    assert {span.name for span in collector.told if span.parent == event.id} >= {
        "BEGIN",
        "ROLLBACK",
        "SELECT workspaces",
    }


async def test_a_statement_that_fails_tells_its_state_and_no_word_of_its_message(
    running: httpx.AsyncClient, collector: Collector, acme: Cast
) -> None:
    client, trace = await acme.empty_workspace(), secrets.token_hex(16)
    await a_rule(running, acme, client)
    answer = await a_rule(running, acme, client, traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")
    assert [error["code"] for error in answer["data"]["createRule"]["userErrors"]] == ["CONFLICT"]
    await collector.until(lambda told: called(told, "mutation MakeRule", trace))
    [failed] = [span for span in collector.told if span.trace == trace and span.failed]
    assert (failed.name, failed.message, failed.events) == ("INSERT rules", "", 0)
    assert failed.facts["db.response.status_code"] == "23505"
    assert failed.facts["error.type"] == "asyncpg.exceptions.UniqueViolationError"


async def test_routes_are_told_and_addresses_are_not(
    running: httpx.AsyncClient, collector: Collector, acme: Cast
) -> None:
    traces = {}
    for path in (f"/exports/{MARK}?token={MARK}", f"/{MARK}", f"/scim/v2/Users/{MARK}", f"/docs/{MARK}"):
        traces[path] = secrets.token_hex(16)
        await running.get(path, headers={"traceparent": f"00-{traces[path]}-{secrets.token_hex(8)}-01"})
    names = await collector.until(
        lambda told: (
            len(found := [next((s.name for s in told if s.trace == each), "") for each in traces.values()]) == 4
            and all(found)
            and found
        )
    )
    assert names == ["GET /exports/{id}", "GET", "GET /scim/v2/Users/{id}", "GET /docs/{page:path}"]


async def test_a_traceparent_that_is_none_begins_a_trace_and_one_that_is_not_sampled_stays_silent(
    running: httpx.AsyncClient, collector: Collector, acme: Cast
) -> None:
    client = await acme.empty_workspace()
    silent = secrets.token_hex(16)
    await a_rule(running, acme, client, traceparent=f"00-{silent}-{secrets.token_hex(8)}-00")
    async with agency_scope(acme.system):
        assert str((await Job.get(kind="apply_rules", workspace_id=client)).traceparent).startswith(f"00-{silent}-")
    for bad in (
        MARK,
        f"00-{'0' * 32}-{'0' * 16}-01",
        f"ff-{silent}-{'1' * 16}-01",
        f"00-{silent}-{'1' * 16}-01-{MARK}",
    ):
        name = f"Q{secrets.token_hex(4)}"
        await ask(running, acme.tokens["owner"], f"query {name} {{ agency {{ slug }} }}", headers={"traceparent": bad})
        found = await collector.until(lambda told: next((s for s in told if s.name == f"query {name}"), None))  # noqa: B023
        assert (found.parent, found.trace == silent) == ("", False)
    assert not [span for span in collector.told if span.trace == silent]


async def test_no_value_was_in_any_byte_that_was_exported(
    running: httpx.AsyncClient, collector: Collector, acme: Cast
) -> None:
    """Of all that the tests above have done, and of values that stand in the document itself."""
    name = f"Q{secrets.token_hex(4)}"
    answer = await ask(
        running,
        acme.tokens["owner"],
        f'query {name} {{ {MARK}: workspace(slug: "forum") {{ posts(filter: {{ text: "{MARK}" }}) {{ nodes {{ {MARK}: id }} }} }} }}',
    )
    assert "errors" not in answer, answer
    await collector.until(lambda told: next((s for s in told if s.name == f"query {name}"), None))
    assert MARK.encode() not in collector.written
    assert b"@example.com" not in collector.written
    assert b"tend_" not in collector.written  # a token
    # The heartbeat, the calendar and the relay make no traces.
    assert not [span for span in collector.told if span.kind == "CLIENT" and not span.parent]
    for span in collector.told:
        text = span.facts.get("db.query.text", "")
        assert "'" not in text
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)
        assert len(text) <= LONGEST_TEXT + 4


def test_what_stands_in_quotes_or_comments_of_a_statement_is_masked_and_what_is_long_ends_at_a_word() -> None:
    def text_of(query: str) -> str:
        return _described.__wrapped__(query)[1]["db.query.text"]

    assert text_of("select 'it''s', \"a'b\" from t -- don't\n where x = 'y' /* ' */ and z = $1") == (
        'select ?, "a\'b" from t where x = ? and z = $1'
    )
    for indent in range(12):
        long = text_of("select " + "x" * indent + ", ".join(f"column_{n:04}" for n in range(5_000)))
        assert LONGEST_TEXT - 20 < len(long) <= LONGEST_TEXT + 4
        assert re.search(r"column_\d{4}, \.\.\.$", long)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("select extract(epoch from now() - run_at) from jobs where id = $1", "SELECT jobs"),
        ("with taken as (update jobs set state = 'running' returning id) select * from taken", "UPDATE jobs"),
        ('INSERT INTO "rules" ("id") VALUES ($1)', "INSERT rules"),
        ("SET LOCAL ROLE tend_eraser", "SET"),
        ("COMMIT", "COMMIT"),
    ],
)
def test_a_statement_is_named_by_what_it_does_to_which_table(query: str, name: str) -> None:
    assert _described(query)[0] == name


async def test_a_bug_marks_its_request_with_the_id_that_the_log_and_the_client_know_it_by(
    settings: Settings, acme: Cast, made: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(MARK)

    monkeypatch.setattr("graphql_schema.queries.workspace_called", broken)
    before = structlog.get_config()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(settings)), base_url="http://tend.test") as api:
        logging.configure()
        response = await api.post(
            "/graphql",
            json={"query": 'query Bug { workspace(slug: "forum") { id } }'},
            headers={"Authorization": f"Bearer {acme.tokens['lead']}"},
        )
    structlog.configure(**before)
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "graphql.bug" in line]
    [request] = [span for span in made.get_finished_spans() if span.name == "query Bug"]
    assert request.attributes is not None
    assert not request.status.is_ok
    assert (request.status.description, request.events) == (None, ())
    assert request.attributes["error.type"] == "builtins.ZeroDivisionError"
    error_id = response.json()["errors"][0]["extensions"]["errorId"]
    assert request.attributes["tend.error_id"] == line["error_id"] == error_id
    assert line["trace_id"] == f"{request.context.trace_id:032x}"
    assert line["span_id"] == f"{request.context.span_id:016x}"


async def test_a_job_that_fails_marks_its_span_and_the_next_try_is_in_the_same_trace(
    acme: Cast, made: InMemorySpanExporter
) -> None:
    with spans.span("asking"):
        async with agency_scope(acme.system):
            await enqueue("chat_notices", {"message": MARK})  # no id: it fails
    for _ in range(2):
        await acme.run_jobs("chat_notices", even_later=True)
    asking, *tries = sorted(made.get_finished_spans(), key=lambda span: span.start_time or 0)
    assert [(t.name, t.attributes and t.attributes["tend.try"], t.status.is_ok) for t in tries] == [
        ("run chat_notices", 1, False),
        ("run chat_notices", 2, False),
    ]
    for each in tries:
        assert each.attributes is not None
        assert each.parent is not None
        assert each.attributes["error.type"] == "builtins.ValueError"
        assert (each.parent.span_id, each.status.description, each.events) == (asking.context.span_id, None, ())


async def test_where_no_collector_is_named_nothing_is_made_and_no_job_carries_a_trace(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    await tracing.trace_as("tend-api")()
    assert not spans.are_made()
    client = await acme.empty_workspace()
    await a_rule(api, acme, client, traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
    async with agency_scope(acme.system):
        assert (await Job.get(kind="apply_rules", workspace_id=client)).traceparent is None
    async with pool().acquire() as connection:
        assert type(connection._con) is asyncpg.Connection


@pytest.mark.parametrize("text", [MARK, "", f"00-{'a' * 32}-{'b' * 16}-01-{MARK}", f"00-{'A' * 32}-{'b' * 16}-01"])
async def test_a_job_holds_a_traceparent_or_nothing(acme: Cast, text: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with agency_scope(acme.system) as scope:
            await scope.execute(
                "insert into jobs (agency_id, id, kind, traceparent) values ($1, $2, 'mark', $3)",
                acme.agency_id,
                new_id(),
                text,
            )


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "True"}, False),
    ],
)
def test_a_collector_that_is_named_switches_traces_on(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_wanted: bool
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing._is_wanted() == is_wanted
