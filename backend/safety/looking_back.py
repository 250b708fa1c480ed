"""All that happened to an escalation as one list, how soon, and what of its protocol is done: for its readers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.safety.models import Escalation, EscalationReader, EscalationStep
from backend.safety.thresholds import MOST_STEPS_SHOWN
from backend.safety.ticking import last_ticks
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

# What somebody does who answers for it; the others are done by time, by Tend, or by who raises it.
ACTIONS: Final = frozenset(
    {
        *("noted", "contacted", "item_done", "item_undone", "silenced", "severity_raised", "lowering_asked"),
        *("severity_lowered", "filing_drafted", "filing_approved", "filed", "takedown_received"),
        *("takedown_completed", "takedown_settled", "resolved"),
    }
)
HUMANS: Final = ACTIONS | {"acknowledged", "handed_over", "offered"}


@dataclass(frozen=True, slots=True)
class Happening:
    """A step; or, where `because` is said, that somebody may read it since then, until `until` where that ends."""

    at: datetime
    kind: str | None = None
    because: str | None = None
    until: datetime | None = None
    level: int | None = None
    loop: int | None = None
    target: str = ""
    channel: str | None = None
    note: str = ""
    membership_id: UUID | None = None
    by_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """An item of the protocol, and the last word about it; None: there was none."""

    key: str
    text: str
    is_done: bool
    said_at: datetime | None
    said_by_id: UUID | None
    note: str


@dataclass(frozen=True, slots=True)
class Record:
    """Seconds since it was raised: until somebody took it, until somebody who may answer was there, until the first of them
    did something; None while nobody has."""

    seconds_to_acknowledge: float | None
    seconds_to_human: float | None
    seconds_to_act: float | None
    checklist: list[Task]
    timeline: list[Happening]


async def escalation_record(actor: Actor, escalation_id: UUID) -> Record | None:
    """None for whoever is no reader of it. Raises NotAllowed."""
    actor.must_hold(Right.WORK_QUEUE)
    escalation = await Escalation.get_or_none(id=escalation_id)
    if escalation is None or not await _may_read(actor, escalation_id):
        return None
    steps = await EscalationStep.filter(escalation_id=escalation_id).order_by("at", "id").limit(MOST_STEPS_SHOWN)
    readers = await EscalationReader.filter(escalation_id=escalation_id).order_by("created_at", "id")
    ticks = await last_ticks(escalation_id)
    happenings = [
        *(
            Happening(
                step.at,
                kind=step.kind,
                level=step.level,
                loop=step.loop,
                target=step.target,
                channel=step.channel,
                note=step.note,
                membership_id=step.membership_id,
                by_id=step.by_id,
            )
            for step in steps
        ),
        *(
            Happening(reader.created_at, because=reader.because, until=reader.until, membership_id=reader.membership_id)
            for reader in readers
        ),
    ]
    return Record(
        seconds_to_acknowledge=None
        if escalation.acknowledged_at is None
        else (escalation.acknowledged_at - escalation.raised_at).total_seconds(),
        seconds_to_human=_seconds(escalation, steps, HUMANS),
        seconds_to_act=_seconds(escalation, steps, ACTIONS),
        checklist=[_task(item["key"], item["text"], ticks.get(item["key"])) for item in escalation.protocol["items"]],
        timeline=sorted(happenings, key=lambda each: each.at),
    )


async def _may_read(actor: Actor, escalation_id: UUID) -> bool:
    if actor.membership_id is None:
        return False
    found: bool = await current().fetchval("select $1 = any(app.opened())", escalation_id)
    return found


def _seconds(escalation: Escalation, steps: list[EscalationStep], kinds: frozenset[str]) -> float | None:
    first = next((step for step in steps if step.kind in kinds and step.by_id is not None), None)
    # Whom somebody told before it was raised was told in no time.
    return None if first is None else max(0.0, (first.at - escalation.raised_at).total_seconds())


def _task(key: str, text: str, last: EscalationStep | None) -> Task:
    if last is None:
        return Task(key, text, is_done=False, said_at=None, said_by_id=None, note="")
    return Task(key, text, is_done=last.kind == "item_done", said_at=last.at, said_by_id=last.by_id, note=last.note)
