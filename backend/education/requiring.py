from collections.abc import Collection
from uuid import UUID

from backend import journal
from backend.education.certifying import kind_of
from backend.education.models import TrainingRequirement
from backend.education.thresholds import MOST_KINDS
from backend.kit.clock import now
from backend.kit.errors import Invalid
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right


async def set_training_requirement(actor: Actor, workspace_id: UUID, *, kinds: Collection[str]) -> UUID:
    """All certificates that the client's responders need, from now on; none: everybody counts as trained. Its id. Raises
    NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if len(kinds) > MOST_KINDS:
        raise Invalid(f"At most {MOST_KINDS} kinds of certificates.", path=("input", "kinds"))
    wanted = sorted({kind_of(kind, field="kinds") for kind in kinds})
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
