"""The rows a study compares: one for each account, without its name or id, kept as a file that never changes."""

import csv
import gzip
import io
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import numpy as np

from backend.kit.errors import Conflict
from backend.outbox import report_progress
from backend.outside import stored_files
from backend.retention.comparing import Subjects
from backend.retention.models import RetentionStudy
from backend.retention.thresholds import ACCOUNTS_PER_PAGE, ACTIVITY_BANDS, GROUPS_PER_STRATUM, SIZE_BANDS, TENURE_BANDS
from tenants.scope import current

_DAY: Final = timedelta(days=1)
# A subscription that begins this soon after another one is its renewal, written down late.
_RENEWED_WITHIN: Final = timedelta(days=30)

_ACCOUNTS: Final = """
    select a.id, a.size, a.customer_since, a.assigned_arm,
           exists (select from account_contacts c where c.agency_id = $1 and c.workspace_id = $2 and c.account_id = a.id
                      and c.member_id is not null) as is_linked
      from customer_accounts a
     where a.agency_id = $1 and a.workspace_id = $2 and a.id > $3 and a.created_at <= $4
     order by a.id limit $5"""
# One that was resumed ran until it had ended, and runs again since: as two would.
_SUBSCRIPTIONS: Final = """
    with pauses as materialized (
      select r.subscription_id, r.at as resumed_at, e.at as ended_at, e.ending, e.reason
        from customer_subscriptions s
        join subscription_changes r on r.agency_id = $1 and r.workspace_id = $2 and r.subscription_id = s.id
       cross join lateral (
             select c.at, c.ending, c.reason from subscription_changes c
              where c.agency_id = $1 and c.workspace_id = $2 and c.subscription_id = s.id and c.kind = 'ended'
                and (c.recorded_at, c.id) < (r.recorded_at, r.id)
              order by c.recorded_at desc, c.id desc limit 1) e
       where s.agency_id = $1 and s.workspace_id = $2 and s.account_id >= $3 and s.account_id <= $4
         and r.kind = 'resumed' and r.at < $5 and r.recorded_at <= $5)
    select s.account_id, s.plan, b.at as started_at, coalesce(p.ended_at, s.ended_at) as ended_at,
           coalesce(p.ending, s.ending) as ending, coalesce(p.reason, s.reason) as reason
      from customer_subscriptions s
     cross join lateral (select s.started_at as at union all
                         select p.resumed_at from pauses p where p.subscription_id = s.id) b
      left join lateral (select p.ended_at, p.ending, p.reason from pauses p
                          where p.subscription_id = s.id and p.ended_at >= b.at order by p.ended_at limit 1) p on true
     where s.agency_id = $1 and s.workspace_id = $2 and s.account_id >= $3 and s.account_id <= $4 and s.started_at < $5
       and s.created_at <= $5
     order by s.account_id, b.at, s.id"""
# What members did is read off the posts anew when a study runs, so it may be recorded later than the study was frozen.
_EXPOSURES: Final = """
    with began as materialized (
      select account_id, min(started_at) as at from customer_subscriptions
       where agency_id = $1 and workspace_id = $2 and account_id >= $3 and account_id <= $4 and started_at < $5
         and created_at <= $5
       group by account_id)
    select e.account_id, min(e.at) filter (where e.kind = any($6)) as first_at,
           min(e.at) filter (where e.kind = any($6) and not e.is_cancelling) as otherwise_at{own}
      from began b
      join customer_exposures e on e.agency_id = $1 and e.workspace_id = $2 and e.account_id = b.account_id
     where e.at < $5 and (e.source = 'community' or e.recorded_at <= $5)
     group by e.account_id"""
_OWN: Final = """,
           count(*) filter (where e.kind = 'posted' and e.at >= b.at and e.at <= b.at + interval '{days} days') as own_{days}"""


class InputChanged(Conflict):
    """The file is not what was frozen."""


async def gather(study: RetentionStudy) -> bytes:
    """CSV, the columns of `_heading`. Reports its progress."""
    scope, cut_off = current(), study.cut_off_at
    assert cut_off is not None
    definition, landmarks = study.definition, study.definition["landmarkDays"]
    exposures = _EXPOSURES.format(own="".join(_OWN.format(days=int(days)) for days in landmarks))
    key = (scope.actor.agency_id, study.workspace_id)
    count = await scope.fetchval(
        "select count(*) from customer_accounts where agency_id = $1 and workspace_id = $2", *key
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_heading(landmarks))
    after, done = UUID(int=0), 0
    while accounts := await scope.fetch(_ACCOUNTS, *key, after, cut_off, ACCOUNTS_PER_PAGE):
        between = (*key, accounts[0]["id"], accounts[-1]["id"], cut_off)
        spells: dict[UUID, list[Any]] = {}
        for each in await scope.fetch(_SUBSCRIPTIONS, *between):
            spells.setdefault(each["account_id"], []).append(each)
        used = {each["account_id"]: each for each in await scope.fetch(exposures, *between, definition["exposures"])}
        for account in accounts:
            spell = spells.get(account["id"])
            if spell and (account["assigned_arm"] or not definition["isRandomised"]):
                writer.writerow(_row(account, spell, used.get(account["id"]), definition, cut_off))
        after, done = accounts[-1]["id"], done + len(accounts)
        await report_progress(done, count)
    return out.getvalue().encode()


