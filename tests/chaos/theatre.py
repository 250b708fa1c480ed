"""A whole Tend of its own, of real processes that may be killed: servers, the API, two workers, and people at work."""

import asyncio
import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import hands
import httpx
from api.test_journey import free_port
from cast import ask

from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from backend.installing import bring_up_to_date, make_roles_and_database
from backend.settings import Settings, as_role

ROOT = Path(__file__).parent.parent.parent
WORKERS = 2
STAFF = ("owner", "admin", "lead", "moderator", "colleague")
REPORT = "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code } } }"
CLAIM = """mutation($i: ClaimNextCaseInput!) { claimNextCase(input: $i) {
    case { id } claimToken userErrors { code } } }"""
DECIDE = "mutation($i: DecideCaseInput!) { decideCase(input: $i) { case { id } userErrors { code } } }"


class Theatre:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tend-chaos-")
        home = Path(self._folder.name)
        self.postgres = EmbeddedPostgres(home, int(os.environ.get("TEND_POSTGRES_MAJOR", "18")))
        self.redis = EmbeddedRedis(home)
        self.port = free_port()
        self.api: asyncio.subprocess.Process | None = None
        self.workers: list[asyncio.subprocess.Process] = []
        self.promising: asyncio.subprocess.Process | None = None
        self.kills: Counter[str] = Counter()
        self.accepted: dict[str, list[str]] = {"report": [], "decision": []}
        self.counts: Counter[str] = Counter()
        self.promised: dict[str, list[str]] = {"+": [], "-": [], "?": []}
        self.play: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._next_number = 0

    async def open(self, *, posts: int) -> None:
        self.postgres.start()
        make_roles_and_database(self.postgres)
        self.redis.start()
        self.settings = Settings(
            database_url=self.postgres.address("tend_app", "tend"), redis_url=self.redis.url, redis_queue="tend:chaos"
        )
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TEND_")},
            "TEND_DATABASE_URL": self.settings.app_url,
            "TEND_REDIS_URL": self.redis.url,
            "TEND_REDIS_QUEUE": self.settings.redis_queue,
            "TEND_INSTALLATION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "TEND_PORT": str(self.port),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            **{f"TEND_POINTS_PER_{whose}": str(10**12) for whose in ("TOKEN", "PERSON", "AGENCY")},
        }
        await bring_up_to_date(self.settings)
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/chaos/staging.py"), str(posts)],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        self.play = json.loads(done.stdout)
        await self.start_api()
        for _ in range(WORKERS):
            self.workers.append(await hands.start(self.settings))

    async def close(self) -> None:
        await self.end_work()
        for process in (self.api, *self.workers):
            if process is not None and process.returncode is None:
                await hands.kill(process)
        self.redis.stop()
        self.postgres.stop()
        self._folder.cleanup()

    async def start_api(self) -> None:
        self.api = await self._spawn("-m", "backend.cli", "serve")
        await self.wait_for_an_answer()

    async def wait_for_an_answer(self, *, seconds: float = 30) -> float:
        """How long it took until a question about data was answered."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(seconds), self.client(timeout=2) as client:
            while True:
                with suppress(httpx.HTTPError, ValueError):
                    answer = await ask(client, self.play["tokens"]["owner"], "{ agency { slug } }")
                    if answer.get("data") == {"agency": {"slug": "chaos"}}:
                        return loop.time() - begun
                await asyncio.sleep(0.05)

    def client(self, *, timeout: float = 10) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=timeout)

    async def begin_work(self) -> None:
        """People report, claim and decide, and transactions promise jobs, until `end_work`. What was accepted and promised
        before is kept, what was counted is not."""
        self.counts.clear()
        self.kills.clear()
        known = len(self.promised["+"])
        self.promising = await self._spawn(
            str(ROOT / "tests/chaos/promising.py"), self.play["agency"], str(self._next_number),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._next_number += 10**6
        self._tasks = [asyncio.create_task(self._work_as(who)) for who in STAFF]
        self._tasks.append(asyncio.create_task(self._listen(self.promising)))
        async with asyncio.timeout(20):
            while len(self.promised["+"]) == known:
                await asyncio.sleep(0.05)

    async def end_work(self) -> None:
        if self.promising is not None and self.promising.returncode is None:
            os.killpg(self.promising.pid, signal.SIGKILL)
            await self.promising.wait()
            await self._tasks[-1]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def kill_worker(self, number: int) -> None:
        self.kills["worker and relay"] += 1
        await hands.kill(self.workers[number])
        self.workers[number] = await hands.start(self.settings)

    async def kill_api(self) -> None:
        self.kills["api"] += 1
        assert self.api is not None
        await hands.kill(self.api)
        await self.start_api()

    def kill_redis(self) -> None:
        self.kills["redis"] += 1
        self.redis.kill()
        self.redis._process.wait()

    async def flush_redis(self) -> None:
        self.kills["flushall"] += 1
        from redis.asyncio import Redis

        client = Redis.from_url(self.redis.url)
        await client.flushall()
        await client.aclose()

    def kill_postgres(self) -> None:
        """Only the postmaster: its children find out by themselves."""
        self.kills["postgres"] += 1
        assert self.postgres._process is not None
        self.postgres._process.kill()
        self.postgres._process.wait()

    async def drained(self, *, seconds: float = 120) -> float:
        """How long it took until every job whose effect is counted had ended."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(seconds):
            while await self.fetchval(
                """select count(*) from app.jobs where state in ('ready', 'sent', 'running')
                      and kind in ('mark', 'carry_out_actions', 'deliver_notices')"""
            ):
                assert not [worker for worker in self.workers if worker.returncode is not None], "a worker has ended"
                await asyncio.sleep(0.2)
        return loop.time() - begun

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(as_role(self.settings.app_url, "postgres"))
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def fetchval(self, sql: str, *values: Any) -> Any:
        [row] = await self.fetch(sql, *values)
        return row[0]

    async def _spawn(self, *argv: str, stdout: Any = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, *argv, env=self.environment, cwd=ROOT, start_new_session=True, stdout=stdout,
            stderr=None if os.environ.get("HANDS_SPEAK") else asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            fate, _, number = line.decode().strip().partition(" ")
            if line.endswith(b"\n"):
                self.promised[fate].append(number)

    async def _work_as(self, who: str) -> None:
        async with self.client() as client:
            while self.play["posts"]:
                try:
                    await self._report_and_decide(client, self.play["tokens"][who])
                except (httpx.HTTPError, ValueError):
                    self.counts["no answer"] += 1
                    await asyncio.sleep(0.1)

    async def _report_and_decide(self, client: httpx.AsyncClient, token: str) -> None:
        async def do(document: str, **input: Any) -> dict[str, Any]:
            answer = await ask(client, token, document, i=input)
            if answer.get("errors") or not answer.get("data"):
                self.counts["error"] += 1
                raise ValueError(answer)
            [payload] = answer["data"].values()
            if payload["userErrors"]:
                self.counts["refused"] += 1
            return payload

        reported = await do(REPORT, postId=self.play["posts"].pop(), reason="rude", policyId=self.play["policy"])
        if reported["report"]:
            self.accepted["report"].append(reported["report"]["id"])
        claimed = await do(CLAIM, workspaceId=self.play["workspace"])
        if not claimed["case"]:
            return
        decision = {
            "caseId": claimed["case"]["id"],
            "outcome": "VIOLATION",
            "reason": "x",
            "policyVersionId": self.play["version"],
            "actions": ["HIDE_POST", "WARN_MEMBER"],
        }
        await do(DECIDE, claimToken="of somebody else", **decision)
        decided = await do(DECIDE, claimToken=claimed["claimToken"], **decision)
        if decided["case"]:
            self.accepted["decision"].append(decided["case"]["id"])
