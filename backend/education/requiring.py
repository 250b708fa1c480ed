from collections.abc import Collection
from typing import Any
from uuid import UUID

from backend import journal
from backend.education.certifying import kind_of
from backend.education.course_models import TrainingNeed
from backend.education.models import TrainingRequirement
from backend.education.thresholds import MOST_KINDS
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import CLIENT_ROLES, PERSON_ROLES, Right, Role
from tenants.scope import current


async def set_training_requirement(actor: Actor, workspace_id: UUID, *, kinds: Collection[str]) -> UUID:
    """All certificates that the client's responders need, from now on; none: everybody counts as trained. Its id. Raises
    NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if len(kinds) > MOST_KINDS:
        raise Invalid(f"At most {MOST_KINDS} kinds of certificates.", path=("input", "kinds"))
    wanted = sorted({kind_of(kind, field="kinds") for kind in kinds})
    await current().lock(locks.ESCALATING, f"training of {workspace_id}")  # of two first ones at once
    before = await TrainingRequirement.get_or_none(workspace_id=workspace_id)
    if before is None:
        requirement_id = (await TrainingRequirement.create(workspace_id=workspace_id, kinds=wanted)).id
    else:
        requirement_id = before.id
        await TrainingRequirement.filter(id=before.id).update(kinds=wanted, updated_at=now())
    await journal.record(
        "workspace.training_required",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        before={"kinds": [] if before is None else before.kinds},
        after={"kinds": wanted},
    )
    return requirement_id


async def set_training_need(
    actor: Actor, workspace_id: UUID, *, role: Role | None = None, queue_id: UUID | None = None, kinds: Collection[str]
) -> UUID:
    """All certificates that everybody of the role needs at the client, to claim there and to answer for it; or whoever
    claims from the queue. None: no training is needed any more. The client's id. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if (role is None) == (queue_id is None) or role in CLIENT_ROLES or (role is not None and role not in PERSON_ROLES):
        raise Invalid("Name a role of the agency's people, or a queue.", path=("input", "role"))
    if queue_id is not None and not await current().fetchval(
        "select exists (select from queues where agency_id = $1 and workspace_id = $2 and id = $3)",
        actor.agency_id,
        workspace_id,
        queue_id,
    ):
        raise NotFound(path=("input", "queueId"))
    if len(kinds) > MOST_KINDS:
        raise Invalid(f"At most {MOST_KINDS} kinds of certificates.", path=("input", "kinds"))
    wanted = sorted({kind_of(kind, field="kinds") for kind in kinds})
    named: dict[str, Any] = {
        "workspace_id": workspace_id,
        "role": None if role is None else role.value,
        "queue_id": queue_id,
    }
    before = await TrainingNeed.get_or_none(**named)
    if before is not None and wanted:
        await TrainingNeed.filter(id=before.id, workspace_id=workspace_id).update(kinds=wanted)
    elif before is not None:
        await TrainingNeed.filter(id=before.id, workspace_id=workspace_id).delete()
    elif wanted:
        await TrainingNeed.create(kinds=wanted, **named)
    await journal.record(
        "workspace.training_needed",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        before={"kinds": [] if before is None else before.kinds},
        after={"kinds": wanted},
        role=named["role"],
        queue=None if queue_id is None else f"queue_{queue_id}",
    )
    return workspace_id
