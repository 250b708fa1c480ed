"""How much a report weighs: how often its reporter has been right (F3), and who else says the same (F4)."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.moderation.ordering import credibility
from backend.moderation.thresholds import (
    CASES_REMEMBERED,
    COPIED_LETTERS,
    FEWEST_CASES,
    NEW_ACCOUNT,
    REPORTS_REMEMBERED,
)
from tenants.scope import current


async def credibility_of(reporter_key: str, *, workspace_id: UUID) -> float:
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
    usual = row["upheld"] / row["decided"] if row["decided"] >= FEWEST_CASES else 0.5
    return credibility(agreed=row["agreed"], disagreed=row["disagreed"], upheld=usual)


def cluster_of(report: Any) -> Hashable:
    """What it may have in common with others: copied words, or an account made on the same day as theirs, lately. `report`
    is a row with id, reason, created_at and first_seen_at."""
    words = " ".join(report["reason"].casefold().split())
    if sum(map(str.isalpha, words)) >= COPIED_LETTERS:
        return words
    since: datetime | None = report["first_seen_at"]
    if since is not None and report["created_at"] - since < NEW_ACCOUNT:
        return since.date()
    own: UUID = report["id"]
    return own
