"""Who is told: leads that there is a draft, the client's people that there is a report."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend.client_reports.models import ClientReport
from backend.client_reports.wording import Wording
from backend.notices import Recipient, tell
from tenants.rights import CLIENT_ROLES, RIGHTS_OF, Right, Role
from tenants.scope import current

_LEADS: Final = [Role.LEAD.value]
_MANAGERS: Final = [role.value for role in RIGHTS_OF if Right.LEAD_QUEUE in RIGHTS_OF[role] and role is not Role.SYSTEM]


async def tell_leads(report: ClientReport) -> None:
    """That a draft waits for their words: whoever leads at this client, or else whoever could."""
    leads = await _who(report.workspace_id, _LEADS) or await _who(report.workspace_id, _MANAGERS)
    words = Wording(report.definition["language"])
    await tell(
        leads,
        kind="client_report_made",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        text=f"A draft waits for your words: {report.definition['name']}, "
        f"{words.period(report.definition['period'], report.period_start)}.",
    )


async def tell_stakeholders(report: ClientReport, document: Mapping[str, Any]) -> None:
    """With what matters, in the mail itself. Who reads only with a link is not told."""
    words = Wording(document["language"])
    await tell(
        await _who(report.workspace_id, [role.value for role in CLIENT_ROLES]),
        kind="client_report_published",
        subject_id=report.id,
        workspace_id=report.workspace_id,
        text=words.in_short(document),
        facts={
            "summary": words.in_short(document),
            "corrected": "yes" if report.corrects_id is not None else "no",
            "language": words.language,
        },
    )


async def _who(workspace_id: UUID, roles: list[str]) -> list[Recipient]:
    rows = await current().fetch(
        """select m.id from memberships m
            where m.agency_id = $1 and m.role = any($3) and m.suspended_at is null
              and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())
              and (m.sees_all or exists (select from assignments a where a.agency_id = $1 and a.membership_id = m.id
                                            and a.workspace_id = $2))
            order by m.id""",
        current().actor.agency_id,
        workspace_id,
        roles,
    )
    return [Recipient(membership_id=row["id"]) for row in rows]
