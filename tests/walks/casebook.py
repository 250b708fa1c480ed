"""What ought to become of cases, as plain Python: the tables of section 4 of the moderation reference, without a database.

Each verb answers whether it may be done; where it may not, nothing changes. Moves of cases: queued -> in_review by a claim;
in_review -> queued by release, skip, expiry, or a review that asks for another; -> pending_info by a question, and back;
-> held by a decision of high impact, which somebody else approves or denies; -> closed by any other; closed -> queued
when it is undone (and claimed by whoever decided) or reopened.
"""

from dataclasses import dataclass, field
from typing import Final

LEADS: Final = frozenset({"lea", "leo"})
STAFF: Final = ("ann", "ben", "eve", *sorted(LEADS))
ENDED: Final = frozenset({"denied", "undone", "superseded", "overturned"})


@dataclass(frozen=True)
class Said:
    """What somebody thinks of a post; `is_grave` is what nobody decides alone."""

    actions: tuple[str, ...] | None  # None: no violation
    days: int | None = None

    @property
    def outcome(self) -> str:
        return "no_violation" if self.actions is None else "violation"

    @property
    def is_grave(self) -> bool:
        return "delete_post" in (self.actions or ())


@dataclass(eq=False)
class ADecision:
    case: "ACase"
    by: str
    said: Said
    is_held: bool = False
    answers_appeal: bool = False
    approved_by: str | None = None
    events: set[str] = field(default_factory=set)

    @property
    def is_in_force(self) -> bool:
        return not self.events & ENDED and ("approved" in self.events or not self.is_held)


@dataclass(eq=False)
class AnAppeal:
    decision: ADecision
    member: str
    case: "ACase"
    state: str = "open"


@dataclass(eq=False)
class ACase:
    """`had`: whoever has ever held it; `kept_from`: whoever is not offered it again, reviewers apart."""

    post: int
    is_appeal: bool = False
    state: str = "queued"
    slot: int = 1
    holder: str | None = None
    has_lapsed: bool = False
    decision: ADecision | None = None
    outcome: str | None = None
    closed_as: int = 0  # the how manieth closing that was, of all
    reporters: set[str] = field(default_factory=set)
    reviewers: set[str] = field(default_factory=set)
    had: set[str] = field(default_factory=set)
    kept_from: set[str] = field(default_factory=set)
    first: tuple[str, ...] | None = None  # what the first review would do; None: no violation

    def is_for(self, who: str) -> bool:
        return self.state == "queued" and who not in self.reviewers | self.kept_from and (self.slot < 3 or who in LEADS)

    @property
    def needs_two(self) -> bool:
        return self.slot == 1 and self.post % 2 == 1

    def to_queue(self) -> None:
        self.state, self.holder, self.has_lapsed = "queued", None, False

    def hand_to(self, who: str) -> None:
        self.state, self.holder, self.has_lapsed = "in_review", who, False
        self.had.add(who)


