"""What a rule looks for: a tree of conditions, as it is written (JSON, in the shape of the API's input) and as it is read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

from backend.kit.errors import Invalid
from backend.kit.ids import parse_published
from backend.kit.texts import clean
from backend.ruling.languages import LANGUAGES
from backend.ruling.matching import compile_pattern, distinct
from backend.ruling.thresholds import (
    CONDITION_DEPTH,
    CONDITIONS_PER_RULE,
    COPIES_LOOKED_AT,
    HISTORY,
    HOSTS_PER_CONDITION,
    LONGEST_WINDOW,
    PATTERN_CHARACTERS,
    WORDS_PER_RULE,
)

PATH: Final = ("input", "conditions")
OPINIONS: Final = ("negative", "investigation_seed", "positive")


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


Leaf: TypeAlias = Words | Pattern | Links | Author | Reports | Language | Copies | Rate | OfBank
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


def read(written: object) -> Condition:
    """Raises Invalid for what is no such tree, is too deep or too large, or holds a pattern that RE2 does not take."""
    condition = _read(written, depth=1)
    found = list(leaves(condition))
    if len(found) > CONDITIONS_PER_RULE:
        raise Invalid(f"A rule has at most {CONDITIONS_PER_RULE} conditions.", path=PATH)
    if sum(len(leaf.words) for leaf in found if isinstance(leaf, Words)) > WORDS_PER_RULE:
        raise Invalid(f"A rule holds at most {WORDS_PER_RULE:,} words.", path=PATH)
    return condition


def write(condition: Condition) -> dict[str, Any]:
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


def _read(written: object, *, depth: int) -> Condition:
    if depth > CONDITION_DEPTH:
        raise Invalid(f"Conditions lie at most {CONDITION_DEPTH} deep within each other.", path=PATH)
    if not isinstance(written, Mapping) or len(written) != 1:
        raise Invalid("Each condition says exactly one thing.", path=PATH)
    [(name, value)] = written.items()
    if name in ("all", "any"):
        if not isinstance(value, list) or not value:
            raise Invalid(f"`{name}` needs at least one condition.", path=PATH)
        parts = tuple(_read(part, depth=depth + 1) for part in value)
        return All(parts) if name == "all" else Any_(parts)
    if name == "not":
        return Not(_read(value, depth=depth + 1))
    if name not in _LEAVES:
        raise Invalid(f"There is no condition called {str(name)[:40]!r}.", path=PATH)
    try:
        return _LEAVES[name](value)
    except (KeyError, TypeError, AttributeError, OverflowError):
        raise Invalid(f"`{name}` is not complete, or not what it should be.", path=PATH) from None


def _words(value: Any) -> Words:
    words = [clean(word, field="conditions", longest=200) for word in value["words"]]
    if not words:
        raise Invalid("Give at least one word.", path=PATH)
    return Words(tuple(distinct(words)), bool(value.get("disguised")))


def _pattern(value: Any) -> Pattern:
    clean(value, field="conditions", longest=PATTERN_CHARACTERS)
    compile_pattern(value, field="conditions")
    return Pattern(value)


def _links(value: Any) -> Links:
    hosts = frozenset(
        clean(host, field="conditions", longest=253).casefold().strip(".") for host in value.get("hosts") or ()
    )
    if len(hosts) > HOSTS_PER_CONDITION:
        raise Invalid(f"A condition names at most {HOSTS_PER_CONDITION} hosts.", path=PATH)
    for host in hosts:
        if not host or set(host) & set("/:@? "):
            raise Invalid(f"{host[:60]!r} is no host: leave out the scheme, the port and the path.", path=PATH)
    return Links(hosts, bool(value.get("shorteners")), _number("atLeast", value.get("atLeast", 1), most=100))


def _author(value: Any) -> Author:
    hours = value.get("firstSeenWithinHours")
    author = Author(
        None if hours is None else timedelta(hours=_number("firstSeenWithinHours", hours, most=10_000)),
        _optional("postsFewerThan", value, most=HISTORY),
        _truth(value.get("isAtRisk")),
        _truth(value.get("isBot")),
        _optional("violationsAtLeast", value, most=1_000),
    )
    if author == Author():
        raise Invalid("Say something about the author.", path=PATH)
    return author


def _reports(value: Any) -> Reports:
    return Reports(_number("reportsAtLeast", value, most=1_000))


def _languages(value: Any) -> Language:
    unknown = sorted(set(value) - LANGUAGES)
    if unknown or not value:
        raise Invalid(f"Give languages by their two letters of ISO 639-1; {unknown[:3]} can't be told.", path=PATH)
    return Language(frozenset(value))


def _copies(value: Any) -> Copies:
    most = COPIES_LOOKED_AT
    members, times = _optional("members", value, most=most), _optional("times", value, most=most)
    if (members is None) == (times is None):
        raise Invalid("Count copies either by members or by times.", path=PATH)
    if 1 in (members, times):
        raise Invalid("One of a kind is no copy: give 2 or more.", path=PATH)
    return Copies(_window(value), members, times)


def _rate(value: Any) -> Rate:
    return Rate(_number("atLeast", value["atLeast"], most=HISTORY), _window(value))


def _media(value: Any) -> OfBank:
    named = parse_published(value["bankId"])
    opinions = frozenset(opinion.lower() for opinion in value.get("opinions") or ("negative",))
    if named is None or named[0] != "hashbank" or not opinions <= set(OPINIONS):
        raise Invalid("Name a bank of hashes and opinions.", path=PATH)
    return OfBank(value["bankId"], opinions)


def _window(value: Any) -> timedelta:
    return timedelta(
        minutes=_number("withinMinutes", value["withinMinutes"], most=LONGEST_WINDOW // timedelta(minutes=1))
    )


def _optional(name: str, value: Any, *, most: int) -> int | None:
    given = value.get(name)
    return None if given is None else _number(name, given, most=most)


def _number(name: str, given: Any, *, most: int) -> int:
    if type(given) is not int or not 1 <= given <= most:
        raise Invalid(f"`{name}` is a number from 1 to {most:,}.", path=PATH)
    return given


def _truth(given: Any) -> bool | None:
    if given is not None and type(given) is not bool:
        raise Invalid("Say true or false.", path=PATH)
    return given


_LEAVES: Final[Mapping[str, Callable[[Any], Leaf]]] = {
    "words": _words,
    "pattern": _pattern,
    "links": _links,
    "author": _author,
    "reportsAtLeast": _reports,
    "languages": _languages,
    "copies": _copies,
    "rate": _rate,
    "media": _media,
}
