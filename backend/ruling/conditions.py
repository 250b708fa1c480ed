"""What a rule looks for: a tree of conditions, and how it is written (JSON, in the shape of the API's input; reading.py reads it)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is typing's
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class Words:
    """One of the words stands in the text, in any case; with `disguised` also where it is written to pass (disguises.py)."""

    words: tuple[str, ...]
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """The RE2 pattern matches somewhere in the text."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Links:
    """So many links, of any kind; to one of the hosts or what lies below it, or to a shortener, where that is said."""

    hosts: frozenset[str] = frozenset()
    shorteners: bool = False
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Author:
    """Everything of it that is not None holds of whoever wrote the post, when they wrote it."""

    first_seen_within: timedelta | None = None
    posts_fewer_than: int | None = None
    is_at_risk: bool | None = None
    is_bot: bool | None = None
    violations_at_least: int | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """So many members and staff have reported the post, and nothing was decided since."""

    at_least: int


@dataclass(frozen=True, slots=True)
class ReportMass:
    """Its open reports by people weigh so much together (F4)."""

    at_least: float


@dataclass(frozen=True, slots=True)
class FlagScore:
    """Discourse would do `effect` by itself for the flags the post has. `high`: the score which the forum calls high."""

    effect: str
    sensitivity: str
    high: float


@dataclass(frozen=True, slots=True)
class Language:
    one_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Copies:
    """The text, or nearly the same, was posted by so many members, or so often, within the time that ends with this post."""

    within: timedelta
    members: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """The author wrote so many posts within the time that ends with this one."""

    at_least: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class OfBank:
    """A picture or film of the post is in the bank (`hashbank_<uuid>`), with one of these opinions and not as fine."""

    bank_id: str
    opinions: frozenset[str] = frozenset({"negative"})


Leaf: TypeAlias = (
    Words | Pattern | Links | Author | Reports | ReportMass | FlagScore | Language | Copies | Rate | OfBank
)
OF_REPORTS: Final = (Reports, ReportMass, FlagScore)
Condition: TypeAlias = All | Any_ | Not | Leaf


def leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield condition


def write(condition: Condition) -> dict[str, Any]:  # noqa: PLR0912 - one for each kind
    """As JSON that `read` makes the same of."""
    match condition:
        case All(parts):
            return {"all": [write(part) for part in parts]}
        case Any_(parts):
            return {"any": [write(part) for part in parts]}
        case Not(part):
            return {"not": write(part)}
        case Words(words, disguised):
            return {"words": {"words": list(words), "disguised": disguised}}
        case Pattern(pattern):
            return {"pattern": pattern}
        case Links(hosts, shorteners, at_least):
            return {"links": {"hosts": sorted(hosts), "shorteners": shorteners, "atLeast": at_least}}
        case Author():
            return {"author": _without_none({
                "firstSeenWithinHours": _in(condition.first_seen_within, timedelta(hours=1)),
                "postsFewerThan": condition.posts_fewer_than,
                "isAtRisk": condition.is_at_risk,
                "isBot": condition.is_bot,
                "violationsAtLeast": condition.violations_at_least,
            })}  # fmt: skip
        case Reports(at_least):
            return {"reportsAtLeast": at_least}
        case ReportMass(mass):
            return {"reportMassAtLeast": mass}
        case FlagScore(effect, sensitivity, high):
            return {"flagScore": {"effect": effect.upper(), "sensitivity": sensitivity.upper(), "high": high}}
        case Language(one_of):
            return {"languages": sorted(one_of)}
        case Copies(within, members, times):
            copies = {"members": members, "times": times, "withinMinutes": _in(within, timedelta(minutes=1))}
            return {"copies": _without_none(copies)}
        case Rate(at_least, within):
            return {"rate": {"atLeast": at_least, "withinMinutes": _in(within, timedelta(minutes=1))}}
        case OfBank(bank_id, opinions):
            return {"media": {"bankId": bank_id, "opinions": sorted(opinion.upper() for opinion in opinions)}}


def _in(span: timedelta | None, unit: timedelta) -> int | None:
    return None if span is None else span // unit


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
