"""Personal data in a text, and the text without them."""

import re
from collections.abc import Collection
from typing import Final

BLANK: Final = "[…]"
_PATTERNS: Final = (
    re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),  # mail
    re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE),
    re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}/\S*", re.IGNORECASE),  # addresses without https
    re.compile(r"(?<!\w)@\w[\w.-]*(?:@[\w.-]+)?"),  # handles
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE),  # of computers
    re.compile(r"(?<![\w.-])\+?\(?\d(?:[\s()./-]{0,2}\d){6,}(?!\w)"),  # telephones, and long numbers of whatever kind
)


def without_personal_data(text: str, *, names: Collection[str]) -> str:
    """`text` with `names`, addresses, handles, links and long numbers blanked out."""
    for pattern in (*_PATTERNS, *(_of(name) for name in sorted(names, key=len, reverse=True) if _is_telling(name))):
        text = pattern.sub(BLANK, text)
    return text


def has_personal_data(text: str, *, names: Collection[str]) -> bool:
    return without_personal_data(text, names=names) != text


def names_one_of(text: str, names: Collection[str]) -> bool:
    return any(_of(name).search(text) for name in names if _is_telling(name))


def _of(name: str) -> re.Pattern[str]:
    # Scripts that write without blanks have no edges of words.
    edge = r"(?<!\w){}(?!\w)" if name.isascii() else "{}"
    return re.compile(edge.format(re.escape(name)), re.IGNORECASE)


def _is_telling(name: str) -> bool:
    """One or two Latin letters are a word of many texts, and say nothing of anybody."""
    return len(name) >= (3 if name.isascii() else 2)
