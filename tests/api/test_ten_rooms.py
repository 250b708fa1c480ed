"""Ten real chat rooms as two clients, worked by their reviewers through GraphQL alone until nothing waits.

Of each room come the first 300 lines, for the time it takes; with TEND_ROOM_ROWS=10000 and `pytest -s` all of them, and it says
how long that took.
"""

import asyncio
import gzip
import os
from collections import Counter
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

import httpx
import pytest
from cast import Cast, ask

from backend.communities import import_chat
from backend.kit.clock import now
from backend.moderation import Appeal, Case, Decision, DecisionEvent, Review
from tenants.rights import Role
from tenants.scope import agency_scope

ROWS = int(os.environ.get("TEND_ROOM_ROWS", "300"))
RUDE = ["crap", "noob", "fuck", "shit", "stupid", "damn", "dumb", "hate", "wtf", "idiot", "hell"]
LINKS = r"https?://(www\.)?(youtube|meetup|facebook|medium|github)"
REVIEWERS = {"room moderator": Role.MODERATOR, "room contractor": Role.CONTRACTOR, "room lead": Role.LEAD,
             "second lead": Role.LEAD}  # fmt: skip
CLAIM = """mutation($w: ID!) { claimNextCase(input: { workspaceId: $w }) {
             case { id kind severity post { text } } claimToken userErrors { code } } }"""
DECIDE = """mutation($i: DecideCaseInput!) { decideCase(input: $i) {
              case { state } decision { id isHeld } userErrors { code message } } }"""
CASES = """query($w: ID!, $after: String) { workspace(id: $w) { cases(first: 50, after: $after) {
             pageInfo { hasNextPage endCursor } nodes { id state kind member { id }
               decision { id outcome ordered statement { id } actions(first: 20) { nodes { kind state } } } } } } }"""
NUMBERS = """query($w: ID!, $since: DateTime!, $until: DateTime!) {
  moderationNumbers(workspaceId: $w, since: $since, until: $until) {
    queued inReview pendingInfo held overdue inTime { numerator denominator } appealsInTime { numerator denominator }
    violations { numerator denominator } judgedTwice { numerator denominator } overturned { numerator denominator }
    undone { numerator denominator } agreement { pairs alike { numerator } } workload { staff { name } reviewCount } } }"""


