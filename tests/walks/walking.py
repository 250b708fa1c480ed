"""A client whose every verb is done twice: in Tend, and in the casebook that says what ought to become of it."""

from walks.seeing import check_actions, check_cases
from walks.with_cases import CaseVerbs
from walks.with_decisions import DecisionVerbs
from walks.with_the_site import SiteVerbs


class Walk(CaseVerbs, DecisionVerbs, SiteVerbs):
    async def do(self, verb: str, a: int, b: int, c: int) -> None:
        self.verb = verb
        await getattr(self, verb)(a, b, c)
        await check_cases(self)
        await check_actions(self)
