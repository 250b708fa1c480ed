"""The rules of the transparency database, asked before anything is sent. One bad entry of a batch refuses all of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from backend.filing.lists import FITTING, LISTS
from backend.filing.thresholds import (
    FIRST_CONTENT_DAY,
    FIRST_DAY,
    LAST_DAY,
    LONGEST_EXPLANATION,
    LONGEST_FACTS,
    LONGEST_GROUND,
)

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """`field` as the database calls it; `message` for people, quoting nobody."""

    field: str
    message: str


_PUID: Final = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EAN: Final = re.compile(r"[0-9]{13}", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s/$.?#].\S*", re.IGNORECASE)
_ILLEGAL: Final = "DECISION_GROUND_ILLEGAL_CONTENT"
_OWN: Final = "SOURCE_VOLUNTARY"
_VISIBILITY: Final = "decision_visibility"
_DECISIONS: Final = (_VISIBILITY, "decision_monetary", "decision_provision", "decision_account")
# Field: its list; whether it is an array; whether null is taken as nothing.
_WORDS: Final[Mapping[str, tuple[str, bool, bool]]] = {
    _VISIBILITY: (_VISIBILITY, True, True),
    "decision_monetary": ("decision_monetary", False, True),
    "decision_provision": ("decision_provision", False, True),
    "decision_account": ("decision_account", False, True),
    "account_type": ("account_type", False, True),
    "decision_ground": ("decision_ground", False, False),
    "incompatible_content_illegal": ("yes_or_no", False, False),
    "category": ("category", False, False),
    "category_addition": ("category", True, False),
    "category_specification": ("category_specification", True, True),
    "content_type": ("content_type", True, False),
    "content_language": ("content_language", False, True),
    "territorial_scope": ("territorial_scope", True, True),
    "source_type": ("source_type", False, False),
    "automated_detection": ("yes_or_no", False, False),
    "automated_decision": ("automated_decision", False, False),
}
_REQUIRED: Final = (
    *("puid", "decision_ground", "category", "content_type", "content_date", "application_date", "decision_facts"),
    *("source_type", "automated_detection", "automated_decision"),
)
# Field: its longest, in characters.
_TEXTS: Final[Mapping[str, int]] = {
    "puid": LONGEST_GROUND,
    "decision_visibility_other": LONGEST_GROUND,
    "decision_monetary_other": LONGEST_GROUND,
    "decision_ground_reference_url": LONGEST_GROUND,
    "illegal_content_legal_ground": LONGEST_GROUND,
    "illegal_content_explanation": LONGEST_EXPLANATION,
    "incompatible_content_ground": LONGEST_GROUND,
    "incompatible_content_explanation": LONGEST_EXPLANATION,
    "category_specification_other": LONGEST_GROUND,
    "content_type_other": LONGEST_GROUND,
    "decision_facts": LONGEST_FACTS,
    "source_identity": LONGEST_GROUND,
}
# End: which decision it ends.
_ENDS: Final = {
    "end_date_visibility_restriction": _VISIBILITY,
    "end_date_monetary_restriction": "decision_monetary",
    "end_date_service_restriction": "decision_provision",
    "end_date_account_restriction": "decision_account",
}
_DAYS: Final[Mapping[str, date | None]] = {
    "content_date": FIRST_CONTENT_DAY,
    "application_date": FIRST_DAY,
    **dict.fromkeys(_ENDS),
}
FIELDS: Final = frozenset({*_WORDS, *_TEXTS, *_DAYS, "content_id"})


def problems_of(entry: Entry) -> Sequence[Problem]:
    """None of them: the database takes it. Stricter than its own rules where these let through what means nothing: keys it
    does not know, keywords of another category, ends before the start, texts that it would drop."""
    return [
        *_shape(entry),
        *(each for name, rule in _WORDS.items() if name in entry for each in _of_list(name, entry[name], *rule)),
        *(each for name, longest in _TEXTS.items() if name in entry for each in _of_text(name, entry[name], longest)),
        *(each for name, first in _DAYS.items() if name in entry for each in _of_day(name, entry[name], first)),
        *_together(entry),
    ]


def _shape(entry: Entry) -> list[Problem]:
    found = [Problem(name, "The database knows no such field.") for name in sorted(set(entry) - FIELDS)]
    found += [Problem(name, "This is required.") for name in _REQUIRED if entry.get(name) in (None, "", [])]
    if not any(entry.get(name) for name in _DECISIONS):
        found.append(Problem(_VISIBILITY, "One of the four kinds of restriction is required."))
    content = entry.get("content_id")
    if content is not None and not (
        isinstance(content, dict)
        and set(content) <= {"EAN-13"}
        and all(isinstance(code, str) and _EAN.fullmatch(code) for code in content.values())
    ):
        found.append(Problem("content_id", "Only EAN-13 is taken: 13 digits, as text."))
    if isinstance(entry.get("puid"), str) and entry["puid"] and not _PUID.fullmatch(entry["puid"]):
        found.append(Problem("puid", "Only letters without accents, digits, - and _ are taken."))
    url = entry.get("decision_ground_reference_url")
    if isinstance(url, str) and not _URL.fullmatch(url):
        found.append(Problem("decision_ground_reference_url", "This is no address."))
    return found


def _of_list(name: str, value: Any, words: str, is_array: bool, is_nullable: bool) -> list[Problem]:
    if value is None:
        return [] if is_nullable or name in _REQUIRED else [Problem(name, "Null is refused: leave it out.")]
    if is_array != isinstance(value, list) or isinstance(value, bool):
        return [Problem(name, "This is an array." if is_array else "This is one word.")]
    wrong = [word for word in (value if is_array else [value]) if word not in LISTS[words]]
    if not wrong or value == "":
        return []
    retired = LISTS["retired_categories"] + LISTS["retired_keywords"]
    old = [word for word in wrong if word in retired]
    return [Problem(name, "It was retired on 1 July 2025." if old else "It is not in the list of the database.")]


def _of_text(name: str, value: Any, longest: int) -> list[Problem]:
    if value is None:
        return []
    if not isinstance(value, str):
        return [Problem(name, "This is a text.")]
    return [Problem(name, f"This is longer than {longest:,} characters.")] if len(value) > longest else []


def _of_day(name: str, value: Any, first: date | None) -> list[Problem]:
    if value is None:
        return []
    day = _day(value)
    if day is None:
        return [Problem(name, "A day is YYYY-MM-DD, without a time.")] if value != "" else []
    if day > LAST_DAY or (first is not None and day < first):
        return [Problem(name, f"The database takes days {f'from {first} ' if first else ''}to {LAST_DAY}.")]
    return []


def _together(entry: Entry) -> list[Problem]:
    """What holds between fields."""
    ground = entry.get("decision_ground")
    visibility, kinds = entry.get(_VISIBILITY) or (), entry.get("content_type") or ()
    wanted = {
        "decision_visibility_other": "DECISION_VISIBILITY_OTHER" in visibility,
        "decision_monetary_other": entry.get("decision_monetary") == "DECISION_MONETARY_OTHER",
        "content_type_other": "CONTENT_TYPE_OTHER" in kinds,
        "illegal_content_legal_ground": ground == _ILLEGAL,
        "illegal_content_explanation": ground == _ILLEGAL,
        "incompatible_content_ground": ground != _ILLEGAL,
        "incompatible_content_explanation": ground != _ILLEGAL,
    }
    found = [Problem(name, "This is required here.") for name, is_so in wanted.items() if is_so and not entry.get(name)]
    wanted["incompatible_content_illegal"] = ground != _ILLEGAL
    wanted["source_identity"] = entry.get("source_type") != _OWN
    wanted["category_specification_other"] = "KEYWORD_OTHER" in (entry.get("category_specification") or ())
    found += [
        Problem(name, "The database would drop it: leave it out.")
        for name, is_so in wanted.items()
        if not is_so and entry.get(name) is not None
    ]
    return found + _fitting(entry) + _ending(entry)


def _fitting(entry: Entry) -> list[Problem]:
    category, more = entry.get("category"), entry.get("category_addition")
    more = more if isinstance(more, list) else []
    keywords = entry.get("category_specification")
    fitting = frozenset().union(
        *(FITTING.get(name, frozenset()) for name in (category, *more) if isinstance(name, str))
    )
    found = []
    if isinstance(keywords, list) and not set(map(str, keywords)) <= fitting:
        found.append(Problem("category_specification", "A keyword is of another category."))
    if category is not None and category in more:
        found.append(Problem("category_addition", "The main category is not one of the others."))
    return found


def _ending(entry: Entry) -> list[Problem]:
    start = _day(entry.get("application_date"))
    found = []
    for name, decision in _ENDS.items():
        end = _day(entry.get(name))
        if end is not None and start is not None and end < start:
            found.append(Problem(name, "It ends before it begins."))
        if entry.get(name) is not None and not entry.get(decision):
            found.append(Problem(name, f"There is no {decision} that could end."))
    return found


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        return None
