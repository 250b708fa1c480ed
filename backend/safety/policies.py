"""Which policy an escalation follows, and whom each of its levels reaches at a moment. Stored as the API says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from backend.kit.ids import published
from backend.safety.climbing import Ladder
from backend.safety.staffing import Staffing
from backend.safety.thresholds import TIMERS
from tenants.rights import Role
from tenants.scope import current

TARGETS: Final = ("on_call", "responders", "leads", "owners", "staff", "client_contact", "telephony")


@dataclass(frozen=True, slots=True)
class Page:
    """To somebody at the agency, else `target` is client_contact or telephony."""

    target: str
    membership_id: UUID | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        if self.membership_id is not None:
            return ("in_app", "mail")
        return ("mail",) if self.target == "client_contact" else ("webhook",)


@dataclass(frozen=True, slots=True)
class Contacts:
    has_email: bool
    has_telephony: bool


def usual(severity: int) -> dict[str, Any]:
    """Where nobody has set a policy: who is on call, else all trained responders; then leads and the client; then owners."""
    timers = TIMERS[severity]
    targets = (
        [{"kind": "ON_CALL", "level": 1}, {"kind": "TELEPHONY"}],
        [{"kind": "ON_CALL", "level": 2}, {"kind": "LEADS"}, {"kind": "CLIENT_CONTACT"}],
        [{"kind": "OWNERS"}],
    )
    levels = [{"waitSeconds": wait, "targets": named} for wait, named in zip(timers.waits, targets, strict=False)]
    return {
        "policyId": None,
        "levels": levels,
        "repeats": timers.repeats,
        "repeatAfterSeconds": 0,
        "onExhausted": "PAGE_OWNERS",
        "decaysSeconds": timers.decays,
    }


async def policy_for(workspace_id: UUID, *, kind: str, severity: int) -> dict[str, Any]:
    """A copy of the first that fits, of the client's list, then of the agency's; else the usual one."""
    scope = current()
    rows = await scope.fetch(
        """select p.* from escalation_policies p
            where p.agency_id = $1 and (p.workspace_id = $2 or p.workspace_id is null)
              and p.version = (select max(v.version) from escalation_policies v where v.agency_id = $1
                                  and v.workspace_id is not distinct from p.workspace_id)
              and p.max_severity >= $3 and (p.kinds = '{}' or $4 = any(p.kinds))
            order by p.workspace_id is null, p.position limit 1""",
        scope.actor.agency_id,
        workspace_id,
        severity,
        kind,
    )
    levels = orjson.loads(rows[0]["levels"]) if rows else []
    if not levels:  # of a list that was emptied, one row stays
        return usual(severity)
    [row] = rows
    return {
        "policyId": published("escalationpolicy", row["id"]),
        "levels": levels,
        "repeats": row["repeats"] if row["on_exhausted"] == "page_owners" else None,
        "repeatAfterSeconds": row["repeat_after_minutes"] * 60,
        "onExhausted": row["on_exhausted"].upper(),
        "decaysSeconds": TIMERS[severity].decays,
    }


def ladder_of(policy: Mapping[str, Any]) -> Ladder:
    return Ladder(
        tuple(level["waitSeconds"] for level in policy["levels"]), policy["repeats"], policy["repeatAfterSeconds"]
    )


def reached(target: Mapping[str, Any], staffing: Staffing, contacts: Contacts, moment: datetime) -> list[Page]:
    """Whom one target of a level reaches, whatever else is known of them (sparing.py)."""
    kind = target["kind"].lower()
    if kind == "client_contact":
        return [Page(kind)] if contacts.has_email else []
    if kind == "telephony":
        return [Page(kind)] if contacts.has_telephony else []
    if kind == "on_call":
        rota_id = _id(target["rotaId"]) if "rotaId" in target else None
        whom = staffing.on_call(target["level"], moment, rota_id=rota_id)
        if not staffing.rotas and target["level"] == 1:
            whom = staffing.responders
    elif kind == "responders":
        whom = staffing.responders
    elif kind == "staff":
        staff_id = _id(target["staffId"])
        whom = [staff_id] if staff_id in staffing.colleagues else []
    else:
        whom = staffing.of_role(Role.LEAD if kind == "leads" else Role.OWNER)
    return [page_of(id) for id in whom]


def page_of(id: UUID) -> Page:
    return Page(f"membership_{id}", id)


def _id(text: str) -> UUID:
    return UUID(text.rpartition("_")[2])
