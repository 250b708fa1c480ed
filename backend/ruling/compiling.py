"""All rules of a client made one thing that is asked about a post: what a thousand of them cost is close to what one costs."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import orjson

from backend.ruling.banking import Bank, banks_of
from backend.ruling.conditions import (
    OF_REPORTS,
    All,
    Any_,
    Condition,
    Copies,
    Leaf,
    Links,
    Pattern,
    Words,
    leaves,
)
from backend.ruling.disguises import unfold
from backend.ruling.judging import Judge, Seen, Verdict, judge_of, needs
from backend.ruling.reading import read
from backend.ruling.scanning import LinksOf, Texts
from backend.ruling.thresholds import RULESETS_KEPT
from backend.safety import Danger
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Actions:
    """What becomes of a post that a rule finds."""

    report: bool = True
    hide: bool = False
    queue_id: UUID | None = None
    tags: tuple[str, ...] = ()
    at_most_per_day: int | None = None
    raises: Danger | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A version of a rule that looks for something. Modes as of RuleFiring."""

    rule_id: UUID
    name: str
    version: int
    mode: str
    condition: Condition
    actions: Actions
    policy_id: UUID

    @property
    def counts_reports(self) -> bool:
        return any(isinstance(leaf, OF_REPORTS) for leaf in leaves(self.condition))


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    post: Seen
    entry: Entry


class Ruleset:
    """Never changed. A rule is asked only about posts in which one of the texts or links stands without which it cannot say
    yes; RE2's filter tells which those are, for all rules at once."""

    def __init__(self, entries: Sequence[Entry], banks: Mapping[str, Bank] | None = None) -> None:
        self.entries = entries
        self.banks: Mapping[str, Bank] = banks or {}
        found = dict.fromkeys(leaf for entry in entries for leaf in leaves(entry.condition))
        self.numbers: dict[Leaf, int] = {
            leaf: number for number, leaf in enumerate(found) if isinstance(leaf, (Words, Pattern, Links))
        }
        self.looks_up = {entry: frozenset(filter(None, map(needs, leaves(entry.condition)))) for entry in entries}
        self.has_copies = any(isinstance(leaf, Copies) for leaf in found)
        self._judges: list[tuple[Entry, Judge]] = [
            (entry, judge_of(entry.condition, self.numbers)) for entry in entries
        ]
        self._always: list[int] = []
        self._on: dict[int, list[int]] = {}
        for place, entry in enumerate(entries):
            triggers = _triggers(entry.condition, self.numbers)
            if triggers is None:
                self._always.append(place)
            for number in triggers or ():
                self._on.setdefault(number, []).append(place)
        self._plain = Texts([leaf for leaf in self.numbers if not _is_disguised(leaf)], self.numbers)
        self._disguised = Texts([leaf for leaf in self.numbers if _is_disguised(leaf)], self.numbers)
        self._links = LinksOf([leaf for leaf in self.numbers if isinstance(leaf, Links)], self.numbers)

    def ask(self, post: Seen) -> list[tuple[Entry, Verdict]]:
        """Of all rules that say yes, or would have to know more. Notes in the post which texts and links it has."""
        hits = self._plain.in_text(post.text)
        if self._disguised:
            hits |= self._disguised.in_text(unfold(post.text))
        if self._links:
            hits |= self._links.in_text(post.text)
        post.hits = frozenset(hits)
        places = self._always
        if post.hits:
            places = sorted({*places, *(place for number in post.hits for place in self._on.get(number, ()))})
        return [
            (entry, verdict)
            for entry, judge in map(self._judges.__getitem__, places)
            if (verdict := judge(post)) is not Verdict.NO
        ]

    def ask_again(self, post: Seen, entries: Collection[Entry]) -> list[tuple[Entry, Verdict]]:
        """When all they need was looked up."""
        return [(entry, self._judge_of[entry](post)) for entry in entries]

    @cached_property
    def _judge_of(self) -> dict[Entry, Judge]:
        return dict(self._judges)


def _is_disguised(leaf: Leaf) -> bool:
    return isinstance(leaf, Words) and leaf.disguised


def _triggers(condition: Condition, numbers: Mapping[Leaf, int]) -> frozenset[int] | None:
    """Conditions one of which holds wherever the whole does; None where that cannot be said."""
    match condition:
        case All(parts):
            known = [found for part in parts if (found := _triggers(part, numbers)) is not None]
            return min(known, key=len, default=None)
        case Any_(parts):
            each = [_triggers(part, numbers) for part in parts]
            known = [found for found in each if found is not None]
            return frozenset().union(*known) if len(known) == len(each) else None
        case Words() | Pattern() | Links():
            return frozenset({numbers[condition]})
        case _:
            return None


_kept: OrderedDict[UUID, tuple[int, Ruleset]] = OrderedDict()
NOBODY: Final = Ruleset(())


async def ruleset_of(workspace_id: UUID) -> Ruleset:
    """What looks at the client's posts now: live versions, and those tried in the shadow."""
    scope = current()
    version = await scope.fetchval(
        "select version from rulesets where agency_id = $1 and workspace_id = $2", scope.actor.agency_id, workspace_id
    )
    if version is None:
        return NOBODY
    kept = _kept.get(workspace_id)
    if kept is None or kept[0] != version:
        entries, banks = await entries_of(workspace_id), await banks_of(workspace_id)
        kept = (version, await asyncio.to_thread(Ruleset, entries, banks))
        _kept[workspace_id] = kept
    _kept.move_to_end(workspace_id)
    while len(_kept) > RULESETS_KEPT:
        _kept.popitem(last=False)
    return kept[1]


async def entries_of(workspace_id: UUID) -> list[Entry]:
    scope = current()
    rows = await scope.fetch(
        """select r.id, r.name, v.version, v.conditions, v.actions, v.policy_id,
                  case when v.version = r.live_version and r.state = 'live' then 'live' else 'shadow' end as mode
             from rules r
             join rule_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.rule_id = r.id
              and ((r.state = 'live' and v.version = r.live_version)
                   or (r.state in ('live', 'shadow') and v.version = r.shadow_version))
            where r.agency_id = $1 and r.workspace_id = $2 and r.state in ('live', 'shadow')
            order by r.created_at, r.id, v.version""",
        scope.actor.agency_id,
        workspace_id,
    )
    return [entry_of(row, row["mode"]) for row in rows]


def entry_of(row: Any, mode: str) -> Entry:
    return Entry(
        rule_id=row["id"],
        name=row["name"],
        version=row["version"],
        mode=mode,
        condition=read(_json(row["conditions"])),
        actions=actions_of(_json(row["actions"])),
        policy_id=row["policy_id"],
    )


def actions_of(written: Mapping[str, Any]) -> Actions:
    queue_id = written.get("queueId")
    return Actions(
        report=bool(written.get("report", True)),
        hide=bool(written.get("hideUntilReviewed")),
        queue_id=None if queue_id is None else UUID(queue_id.partition("_")[2]),
        tags=tuple(written.get("tags") or ()),
        at_most_per_day=written.get("atMostPerDay"),
        raises=_danger_of(written.get("raises")),
    )


def _danger_of(written: Mapping[str, Any] | None) -> Danger | None:
    if written is None:
        return None
    return Danger(written["kind"].lower(), "", impact=written["impact"], urgency=written["urgency"])


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, (str, bytes)) else value
