import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.moderation.models import Case
from backend.moderation.queue_models import Queue
from backend.moderation.thresholds import QUEUES_PER_WORKSPACE
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MOST_SKILLS: Final = 20


async def create_queue(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str,
    description: str = "",
    skills: Sequence[str] = (),
    is_for_leads: bool = False,
) -> Queue:
    """Where cases wait that routing or a person sends there. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    name, description = clean_line(name, field="name", longest=200), _description(description)
    skills = words(skills, field="skills")
    if await Queue.filter(workspace_id=workspace_id).count() >= QUEUES_PER_WORKSPACE:
        raise Conflict(f"A client has at most {QUEUES_PER_WORKSPACE} queues.")
    try:
        queue = await Queue.create(
            workspace_id=workspace_id, name=name, description=description, skills=skills, is_for_leads=is_for_leads
        )
    except IntegrityError:
        raise Conflict("Another queue of this client has this name.", path=("input", "name")) from None
    await _record("created", queue)
    return queue


async def revise_queue(
    actor: Actor,
    queue_id: UUID,
    *,
    expected_version: int,
    name: str,
    description: str,
    skills: Sequence[str],
    is_for_leads: bool,
) -> Queue:
    """Raises NotAllowed, NotFound, Invalid, Conflict."""
    queue = await _locked(actor, queue_id)
    if queue.version != expected_version:
        raise Conflict("Somebody has changed this queue since you read it.", path=("input", "expectedVersion"))
    queue.name, queue.description = clean_line(name, field="name", longest=200), _description(description)
    queue.skills, queue.is_for_leads = words(skills, field="skills"), is_for_leads
    queue.version += 1
    try:
        await queue.save(update_fields=("name", "description", "skills", "is_for_leads", "version"))
    except IntegrityError:
        raise Conflict("Another queue of this client has this name.", path=("input", "name")) from None
    await _record("revised", queue)
    return queue


async def archive_queue(actor: Actor, queue_id: UUID) -> Queue:
    """Nothing is sent there any more. Raises NotAllowed, NotFound, and Conflict while cases wait in it, and for the first
    queue of a client: whatever no route fits goes there."""
    queue = await _locked(actor, queue_id)
    first = await Queue.filter(workspace_id=queue.workspace_id).order_by("created_at", "id").first()
    if first is not None and first.id == queue.id:
        raise Conflict("Whatever no route fits goes to this queue.", path=("input", "queueId"))
    if await Case.filter(queue_id=queue.id, workspace_id=queue.workspace_id).exclude(state="closed").exists():
        raise Conflict("Cases wait in this queue: move them first.", path=("input", "queueId"))
    if queue.archived_at is None:
        queue.archived_at, queue.version = now(), queue.version + 1
        await queue.save(update_fields=("archived_at", "version"))
        await _record("archived", queue)
    return queue


def words(given: Sequence[str], *, field: str) -> list[str]:
    """Each once, in order. Raises Invalid for what is no short word in lower case."""
    found = sorted({word.strip().lower() for word in given})
    if len(found) > MOST_SKILLS or not all(_WORD.fullmatch(word) for word in found):
        raise Invalid(
            f"At most {MOST_SKILLS} words of 1 to 40 letters, digits, hyphens and underscores.", path=("input", field)
        )
    return found


def _description(text: str) -> str:
    return clean(text, field="description", longest=2_000, may_be_empty=True)


async def _locked(actor: Actor, queue_id: UUID) -> Queue:
    actor.must_hold(Right.LEAD_QUEUE)
    queue = await Queue.filter(id=queue_id).select_for_update().get_or_none()
    if queue is None:
        raise NotFound(path=("input", "queueId"))
    return queue


async def _record(verb: str, queue: Queue) -> None:
    await journal.record(
        f"queue.{verb}", subject_kind="queue", subject_id=queue.id, workspace_id=queue.workspace_id, name=queue.name
    )
