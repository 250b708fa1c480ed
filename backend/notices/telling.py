import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from backend.kit.ids import new_id
from backend.notices import catalogue
from backend.notices.catalogue import CHANNELS, Kind
from backend.notices.scheduling import Hours, due_at
from backend.notices.thresholds import BURST
from backend.outbox import announce, enqueue
from tenants.scope import current

_WORD: Final = re.compile(r"[a-z_]{1,40}")
_SENTENCES: Final = re.compile(r"[^<>\n]{1,2000}")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Exactly one of the two."""

    member_id: UUID | None = None
    membership_id: UUID | None = None


async def told_since(moment: datetime, *, most: int = 100) -> list[UUID]:
    """What the scope's actor was told since, the oldest first."""
    scope = current()
    rows = await scope.fetch(
        """select id from notices where agency_id = $1 and membership_id = $2 and created_at >= $3
            order by created_at, id limit $4""",
        scope.actor.agency_id,
        scope.actor.membership_id,
        moment,
        most,
    )
    return [row["id"] for row in rows]


async def tell(
    recipients: Iterable[Recipient],
    *,
    kind: str,
    subject_id: UUID,
    workspace_id: UUID | None,
    text: str,
    occasion: str = "",
    facts: Mapping[str, str] | None = None,
) -> None:
    """Store one notice per recipient, and promise its delivery by every channel they want it by. Telling the same thing
    again adds nothing; another `occasion` makes it another thing. `text` is read in Tend; messages outside are made of
    `facts` alone, which are words and sentences of Tend's own, so that no content of a case ever leaves in one.

    Without a workspace it is about the agency itself: whoever sees only some clients is told as somebody of the one
    they work for longest, and whoever works for none is not told. Raises KeyError for a kind that the catalogue does
    not know, ValueError for a fact that is no such word.
    """
    about, facts = catalogue.KINDS[kind], dict(facts or {})
    for name, word in facts.items():
        form = _SENTENCES if name in about.sentences else _WORD
        if name not in about.facts or form.fullmatch(word) is None:
            raise ValueError(f"{name} is no fact of {kind}, or no word of our own.")
    told = list(dict.fromkeys(recipients))
    if not told:
        return
    places = await _places(told) if workspace_id is None else dict.fromkeys(told, workspace_id)
    scope = current()
    agency_id, urgency = scope.actor.agency_id, "danger" if about.is_danger else "normal"
    rows = [
        (
            *(agency_id, places[to], new_id(), kind, about.subject_kind, subject_id),
            *(occasion, urgency, to.member_id, to.membership_id, text, orjson.dumps(facts).decode()),
        )
        for to in told
        if to in places
    ]
    await scope.executemany(
        """insert into notices (agency_id, workspace_id, id, kind, subject_kind, subject_id, occasion, urgency,
                                member_id, membership_id, text, facts)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb) on conflict do nothing""",
        rows,
    )
    stored = await scope.fetch(
        """select id, workspace_id, membership_id from notices
            where agency_id = $1 and id = any($2) and membership_id is not null order by id""",
        agency_id,
        [row[2] for row in rows],
    )
    for new in stored:
        announce("notice", workspace_id=new["workspace_id"], subject_id=new["id"], membership_id=new["membership_id"])
    if stored:
        await _promise(stored, kind, about)
    await enqueue("deliver_notices", {"subject_id": str(subject_id)}, workspace_id=workspace_id)


async def _places(told: Sequence[Recipient]) -> dict[Recipient, UUID | None]:
    """In which client each reads what is about the agency itself: the wall keeps it from who loses that client."""
    rows = await current().fetch(
        """select m.id, m.sees_all, (select a.workspace_id from assignments a
                                      where a.agency_id = $1 and a.membership_id = m.id
                                      order by a.created_at, a.id limit 1) as workspace_id
             from memberships m where m.agency_id = $1 and m.id = any($2)""",
        current().actor.agency_id,
        [to.membership_id for to in told],
    )
    return {
        Recipient(membership_id=row["id"]): None if row["sees_all"] else row["workspace_id"]
        for row in rows
        if row["sees_all"] or row["workspace_id"] is not None
    }


async def _promise(told: Sequence[Any], kind: str, about: Kind) -> None:
    """A row for each channel they want it by, and a job for when it is due."""
    scope = current()
    agency_id = scope.actor.agency_id
    memberships = list({each["membership_id"] for each in told})
    moment: datetime = await scope.fetchval("select now()")
    settings = {
        row["membership_id"]: row
        for row in await scope.fetch(
            """select membership_id, time_zone, digest_hour, quiet_from, quiet_until, has_chat
                 from notice_settings where agency_id = $1 and membership_id = any($2)""",
            agency_id,
            memberships,
        )
    }
    wanted = await _wanted(memberships, kind)
    latest = await _latest(memberships, kind, since=moment - BURST)
    rows, jobs = [], set()
    for each in told:
        whose, where = each["membership_id"], each["workspace_id"]
        own = settings.get(whose)
        for channel in CHANNELS:
            how = wanted.get((whose, channel, where)) or wanted.get((whose, channel, None)) or about.usual(channel)
            if how == "never" or (channel == "chat" and (own is None or not own["has_chat"])):
                continue
            how = "at_once" if about.is_danger else how
            due = due_at(
                moment,
                how,
                is_danger=about.is_danger,
                hours=_hours(own),
                latest=latest.get((whose, channel, where)),
            )
            rows.append((agency_id, where, new_id(), each["id"], whose, kind, channel, how, due))
            jobs.add((whose, channel, due))
    await scope.executemany(
        """insert into notice_deliveries (agency_id, workspace_id, id, notice_id, membership_id, kind, channel, how, due_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        rows,
    )
    way = "danger" if about.is_danger else "notices"
    for membership_id, channel, due in sorted(jobs):
        await enqueue(
            f"gather_{way}",
            {"membership_id": str(membership_id), "channel": channel, "due_at": due.isoformat()},
            run_at=due,
            dedupe_key=f"gather_{way}:{channel}:{membership_id}:{due.isoformat()}",
        )


async def _wanted(memberships: Sequence[UUID], kind: str) -> dict[tuple[UUID, str, UUID | None], str]:
    rows = await current().fetch(
        """select membership_id, channel, workspace_id, how from notice_preferences
            where agency_id = $1 and membership_id = any($2) and kind = $3""",
        current().actor.agency_id,
        memberships,
        kind,
    )
    return {(row["membership_id"], row["channel"], row["workspace_id"]): row["how"] for row in rows}


async def _latest(
    memberships: Sequence[UUID], kind: str, *, since: datetime
) -> dict[tuple[UUID, str, UUID | None], datetime]:
    rows = await current().fetch(
        """select membership_id, channel, workspace_id, max(due_at) as due_at from notice_deliveries
            where agency_id = $1 and membership_id = any($2) and kind = $3 and how = 'at_once' and due_at > $4
            group by membership_id, channel, workspace_id""",
        current().actor.agency_id,
        memberships,
        kind,
        since,
    )
    return {(row["membership_id"], row["channel"], row["workspace_id"]): row["due_at"] for row in rows}


def _hours(own: Any) -> Hours:
    if own is None:
        return Hours()
    return Hours(own["time_zone"], own["digest_hour"], own["quiet_from"], own["quiet_until"])
