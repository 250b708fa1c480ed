"""What frontend teams' tools make of the API: the audits of graphql-http, generated types, Apollo, urql, graphql-sse, and
GraphiQL in a real browser.

Their packages come from npm, below `.tend/clients`; without Node.js these tests are skipped.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from cast import Cast
from npm import installed

from backend.asgi import app
from backend.settings import Settings

SOURCES: Final = Path(__file__).parent
ROOT: Final = SOURCES.parent.parent
SCHEMA: Final = ROOT / "graphql_schema" / "schema.graphql"
NODE_SECONDS: Final = 60

AUDITS: Final = 61
# Audits of graphql-http that we fail on purpose: id, and why.
EXEMPT: Final[dict[str, str]] = {}

# A request with the text of a document, its hash, or both, and its answer.
ANSWERED: Final = {"status": 200, "type": "application/graphql-response+json; charset=utf-8", "errors": []}
TEXT: Final = ANSWERED | {"text": True, "hash": False}
HASH: Final = ANSWERED | {"text": False, "hash": True}
TEXT_AND_HASH: Final = ANSWERED | {"text": True, "hash": True}
MISS: Final = {"errors": ["PERSISTED_QUERY_NOT_FOUND"]}
BY_GET: Final = {"method": "GET"}
BY_POST: Final = {"method": "POST"}


@dataclass(frozen=True, slots=True)
class Given:
    """What a script is told: where to ask, as whom, and a client of its own with one waiting case."""

    url: str
    token: str
    workspace: str
    case: str


@pytest.fixture(scope="session")
def folder() -> Path:
    return installed(SOURCES, "clients")


@pytest.fixture(scope="session")
async def address(settings: Settings) -> AsyncIterator[str]:
    async with served(settings) as address:
        yield address


@pytest.fixture
async def address_for_development(settings: Settings) -> AsyncIterator[str]:
    async with served(settings.model_copy(update={"development": True})) as address:
        yield address


@contextlib.asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """The application on a port, in this very loop; its pool is the session's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app(settings), lifespan="off", log_config=None, timeout_graceful_shutdown=5)
        server = Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
        server.should_exit = True
        async with asyncio.timeout(10):
            await serving


@pytest.fixture
async def given(acme: Cast, address: str) -> Given:
    workspace_id = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == workspace_id)
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    return Given(address, acme.tokens["owner"], f"workspace_{workspace_id}", f"case_{case.id}")


async def test_every_audit_of_graphql_http_passes(folder: Path, given: Given) -> None:
    audits = await run(folder, "audits.mjs", given=given)
    assert len(audits) == AUDITS
    failed = {
        audit["id"]: f"{audit['id']} {audit['name']}: {audit['reason']}" for audit in audits if audit["status"] != "ok"
    }
    unexpected = [why for id, why in failed.items() if id not in EXEMPT]
    assert not unexpected, "\n".join(unexpected)
    assert EXEMPT.keys() <= failed.keys(), "an exempted audit passes: take it out of EXEMPT"


async def test_a_client_of_generated_types_pages_reports_claims_and_is_told(folder: Path, given: Given) -> None:
    await run(folder, "codegen.mjs")
    await run(folder, "node_modules/typescript/bin/tsc")  # fails as well where a field that is not there compiles
    [told] = await run(folder, "built/typed.js", given=given)
    [row] = told["page"]["workspace"]["cases"]["nodes"]
    assert row == {"id": given.case, "state": "QUEUED", "post": {"id": row["post"]["id"], "text": "hello"}}
    assert told["page"] == {
        "workspace": {"id": given.workspace, "cases": {"nodes": [row], "pageInfo": {"hasNextPage": False}}}
    }
    assert told["report"] == {
        "reportPost": {"report": {"reason": "A typed reason", "channel": "STAFF"}, "userErrors": []}
    }
    assert told["claimed"] == {"id": given.case, "state": "IN_REVIEW", "assignee": {"name": "owner of acme"}}
    assert told["released"] == {"id": given.case, "state": "QUEUED", "assignee": None}
    assert told["pageOverSocket"] == {
        "workspace": {"id": given.workspace, "cases": {"nodes": [], "pageInfo": {"hasNextPage": True}}}
    }


async def test_apollo_client_asks_is_refused_and_sends_a_hash_instead_of_the_text(folder: Path, given: Given) -> None:
    [told] = await run(folder, "apollo.mjs", given=given)
    data = {"workspace": {"__typename": "Workspace", "id": given.workspace}}
    assert told["plain"] == {"data": data, "exchanges": [TEXT | BY_POST]}
    assert told["refused"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["miss"] == {"data": data, "exchanges": [HASH | BY_POST | MISS, TEXT_AND_HASH | BY_POST]}
    assert told["hit"] == {"data": data, "exchanges": [HASH | BY_POST]}
    assert told["hitByGet"] == {"data": data, "exchanges": [HASH | BY_GET]}


async def test_urql_asks_is_refused_and_sends_a_hash_instead_of_the_text(folder: Path, given: Given) -> None:
    [told] = await run(folder, "urql.mjs", given=given)
    data = {"workspace": {"id": given.workspace}}
    assert told["byGet"] == {"data": data, "exchanges": [TEXT | BY_GET]}
    assert told["byPost"] == {"data": data, "exchanges": [TEXT | BY_POST]}
    assert told["refused"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["miss"] == {"data": data, "exchanges": [HASH | BY_GET | MISS, TEXT_AND_HASH | BY_GET]}
    assert told["hit"] == {"data": data, "exchanges": [HASH | BY_GET]}


async def test_graphql_sse_and_urql_are_told_of_a_claim_by_server_sent_events(folder: Path, given: Given) -> None:
    [told] = await run(folder, "sse.mjs", given=given)
    claim = {"claimed": {"id": given.case, "state": "IN_REVIEW"}, "released": {"id": given.case, "state": "QUEUED"}}
    assert told == {"graphqlSse": claim, "urql": claim, "refused": ["GRAPHQL_VALIDATION_FAILED"]}


async def test_graphiql_asks_and_listens_in_the_scope_chosen_in_its_bar(
    folder: Path, given: Given, address_for_development: str
) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("GraphiQL needs a browser, and there is no chromium on the PATH")
    given = replace(given, url=address_for_development)
    [told] = await run(folder, "graphiql.mjs", given=given, TEND_CHROMIUM=browser)
    assert told["all"], "without a client chosen, all are there"
    assert told["one"] == [{"id": given.workspace}]
    assert told["told"] == {"id": given.case, "state": "IN_REVIEW"}
    assert "points" in told["cost"]
    assert told["complaints"] == []


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C is for pytest."""
        yield


async def run(folder: Path, script: str, *, given: Given | None = None, **environment: str) -> list[Any]:
    """What the script writes, one JSON value per line. In a process of its own, while this loop goes on serving."""
    process = await asyncio.create_subprocess_exec(
        "node",
        script,
        cwd=folder,
        env=os.environ | {"TEND_SCHEMA": str(SCHEMA)} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(NODE_SECONDS):
            told, complaints = await process.communicate(json.dumps(asdict(given)).encode() if given else None)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{script}: {told.decode()}{complaints.decode()}"
    return [json.loads(line) for line in told.splitlines()]
