"""Which kinds of danger somebody does not take, unless nobody else is there (sparing.py). They say it themselves and owe nobody
a reason; nobody else reads it but in the steps of an escalation that they were passed over for. Leads see what is left of it:
kinds that nobody on call takes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotAllowed
from backend.safety.after_models import OptOut
from backend.safety.covering import spans_of
from backend.safety.raising import KINDS
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Untaken:
    """From a moment until another everybody on call for a client has opted out of the kind."""

    kind: str
    starts_at: datetime
    ends_at: datetime


async def set_opt_outs(actor: Actor, kinds: Collection[str]) -> list[str]:
    """The kinds that the actor does not take from now on: all of them anew, none for any. Raises NotAllowed, Invalid."""
    actor.must_hold(Right.WORK_QUEUE)
    if actor.membership_id is None:
        raise NotAllowed
    if not set(kinds) <= set(KINDS):
        raise Invalid("Tend knows no such kind.", path=("input", "kinds"))
    found = [kind for kind in KINDS if kind in kinds]
    await current().execute(
        """insert into opt_outs (agency_id, id, membership_id, kinds, updated_at) values ($1, gen_random_uuid(), $2, $3, $4)
           on conflict (agency_id, membership_id) do update set kinds = $3, updated_at = $4""",
        actor.agency_id,
        actor.membership_id,
        found,
        now(),
    )
    # Which ones is nobody's business; that there are some is enough to explain a page.
    await journal.record(
        "responder.opted_out", subject_kind="staff", subject_id=actor.membership_id, workspace_id=None, kinds=len(found)
    )
    return found


async def my_opt_outs(actor: Actor) -> list[str]:
    """Raises NotAllowed."""
    actor.must_hold(Right.WORK_QUEUE)
    if actor.membership_id is None:
        raise NotAllowed
    known = await OptOut.get_or_none(membership_id=actor.membership_id)
    return [] if known is None else known.kinds


async def untaken_dangers(actor: Actor, workspace_id: UUID, *, moment: datetime | None = None) -> list[Untaken]:
    """Within LOOKED_AHEAD, the earliest first; while nobody is on call at all, none (covering.py has that). Raises NotAllowed,
    NotFound."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    found: list[Untaken] = []
    async for start, end, staffing in spans_of(workspace_id, moment=moment or await current().now()):
        on_call = [staffing.colleagues[who].opted_out for who in staffing.all_on_call(start)]
        for kind in frozenset.intersection(*on_call) if on_call else ():
            last = next((each for each in found if each.kind == kind and each.ends_at == start), None)
            if last is not None:
                found.remove(last)
            found.append(Untaken(kind, start if last is None else last.starts_at, end))
    return sorted(found, key=lambda each: (each.starts_at, KINDS.index(each.kind)))
