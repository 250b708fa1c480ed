"""A client's history at random: rows of everything that is counted, written straight into the tables, and the same as plain
dicts, which a recount reads."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from cast import Cast
from planted import plant
from recounted import Said
from taught import a_course, a_version

from backend.education import ContentAuthor, ContentItem, ContentVersion, Enrolment
from backend.integrity import Investigation
from backend.kit.ids import new_id
from backend.moderation import Appeal, Case, CaseTally, ClaimRecord, Decision, DecisionEvent, Report
from backend.policies import Detail, create_policy, current_version
from backend.ruling import write_rule
from backend.safety import Escalation
from backend.verification import VerificationProgramme, VerificationTask
from tenants.scope import agency_scope, current

TIERS = ("danger", "severe", "low")
FAR = datetime(2100, 1, 1, tzinfo=UTC)
CODES = {"scam": "FR-SCAM", "own": "RU-COMM"}
Row = dict[str, Any]


@dataclass
class History:
    """`window` is `since` to `until`; rows lie before, in and after it."""

    cast: Cast
    client: UUID
    since: datetime
    until: datetime
    chance: Random
    said: list[Said] = field(default_factory=list)
    rooms: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    async def live(self) -> None:
        self.said = list(self._talk(160))
        async with agency_scope(self.cast.system):
            self.rooms = await plant(self.client, self.said)
            posts = await current().fetch(
                "select id, member_id, community_id, external_id from posts where agency_id = $1 and workspace_id = $2",
                self.cast.agency_id, self.client,
            )  # fmt: skip
            await self._judge(posts, 70)
            await self._guard(posts)
            await self._teach(posts)

    def at(self, *, around: float = 2.0) -> datetime:
        """Some of them before the window and after it; on whole seconds."""
        length = self.until - self.since
        return (self.since + length * self.chance.uniform(-around / 2, 1 + around / 4)).replace(microsecond=0)

    def _talk(self, count: int) -> Any:
        people = [f"p{n}" for n in range(12)]
        for room in ("forum", "chat"):
            threads: list[Said] = []
            for n, at in enumerate(sorted(self.at(around=6) for _ in range(count // 2))):
                opened = self.chance.choice(threads[-4:]) if threads and self.chance.random() < 0.6 else None
                who = self.chance.choice(people[: 9 if room == "chat" else None])
                named = f"@{self.chance.choice(people)}." if self.chance.random() < 0.3 else "hello"
                is_bot = who == "p8"
                has_thread = room == "forum"
                yield (
                    post := Said(
                        f"{room}{n}", room, who, who, at, named, is_bot,
                        trust=[None, 1, 5][int(who[1:]) % 3] if room == "forum" else None,
                        thread=(opened.thread if opened else f"t{n}") if has_thread else None,
                        reply_to=opened.id if opened and has_thread else None,
                    )
                )  # fmt: skip
                if opened is None and has_thread:
                    threads.append(post)

    async def _judge(self, posts: Any, count: int) -> None:
        system, of = self.cast.system, {"workspace_id": self.client}
        queue = await self.cast.queue_id(self.client)
        versions, rows, reports, appeals = {}, [], [], []
        for name, code in CODES.items():
            policy = await create_policy(
                system, self.client, slug=name, title=name, text="No.", severity="low", tier="low",
                detail=Detail(taxonomy_code=code if name == "scam" else None),
            )  # fmt: skip
            versions[name] = await current_version(policy.id)
        rule = await write_rule(
            system, self.client, name="r", policy_id=versions["scam"].policy_id, conditions={"words": {"words": ["x"]}}
        )
        who = self.cast.owner.membership_id
        for n in range(count):
            post, opened = posts[n], self.at()
            closes = opened + timedelta(hours=self.chance.randint(1, 300))
            is_closed = self.chance.random() < 0.7
            row: Row = {
                "kind": self.chance.choice(["moderation"] * 8 + ["golden", "appeal", "appeal"]), "tier": self.chance.choice(TIERS),
                "opened": opened, "due": opened + timedelta(hours=100), "closed": closes if is_closed else None,
                "outcome": self.chance.choice(["violation", "no_violation"]) if is_closed else None,
                "touch_due": opened + timedelta(hours=10),
                "touched": self.chance.choice([None, opened + timedelta(hours=self.chance.randint(1, 20))]),
                "claims": [], "reports": [], "actions": [], "reversed": False, "policy": None,
            }  # fmt: skip
            case = await Case.create(
                **of, queue_id=queue, post_id=post["id"], member_id=post["member_id"], kind=row["kind"], tier=row["tier"],
                severity="low", opened_at=opened, due_at=row["due"], virtual_deadline=opened, closed_at=row["closed"],
                state="closed" if is_closed else "queued", outcome=row["outcome"], first_touch_due_at=row["touch_due"],
                first_touched_at=row["touched"], only_for_id=who if row["kind"] == "golden" else None,
            )  # fmt: skip
            for k in range(self.chance.randint(0, 2)):
                name, channel = (
                    self.chance.choice([*CODES, None]),
                    self.chance.choice(["member", "rule", "form", "staff"]),
                )
                told = {
                    "at": opened + timedelta(minutes=k),
                    "channel": channel,
                    "code": CODES[name] if name else "UN-NOTICE",
                }
                by = {
                    "member": {"member_id": post["member_id"]}, "rule": {"rule_id": rule.id}, "form": {},
                    "staff": {"membership_id": who},
                }[channel]  # fmt: skip
                await Report.create(
                    **of, **by, case_id=case.id, post_id=post["id"], channel=channel, reporter_key=f"x:{k}", reason="x",
                    policy_id=versions[name].policy_id if name else None, created_at=told["at"],
                )  # fmt: skip
                row["reports"].append(told)
                reports.append(told)
            for _ in range(self.chance.randint(0, 2)):
                seconds = self.chance.randint(1, 500)
                claim = await ClaimRecord.create(
                    **of, case_id=case.id, membership_id=who, token_hash=new_id().bytes * 2, expires_at=opened,
                    ended_at=opened, ended_by="decided", visible_seconds=seconds,
                )  # fmt: skip
                row["claims"].append(seconds)
                row["claim"] = claim.id
            if is_closed and row["claims"] and row["kind"] == "moderation":
                await self._decide(case, row, versions, appeals)
            rows.append(row)
        counted = await current().fetch(
            "select state, count(*) from cases where agency_id = $1 and workspace_id = $2 and kind <> 'golden' group by 1",
            self.cast.agency_id, self.client,
        )  # fmt: skip
        states = {each["state"]: each["count"] for each in counted}
        await CaseTally.create(**of, queued=states.get("queued", 0), in_review=0, closed=states.get("closed", 0))
        self.rows.update(cases=rows, reports=reports, appeals=appeals)

    async def _decide(self, case: Case, row: Row, versions: Any, appeals: list[Row]) -> None:
        of, who = {"workspace_id": self.client}, self.cast.owner.membership_id
        row["policy"] = self.chance.choice([*CODES]) if row["outcome"] == "violation" else None
        row["actions"] = self.chance.choice([[], ["hide_post"], ["warn_member"]]) if row["policy"] else []
        decision = await Decision.create(
            **of, case_id=case.id, claim_id=row["claim"], membership_id=who, reason="x", outcome=row["outcome"],
            policy_version_id=versions[row["policy"]].id if row["policy"] else None, actions=row["actions"],
        )  # fmt: skip
        await Case.filter(id=case.id).update(decision_id=decision.id)
        if self.chance.random() < 0.4:
            row["reversed"] = True
            await DecisionEvent.create(**of, decision_id=decision.id, kind="overturned")
            state = self.chance.choice(["overturned", "upheld", "inadmissible"])
            appeals.append({"state": state, "answered": row["closed"]})
            await Appeal.create(
                **of, decision_id=decision.id, case_id=case.id, appellant="author", member_id=case.member_id, text="x",
                state=state, answer="x", answered_at=row["closed"],
                **({"new_decision_id": decision.id} if state == "overturned" else {}),
            )  # fmt: skip

    def _ended(self) -> tuple[datetime, datetime | None, datetime | None]:
        """When something was raised, taken and over."""
        raised = self.at()
        taken = self.chance.choice([None, raised + timedelta(seconds=self.chance.randint(1, 3_000))])
        return raised, taken, taken and self.chance.choice([None, taken + timedelta(days=self.chance.randint(1, 9))])

    async def _guard(self, posts: Any) -> None:
        of, promised = {"workspace_id": self.client}, {1: 300, 2: 900, 3: 7_200}
        dangers, looked = [], []
        minute, day = timedelta(minutes=1), timedelta(days=1)
        # Its time is not over; it was taken in the window and ended after it; it was taken after it.
        border = [(minute, None, None), (day, day - minute, -day), (day, -day, None)]
        told = [tuple(None if ago is None else self.until - ago for ago in each) for each in border]
        for raised, taken, over in (*told, *(self._ended() for _ in range(30))):
            assert raised is not None
            severity = self.chance.choice([*promised])
            row = {
                "severity": severity, "raised": raised, "taken": taken, "over": over, "is_drill": raised not in [each[0] for each in told] and self.chance.random() < 0.2,
                "due": raised + timedelta(seconds=promised[severity]),
            }  # fmt: skip
            await Escalation.create(
                **of, kind="violence", severity=severity, is_drill=row["is_drill"], policy={}, raised_at=raised,
                promised_seconds=promised[severity],
                state="resolved" if over else "acknowledged" if taken else "exhausted", acknowledged_at=taken,
                owner_id=self.cast.owner.membership_id if taken else None, resolved_at=over,
                outcome="resolved" if over else None, next_at=None if over else FAR, ack_expires_at=FAR if taken else None,
            )  # fmt: skip
            dangers.append(row)
        for _ in range(10):
            opened = self.at()
            concluded = self.chance.choice([None, opened + timedelta(days=3)])
            outcome = self.chance.choice(["confirmed", "unfounded"]) if concluded else None
            await Investigation.create(
                **of, title="x", question="x", opened_at=opened, concluded_at=concluded, outcome=outcome,
                state="concluded" if concluded else "open", finding="x" if concluded else None,
            )  # fmt: skip
            looked.append({"opened": opened, "concluded": concluded, "outcome": outcome})
        forum = next(post["community_id"] for post in posts if post["external_id"].startswith("forum"))
        programme = await VerificationProgramme.create(
            **of, community_id=forum, name="Guests", created_at=self.since - timedelta(days=999)
        )
        verified = {
            post["external_id"] for post in posts if post["community_id"] == forum and self.chance.random() < 0.3
        }
        for post in posts:
            if post["external_id"] in verified:
                await VerificationTask.create(
                    **of, programme_id=programme.id, member_id=post["member_id"], post_id=post["id"], state="verified",
                    verified_at=self.since, ended_at=self.since, programme_version=1, open_until=FAR,
                )  # fmt: skip
        self.rows.update(
            dangers=dangers, investigations=looked, verified=[{"programme": programme.id, "posts": verified}]
        )

    async def _teach(self, posts: Any) -> None:
        of, staff = {"workspace_id": self.client}, self.cast.owner.membership_id
        learned, items = [], []
        courses = [await a_course(self.client) for _ in range(2)]
        members = list({post["member_id"] for post in posts})
        for course in courses:
            for member in members[:8]:
                at, ends = self.at(), self.chance.choice([None, "completed", "withdrawn"])
                ended = at + timedelta(days=self.chance.randint(1, 20)) if ends else None
                await Enrolment.create(
                    **of, course_id=course.id, member_id=member, because="assigned", state=ends or "enrolled",
                    enrolled_at=at, ended_at=ended,
                )  # fmt: skip
                learned.append({"course": course.id, "at": at, "ends": ends, "ended": ended})
        for _ in range(8):
            at, archived = self.at(), self.chance.choice([None, None, self.at()])
            item = await ContentItem.create(
                **of, kind="article", slug=f"a-{new_id()}", language="en", created_at=at, archived_at=archived
            )
            version = await ContentVersion.create(**of, **a_version(item.id, "x", published_at=at))
            await ContentItem.filter(id=item.id).update(current_version_id=version.id)
            authors = self.chance.choice([(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)])
            if authors[0]:
                await ContentAuthor.create(**of, item_id=item.id, membership_id=staff)
            for member in members[: authors[1]]:
                await ContentAuthor.create(**of, item_id=item.id, member_id=member)
            items.append({"authors": authors, "at": at, "archived": archived})
        self.rows.update(enrolments=learned, items=items)
