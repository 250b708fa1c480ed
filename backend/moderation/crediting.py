"""How much a report weighs: how often its reporter has been right (F3), and who else says the same (F4)."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.moderation.ordering import credibility, evidence_mass
from backend.moderation.thresholds import (
    CASES_REMEMBERED,
    COPIED_LETTERS,
    FEWEST_CASES,
    MOST_CREDIBLE,
    NEW_ACCOUNT,
    REPORTS_REMEMBERED,
)
from backend.moderation.trusting import Reporter
from tenants.scope import current

# A row of what weighs: `r` a report, `m` the member who made it, if one did.
WEIGHED = "r.id, r.credibility, r.reason, r.created_at, r.origin, r.set_aside, m.first_seen_at"


@dataclass(frozen=True, slots=True)
class Record:
    """How many of a reporter's last reports were right and how many were not, and the same of all the client's."""

    agreed: int
    disagreed: int
    upheld: int
    decided: int


async def record_of(reporter_key: str, *, workspace_id: UUID) -> Record:
    """By the outcomes of the reporter's last reports, and of the client's last cases."""
    row = await current().fetchrow(
        """with theirs as (
               select c.outcome from reports r
                 join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = r.case_id and c.state = 'closed'
                where r.agency_id = $1 and r.workspace_id = $2 and r.reporter_key = $3
                order by r.created_at desc, r.id desc limit $4),
             all_of_them as (
               select outcome from cases where agency_id = $1 and workspace_id = $2 and state = 'closed'
                  and kind = 'moderation' order by closed_at desc nulls last, id desc limit $5)
           select (select count(*) from theirs where outcome = 'violation') as agreed,
                  (select count(*) from theirs where outcome = 'no_violation') as disagreed,
                  (select count(*) from all_of_them where outcome = 'violation') as upheld,
                  (select count(*) from all_of_them) as decided""",
        current().actor.agency_id,
        workspace_id,
        reporter_key,
        REPORTS_REMEMBERED,
        CASES_REMEMBERED,
    )
    return Record(**row)


async def credibility_of(reporter: Reporter, *, workspace_id: UUID) -> float:
    """Of a trusted flagger in their area the most there is."""
    if reporter.is_trusted:
        return MOST_CREDIBLE
    record = await record_of(reporter.key, workspace_id=workspace_id)
    usual = record.upheld / record.decided if record.decided >= FEWEST_CASES else 0.5
    return credibility(agreed=record.agreed, disagreed=record.disagreed, upheld=usual)


def clusters_of(report: Any) -> tuple[tuple[str, Hashable], ...]:
    """What it may have in common with others: copied words, an account made on the same day as theirs, lately, the network
    it came from. `report` is a row of WEIGHED."""
    found: list[tuple[str, Hashable]] = []
    words = " ".join(report["reason"].casefold().split())
    if sum(map(str.isalpha, words)) >= COPIED_LETTERS:
        found.append(("copied_words", words))
    since: datetime | None = report["first_seen_at"]
    if since is not None and report["created_at"] - since < NEW_ACCOUNT:
        found.append(("new_accounts", since.date()))
    if report["origin"] is not None:
        found.append(("same_network", report["origin"]))
    return tuple(found)


def mass_of(reports: Any) -> float:
    """Of rows of WEIGHED, the oldest first."""
    return evidence_mass((row["credibility"], clusters_of(row)) for row in reports)
