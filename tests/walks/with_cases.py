"""What happens to cases: done in Tend and in the casebook. Numbers choose who, which case, what is said."""

from walks.casebook import STAFF, ACase
from walks.scene import POSTS, REPORTERS, SAID, Scene, pick

from backend import moderation
from backend.kit.errors import Refusal
from tenants.scope import agency_scope


class CaseVerbs(Scene):
    async def report(self, a: int, b: int, _c: int) -> None:
        post, member = self.posts[a % POSTS], REPORTERS[b % len(REPORTERS)]
        async with agency_scope(self.tend):
            await moderation.report_post(
                self.tend, post.id, reason="x", policy_id=self.policies[a % POSTS % 2], member_id=self.members[member]
            )
            found = await moderation.Case.get_or_none(
                workspace_id=self.client, post_id=post.id, kind="moderation", state__not="closed"
            )
        case = self.book.report(a % POSTS, member)
        assert (found is None) == (case.state == "closed")
        if found is not None:
            self.cases[found.id] = case

    async def claim(self, a: int, _b: int, _c: int) -> ACase | None:
        who = STAFF[a % len(STAFF)]
        self.book.return_lapsed()
        wanted = {id for id, case in self.cases.items() if case.is_for(who)}
        async with agency_scope(self.people[who]) as scope:
            order = await scope.fetch(
                "select id from cases where id = any($1) order by virtual_deadline, id limit 1", list(wanted)
            )
            claim = await moderation.claim_next(self.people[who], workspace_id=self.client)
        assert (claim and claim.case_id) == (order[0]["id"] if order else None)
        if claim is None:
            return None
        case = self.cases[claim.case_id]
        case.hand_to(who)
        self.tokens[case] = claim.token
        return case

    async def work(self, a: int, b: int, c: int) -> None:
        """Claim, and judge or answer at once."""
        case = await self.claim(a, b, c)
        if case is not None:
            await (self.answer_appeals if case.is_appeal else self.judge)(STAFF[a % len(STAFF)], case, b, c)

    async def release(self, a: int, b: int, _c: int) -> None:
        await self.give_back(a, b, lambda actor, case, token: moderation.release(actor, case, token=token))

    async def skip(self, a: int, b: int, _c: int) -> None:
        case, who = await self.give_back(
            a, b, lambda actor, case, token: moderation.skip(actor, case, token=token, reason="other")
        )
        if case is not None:
            case.kept_from.add(who)

    async def expire(self, a: int, _b: int, _c: int) -> None:
        """The job comes, or it comes late and whoever claims next returns what was forgotten."""
        await self.cast.end_leases(self.client)
        for case in self.cases.values():
            case.has_lapsed = case.state == "in_review"
        if a % 2:
            async with agency_scope(self.tend):
                await moderation.return_ended_claims(self.tend, {})
            self.book.return_lapsed()

    async def decide(self, a: int, b: int, c: int) -> None:
        who, case = self.some_claim(a, b)
        if case is not None:
            await (self.answer_appeals if case.is_appeal else self.judge)(who, case, b, c)

    async def ask(self, a: int, b: int, _c: int) -> None:
        who, case = self.some_claim(a, b)
        if case is None:
            return
        asked = await self.tried(
            who,
            lambda actor: moderation.ask_member(
                actor, self.id_of(case), token=self.tokens.get(case, "x"), whom="author", question="Why?", days=1
            ),
        )
        if self.allowed(asked, self.book.holds(who, case)):
            case.state, case.holder = "pending_info", None
            self.questions[case] = asked

    async def hear(self, a: int, b: int, _c: int) -> None:
        """An answer, somebody who waits no longer, or the end of the time."""
        if not self.questions:
            return
        case = pick(self.questions, a)
        waits = case.state == "pending_info"
        if b % 3 == 0:
            heard = await self.tried("lea", lambda me: moderation.record_answer(me, self.questions[case], answer="x"))
            if not isinstance(heard, Refusal):
                del self.questions[case]
        elif b % 3 == 1:
            self.allowed(await self.tried("ann", lambda me: moderation.resume(me, self.id_of(case))), waits)
        else:
            async with agency_scope(self.tend) as scope:
                await scope.execute(
                    "update cases set pending_until = now() where workspace_id = $1 and state = 'pending_info' and id = $2",
                    self.client, self.id_of(case),
                )  # fmt: skip
                await moderation.resume_case(self.tend, {"case_id": str(self.id_of(case))})
        if waits:
            case.to_queue()

    async def move(self, a: int, b: int, _c: int) -> None:
        if not self.cases:
            return
        case, who = pick(list(self.cases.values()), a), STAFF[b % len(STAFF)]
        moved = await self.tried(
            who, lambda me: moderation.move_case(me, self.id_of(case), queue_id=self.queues[b % 2])
        )
        self.allowed(moved, who in {"lea", "leo"} and case.state != "closed")

    async def bulk(self, a: int, _b: int, c: int) -> None:
        """Everything there is, of which what waits for others is left out."""
        if not self.cases:
            return
        who, said = ("lea", "leo")[a % 2], SAID[c % len(SAID)]
        async with agency_scope(self.tend):
            seen = [
                moderation.Previewed(c.id, c.version) for c in await moderation.Case.filter(workspace_id=self.client)
            ]
        done = await self.tried(who, lambda me: moderation.decide_many(me, seen, reason="x", **self.said(said, 0)))
        assert not isinstance(done, Refusal), done
        alone = {id for id, case in self.cases.items() if not (case.is_appeal or case.needs_two or case.slot == 2)}
        wanted = {id for id in alone if self.cases[id].is_for(who)}
        assert {decision.case_id for decision in done[0]} == wanted
        assert set(done[1]) == set(self.cases) - wanted
        for decision in done[0]:
            case = self.cases[decision.case_id]
            case.hand_to(who)
            self.decisions[decision.id] = self.made(self.book.judge(who, case, said))
