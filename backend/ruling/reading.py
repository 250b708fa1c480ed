"""Conditions, read from JSON in the shape of the API's input."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from backend.kit.errors import Invalid
from backend.kit.ids import parse_published
from backend.kit.languages import LANGUAGES
from backend.kit.texts import clean
from backend.moderation import FLAG_EFFECTS, FLAG_SENSITIVITIES
from backend.ruling.conditions import (
    All,
    Any_,
    Author,
    Condition,
    Copies,
    FlagScore,
    Language,
    Leaf,
    Links,
    Not,
    OfBank,
    Pattern,
    Rate,
    ReportMass,
    Reports,
    Words,
    leaves,
)
from backend.ruling.matching import compile_pattern, distinct
from backend.ruling.thresholds import (
    CONDITION_DEPTH,
    CONDITIONS_PER_RULE,
    COPIES_LOOKED_AT,
    HIGH_FLAG_SCORE,
    HISTORY,
    HOSTS_PER_CONDITION,
    LONGEST_WINDOW,
    PATTERN_CHARACTERS,
    WORDS_PER_RULE,
)

PATH: Final = ("input", "conditions")
OPINIONS: Final = ("negative", "investigation_seed", "positive")


def read(written: object) -> Condition:
    """Raises Invalid for what is no such tree, is too deep or too large, or holds a pattern that RE2 does not take."""
    condition = _read(written, depth=1)
    found = list(leaves(condition))
    if len(found) > CONDITIONS_PER_RULE:
        raise Invalid(f"A rule has at most {CONDITIONS_PER_RULE} conditions.", path=PATH)
    if sum(len(leaf.words) for leaf in found if isinstance(leaf, Words)) > WORDS_PER_RULE:
        raise Invalid(f"A rule holds at most {WORDS_PER_RULE:,} words.", path=PATH)
    return condition


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


def _mass(value: Any) -> ReportMass:
    return ReportMass(_weight("reportMassAtLeast", value))


def _flag_score(value: Any) -> FlagScore:
    effect, sensitivity = value["effect"].lower(), value["sensitivity"].lower()
    if effect not in FLAG_EFFECTS or sensitivity not in FLAG_SENSITIVITIES:
        raise Invalid("Say what would be done, and how sensitive the forum is.", path=PATH)
    return FlagScore(effect, sensitivity, _weight("high", value.get("high", HIGH_FLAG_SCORE)))


def _weight(name: str, given: Any) -> float:
    if type(given) not in (int, float) or not 0 < given <= 10_000:
        raise Invalid(f"`{name}` is a number above 0, up to 10,000.", path=PATH)
    return float(given)


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
    "reportMassAtLeast": _mass,
    "flagScore": _flag_score,
    "languages": _languages,
    "copies": _copies,
    "rate": _rate,
    "media": _media,
}
