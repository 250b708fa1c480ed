"""What members do in communities is what their accounts use: they post, and are answered."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from backend.customers.models import CustomerExposure
from backend.customers.thresholds import ACCOUNTS_PER_PAGE
from backend.kit.ids import new_id
from backend.outbox import report_progress
from tenants.actor import Actor
from tenants.scope import current

_START: Final = UUID(int=0)
# Who a contact is: the member, and the same person in the client's other communities.
_WHO: Final = """
    with linked as materialized (
      select c.account_id, m.id as member_id, m.identity_key from account_contacts c
        join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = c.member_id
       where c.agency_id = $1 and c.workspace_id = $2 and c.account_id = any($3)),
    who as materialized (
      select account_id, member_id from linked
      union
      select l.account_id, m.id from linked l
        join members m on m.agency_id = $1 and m.workspace_id = $2 and m.identity_key = l.identity_key)"""
_POSTED: Final = f"""{_WHO}
    select distinct on (w.account_id, (p.posted_at at time zone 'utc')::date)
           w.account_id, w.member_id, p.posted_at as at, ((p.posted_at at time zone 'utc')::date)::text as day
      from who w join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.member_id = w.member_id
     order by w.account_id, (p.posted_at at time zone 'utc')::date, p.posted_at, p.id"""
_ANSWERED: Final = f"""{_WHO}
    select distinct on (w.account_id, (r.posted_at at time zone 'utc')::date)
           w.account_id, w.member_id, r.posted_at as at, ((r.posted_at at time zone 'utc')::date)::text as day
      from who w
      join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.member_id = w.member_id
      join posts r on r.agency_id = $1 and r.workspace_id = $2 and r.reply_to_id = p.id
      join members a on a.agency_id = $1 and a.workspace_id = $2 and a.id = r.member_id and a.kind = 'person'
     where not exists (select from who o where o.account_id = w.account_id and o.member_id = r.member_id)
     order by w.account_id, (r.posted_at at time zone 'utc')::date, r.posted_at, r.id"""


async def derive_exposures(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: of every client of the agency some of whose contacts are members."""
    rows = await current().fetch(
        "select distinct workspace_id from account_contacts where agency_id = $1 and member_id is not null",
        system.agency_id,
    )
    for done, row in enumerate(sorted(rows, key=lambda each: str(each["workspace_id"]))):
        await derive_for(row["workspace_id"])
        await report_progress(done + 1, len(rows))


async def derive_for(workspace_id: UUID) -> int:
    """How many days were new. Always all of it: posts of long ago are imported late."""
    after, new = _START, 0
    while True:
        # By account, so that colleagues are together: whoever answers a colleague is no help from the community.
        rows = await current().fetch(
            """select distinct account_id from account_contacts
                where agency_id = $1 and workspace_id = $2 and member_id is not null and account_id > $3
                order by account_id limit $4""",
            current().actor.agency_id,
            workspace_id,
            after,
            ACCOUNTS_PER_PAGE,
        )
        if not rows:
            return new
        accounts = [row["account_id"] for row in rows]
        for kind, statement in (("posted", _POSTED), ("answered", _ANSWERED)):
            new += await _keep(workspace_id, kind, statement, accounts)
        after = accounts[-1]


async def derive_anew(workspace_id: UUID, accounts: Collection[UUID]) -> None:
    """What was read off for these accounts goes, since somebody of them is somebody else; the next turn reads it off
    again."""
    await CustomerExposure.filter(workspace_id=workspace_id, account_id__in=list(accounts), source="community").delete()


async def _keep(workspace_id: UUID, kind: str, statement: str, accounts: list[UUID]) -> int:
    scope = current()
    agency_id, new = scope.actor.agency_id, 0
    rows = await scope.fetch(statement, agency_id, workspace_id, accounts)
    for start in range(0, len(rows), 500):
        given = [
            value
            for row in rows[start : start + 500]
            for value in (new_id(), row["account_id"], row["member_id"], row["at"], row["day"])
        ]
        values = ", ".join(
            f"($1, $2, $3, 'community', ${n}::uuid, ${n + 1}::uuid, ${n + 2}::uuid, ${n + 3}::timestamptz, ${n + 4})"
            for n in range(4, 4 + len(given), 5)
        )
        new += await scope.change(
            f"""insert into customer_exposures (agency_id, workspace_id, kind, source, id, account_id, member_id, at,
                                                external_id)
                values {values}
                on conflict (agency_id, workspace_id, account_id, kind, source, external_id) do nothing""",
            agency_id,
            workspace_id,
            kind,
            *given,
        )
    return new
