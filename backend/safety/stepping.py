"""What the machine (climbing.py) decides, written down and told: in one transaction with its next timer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from backend.kit.ids import new_id
from backend.notices import Recipient, tell
from backend.outbox import announce, enqueue
from backend.safety.climbing import Event, Move, Place, begin, climb
from backend.safety.exposing import deepen_exposure, end_exposure
from backend.safety.grading import severity_of
from backend.safety.models import Escalation
from backend.safety.policies import Contacts, ladder_of, policy_for
from backend.safety.setting_promises import promised
from backend.safety.sparing import Reached, reached_by
from backend.safety.staffing import Staffing, staffing_of
from backend.safety.thresholds import LATE
from tenants.actor import Actor
from tenants.scope import current

WORDS: Final = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_TOUCHED: Final = ("state", "level", "loop", "began_loop", "next_at", "ack_expires_at", "silenced_until", "owner_id")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the levels of a policy reach at a moment, the owners after the last included; in its first pass and in later ones,
    which cover the same levels."""

    staffing: Staffing
    first: Sequence[Reached]
    later: Sequence[Reached]

    @property
    def covered(self) -> list[bool]:
        return [bool(reached.pages) for reached in self.first[:-1]]

    def at(self, event: Event, place: Place) -> Reached:
        return (self.first if event.loop == place.began_loop else self.later)[event.level - 1]


