"""Requests that an intimate picture be taken down: 47 U.S.C. 223a. Their 48 hours run since they came, complete or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.outbox import enqueue
from backend.outside import Mail, MessageRefused, send_mail
from backend.safety.grading import severity_of
from backend.safety.holding import is_alive, locked, must_respond, record
from backend.safety.models import Escalation, Takedown
from backend.safety.stepping import keep, make_graver, note_step
from backend.safety.thresholds import EARLIEST, TAKE_IT_DOWN_GRAVEST_AFTER, TAKE_IT_DOWN_WITHIN
from tenants.actor import Actor
from tenants.models import Agency
from tenants.rights import Right
from tenants.scope import current

# What law asks a request to have (223a (a)(1)(B)), in the words of whoever is told what is missing.
ASKED_FOR: Final[Mapping[str, str]] = {
    "signature": "your signature, or that of whoever speaks for you",
    "identification": "what shows which picture or video it is",
    "location": "where it can be found, such as its address",
    "good_faith": "a statement, in good faith, that it was published without consent",
    "contact": "how you can be reached",
}
HASH_TYPES: Final = ("pdq", "md5", "sha1", "sha256", "vpdq", "tmk")
MOST_COPIES: Final = 500


@dataclass(frozen=True, slots=True)
class Requested:
    """As it came; empty for what is missing. `authority`: by which a representative speaks for whoever is shown."""

    signature: str = ""
    identification: str = ""
    location: str = ""
    good_faith: str = ""
    contact: str = ""
    authority: str = ""
    email: str | None = None

    def cleaned(self) -> dict[str, Any]:
        """Raises Invalid."""
        found: dict[str, Any] = {
            name: clean(getattr(self, name), field=_camel(name), longest=5_000, may_be_empty=True)
            for name in (*ASKED_FOR, "authority")
        }
        try:
            given = (self.email or "").strip()
            found["email"] = validate_email(given, check_deliverability=False).normalized if given else None
        except EmailNotValidError:
            raise Invalid("This is no mail address.", path=("input", "email")) from None
        return found


def missing_of(takedown: Takedown) -> list[str]:
    return [name for name in ASKED_FOR if not getattr(takedown, name)]


async def receive_takedown(
    actor: Actor, escalation_id: UUID, asked: Requested, *, received_at: datetime, moment: datetime | None = None
) -> UUID:
    """Write down a request that came, of an escalation that is open; whoever asks is answered at once, what is missing
    included. From now on law's clock is the escalation's too. Its id. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    cleaned = asked.cleaned()
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        if not EARLIEST <= received_at <= moment + timedelta(minutes=1):
            raise Invalid("It came before now, and in this century.", path=("input", "receivedAt"))
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        takedown = await Takedown.create(
            id=new_id(),
            workspace_id=escalation.workspace_id,
            escalation_id=escalation.id,
            by_id=membership_id,
            received_at=received_at,
            deadline_at=received_at + TAKE_IT_DOWN_WITHIN,
            created_at=moment,
            **cleaned,
        )
        if not missing_of(takedown):
            await _keep(takedown, valid_at=received_at)
        await note_step(escalation, "takedown_received", by_id=membership_id, moment=moment)
        await _run_clock(escalation, received_at, moment=moment)
        await _answer(takedown)
        await _done(escalation, takedown, "takedown_received", membership_id, moment=moment)
        return takedown.id


async def complete_takedown(
    actor: Actor, takedown_id: UUID, asked: Requested, *, expected_version: int, moment: datetime | None = None
) -> None:
    """What was missing has come. The deadline stays: it runs since the request came. Raises NotAllowed, NotFound,
    Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    given = {name: value for name, value in asked.cleaned().items() if value}
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        takedown, escalation = await _both(takedown_id, expected_version)
        membership_id = await must_respond(actor, escalation, moment=moment)
        lacking = missing_of(takedown)
        if not lacking or not set(given) <= {*lacking, "email", "authority"}:
            raise Invalid("Give what is missing; what was said stays.", path=("input",))
        await _keep(takedown, **given)
        if not missing_of(takedown):
            await _keep(takedown, valid_at=moment)
        await note_step(escalation, "takedown_completed", by_id=membership_id, moment=moment)
        await _answer(takedown)
        await _done(escalation, takedown, "takedown_completed", membership_id, moment=moment)


async def settle_takedown(
    actor: Actor,
    takedown_id: UUID,
    *,
    removed_at: datetime | None,
    copies: Sequence[str] = (),
    hash_types: Sequence[str] = (),
    refusal: str | None,
    expected_version: int,
    moment: datetime | None = None,
) -> None:
    """It is gone, with the identical copies that were found; or refused, and why. Raises NotAllowed, NotFound, Invalid, and
    Conflict for what was settled before."""
    actor.must_hold(Right.WORK_QUEUE)
    if (removed_at is None) == (refusal is None):
        raise Invalid("Say when it was removed, or why it is not.", path=("input",))
    if len(copies) > MOST_COPIES or not set(hash_types) <= set(HASH_TYPES):
        raise Invalid(f"Name {MOST_COPIES} copies at most, by types of hashes that Tend knows.", path=("input",))
    columns: dict[str, Any] = {
        "refusal": None if refusal is None else clean(refusal, field="refusal", longest=5_000),
        "copies": [clean(each, field="copies", longest=2_000) for each in copies],
        "hash_types": sorted(set(hash_types)),
        "removed_at": removed_at,
    }
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        takedown, escalation = await _both(takedown_id, expected_version)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if removed_at is not None and not takedown.received_at <= removed_at <= moment + timedelta(minutes=1):
            raise Invalid("It was removed after it was asked for, and before now.", path=("input", "removedAt"))
        await _keep(takedown, **columns, settled_by_id=membership_id)
        await note_step(escalation, "takedown_settled", by_id=membership_id, moment=moment)
        await _done(escalation, takedown, "takedown_settled", membership_id, moment=moment)


async def answer_takedown(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: tell whoever asks that it came, and what is missing; once for each version. Run again, the mail has the same
    Message-ID, and there is one step."""
    takedown = await Takedown.filter(id=UUID(payload["takedown_id"])).first()
    if takedown is None or takedown.email is None:
        return
    since = datetime.fromisoformat(payload["since"])
    if takedown.answered_at is not None and takedown.answered_at >= since:
        return
    escalation = await Escalation.get(id=takedown.escalation_id)
    try:
        await _mail(takedown, payload["since"], is_drill=escalation.is_drill)
        note = ""
    except MessageRefused as problem:
        note = str(problem)
    moment = await current().now()
    # Nothing is locked while a mail goes: of two who send it one says so.
    is_first = await current().fetchval(
        """update takedowns set answered_at = $4 where agency_id = $1 and workspace_id = $2 and id = $3
              and (answered_at is null or answered_at < $5) returning true""",
        takedown.agency_id,
        takedown.workspace_id,
        takedown.id,
        moment,
        since,
    )
    if is_first:
        await note_step(escalation, "takedown_answered", note=note, moment=moment)


