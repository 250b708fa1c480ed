"""The integrity report: each number is what a plain recount gives, and advice is given only where the numbers carry it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.integrity import Advice, Line, Verification, integrity_report
from backend.integrity.accounting import _advice
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.moderation import Appeal, Case, CaseTally, ClaimRecord, Decision, DecisionEvent, Durations, Report, Share
from backend.people import register_api_client
from backend.policies import Detail, PolicyVersion, create_policy, current_version
from backend.ruling import write_rule
from backend.verification import VerificationDesign, VerificationProgramme, VerificationTask
from tenants.rights import Right, Role
from tenants.scope import agency_scope

DAYS = 30
CODES = {"scam": "FR-SCAM", "bully": "HA-BULLY", "own": None}


class Year:
    """A client whose cases were reported and decided at random."""

    def __init__(self, cast: Cast, client: UUID, slug: str) -> None:
        self.cast, self.client, self.slug = cast, client, slug
        self.until = now() - timedelta(days=1)
        self.since = self.until - timedelta(days=DAYS)
        self.policies: dict[str, PolicyVersion] = {}
        self.rows: list[dict[str, Any]] = []

    async def write_policies(self) -> None:
        async with agency_scope(self.cast.system):
            for name, code in CODES.items():
                policy = await create_policy(
                    self.cast.system, self.client, slug=name, title=name, text="No.", severity="low", tier="low",
                    detail=Detail(taxonomy_code=code),
                )  # fmt: skip
                version = await current_version(policy.id)
                assert version is not None
                self.policies[name] = version

    async def live(self, count: int, chance: Random) -> None:
        post = await self.cast.post(workspace=self.slug)
        queue = await self.cast.queue_id(self.client)
        reporters = await self._reporters(post.member_id)
        async with agency_scope(self.cast.system):
            for _ in range(count):
                opened = self.since + timedelta(hours=chance.uniform(-24 * DAYS, 24 * DAYS))
                closed = opened + timedelta(hours=chance.uniform(0, 100))
                is_open = closed > self.until or chance.random() < 0.1
                case = await Case.create(
                    workspace_id=self.client, queue_id=queue, member_id=post.member_id, severity="low",
                    tier=chance.choice(["low", "severe"]), opened_at=opened, due_at=opened + timedelta(hours=60),
                    virtual_deadline=opened, state="queued" if is_open else "closed",
                    outcome=None if is_open else chance.choice(["violation", "no_violation"]),
                    closed_at=None if is_open else closed,
                    post_id=(await self.cast.post(workspace=self.slug)).id if is_open else post.id,
                )  # fmt: skip
                row = {"case": case, "reports": [], "reversed": False, "code": None, "actions": []}
                self.rows.append(row)
                for n in range(chance.randint(1, 3)):
                    name = chance.choice([*CODES, None])
                    channel = chance.choice([*reporters])
                    report = await Report.create(
                        workspace_id=self.client, case_id=case.id, post_id=case.post_id, reason="x",
                        channel=channel, reporter_key=f"x:{n}", **reporters[channel],
                        policy_id=self.policies[name].policy_id if name else None,
                    )  # fmt: skip
                    await Report.filter(id=report.id).update(created_at=opened + timedelta(minutes=n))
                    row["reports"].append((name, report.channel, opened + timedelta(minutes=n)))
                if not is_open:
                    await self._decide(case, row, chance)
            waiting = sum(row["case"].state == "queued" for row in self.rows)
            await CaseTally.create(
                workspace_id=self.client, queued=waiting, in_review=0, closed=len(self.rows) - waiting
            )

    async def _reporters(self, member_id: UUID) -> dict[str, dict[str, UUID]]:
        async with agency_scope(self.cast.system):
            rule = await write_rule(
                self.cast.system, self.client, name="r", policy_id=self.policies["scam"].policy_id,
                conditions={"words": {"words": ["x"]}},
            )  # fmt: skip
            machine = await register_api_client(
                self.cast.system, name=self.slug, scopes=[Right.REPORT], workspace_id=self.client
            )
        return {
            "member": {"member_id": member_id},
            "staff": {"membership_id": self.cast.owner.membership_id},
            "rule": {"rule_id": rule.id},
            "api": {"api_client_id": machine.id},
        }

    async def _decide(self, case: Case, row: dict[str, Any], chance: Random) -> None:
        name = chance.choice([*CODES]) if case.outcome == "violation" else None
        row["actions"] = chance.choice([[], ["hide_post"], ["warn_member"]]) if name else []
        claim = await ClaimRecord.create(
            workspace_id=self.client, case_id=case.id, membership_id=self.cast.owner.membership_id,
            token_hash=new_id().bytes * 2, expires_at=now(), ended_at=now(), ended_by="decided",
        )  # fmt: skip
        said = {
            "workspace_id": self.client, "case_id": case.id, "claim_id": claim.id,
            "membership_id": self.cast.owner.membership_id, "reason": "x",
        }  # fmt: skip
        decision = await Decision.create(
            **said, outcome=case.outcome, policy_version_id=self.policies[name].id if name else None,
            actions=row["actions"],
        )  # fmt: skip
        row["code"] = name
        await Case.filter(id=case.id).update(decision_id=decision.id)
        if chance.random() < 0.3:
            row["reversed"] = True
            await DecisionEvent.create(workspace_id=self.client, decision_id=decision.id, kind="overturned")
            state = chance.choice(["overturned", "upheld", "inadmissible"])
            row["appeal"] = state, case.closed_at
            replaced = {"new_decision_id": decision.id} if state == "overturned" else {}
            await Appeal.create(
                workspace_id=self.client, decision_id=decision.id, case_id=case.id, appellant="author",
                member_id=case.member_id, text="x", state=state, answer="x", answered_at=case.closed_at, **replaced,
            )  # fmt: skip

    def within(self, moment: datetime | None) -> bool:
        return moment is not None and self.since <= moment < self.until

    def recounted(self, codes: Iterable[str] | None) -> Line:
        """`codes` of None: all."""

        def counts(code: str) -> bool:
            return codes is None or code in codes

        def code_of(name: str | None) -> str:
            return "UN-NOTICE" if name is None else CODES[name] or "RU-COMM"

        def code_of_case(row: dict[str, Any]) -> str:
            if row["code"] is not None:
                return code_of(row["code"])
            return code_of(next((name for name, _, _ in row["reports"] if name), None))

        before = self.since - timedelta(days=DAYS)
        came = [each for row in self.rows for each in row["reports"] if counts(code_of(each[0]))]
        closed = [row for row in self.rows if self.within(row["case"].closed_at) and counts(code_of_case(row))]
        seconds = sorted((row["case"].closed_at - row["case"].opened_at).total_seconds() for row in closed)
        of = len(closed)
        at = (of - 1) * 0.9 if of else 0
        ninetieth = (
            seconds[int(at)] + (at - int(at)) * (seconds[min(int(at) + 1, of - 1)] - seconds[int(at)]) if of else None
        )
        return Line(
            code="" if codes is None else next(iter(codes)),
            reported=sum(self.within(at) for _, _, at in came),
            reported_before=sum(before <= at < self.since for _, _, at in came),
            by_rules=sum(self.within(at) and channel == "rule" for _, channel, at in came),
            closed=of,
            found=Share(sum(row["case"].outcome == "violation" for row in closed), of),
            restricted=sum("hide_post" in row["actions"] for row in closed),
            own_initiative=Share(
                sum({channel for _, channel, _ in row["reports"]} <= {"rule", "staff"} for row in closed), of
            ),
            in_time=Share(sum(row["case"].closed_at <= row["case"].due_at for row in closed), of),
            time_to_decision=Durations(
                of, pytest.approx(median(seconds)) if of else None, pytest.approx(ninetieth) if of else None
            ),
            reversed=Share(sum(row["reversed"] for row in closed), of),
        )


@pytest.fixture
async def year(acme: Cast) -> Year:
    client = await acme.empty_workspace()
    year = Year(acme, client, next(slug for slug, id in acme.workspaces.items() if id == client))
    await year.write_policies()
    return year


async def test_every_number_is_what_a_plain_recount_gives(acme: Cast, year: Year) -> None:
    await year.live(120, Random(7))
    async with agency_scope(acme.owner):
        found = await integrity_report(acme.owner, year.client, since=year.since, until=year.until)
    assert found.total == year.recounted(None)
    assert {line.code: line for line in found.lines} == {
        code: year.recounted([code]) for code in ("FR-SCAM", "HA-BULLY", "RU-COMM", "UN-NOTICE")
    }
    answered = Counter(row["appeal"][0] for row in year.rows if "appeal" in row and year.within(row["appeal"][1]))
    assert found.appeals == Share(answered["overturned"], answered["overturned"] + answered["upheld"])
    still = [row["case"] for row in year.rows if row["case"].state != "closed"]
    assert found.open_cases == len(still)
    assert found.open_overdue == sum(case.due_at < now() for case in still)
    assert found.open_grave == sum(case.tier == "severe" for case in still)
    assert found.oldest_open_at == min(case.opened_at for case in still)


async def test_how_much_is_verified_and_how_that_moves(acme: Cast, year: Year) -> None:
    inside, before = year.since + timedelta(days=2), year.since - timedelta(days=2)
    posts = [await acme.post(workspace=year.slug, posted_at=at) for at in (inside, inside, inside, before)]
    async with agency_scope(acme.system):
        programme = await VerificationProgramme.create(
            workspace_id=year.client, community_id=posts[0].community_id, name="Guests"
        )
        await VerificationDesign.create(
            workspace_id=year.client,
            programme_id=programme.id,
            version=1,
            claim="x",
            strong=["link"],
            weak=[],
            hosts=[],
        )
        for post in (posts[0], posts[3]):
            await VerificationTask.create(
                workspace_id=year.client, programme_id=programme.id, programme_version=1, member_id=post.member_id,
                post_id=post.id, state="verified", open_until=now(), verified_at=now(), ended_at=now(),
            )  # fmt: skip
    async with agency_scope(acme.owner):
        found = await integrity_report(acme.owner, year.client, since=year.since, until=year.until)
    assert found.verified == (Verification("Guests", Share(1, 3), Share(1, 1)),)


async def test_of_nothing_nothing_is_said(acme: Cast, year: Year) -> None:
    async with agency_scope(acme.owner):
        found = await integrity_report(acme.owner, year.client, since=year.since, until=year.until)
    assert (found.lines, found.advice, found.total.found.value) == ((), (), None)
    async with agency_scope(acme.owner):
        for until in (year.since, year.since + timedelta(days=367)):
            with pytest.raises(Invalid):
                await integrity_report(acme.owner, year.client, since=year.since, until=until)


async def test_the_client_reads_it_and_nobody_elses_client_does(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, year: Year
) -> None:
    await year.live(3, Random(3))
    reader = await acme.hire(f"stakeholder-{year.slug}", Role.STAKEHOLDER, [year.client])
    query = """query($w: ID!, $a: DateTime!, $b: DateTime!) { integrityReport(workspaceId: $w, since: $a, until: $b) {
        total { code title reported found { numerator denominator low } timeToDecision { medianSeconds } }
        lines { code title } advice { kind code share { value } } openCases } }"""
    window = {"a": year.since.isoformat(), "b": year.until.isoformat()}
    answer = await ask(api, acme.tokens[f"stakeholder-{year.slug}"], query, w=f"workspace_{year.client}", **window)
    report = answer["data"]["integrityReport"]
    assert report["total"]["title"] == "All codes"
    assert report["total"]["reported"] == year.recounted(None).reported
    elsewhere = f"workspace_{globex.workspaces['forum']}"
    for id in (elsewhere, f"workspace_{new_id()}", "nonsense", f"workspace_{acme.workspaces['forum']}"):
        answer = await ask(api, acme.tokens[f"stakeholder-{year.slug}"], query, w=id, **window)
        assert answer == {"data": {"integrityReport": None}}
    async with agency_scope(reader):
        with pytest.raises(NotFound):
            await integrity_report(reader, acme.workspaces["forum"], since=year.since, until=year.until)
    nobody = await acme.hire(f"nobody-{year.slug}", Role.STAKEHOLDER, [year.client])
    async with agency_scope(nobody):
        bare = nobody.__class__(**{**{n: getattr(nobody, n) for n in nobody.__slots__}, "rights": frozenset()})
        with pytest.raises(NotAllowed):
            await integrity_report(bare, year.client, since=year.since, until=year.until)


def line(code: str = "FR-SCAM", **numbers: Any) -> Line:
    usual = {
        **dict.fromkeys(("reported", "reported_before", "by_rules", "closed", "restricted"), 0),
        **dict.fromkeys(("found", "own_initiative", "in_time", "reversed"), Share(0, 0)),
        "time_to_decision": Durations(0, None, None),
    }
    return Line(code=code, **{**usual, **numbers})


@pytest.mark.parametrize(
    ("numbers", "advised"),
    [
        ({"reported": 40, "reported_before": 10}, [("look_into_rise", Share(40, 50))]),
        ({"reported": 25, "reported_before": 20}, []),
        ({"reported": 15, "reported_before": 0}, []),  # of too little
        ({"reversed": Share(10, 40)}, [("revise_policy", Share(10, 40))]),
        ({"reversed": Share(6, 40)}, []),  # may be chance
        ({"in_time": Share(60, 100)}, [("decide_sooner", Share(60, 100))]),
        ({"in_time": Share(88, 100)}, []),
        ({"found": Share(4, 100)}, [("explain_policy", Share(4, 100))]),
        ({"found": Share(0, 10)}, []),
    ],
    ids=["rise", "no rise", "few", "reversed", "by chance", "slow", "fast", "unfounded", "too few"],
)
def test_advice_is_given_where_the_numbers_carry_it(numbers: dict[str, Any], advised: list[tuple[str, Share]]) -> None:
    one = line(**numbers)
    assert list(_advice(line("", reported=0), [one])) == [Advice(kind, "FR-SCAM", share) for kind, share in advised]


def test_reports_that_name_nothing_are_a_matter_of_the_form() -> None:
    total, unnamed = line("", reported=100), line("UN-NOTICE", reported=80, found=Share(0, 100))
    assert list(_advice(total, [unnamed])) == [
        Advice("name_policies", None, Share(80, 100)),
        Advice("look_into_rise", "UN-NOTICE", Share(80, 80)),
    ]
