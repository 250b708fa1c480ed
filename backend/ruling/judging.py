"""Whether conditions hold of a post: yes, no, not provided, failed, or not known before more is looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final, TypeAlias
from uuid import UUID

from backend.moderation import flag_threshold
from backend.ruling.conditions import (
    All,
    Any_,
    Author,
    Condition,
    Copies,
    FlagScore,
    Language,
    Leaf,
    Links,
    Not,
    OfBank,
    Pattern,
    Rate,
    ReportMass,
    Reports,
    Words,
)


class Verdict(IntEnum):
    """In the order in which `all` prefers them. What cannot be known says neither yes nor no, under `not` either: a rule
    finds a post only where the answer is YES."""

    NO = 0
    UNKNOWN = 1  # before more is looked up; never an end
    FAILED = 2  # it should have been known
    NOT_PROVIDED = 3  # there is nothing to go by: a text too short for its language, a post without pictures
    YES = 4


class Failed:
    """In the place of something that could not be looked up."""


FAILED: Final = Failed()
# What is looked up only for posts that nothing else decides, dear ones last.
DEAR: Final = ("language", "violations", "reports", "media", "history", "copies")


@dataclass(slots=True)
class Seen:
    """A post as rules see it. `hits` are the numbers of the conditions on text and links that hold; `more` is by kind of
    DEAR what was looked up: None where there is nothing to go by."""

    id: UUID
    member_id: UUID
    text: str
    posted_at: datetime
    is_bot: bool
    is_at_risk: bool
    first_seen_at: datetime
    hits: frozenset[int] = frozenset()
    more: dict[str, Any] | None = None  # most posts of a back-test never have any

    def learn(self, kind: str, found: Any) -> None:
        self.more = {**(self.more or {}), kind: found}

    def knows(self, kind: str) -> bool:
        return self.more is not None and kind in self.more

    def known(self, kind: str) -> Any:
        return None if self.more is None else self.more[kind]


Judge: TypeAlias = Callable[[Seen], Verdict]


def needs(leaf: Leaf) -> str | None:
    """What of DEAR it needs; None where the post itself says it."""
    match leaf:
        case Author():
            if leaf.violations_at_least is not None:
                return "violations"
            return None if leaf.posts_fewer_than is None else "history"
        case Reports() | ReportMass() | FlagScore():
            return "reports"
        case Language():
            return "language"
        case Copies():
            return "copies"
        case Rate():
            return "history"
        case OfBank():
            return "media"
        case _:
            return None


def judge_of(condition: Condition, numbers: Mapping[Leaf, int]) -> Judge:
    """`numbers` are those of conditions on text and links. What is cheap is asked first."""
    match condition:
        case All(parts):
            return _all([judge_of(part, numbers) for part in sorted(parts, key=_cost)])
        case Any_(parts):
            return _any([judge_of(part, numbers) for part in sorted(parts, key=_cost)])
        case Not(part):
            return _not(judge_of(part, numbers))
        case Words() | Pattern() | Links():
            number = numbers[condition]
            return lambda post: Verdict.YES if number in post.hits else Verdict.NO
        case Author():
            return _author(condition)
        case Reports(at_least):
            return _dear("reports", lambda _, weight: weight.people >= at_least)
        case ReportMass(mass):
            return _dear("reports", lambda _, weight: weight.mass >= mass)
        case FlagScore(effect, sensitivity, high):
            score = flag_threshold(high, sensitivity=sensitivity, effect=effect)
            return _dear("reports", lambda _, weight: weight.flag_score >= score)
        case Language(one_of):
            return _dear("language", lambda _, language: language in one_of)
        case Copies(within, members, times):
            return _dear("copies", lambda post, copies: _are_many(post, copies, within, members, times))
        case Rate(at_least, within):
            return _dear("history", lambda post, times: sum(at > post.posted_at - within for at in times) >= at_least)
        case OfBank(bank_id, opinions):
            return _of_bank(bank_id, opinions)


def _cost(condition: Condition) -> int:
    match condition:
        case All(parts) | Any_(parts):
            return max(map(_cost, parts))
        case Not(part):
            return _cost(part)
        case _:
            kind = needs(condition)
            return 0 if kind is None else 1 + DEAR.index(kind)


def _all(parts: list[Judge]) -> Judge:
    def judge(post: Seen) -> Verdict:
        worst = Verdict.YES
        for part in parts:
            verdict = part(post)
            if verdict is Verdict.NO:
                return verdict
            worst = min(worst, verdict)
        return worst

    return judge


def _any(parts: list[Judge]) -> Judge:
    def judge(post: Seen) -> Verdict:
        best = Verdict.NO
        for part in parts:
            verdict = part(post)
            if verdict is Verdict.YES:
                return verdict
            if verdict is not Verdict.NO:
                best = verdict if best is Verdict.NO else min(best, verdict)
        return best

    return judge


def _not(part: Judge) -> Judge:
    opposite = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES}

    def judge(post: Seen) -> Verdict:
        verdict = part(post)
        return opposite.get(verdict, verdict)

    return judge


def _dear(kind: str, holds: Callable[[Seen, Any], bool]) -> Judge:
    def judge(post: Seen) -> Verdict:
        if not post.knows(kind):
            return Verdict.UNKNOWN
        found = post.known(kind)
        if found is None:
            return Verdict.NOT_PROVIDED
        if found is FAILED:
            return Verdict.FAILED
        return Verdict.YES if holds(post, found) else Verdict.NO

    return judge


def _author(wanted: Author) -> Judge:
    parts = []
    if wanted.first_seen_within is not None:
        within = wanted.first_seen_within
        parts.append(_plain(lambda post: post.posted_at - post.first_seen_at <= within))
    if wanted.is_at_risk is not None:
        parts.append(_plain(lambda post: post.is_at_risk is wanted.is_at_risk))
    if wanted.is_bot is not None:
        parts.append(_plain(lambda post: post.is_bot is wanted.is_bot))
    if wanted.violations_at_least is not None:
        least = wanted.violations_at_least
        parts.append(_dear("violations", lambda _, count: count >= least))
    if wanted.posts_fewer_than is not None:
        most = wanted.posts_fewer_than
        parts.append(_dear("history", lambda _, times: len(times) - 1 < most))  # this one is among them
    return _all(parts)


def _plain(holds: Callable[[Seen], bool]) -> Judge:
    return lambda post: Verdict.YES if holds(post) else Verdict.NO


def _are_many(
    post: Seen, copies: list[tuple[datetime, UUID]], within: timedelta, members: int | None, times: int | None
) -> bool:
    recent = [member_id for at, member_id in copies if at > post.posted_at - within]
    return len(set(recent)) >= members if members is not None else len(recent) >= (times or 0)


def _of_bank(bank_id: str, opinions: frozenset[str]) -> Judge:
    """`media` is by bank what is thought of each picture; a bank that is not there has failed."""

    def judge(post: Seen) -> Verdict:
        if not post.knows("media"):
            return Verdict.UNKNOWN
        media = post.known("media")
        if media is None:
            return Verdict.NOT_PROVIDED
        if bank_id not in media:
            return Verdict.FAILED
        found = any(thought & opinions and "positive" not in thought - opinions for thought in media[bank_id])
        return Verdict.YES if found else Verdict.NO

    return judge