async def page_escalation(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: the next step, if it is due by the database's clock. Run twice, or too soon, it finds nothing to do."""
    await take_step(UUID(payload["escalation_id"]), await current().now())


async def take_step(escalation_id: UUID, moment: datetime) -> None:
    """Everything that time alone does. Of two who come at once the second waits, and finds the next step not due."""
    escalation = await Escalation.filter(id=escalation_id).select_for_update().first()
    if escalation is None or escalation.next_at is None:
        return
    if await _grow_graver(escalation, moment):
        return
    reach = await reach_of(escalation, moment=moment)
    is_gone = escalation.state == "acknowledged" and not reach.staffing.may_respond(_owner(escalation))
    if is_gone and escalation.next_at > moment:
        escalation.next_at = moment  # suspended, or not trained any more: nobody looks after it
    move = climb(place_of(escalation), ladder_of(escalation.policy), moment=moment, covered=reach.covered)
    if move is not None:
        await make(escalation, move, reach, moment=moment)


async def sweep_escalations(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: belt and braces. A timer whose job is gone (cancelled by hand, dead) is asked for again, and so is an
    acknowledgement by somebody who left."""
    rows = await current().fetch(
        """select e.id, e.workspace_id from escalations e
             left join memberships m on m.agency_id = $1 and m.id = e.owner_id
            where e.agency_id = $1 and ($4 or e.workspace_id = any($3)) and e.state <> 'resolved'
              and (e.next_at < now() - $2::interval
                   or (e.state = 'acknowledged'
                       and (m.suspended_at is not null or m.ends_at <= now()
                            or not app.is_trained(m.id, e.workspace_id, now()))))
            order by e.next_at, e.id""",
        system.agency_id,
        LATE,
        list(system.workspaces or ()),
        system.sees_all,
    )
    for row in rows:
        await enqueue(
            "page_escalation",
            {"escalation_id": str(row["id"])},
            workspace_id=row["workspace_id"],
            dedupe_key=f"page_escalation:{row['id']}:again",
        )


async def reach_of(escalation: Escalation, *, moment: datetime) -> Reach:
    """Whoever had this one and lost it does not rest from it: they know it best."""
    workspace_id, policy = escalation.workspace_id, escalation.policy
    staffing = await staffing_of(workspace_id, moment=moment, but_for=escalation.id)
    row = await current().fetchrow(
        """select coalesce(bool_or(email is not null), false) as email,
                  coalesce(bool_or(telephony_url is not null), false) as telephony
             from safety_contacts where agency_id = $1 and workspace_id = $2""",
        current().actor.agency_id,
        workspace_id,
    )
    contacts = Contacts(row["email"], row["telephony"])
    reached = partial(reached_by, policy, kind=escalation.kind, staffing=staffing, contacts=contacts, moment=moment)
    levels = range(1, len(policy["levels"]) + 2)
    return Reach(
        staffing,
        first=[reached(level) for level in levels],
        later=[reached(level, is_first_pass=False) for level in levels],
    )


def place_of(escalation: Escalation) -> Place:
    return Place(escalation.state, escalation.level, escalation.loop, escalation.began_loop, escalation.next_at)


async def begin_anew(escalation: Escalation, *, moment: datetime) -> None:
    """At level 1 of its policy, in a pass of its own. Call while holding its row."""
    reach = await reach_of(escalation, moment=moment)
    move = begin(ladder_of(escalation.policy), moment=moment, covered=reach.covered, loop=escalation.loop + 1)
    await make(escalation, move, reach, moment=moment)


async def make_graver(escalation: Escalation, severity: int, *, by_id: UUID | None, moment: datetime) -> None:
    """It follows the policy of the new severity; where nobody has taken it yet, from its beginning. Call while holding
    its row."""
    escalation.severity = severity
    escalation.policy = await policy_for(escalation.workspace_id, kind=escalation.kind, severity=severity)
    escalation.promised_seconds = await promised(severity)
    await note_step(escalation, "severity_raised", by_id=by_id, note=str(severity), moment=moment)
    await keep(escalation, "severity", "policy", "promised_seconds", "impact", "urgency")
    if escalation.state == "acknowledged":
        await deepen_exposure(escalation)
    else:
        await begin_anew(escalation, moment=moment)


async def make(escalation: Escalation, move: Move, reach: Reach, *, moment: datetime) -> None:
    """Call while holding the row of the escalation."""
    place = move.place
    escalation.update_from_dict(
        {
            **{name: getattr(place, name) for name in ("state", "level", "loop", "began_loop", "next_at")},
            "ack_expires_at": None,
            "silenced_until": None,
            "owner_id": None,
        }
    )
    await end_exposure(escalation, moment=moment)
    for event in move.events:
        await note_step(escalation, event.kind, level=event.level, loop=event.loop, moment=moment)
        if event.kind in ("paged", "exhausted"):
            await _page(escalation, event, reach.at(event, place), moment=moment)
    await keep(escalation, *_TOUCHED, "first_paged_at")
    await set_timer(escalation)


async def keep(escalation: Escalation, *columns: str) -> None:
    escalation.version += 1
    await escalation.save(update_fields=[*columns, "version"])
    announce("escalation", workspace_id=escalation.workspace_id, subject_id=escalation.id)


async def set_timer(escalation: Escalation) -> None:
    """One job for each moment it may wait for; one that comes when nothing is due does nothing."""
    if escalation.next_at is not None:
        await enqueue(
            "page_escalation",
            {"escalation_id": str(escalation.id)},
            workspace_id=escalation.workspace_id,
            run_at=escalation.next_at,
            dedupe_key=f"page_escalation:{escalation.id}:{escalation.next_at.isoformat()}",
        )


async def note_step(
    escalation: Escalation,
    kind: str,
    *,
    moment: datetime,
    level: int | None = None,
    loop: int | None = None,
    membership_id: UUID | None = None,
    by_id: UUID | None = None,
    note: str = "",
) -> UUID:
    """Pages have their own (`_page`): here `paged` would only say again what they say."""
    id = new_id()
    if kind != "paged":
        await _insert(escalation, [(id, kind, level, loop, "", None, membership_id, by_id, note)], moment=moment)
    return id


async def note_page(
    escalation: Escalation, kind: str, payload: Mapping[str, Any], *, note: str, moment: datetime
) -> None:
    """Of a page to others than colleagues: it went, or could not."""
    channel = "mail" if payload["target"] == "client_contact" else "webhook"
    row = (new_id(), kind, payload["level"], payload["loop"], payload["target"], channel, None, None, note)
    await _insert(escalation, [row], moment=moment)


async def note_contact(
    escalation: Escalation, *, whom: str, channel: str, by_id: UUID, note: str, moment: datetime
) -> None:
    row = (new_id(), "contacted", None, None, whom, channel, None, by_id, note)
    await _insert(escalation, [row], moment=moment)


async def note_item(escalation: Escalation, kind: str, *, key: str, by_id: UUID, note: str, moment: datetime) -> None:
    await _insert(escalation, [(new_id(), kind, None, None, key, None, None, by_id, note)], moment=moment)


async def let_read(
    escalation: Escalation, memberships: Iterable[UUID], *, because: str, until: datetime | None
) -> None:
    await current().executemany(
        """insert into escalation_readers (agency_id, workspace_id, id, escalation_id, membership_id, because, until)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (agency_id, workspace_id, escalation_id, membership_id, because) do update set until = $7""",
        [
            (current().actor.agency_id, escalation.workspace_id, new_id(), escalation.id, each, because, until)
            for each in memberships
        ],
    )


async def _page(escalation: Escalation, event: Event, reached: Reached, *, moment: datetime) -> None:
    """Each once: the step says so, and what goes outside has the key of the step. No word of what happened is in it."""
    pages, at = reached.pages, (event.level, event.loop)
    rows: list[tuple[Any, ...]] = [
        *((new_id(), "passed_over", *at, reason, None, who, None, "") for who, reason in reached.passed.items()),
        *((new_id(), "nobody_else", *at, reason, None, who, None, "") for who, reason in reached.needed.items()),
        *(
            (new_id(), "paged", *at, page.target, channel, page.membership_id, None, "")
            for page in pages
            for channel in page.channels
        ),
    ]
    await _insert(escalation, rows, moment=moment)
    if pages and escalation.first_paged_at is None:
        escalation.first_paged_at = moment
    people = [page.membership_id for page in pages if page.membership_id is not None]
    await let_read(escalation, people, because="paged", until=None)
    for text, whom in _told(escalation, people, reached).items():
        await tell(
            [Recipient(membership_id=each) for each in whom],
            kind="escalation_drill" if escalation.is_drill else "escalation",
            subject_id=escalation.id,
            workspace_id=escalation.workspace_id,
            text=text,
            occasion=f"{event.loop}.{event.level}",
            facts={"severity": WORDS[escalation.severity], "danger": escalation.kind},
        )
    for page in pages:
        if page.membership_id is None:
            payload = {
                "escalation_id": str(escalation.id),
                "level": event.level,
                "loop": event.loop,
                "target": page.target,
                "severity": escalation.severity,
            }
            await enqueue("page_outside", payload, workspace_id=escalation.workspace_id)


def _told(escalation: Escalation, people: Sequence[UUID], reached: Reached) -> dict[str, list[UUID]]:
    """By what each reads in Tend."""
    usual = "Drill: take it as if it were real." if escalation.is_drill else "Somebody may be in danger: take it."
    found: dict[str, list[UUID]] = {}
    for each in people:
        found.setdefault(usual + reached.why_they(each), []).append(each)
    return found


async def _insert(escalation: Escalation, rows: Sequence[tuple[Any, ...]], *, moment: datetime) -> None:
    await current().executemany(
        """insert into escalation_steps (agency_id, workspace_id, escalation_id, at, id, kind, level, loop, target,
                                         channel, membership_id, by_id, note)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing""",
        [(current().actor.agency_id, escalation.workspace_id, escalation.id, moment, *row) for row in rows],
    )


async def _grow_graver(escalation: Escalation, moment: datetime) -> bool:
    """A deadline in law comes nearer by itself; whoever has taken it keeps it. Whether everything begins anew."""
    graver = severity_of(
        escalation.impact,
        escalation.urgency,
        legal_basis=escalation.legal_basis,
        raised_at=escalation.clock_from or escalation.raised_at,
        moment=moment,
    )
    if escalation.legal_basis is None or graver >= escalation.severity:
        return False
    await make_graver(escalation, graver, by_id=None, moment=moment)
    return escalation.state != "acknowledged"


def _owner(escalation: Escalation) -> UUID:
    assert escalation.owner_id is not None
    return escalation.owner_id