def path_of(study: RetentionStudy) -> str:
    return f"{study.agency_id}/{study.workspace_id}/studies/{study.id}.csv.gz"


async def keep_input(study: RetentionStudy, rows: bytes) -> str:
    """Its hash."""
    await stored_files().put(path_of(study), gzip.compress(rows, mtime=0))
    return sha256(rows).hexdigest()


async def kept_input(study: RetentionStudy) -> bytes:
    """Raises InputChanged where the file is gone, or another one."""
    packed = await stored_files().get(path_of(study))
    rows = None if packed is None else gzip.decompress(packed)
    if rows is None or sha256(rows).hexdigest() != study.input_hash:
        raise InputChanged("The rows of this study are not those that were frozen.")
    return rows


def subjects_in(rows: bytes, definition: Mapping[str, Any]) -> tuple[Subjects, int]:
    """What is compared, and how many of the accounts have a contact who is a member."""
    lines = csv.reader(io.StringIO(rows.decode(), newline=""))
    heading = next(lines)
    cells = list(zip(*lines, strict=True)) or [()] * len(heading)
    told: dict[str, Sequence[str]] = dict(zip(heading, cells, strict=True))
    strata = definition["strata"]
    subjects = Subjects(
        np.array(told["lasted"], dtype=np.float64),
        np.array(told["ended"]) == "1",
        _days(told["first_exposed"]),
        groups={name: _largest(told[name]) for name in ("plan", "size", "tenure") if name in strata},
        activity={
            days: np.array(told[f"activity_{days}"], dtype=np.str_)
            for days in definition["landmarkDays"]
            if "activity" in strata
        },
        first_exposed_otherwise=_days(told["first_exposed_otherwise"]),
        assigned=np.array(told["assigned"]) == "1" if definition["isRandomised"] else None,
    )
    return subjects, told["is_linked"].count("1")


def _heading(landmarks: Sequence[int]) -> list[str]:
    return [
        *("lasted", "ended", "first_exposed", "first_exposed_otherwise", "plan", "size", "tenure", "is_linked"),
        *("assigned", *(f"activity_{days}" for days in landmarks)),
    ]


def _row(account: Any, spell: Sequence[Any], used: Any, definition: Mapping[str, Any], cut_off: datetime) -> list[str]:
    began = spell[0]["started_at"]
    ended_at, last = _end_of(spell, cut_off)
    is_churn = (
        ended_at is not None
        and last["ending"] in definition["endings"]
        and last["reason"].casefold() not in definition["outsideReasons"]
    )
    since = account["customer_since"]
    tenure = 0 if since is None else max(0, (began - since) // _DAY)
    return [
        _written(began, ended_at or cut_off),
        "1" if is_churn else "0",
        _written(began, used and used["first_at"]),
        _written(began, used and used["otherwise_at"]),
        spell[0]["plan"],
        _band(account["size"] or 0, SIZE_BANDS),
        _band(tenure, TENURE_BANDS),
        "1" if account["is_linked"] else "0",
        {"offered": "1", "not_offered": "0"}.get(account["assigned_arm"], ""),
        *(_band(used[f"own_{days}"] if used else 0, ACTIVITY_BANDS) for days in definition["landmarkDays"]),
    ]


def _end_of(spell: Sequence[Any], cut_off: datetime) -> tuple[datetime | None, Any]:
    """When the account had no subscription any more, and the last one it had; None while it has one."""
    end, last = spell[0]["ended_at"], spell[0]
    for each in spell[1:]:
        if end is None or each["started_at"] > end + _RENEWED_WITHIN:
            break
        if each["ended_at"] is None or each["ended_at"] > end:
            end, last = each["ended_at"], each
    return (end if end is not None and end < cut_off else None), last


def _written(began: datetime, at: datetime | None) -> str:
    return "" if at is None else f"{(at - began) / _DAY:.6f}"


def _days(cells: Sequence[str]) -> Any:
    return np.array([cell or "inf" for cell in cells], dtype=np.float64)


def _largest(labels: Sequence[str]) -> Any:
    """The others are one group: in thousands of plans nobody is compared with anybody."""
    own = {label for label, _ in Counter(labels).most_common(GROUPS_PER_STRATUM)}
    return np.array([label if label in own else "other" for label in labels], dtype=np.str_)


def _band(number: int, bands: Sequence[tuple[int, str]]) -> str:
    return bands[bisect_right([begin for begin, _ in bands], number) - 1][1]
