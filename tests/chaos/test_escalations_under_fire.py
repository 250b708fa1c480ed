"""Whatever is killed, every escalation is taken, or has paged exactly as its policy says: none early, none lost, none twice.

For 12 s and as many escalations, or as many as TEND_CHAOS_SECONDS says. The counts are printed (`pytest -s`).
"""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cast import ask
from chaos.theatre import WORKERS, Theatre

SECONDS = float(os.environ.get("TEND_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("TEND_CHAOS_SEED", "0")) or random.randrange(10**6)
WAIT = 2.0  # of each level: shorter than anybody may set, so that a run sees whole policies
# Lease of a job that a dead worker held (10 s), of one that was on the wire (15 s), and a round of the relay; and then the
# outage itself: no run here is without Redis for longer than a few seconds.
LATEST = 40.0
RAISE = """mutation($i: RaiseEscalationInput!) { raiseEscalation(input: $i) {
    escalation { id } isJoined userErrors { code } } }"""
TAKE = "mutation($i: EscalationInput!) { acknowledgeEscalation(input: $i) { escalation { id } userErrors { code } } }"


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    made = Theatre()
    try:
        await made.open(posts=int(SECONDS * 20))
        await a_short_policy(made)
        yield made
    finally:
        await made.close()


async def a_short_policy(theatre: Theatre) -> None:
    levels = [
        {"waitSeconds": int(WAIT), "targets": [{"kind": "LEADS"}]},
        {"waitSeconds": int(WAIT), "targets": [{"kind": "LEADS"}, {"kind": "OWNERS"}]},
    ]
    await theatre.fetch(
        """insert into app.escalation_policies (agency_id, id, version, position, max_severity, levels, repeats, on_exhausted)
           values ($1, gen_random_uuid(), 1, 1, 5, $2::jsonb, 1, 'page_owners')""",
        theatre.play["agency"],
        json.dumps(levels),
    )


# By level and loop, who is paged: a lead, then the lead and the owner, twice, and then the owner.
PAGES = [(1, 0, 1), (2, 0, 2), (1, 1, 1), (2, 1, 2), (3, 1, 1)]


class Fire:
    """People who raise, and a lead who takes some of it after a while."""

    def __init__(self, theatre: Theatre, chance: random.Random) -> None:
        self.theatre, self.chance = theatre, chance
        self.raised: list[str] = []
        self.taken: list[str] = []
        self.unanswered = 0
        self.taking: list[asyncio.Task[None]] = []

    async def raise_on(self, who: str) -> None:
        async with self.theatre.client() as client:
            while self.theatre.play["posts"]:
                given = {"postId": self.theatre.play["posts"].pop(), "kind": "VIOLENCE", "summary": "x"}
                raised = await self._do(client, who, RAISE, given)
                if raised and raised["escalation"]:
                    self.raised.append(raised["escalation"]["id"])
                    if self.chance.random() < 0.4:
                        self.taking.append(asyncio.create_task(self._take(self.raised[-1])))
                await asyncio.sleep(0.1)

    async def _take(self, escalation_id: str) -> None:
        await asyncio.sleep(self.chance.uniform(0, 4 * WAIT))
        async with self.theatre.client() as client:
            answer = await self._do(client, "lead", TAKE, {"escalationId": escalation_id})
            if answer and answer["escalation"]:
                self.taken.append(escalation_id)

    async def _do(self, client: httpx.AsyncClient, who: str, document: str, given: dict[str, Any]) -> Any:
        try:
            answer = await ask(client, self.theatre.play["tokens"][who], document, i=given)
        except (httpx.HTTPError, ValueError):
            self.unanswered += 1
            await asyncio.sleep(0.1)
            return None
        if answer.get("errors") or not answer.get("data"):
            self.unanswered += 1
            return None
        [payload] = answer["data"].values()
        return payload


async def settled(theatre: Theatre, *, seconds: float = 90) -> None:
    """Until each is taken or has been through its whole policy."""
    async with asyncio.timeout(seconds):
        while await theatre.fetchval(
            "select count(*) from app.escalations where state not in ('acknowledged', 'exhausted')"
        ):
            assert not [worker for worker in theatre.workers if worker.returncode is not None], "a worker has ended"
            await asyncio.sleep(0.3)


async def faults(theatre: Theatre, fire: Fire) -> tuple[dict[str, int], list[float]]:
    """What is not as it should be, all of which must be 0; and how late each page was, in seconds."""
    ids = [id.partition("_")[2] for id in fire.raised]
    known = await theatre.fetch("select id, state, raised_at, acknowledged_at from app.escalations")
    steps = await theatre.fetch(
        """select escalation_id, level, loop, at, count(*) as people from app.escalation_steps
            where kind = 'paged' and channel = 'in_app' group by escalation_id, level, loop, at
            order by escalation_id, at, loop, level"""
    )
    wrong = dict.fromkeys(("raised and lost", "taken and lost", "not as the policy says", "early", "not noticed"), 0)
    late: list[float] = []
    wrong["raised and lost"] = len(set(ids) - {str(row["id"]) for row in known})
    states = {str(row["id"]): row["state"] for row in known}
    wrong["taken and lost"] = sum(states[id.partition("_")[2]] != "acknowledged" for id in fire.taken)
    for row in known:
        pages = [step for step in steps if step["escalation_id"] == row["id"]]
        whole = PAGES if row["state"] == "exhausted" else PAGES[: len(pages)]
        if [(page["level"], page["loop"], page["people"]) for page in pages] != whole or not pages:
            wrong["not as the policy says"] += 1
            continue
        before = None
        for page in pages:
            gap = (page["at"] - (before or row["raised_at"])).total_seconds() - (WAIT if before else 0)
            wrong["early"] += gap < 0
            late.append(gap)
            before = page["at"]
    wrong["not noticed"] = await theatre.fetchval(
        """select count(*) from app.escalation_steps s where kind = 'paged' and channel = 'in_app' and 1 <> (
              select count(*) from app.notices n where n.subject_id = s.escalation_id
                 and n.membership_id = s.membership_id and n.occasion = s.loop || '.' || s.level)"""
    )
    wrong["recorded twice"] = await theatre.fetchval(
        """select count(*) from (select from app.escalation_steps where kind = 'paged'
            group by escalation_id, level, loop, target, channel having count(*) > 1) x"""
    )
    wrong["dead jobs"] = await theatre.fetchval(
        "select count(*) from app.jobs where state = 'dead' and kind in ('page_escalation', 'gather_danger')"
    )
    return wrong, late


async def test_every_escalation_is_taken_or_has_paged_as_its_policy_says(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    fire = Fire(theatre, chance)
    raising = [asyncio.create_task(fire.raise_on(who)) for who in ("moderator", "colleague", "support")]
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end or len(fire.raised) <= SECONDS:
        await asyncio.sleep(chance.uniform(0.5, 1.5))
        match chance.choice(("worker", "worker", "worker", "api", "redis", "flush")):
            case "worker":
                await theatre.kill_worker(chance.randrange(WORKERS))
            case "api":
                await theatre.kill_api()
            case "redis":
                theatre.kill_redis()
                await asyncio.sleep(chance.uniform(0, 1))
                theatre.redis.start()
            case "flush":
                await theatre.flush_redis()
    for task in raising:
        task.cancel()
    await asyncio.gather(*raising, return_exceptions=True)
    await asyncio.gather(*fire.taking, return_exceptions=True)
    await settled(theatre)
    found, late = await faults(theatre, fire)
    late.sort()
    told = {
        "seed": SEED,
        "kills": dict(theatre.kills),
        "raised": len(fire.raised),
        "taken": len(fire.taken),
        "unanswered": fire.unanswered,
        "pages": len(late),
        "late p50 s": round(late[len(late) // 2], 3),
        "late p99 s": round(late[int(len(late) * 0.99)], 2),
        "late most s": round(late[-1], 2),
    }
    with capsys.disabled():
        print(f"\nEscalations under fire: {told}")
    assert fire.taken
    assert found == dict.fromkeys(found, 0), SEED
    assert late[-1] < LATEST
