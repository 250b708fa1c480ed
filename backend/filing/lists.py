"""The words that the transparency database takes, and no others (lists.toml)."""

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from backend.policies import CATEGORIES, ONLY_IN_REPORTS

_HERE: Final = Path(__file__).parent
CATEGORY: Final = "STATEMENT_CATEGORY_"
KEYWORD: Final = "KEYWORD_"
STALKING: Final = "KEYWORD_STALKING"  # the database takes it, and no report has a row for it


def _read() -> Mapping[str, tuple[str, ...]]:
    found = {name: tuple(words) for name, words in tomllib.loads((_HERE / "lists.toml").read_text()).items()}
    found["category"] = tuple(CATEGORY + name for name in CATEGORIES if name not in ONLY_IN_REPORTS)
    found["category_specification"] = (
        *dict.fromkeys(KEYWORD + keyword for keywords in CATEGORIES.values() for keyword in keywords),
        STALKING,
    )
    return MappingProxyType(found)


LISTS: Final = _read()
# Where each keyword belongs; STALKING fits what is about cyber violence.
FITTING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        CATEGORY + name: frozenset(KEYWORD + keyword for keyword in keywords)
        | ({STALKING} if name.startswith("CYBER_VIOLENCE") else frozenset())
        for name, keywords in CATEGORIES.items()
    }
)


def _described() -> tuple[tuple[str, str, str], ...]:
    with (_HERE / "categories.csv").open(encoding="utf-8", newline="") as file:
        return tuple((row["label"], row["description"], row["name"]) for row in csv.DictReader(file))


# Part 2 of the harmonised report: label, description and name of each category and keyword. Source: Annex I of
# Implementing Regulation (EU) 2024/2835, with the blanks that its cells end in.
DESCRIBED: Final = _described()
