"""One working day over real HTTP: from the import of a chat room to the notice its reporter gets."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import hands
import httpx
import pytest
from cast import Cast, ask

from backend.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_REDIS_QUEUE": settings.redis_queue,
        "TEND_PORT": str(free_port()),
        "TEND_DRAIN_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
async def running(environment: dict[str, str], settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """`tend serve` and `tend work` as processes of their own."""
    await hands.call_off_what_others_left(settings)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "backend.cli", command, env=environment, cwd=ROOT, start_new_session=True
        )
        for command in ("serve", "work")
    ]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{environment['TEND_PORT']}", timeout=30) as client:
        async with asyncio.timeout(30):
            while True:
                try:
                    if (await client.get("/health/ready")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        yield client
    for process in processes:
        os.killpg(process.pid, signal.SIGTERM)
    async with asyncio.timeout(30):
        assert [await process.wait() for process in processes] == [0, 0]


async def eventually(look: Any, *, seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.2)
    return found


async def test_from_import_to_notice(
    running: httpx.AsyncClient, environment: dict[str, str], acme: Cast, globex: Cast, tmp_path: Path
) -> None:
    owner, token = acme.tokens["owner"], acme.tokens["owner"]

    async def do(document: str, *, who: str = token, **variables: Any) -> dict[str, Any]:
        answer = await ask(running, who, document, **variables)
        assert "errors" not in answer, answer
        data = answer["data"]
        for value in data.values():
            assert not (isinstance(value, dict) and value.get("userErrors")), answer
        return data

    slug = f"day-{os.urandom(4).hex()}"
    made = await do(
        "mutation($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { workspace { id queues { nodes { id } } } userErrors { code } } }",
        i={"slug": slug, "name": "A client", "timeZone": "Europe/Paris"},
    )
    workspace = made["createWorkspace"]["workspace"]["id"]
    assert len(made["createWorkspace"]["workspace"]["queues"]["nodes"]) == 1

    room = tmp_path / "room.jsonl"
    room.write_text(
        "\n".join(
            json.dumps(
                {
                    "id": f"m{n}",
                    "room": "Lobby",
                    "sent_at": f"2026-01-01T00:00:{n:02}Z",
                    "author": f"member-{n % 3}",
                    "text": text,
                }
            )
            for n, text in enumerate(["hello", "FREE CRYPTO here", "you are an idiot", "thanks!"])
        )
        + "\nnot json\n"
    )
    importing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backend.cli", "import", "chat", "--agency", "acme", "--workspace", slug, str(room),
        env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await importing.communicate()
    assert importing.returncode == 2, err
    assert b"5 lines: 4 new, 0 known, 0 changed, 1 malformed" in out
    assert f"{room}:5:".encode() in err.replace(b"\n", b"")

    policy = (
        await do(
            "mutation($i: CreatePolicyInput!) { createPolicy(input: $i) { policy { id versions { nodes { id } } } userErrors { code } } }",
            i={
                "workspaceId": workspace,
                "slug": "spam",
                "title": "No spam",
                "text": "No.",
                "severity": "LOW",
                "tier": "LOW",
            },
        )
    )["createPolicy"]["policy"]
    await do(
        "mutation($i: CreateRuleInput!) { createRule(input: $i) { rule { id } userErrors { code } } }",
        i={"workspaceId": workspace, "name": "Scams", "policyId": policy["id"], "words": ["free crypto"]},
    )

    async def queue() -> Any:
        data = await do(
            """query($w: ID!) { workspace(id: $w) { cases(filter: { state: [QUEUED] }) {
                 totalCount nodes { id post { text } reports { nodes { channel reporter { ... on Rule { name } } } } } } } }""",
            w=workspace,
        )
        return data["workspace"]["cases"] if data["workspace"]["cases"]["totalCount"] else None

    found = await eventually(queue)
    assert [node["post"]["text"] for node in found["nodes"]] == ["FREE CRYPTO here"]
    assert found["nodes"][0]["reports"]["nodes"] == [{"channel": "RULE", "reporter": {"name": "Scams"}}]

    posts = await do("query($w: ID!) { workspace(id: $w) { posts { nodes { id text } } } }", w=workspace)
    rude = next(p["id"] for p in posts["workspace"]["posts"]["nodes"] if "idiot" in p["text"])
    await do(
        "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code } } }",
        i={"postId": rude, "reason": "Rude."},
    )
    # Another agency finds nothing of it.
    for document in ("query($id: ID!) { node(id: $id) { id } }", "query($id: ID!) { post(id: $id) { id } }"):
        assert next(iter((await do(document, who=globex.tokens["owner"], id=rude)).values())) is None

    claim = """mutation($w: ID!) { claimNextCase(input: { workspaceId: $w }) {
                 case { id version post { id text } } claimToken userErrors { code } } }"""
    decide = (
        """mutation($i: DecideCaseInput!) { decideCase(input: $i) { case { state outcome } userErrors { code } } }"""
    )
    for _ in range(2):
        taken = (await do(claim, w=workspace))["claimNextCase"]
        decided = await do(
            decide,
            i={
                "caseId": taken["case"]["id"], "claimToken": taken["claimToken"], "outcome": "VIOLATION", "reason": "Yes.",
                "policyVersionId": policy["versions"]["nodes"][0]["id"], "actions": ["HIDE_POST"],
                "expectedVersion": taken["case"]["version"],
            },
        )  # fmt: skip
        assert decided["decideCase"]["case"] == {"state": "CLOSED", "outcome": "VIOLATION"}
    assert (await do(claim, w=workspace))["claimNextCase"]["case"] is None

    async def hidden() -> bool:
        data = await do("query($id: ID!) { post(id: $id) { isHidden } }", id=rude)
        return bool(data["post"]["isHidden"])

    async def told() -> Any:
        data = await do("{ notices(orderBy: NEWEST, first: 1) { nodes { text deliveredAt } } }", who=owner)
        nodes = data["notices"]["nodes"]
        return nodes and nodes[0]["deliveredAt"] and nodes[0]

    await eventually(hidden)
    assert "breaks the rules" in (await eventually(told))["text"]
    journal = await do("query($w: ID!) { workspace(id: $w) { journal(first: 100) { nodes { action } } } }", w=workspace)
    actions = [node["action"] for node in journal["workspace"]["journal"]["nodes"]]
    assert {"workspace.created", "policy.created", "rule.created", "case.reported", "case.claimed", "case.decided",
            "action.confirmed"} <= set(actions)  # fmt: skip