class House:
    """A client, with everybody who works for it."""

    def __init__(self, api: httpx.AsyncClient, acme: Cast) -> None:
        self.api, self.acme = api, acme
        self.policies: dict[str, tuple[str, str]] = {}

    async def do(self, who: str, document: str, **variables: Any) -> Any:
        """What the one field of the answer holds; nothing was refused."""
        answer = await ask(self.api, self.acme.tokens[who], document, **variables)
        assert "errors" not in answer, answer
        [value] = answer["data"].values()
        assert not value or not value.get("userErrors"), answer
        return value

    async def open(self, slug: str, *, second_reviews: list[str]) -> None:
        made = await self.do(
            "owner",
            "mutation($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { workspace { id } userErrors { code } } }",
            i={"slug": slug, "name": slug, "timeZone": "UTC"},
        )
        self.id = made["workspace"]["id"]
        self.workspace_id = UUID(self.id.removeprefix("workspace_"))
        for name, severity in (("spam", "LOW"), ("rude", "HIGH")):
            made = await self.do(
                "owner",
                """mutation($i: CreatePolicyInput!) { createPolicy(input: $i) {
                     policy { id versions { nodes { id } } } userErrors { code } } }""",
                i={"workspaceId": self.id, "slug": name, "title": name, "text": "No.", "severity": severity, "tier": severity},
            )  # fmt: skip
            self.policies[name] = made["policy"]["id"], made["policy"]["versions"]["nodes"][0]["id"]
        for name, what in (("spam", {"pattern": LINKS}), ("rude", {"words": RUDE})):
            await self.do(
                "owner",
                "mutation($i: CreateRuleInput!) { createRule(input: $i) { rule { id } userErrors { code message } } }",
                i={"workspaceId": self.id, "name": name, "policyId": self.policies[name][0], **what},
            )
        queue = await self.do(
            "owner",
            "mutation($i: CreateQueueInput!) { createQueue(input: $i) { queue { id } userErrors { code } } }",
            i={"workspaceId": self.id, "name": "Grave"},
        )
        await self.do(
            "owner",
            "mutation($i: SetRoutingInput!) { setRouting(input: $i) { userErrors { code } } }",
            i={"workspaceId": self.id, "expectedVersion": 0,
               "routes": [{"queueId": queue["queue"]["id"], "severities": ["HIGH"]}]},
        )  # fmt: skip
        await self.do(
            "owner",
            "mutation($i: SetQualityPlanInput!) { setQualityPlan(input: $i) { userErrors { code } } }",
            i={"workspaceId": self.id, "expectedVersion": 0, "secondReviewSeverities": second_reviews,
               "newcomerReviews": 0, "sampledShare": 0, "heldActions": ["DELETE_POST"]},
        )  # fmt: skip

    async def report_some(self) -> None:
        """Every tenth of the first posts, on behalf of who wrote the one before it."""
        page = await self.do(
            "owner",
            "query($w: ID!) { workspace(id: $w) { posts(first: 100) { nodes { id member { id } } } } }",
            w=self.id,
        )
        posts = page["posts"]["nodes"]
        for before, post in list(pairwise(posts))[::10]:
            await self.do(
                "owner",
                "mutation($i: ReportPostInput!) { reportPost(input: $i) { report { id } userErrors { code } } }",
                i={"postId": post["id"], "memberId": before["member"]["id"], "reason": "I do not like it."},
            )

    def opinion(self, who: str, case: dict[str, Any]) -> dict[str, Any]:
        """The contractor differs from the others about every other rude post."""
        text = case["post"]["text"]
        dice = crc32(text.encode())
        if case["severity"] == "HIGH":
            fine = (dice % 5 == 0) != (who == "room contractor" and dice % 2 == 1)
            actions = ["DELETE_POST"] if dice % 4 == 0 else ["HIDE_POST", "WARN_MEMBER"]
            policy = "rude"
        else:
            fine, actions, policy = dice % 3 == 0, ["HIDE_POST"], "spam"
        if fine:
            return {"outcome": "NO_VIOLATION", "reason": "It is fine."}
        return {
            "outcome": "VIOLATION", "reason": "It is not.", "policyVersionId": self.policies[policy][1], "actions": actions,
        }  # fmt: skip

    async def shift(self, who: str) -> int:
        """Until nothing more waits for them; how many they judged. Of what has to be approved the lead lets nothing lie."""
        judged = 0
        while (taken := await self.do(who, CLAIM, w=self.id))["case"] is not None:
            case = taken["case"]
            said = {"caseId": case["id"], "claimToken": taken["claimToken"], **self.opinion(who, case)}
            decided = await self.do(who, DECIDE, i=said)
            judged += 1
            if decided["decision"] and decided["decision"]["isHeld"]:
                await self.do(
                    "owner",
                    """mutation($d: ID!) { approveDecision(input: { decisionId: $d, reason: "Yes." }) {
                         userErrors { code } } }""",
                    d=decided["decision"]["id"],
                )
        return judged

    async def cases(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        after = None
        while True:
            page = (await self.do("owner", CASES, w=self.id, after=after))["cases"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return nodes
            after = page["pageInfo"]["endCursor"]

    async def appeal(self, case: dict[str, Any]) -> None:
        """The author of what was judged a violation; somebody who has seen nothing of it takes it back."""
        await self.do(
            "owner",
            "mutation($i: FileAppealInput!) { fileAppeal(input: $i) { appeal { id } userErrors { code message } } }",
            i={"decisionId": case["decision"]["id"], "memberId": case["member"]["id"], "text": "I was joking."},
        )
        taken = await self.do("admin", CLAIM, w=self.id)
        assert taken["case"]["kind"] == "APPEAL"
        await self.do(
            "admin",
            "mutation($i: DecideAppealInput!) { decideAppeal(input: $i) { userErrors { code message } } }",
            i={"caseId": taken["case"]["id"], "claimToken": taken["claimToken"], "verdict": "OVERTURNED",
               "answer": "You were.", "reason": "A joke."},
        )  # fmt: skip

    async def recount(self) -> dict[str, Any]:
        """What the numbers ought to be, counted one by one."""
        async with agency_scope(self.acme.system):
            cases = await Case.filter(workspace_id=self.workspace_id)
            decisions = await Decision.filter(workspace_id=self.workspace_id)
            events = Counter(event.kind for event in await DecisionEvent.filter(workspace_id=self.workspace_id))
            reviews = await Review.filter(workspace_id=self.workspace_id)
        plain = [case for case in cases if case.kind == "moderation"]
        appeals = [case for case in cases if case.kind == "appeal"]
        of = {purpose: {r.case_id: r for r in reviews if r.purpose == purpose} for purpose in ("first", "second")}
        names = {actor.membership_id: actor.name for actor in self.acme.actors.values()}
        given = Counter(names[review.membership_id] for review in reviews)
        alike = [
            (first.outcome, first.policy_version_id) == (second.outcome, second.policy_version_id)
            for id, second in of["second"].items()
            if (first := of["first"][id])
        ]

        def share(count: int, whole: int) -> dict[str, int]:
            return {"numerator": count, "denominator": whole}

        return {
            "queued": 0, "inReview": 0, "pendingInfo": 0, "held": 0, "overdue": 0,
            "inTime": share(sum(case.closed_at <= case.due_at for case in plain), len(plain)),
            "appealsInTime": share(len(appeals), len(appeals)),
            "violations": share(sum(each.outcome == "violation" for each in decisions), len(decisions)),
            "judgedTwice": share(len(of["second"]), len(plain)),
            "overturned": share(events["overturned"], len(decisions)),
            "undone": share(events["undone"], len(decisions)),
            "agreement": {"pairs": len(alike), "alike": {"numerator": sum(alike)}},
            "workload": [{"staff": {"name": name}, "reviewCount": given[name]} for name in sorted(given)],
        }  # fmt: skip


def first_rows(rooms: list[Path], folder: Path) -> list[Path]:
    short = []
    for room in rooms:
        with gzip.open(room, "rt") as lines:
            short.append(folder / room.name.removesuffix(".gz"))
            short[-1].write_text("".join(islice(lines, ROWS)))
    return short


@pytest.fixture
async def houses(api: httpx.AsyncClient, acme: Cast, chat_folder: Path, tmp_path: Path) -> list[House]:
    """Two rooms in one, whose grave cases are judged twice, and eight in the other."""
    rooms = first_rows(sorted(chat_folder.glob("*.jsonl.gz")), tmp_path)
    assert len(rooms) == 10
    made, begun = [], now()
    for own, second in ((rooms[:2], ["HIGH"]), (rooms[2:], [])):
        house = House(api, acme)
        await house.open(f"rooms-{os.urandom(3).hex()}", second_reviews=second)
        for room in own:
            await import_chat(
                acme.owner,
                house.workspace_id,
                room,
                on_bytes=lambda _: None,
                on_bad_line=lambda *bad: pytest.fail(str(bad)),
            )
        made.append(house)
    ids = [house.workspace_id for house in made]
    for who, role in REVIEWERS.items():
        is_guest = role is Role.CONTRACTOR
        await acme.hire(
            who, role, ids[:1] if is_guest else ids, ends_at=now() + timedelta(days=1) if is_guest else None
        )
    print(f"rooms brought in after {(now() - begun).total_seconds():.1f} s")
    while jobs := await acme.run_jobs("apply_rules", of=ids):
        assert {job.state for job in jobs} == {"done"}, [job.last_error for job in jobs]
    return made


async def test_ten_rooms_are_worked_until_nothing_waits_and_every_number_is_what_counting_gives(
    houses: list[House], acme: Cast
) -> None:
    begun = now()
    for house in houses:
        await house.report_some()
        first = await house.cases()
        assert len(first) > 20
        who = [name for name in REVIEWERS if house is houses[0] or name != "room contractor"]
        if house is houses[0]:
            await house.shift("room contractor")  # so that the others come second, and some of them differ
        while sum(await asyncio.gather(*(house.shift(name) for name in who))):
            pass
        print(f"{len(first)} cases of {house.id} done after {(now() - begun).total_seconds():.1f} s")
        await house.appeal(
            next(c for c in await house.cases() if c["decision"] and c["decision"]["outcome"] == "VIOLATION")
        )
        while jobs := await acme.run_jobs("carry_out_actions", of=[house.workspace_id]):
            assert {job.state for job in jobs} == {"done"}, [job.last_error for job in jobs]
        cases = await house.cases()
        assert {case["state"] for case in cases} == {"CLOSED"}
        assert len(cases) == len(first) + 1
        for decision in (case["decision"] for case in cases if case["kind"] == "MODERATION"):
            assert bool(decision["statement"]) == bool(decision["ordered"]), decision
            assert {action["state"] for action in decision["actions"]["nodes"]} <= {"CONFIRMED"}, decision
        numbers = await house.do(
            "owner", NUMBERS, w=house.id, since=begun.isoformat(), until=(now() + timedelta(days=1)).isoformat()
        )
        numbers["workload"].sort(key=lambda load: load["staff"]["name"])
        assert numbers == await house.recount()
    async with agency_scope(acme.system):
        held = await DecisionEvent.filter(workspace_id=houses[0].workspace_id, kind="approved").count()
        assert held > 0
        assert await Appeal.filter(workspace_id=houses[1].workspace_id, state="overturned").count() == 1
        assert await Review.filter(workspace_id=houses[0].workspace_id, purpose="third").count() > 0
    await acme.check_tallies()