async def give_up_answer(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job is dead: whoever works on it reads in the steps that nobody was answered."""
    takedown = await Takedown.get(id=UUID(payload["takedown_id"]))
    escalation = await Escalation.get(id=takedown.escalation_id)
    await note_step(escalation, "takedown_answered", note=f"Not sent: {problem}"[:5_000], moment=await current().now())


async def _mail(takedown: Takedown, since: str, *, is_drill: bool) -> None:
    """Nothing of the request is in it: whoever reads the mailbox need not be who asked. Raises MessageRefused,
    MessageDelayed."""
    assert takedown.email is not None
    agency = await Agency.get(id=takedown.agency_id)
    missing = [ASKED_FOR[name] for name in missing_of(takedown)]
    if missing:
        listed = "\n".join(f"- {each}" for each in missing)
        said = f"Your request has come. To act upon it we still need:\n\n{listed}\n\nPlease answer as soon as you can."
    else:
        said = "Your request has come, and is complete. It is dealt with within 48 hours of its arrival."
    await send_mail(
        Mail(
            to=takedown.email,
            subject="Drill: your request to take something down" if is_drill else "Your request",
            text=f"{said}\n\n{agency.name}\n",
            message_id=f"takedown-{takedown.id}-{''.join(each for each in since if each.isalnum())}",
            sender_name=agency.name,
        )
    )


async def _run_clock(escalation: Escalation, received_at: datetime, *, moment: datetime) -> None:
    """The earliest counts. At 36 hours it is of severity 1, whatever else is going on: a timer of its own sees to that."""
    escalation.legal_basis = escalation.legal_basis or "take_it_down"
    escalation.clock_from = min(escalation.clock_from or received_at, received_at)
    await keep(escalation, "legal_basis", "clock_from")
    graver = severity_of(
        escalation.impact,
        escalation.urgency,
        legal_basis=escalation.legal_basis,
        raised_at=escalation.clock_from,
        moment=moment,
    )
    if graver < escalation.severity:
        await make_graver(escalation, graver, by_id=None, moment=moment)
    gravest_at = escalation.clock_from + TAKE_IT_DOWN_GRAVEST_AFTER
    if gravest_at > moment:
        await enqueue(
            "page_escalation",
            {"escalation_id": str(escalation.id)},
            workspace_id=escalation.workspace_id,
            run_at=gravest_at,
            dedupe_key=f"page_escalation:{escalation.id}:{gravest_at.isoformat()}",
        )


async def _answer(takedown: Takedown) -> None:
    """Whoever left no address is answered by hand: `missing` says what to say."""
    if takedown.email is not None:
        since = await current().now()
        await enqueue(
            "answer_takedown",
            {"takedown_id": str(takedown.id), "since": since.isoformat()},
            workspace_id=takedown.workspace_id,
        )


async def _both(takedown_id: UUID, expected_version: int) -> tuple[Takedown, Escalation]:
    """The escalation is locked first, as everywhere. Raises NotFound, Conflict."""
    known = await Takedown.get_or_none(id=takedown_id)
    if known is None:
        raise NotFound(path=("input", "takedownId"))
    escalation = await locked(known.escalation_id, must_be_open=False)
    takedown = await Takedown.get(id=takedown_id)
    if takedown.settled_by_id is not None:
        raise Conflict("This request was settled before.", path=("input", "takedownId"))
    if takedown.version != expected_version:
        raise Conflict("Somebody has changed it meanwhile: read it again.", path=("input", "expectedVersion"))
    return takedown, escalation


async def _keep(takedown: Takedown, **columns: Any) -> None:
    takedown.update_from_dict({**columns, "version": takedown.version + 1})
    await takedown.save(update_fields=[*columns, "version"])


async def _done(
    escalation: Escalation, takedown: Takedown, verb: str, membership_id: UUID, *, moment: datetime
) -> None:
    if escalation.owner_id == membership_id:
        await is_alive(escalation, moment=moment)
    await record(verb, escalation, takedown=f"takedown_{takedown.id}", missing=missing_of(takedown))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
