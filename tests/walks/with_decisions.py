"""What happens to decisions and appeals."""

from walks.casebook import STAFF, ACase, Said
from walks.scene import REPORTERS, SAID, Scene, pick

from backend import moderation
from tenants.scope import agency_scope


class DecisionVerbs(Scene):
    async def approve(self, a: int, b: int, _c: int) -> None:
        if not self.decisions:
            return
        id, decision, who = *pick(self.held() or list(self.decisions.items()), a), STAFF[b % len(STAFF)]
        may = self.book.may_approve(who, decision)
        if self.allowed(await self.tried(who, lambda me: moderation.approve_decision(me, id)), may):
            self.book.approve(who, decision)

    async def deny(self, a: int, b: int, c: int) -> None:
        if not self.decisions:
            return
        id, decision = pick(self.held() or list(self.decisions.items()), a)
        who, said = STAFF[b % len(STAFF)], SAID[c % len(SAID)]
        may = self.book.may_approve(who, decision)
        denied = await self.tried(
            who, lambda me: moderation.deny_decision(me, id, reason="x", **self.said(said, decision.case.post))
        )
        if self.allowed(denied, may):
            self.decisions[denied.id] = self.book.deny(who, decision, said)

    async def undo(self, a: int, b: int, _c: int) -> None:
        if not self.decisions:
            return
        id, decision = pick(list(self.decisions.items())[::-1], a)
        who = decision.by if b % 4 else STAFF[b % len(STAFF)]
        may = self.book.may_undo(who, decision)
        undone = await self.tried(who, lambda me: moderation.undo_decision(me, id, reason="x"))
        if self.allowed(undone, may):
            self.book.undo(who, decision)
            self.tokens[decision.case] = undone.token

    async def reopen(self, a: int, b: int, _c: int) -> None:
        if not self.cases:
            return
        case, who = pick(list(self.cases.values()), a), STAFF[-(b % 3) - 1]
        may = self.book.may_reopen(who, case)
        if self.allowed(
            await self.tried(who, lambda me: moderation.reopen_case(me, self.id_of(case), reason="x")), may
        ):
            self.book.reopen(case)

    async def appeal(self, a: int, b: int, _c: int) -> None:
        if not self.decisions:
            return
        id, decision = pick(list(self.decisions.items())[::-1], a)
        member = (f"author {decision.case.post}", *REPORTERS)[b % 3]
        may = self.book.may_appeal(decision, member)
        filed = await self.tried(
            "lea", lambda me: moderation.file_appeal(me, id, member_id=self.members[member], text="No.")
        )
        if self.allowed(filed, may):
            self.appeals[filed] = self.book.appeal(decision, member)
            await self.name_appeal_cases()

    async def judge(self, who: str, case: ACase, b: int, c: int) -> None:
        said = SAID[c % len(SAID)]
        if case.slot == 2 and b % 2:
            said = next(each for each in SAID if each.actions == case.first)
        judged = await self.tried(
            who,
            lambda me: moderation.decide(
                me, self.id_of(case), token=self.tokens.get(case, "x"), reason="x", **self.said(said, case.post)
            ),
        )
        if self.allowed(judged, self.book.holds(who, case)):
            made = self.book.judge(who, case, said)
            assert (made is None) == (judged.decision is None)
            if made is not None:
                self.decisions[judged.decision.id] = made

    async def answer_appeals(self, who: str, case: ACase, b: int, c: int) -> None:
        first = self.book.waiting_in(case)[0] if self.book.waiting_in(case) else None
        if first is None:
            return
        verdict, said = ("overturned", "upheld", "modified", "overturned")[b % 4], None
        if verdict == "overturned":
            said = Said(None) if first.decision.said.outcome == "violation" else Said(("hide_post",))
        elif verdict == "modified":
            said = SAID[1 + c % (len(SAID) - 1)]
            if first.decision.said.outcome == "no_violation":
                verdict, said = "inadmissible", None
        named = {} if said is None else self.said(said, case.post)
        named.pop("outcome", None)
        answered = await self.tried(
            who,
            lambda me: moderation.decide_appeal(
                me, self.id_of(case), token=self.tokens.get(case, "x"), verdict=verdict, answer="x", reason="x", **named
            ),
        )
        may = self.book.holds(who, case) and self.book.may_answer(first, changes=said is not None)
        if self.allowed(answered, may):
            assert {self.appeals[id] for id in answered} == set(self.book.waiting_in(case))
            made = self.book.answer(who, case, verdict, said)
            if made is not None:
                async with agency_scope(self.tend):
                    appeal = await moderation.Appeal.get(id=answered[0])
                self.decisions[appeal.new_decision_id] = made
            await self.name_appeal_cases()

    async def name_appeal_cases(self) -> None:
        async with agency_scope(self.tend):
            for found in await moderation.Appeal.filter(workspace_id=self.client):
                self.cases.setdefault(found.case_id, self.appeals[found.id].case)
