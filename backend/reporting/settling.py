"""What time brings to notices and measures, each hour: when a decision was carried out; whose address is kept no longer;
a suspension whose decision does not count any more."""

from collections.abc import Mapping
from typing import Any

from backend.reporting.thresholds import CONTACT_KEPT_FOR
from tenants.actor import Actor
from tenants.scope import current

_CLEARED_AT_ONCE = 1_000


async def settle_notices(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job."""
    await _stamp_what_is_carried_out(system)
    await _clear_contacts(system)
    await _lift_what_does_not_count(system)


async def _stamp_what_is_carried_out(system: Actor) -> None:
    """When the last thing that a decision ordered was seen on the platform."""
    await current().execute(
        """update public_notices n set implemented_at = a.at
             from (select a.workspace_id, a.decision_id, max(a.confirmed_at) as at from actions a
                    where a.agency_id = $1 and a.kind <> 'tell_member' and a.reverses_id is null and a.decision_id in (
                          select w.decision_id from public_notices w where w.agency_id = $1
                             and w.outcome = 'violation' and w.implemented_at is null)
                    group by a.workspace_id, a.decision_id having bool_and(a.confirmed_at is not null)) a
            where n.agency_id = $1 and n.workspace_id = a.workspace_id and n.decision_id = a.decision_id
              and n.implemented_at is null""",
        system.agency_id,
    )


async def _clear_contacts(system: Actor) -> None:
    """Whose address it was is nobody's any more, and of what never became a report the words go too. What a hold is on
    stays."""
    await current().execute(
        """update public_notices n
              set name = null, email = null, contact_cleared_at = now(),
                  location = case when n.post_id is null then '' else n.location end,
                  reason = case when n.post_id is null then '' else n.reason end,
                  items = case when n.post_id is null then array_fill(''::text, array[cardinality(n.items)])
                               else n.items end
            where n.agency_id = $1 and n.id = any(array(
                  select c.id from public_notices c where c.agency_id = $1 and c.contact_cleared_at is null
                     and c.received_at < now() - $2::interval
                     and coalesce(c.decided_at, c.rejected_at) < now() - $2::interval
                     and not exists (select from appeals a where a.agency_id = $1 and a.workspace_id = c.workspace_id
                                        and a.report_id = c.id and a.state = 'open')
                     and not exists (select from holds h where h.agency_id = $1 and h.workspace_id = c.workspace_id
                                        and h.lifted_at is null and h.subject_kind = 'workspace')
                   order by c.received_at limit $3))""",
        system.agency_id,
        CONTACT_KEPT_FOR,
        _CLEARED_AT_ONCE,
    )


async def _lift_what_does_not_count(system: Actor) -> None:
    await current().execute(
        """update misuse_measures m set lifted_at = now()
            where m.agency_id = $1 and m.because = 'illegal_content' and m.lifted_at is null
              and (m.until is null or m.until > now())
              and exists (select from decision_events e where e.agency_id = $1 and e.workspace_id = m.workspace_id
                             and e.decision_id = m.decision_id and e.kind in ('undone', 'overturned', 'superseded'))""",
        system.agency_id,
    )
