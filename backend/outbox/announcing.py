from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Event:
    """Something was committed and is worth reading again. Ids only: whoever hears it reads in a scope of their own.

    `topic` is the kind of the subject, such as `case`; `membership_id` is whom it is for, None for everybody.
    """

    topic: str
    agency_id: UUID
    workspace_id: UUID | None
    subject_id: UUID
    membership_id: UUID | None = None


Publish = Callable[[Event], None]

_publish: Publish | None = None


def publish_with(publish: Publish | None) -> None:
    """Who passes events on, in this process; it must not wait. Without one they are not told."""
    global _publish  # noqa: PLW0603
    _publish = publish


def announce(topic: str, *, workspace_id: UUID | None, subject_id: UUID, membership_id: UUID | None = None) -> None:
    """Told when, and only when, the scope commits. Nobody may count on it: a process that dies takes its events along,
    so an event is a reason to look again and never the only way to know."""
    scope = current()
    event = Event(topic, scope.actor.agency_id, workspace_id, subject_id, membership_id)
    if _publish is not None:
        scope.afterwards(partial(_publish, event))
