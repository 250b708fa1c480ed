from collections.abc import Mapping
from typing import Any

from backend import journal
from backend.education.thresholds import WARNED_DAYS
from backend.notices import Recipient, tell
from tenants.actor import Actor
from tenants.scope import current


async def warn_of_ends(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: whoever holds a certificate that ends within weeks, and that nothing follows, is told: at each of WARNED_DAYS
    once. Colleagues by notices; of members Tend knows no address, so their client's own server hears of it."""
    await _warn_colleagues(system)
    await _warn_of_members(system)


async def _warn_colleagues(system: Actor) -> None:
    rows = await current().fetch(
        """select c.id, c.membership_id, (select min(d) from unnest($2::int[]) d
                                           where c.valid_until <= now() + make_interval(days => d)) as days
             from certificates c
            where c.agency_id = $1 and c.revoked_at is null and c.valid_until > now()
              and c.valid_until <= now() + make_interval(days => $3)
              and not exists (select from certificates n where n.agency_id = $1 and n.membership_id = c.membership_id
                                 and n.kind = c.kind and n.revoked_at is null and n.valid_until > c.valid_until)""",
        system.agency_id,
        list(WARNED_DAYS),
        max(WARNED_DAYS),
    )
    for row in rows:
        await tell(
            [Recipient(membership_id=row["membership_id"])],
            kind="certificate_ends",
            subject_id=row["id"],
            workspace_id=None,
            text="One of your certificates ends soon. Without it you are on no rota and open no escalation.",
            occasion=str(row["days"]),
        )


async def _warn_of_members(system: Actor) -> None:
    rows = await current().fetch(
        """with due as (
             select c.id, c.workspace_id, c.warned_days,
                    (select min(d) from unnest($2::int[]) d
                      where c.valid_until <= now() + make_interval(days => d)) as days
               from member_certificates c join members m
                 on m.agency_id = $1 and m.workspace_id = c.workspace_id and m.id = c.member_id and m.erased_at is null
              where c.agency_id = $1 and c.revoked_at is null and c.valid_until > now()
                and c.valid_until <= now() + make_interval(days => $3)
                and not exists (select from member_certificates n where n.agency_id = $1 and n.workspace_id = c.workspace_id
                                   and n.member_id = c.member_id and n.kind = c.kind and n.revoked_at is null
                                   and n.valid_until > c.valid_until))
           update member_certificates c set warned_days = due.days from due
            where c.agency_id = $1 and c.workspace_id = due.workspace_id and c.id = due.id
              and (due.warned_days is null or due.days < due.warned_days)
           returning c.id, c.workspace_id, c.warned_days""",
        system.agency_id,
        list(WARNED_DAYS),
        max(WARNED_DAYS),
    )
    for row in rows:
        await journal.record(
            "membercertificate.expiring",
            subject_kind="membercertificate",
            subject_id=row["id"],
            workspace_id=row["workspace_id"],
            days=row["warned_days"],
        )