@dataclass
class Casebook:
    """Posts of odd numbers are reported under a policy whose cases are all judged twice."""

    cases: list[ACase] = field(default_factory=list)
    decisions: list[ADecision] = field(default_factory=list)
    appeals: list[AnAppeal] = field(default_factory=list)
    closings: int = 0

    def open_about(self, post: int, *, is_appeal: bool = False) -> ACase | None:
        return next(
            (c for c in self.cases if c.post == post and c.is_appeal == is_appeal and c.state != "closed"), None
        )

    def report(self, post: int, member: str) -> ACase:
        """What was judged fine last stays closed: no post is ever edited here, and two reporters weigh too little."""
        case = self.open_about(post)
        if case is None:
            closed = [each for each in self.cases if each.post == post and not each.is_appeal]
            last = max(closed, key=lambda each: each.closed_as, default=None)
            case = last if last is not None and last.outcome == "no_violation" else None
        if case is None:
            self.cases.append(case := ACase(post))
        case.reporters.add(member)
        return case

    def return_lapsed(self) -> None:
        for case in self.cases:
            if case.has_lapsed:
                case.to_queue()

    def offered_to(self, who: str) -> list[ACase]:
        return [case for case in self.cases if case.is_for(who)]

    def holds(self, who: str, case: ACase) -> bool:
        return case.state == "in_review" and case.holder == who and not case.has_lapsed

    def judge(self, who: str, case: ACase, said: Said) -> ADecision | None:
        """None: somebody else has to look as well."""
        case.reviewers.add(who)
        case.holder = None
        if case.slot == 1:
            case.first = said.actions
            if case.needs_two:
                case.to_queue()
                case.slot = 2
                return None
        elif case.slot == 2 and said.actions != case.first:
            case.to_queue()
            case.slot = 3
            return None
        decision = ADecision(case, who, said, is_held=said.is_grave)
        self.decisions.append(decision)
        if decision.is_held:
            case.state, case.decision = "held", decision
        else:
            self._close(case, decision)
        return decision

    def may_approve(self, who: str, decision: ADecision) -> bool:
        case = decision.case
        return who in LEADS and case.state == "held" and case.decision is decision and who not in case.reviewers

    def approve(self, who: str, decision: ADecision) -> None:
        decision.events.add("approved")
        decision.approved_by = who
        self._close(decision.case, decision)

    def deny(self, who: str, held: ADecision, said: Said) -> ADecision:
        held.events.add("denied")
        decision = ADecision(held.case, who, said)
        self.decisions.append(decision)
        held.case.reviewers.add(who)
        held.case.had.add(who)
        if held.case.slot == 1:
            held.case.first = said.actions
        self._close(held.case, decision)
        return decision

    def may_undo(self, who: str, decision: ADecision) -> bool:
        return self._may_open(decision.case) and (
            decision.by == who and decision.case.decision is decision and not decision.answers_appeal
        )

    def undo(self, who: str, decision: ADecision) -> None:
        decision.events.add("undone")
        decision.case.decision = None
        self._open(decision.case)
        decision.case.hand_to(who)

    def may_reopen(self, who: str, case: ACase) -> bool:
        return who in LEADS and self._may_open(case)

    def reopen(self, case: ACase) -> None:
        self._open(case)

    def may_appeal(self, decision: ADecision, member: str) -> bool:
        case = decision.case
        is_theirs = (
            member == f"author {case.post}" if decision.said.outcome == "violation" else member in case.reporters
        )
        again = any(each.decision is decision and each.member == member for each in self.appeals)
        return is_theirs and not again and case.state == "closed" and case.decision is decision

    def appeal(self, decision: ADecision, member: str) -> AnAppeal:
        """Nobody who has had to do with the post is offered it."""
        case = self._appeal_case(decision.case.post)
        self.appeals.append(made := AnAppeal(decision, member, case))
        return made

    def may_answer(self, appeal: AnAppeal, *, changes: bool) -> bool:
        judged = appeal.decision.case
        return not changes or (judged.state == "closed" and judged.decision is appeal.decision)

    def waiting_in(self, case: ACase) -> list[AnAppeal]:
        """Those about the decision that was appealed against first."""
        all_of_it = [each for each in self.appeals if each.case is case and each.state == "open"]
        return [each for each in all_of_it if each.decision is all_of_it[0].decision]

    def answer(self, who: str, case: ACase, verdict: str, said: Said | None) -> ADecision | None:
        """Those about another decision wait for another person."""
        answered = self.waiting_in(case)
        old, new = answered[0].decision, None
        if said is not None:
            new = ADecision(old.case, who, said, answers_appeal=True)
            self.decisions.append(new)
            old.events.add("overturned")
            old.case.decision, old.case.outcome = new, said.outcome
        for each in answered:
            each.state = verdict
        case.reviewers.add(who)
        case.state, case.holder, case.outcome = "closed", None, (new or old).said.outcome
        for each in [each for each in self.appeals if each.case is case and each.state == "open"]:
            each.case = self._appeal_case(case.post)
        return new

    def _appeal_case(self, post: int) -> ACase:
        case = self.open_about(post, is_appeal=True)
        if case is None:
            self.cases.append(case := ACase(post, is_appeal=True))
        for other in self.cases:
            if other.post == post and other is not case:
                case.kept_from |= other.had
        for decision in self.decisions:
            if decision.case.post == post and decision.approved_by is not None:
                case.kept_from.add(decision.approved_by)
        return case

    def _close(self, case: ACase, decision: ADecision) -> None:
        for other in self.decisions:
            if other.case is case and other is not decision and other.is_in_force:
                other.events.add("superseded")
        case.state, case.holder, case.decision, case.outcome = "closed", None, decision, decision.said.outcome
        self.closings += 1
        case.closed_as = self.closings

    def _may_open(self, case: ACase) -> bool:
        return case.state == "closed" and not case.is_appeal and self.open_about(case.post) is None

    def _open(self, case: ACase) -> None:
        case.to_queue()
        case.slot, case.outcome = 1, None
        case.first = None
