"""Who is paged when a level is: whose turn it is, unless they are spared.

| whose turn it is | is passed over | and paged |
|---|---|---|
| rests, or has had enough (exposing.py) | at the first level, where somebody else on call is fresh: they are paged instead | with the second level; from the second pass on where a policy has none |
| does not take the kind (opting_out.py) | at every level that reaches anybody who does; at the first also where anybody else on call does: they are paged instead | when nobody has come: from the second pass on, and with the owners |

Who is named, leads and owners are reached for what they are, and spared nothing. No level is emptied by this. Who is paged since
nobody else is there is told so (`needed`), and why somebody was passed over is kept with the steps. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.safety.policies import Contacts, Page, page_of, reached
from backend.safety.staffing import Staffing

_TURNS: Final = ("ON_CALL", "RESPONDERS")
_NOBODY_ELSE: Final = {
    "rests": " You would rest, and nobody else is there, or has come.",
    "capped": " You have had enough of these, and nobody else is there, or has come.",
    "opted_out": " You do not take this kind, and nobody else is there, or has come.",
}
_RANKS: Final = {None: 0, "rests": 1, "capped": 1, "opted_out": 2}  # who is paged first


@dataclass(frozen=True, slots=True)
class Reached:
    """`passed` and `needed`: by membership, why they are spared: rests, capped or opted_out."""

    pages: Sequence[Page]
    passed: Mapping[UUID, str] = field(default_factory=dict)
    needed: Mapping[UUID, str] = field(default_factory=dict)

    def why_they(self, membership_id: UUID) -> str:
        """What is told to somebody who would have been spared; nothing to others."""
        return _NOBODY_ELSE[self.needed[membership_id]] if membership_id in self.needed else ""


def reached_by(
    policy: Mapping[str, Any],
    level: int,
    *,
    kind: str,
    staffing: Staffing,
    contacts: Contacts,
    moment: datetime,
    is_first_pass: bool = True,
) -> Reached:
    """Each once. The level after the last reaches the agency's owners."""
    levels: Sequence[Mapping[str, Any]] = policy["levels"]
    targets = levels[level - 1]["targets"] if level <= len(levels) else [{"kind": "OWNERS"}]

    def why(page: Page) -> str | None:
        return None if page.membership_id is None else staffing.colleagues[page.membership_id].spared_from(kind)

    def takes_it(page: Page) -> bool:
        return page.membership_id is not None and staffing.may_respond(page.membership_id) and why(page) != "opted_out"

    def passed_at(number: int) -> list[Page]:
        before = reached_by(policy, number, kind=kind, staffing=staffing, contacts=contacts, moment=moment)
        return [page_of(id) for id in before.passed]

    by_target = [(target["kind"] in _TURNS, reached(target, staffing, contacts, moment)) for target in targets]
    turn = [page for is_turn, pages in by_target for page in pages if is_turn]
    anyhow = [page for is_turn, pages in by_target for page in pages if not is_turn]
    chosen = _first(turn, [page_of(id) for id in staffing.all_on_call(moment)], why) if level == 1 else turn
    if level == 2:
        chosen = [*chosen, *(page for page in passed_at(1) if why(page) != "opted_out")]
    if any(map(takes_it, (*chosen, *anyhow))):
        chosen = [page for page in chosen if why(page) != "opted_out"]
    if not is_first_pass:  # of a policy of one level no second one pages who rests, and it may begin anew for ever
        chosen = [*chosen, *(page for page in turn if why(page) == "opted_out" or len(levels) == 1)]
    if level > len(levels):
        passed = [page for number in range(1, level) for page in passed_at(number)]
        chosen = [*chosen, *(page for page in passed if why(page) == "opted_out")]
    pages = list(dict.fromkeys((*(page for page in turn if page in chosen), *anyhow, *chosen)))
    spared = {page: reason for page in (*turn, *chosen) if page not in anyhow and (reason := why(page)) is not None}
    return Reached(
        pages,
        passed=_by_membership({page: reason for page, reason in spared.items() if page not in pages}),
        needed=_by_membership(
            {page: reason for page, reason in spared.items() if page in pages and (level == 1 or reason == "opted_out")}
        ),
    )


def _first(turn: Sequence[Page], on_call: Sequence[Page], why: Callable[[Page], str | None]) -> list[Page]:
    """Those whom nothing speaks against, or the least; where that is nobody whose turn it is, one of the others on call."""
    if not turn:
        return []
    best = min(_RANKS[why(page)] for page in (*turn, *on_call))
    found = [page for page in turn if _RANKS[why(page)] == best]
    return found or [next(page for page in on_call if _RANKS[why(page)] == best)]


def _by_membership(pages: Mapping[Page, str]) -> dict[UUID, str]:
    return {page.membership_id: reason for page, reason in pages.items() if page.membership_id is not None}
