"""What a text written by a person must be before Tend keeps it."""

import unicodedata
from typing import Final

from backend.kit.errors import Invalid

# Letters and signs that are drawn as nothing: fillers of Hangul, the blank of Braille.
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_TURNS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def clean(text: str, *, field: str, longest: int, may_be_empty: bool = False) -> str:
    """`text` without surrounding blanks. `longest` is in characters; `field` may lead deeper, `content.text`.

    Raises Invalid for a NUL character or a lone surrogate (PostgreSQL stores neither), a text of which nothing is
    seen, and a too long one.
    """
    path = ("input", *field.split("."))
    if "\x00" in text:
        raise Invalid("The text contains a NUL character.", path=path)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("The text is not valid Unicode.", path=path) from None
    text = text.strip()
    if not may_be_empty and not is_seen(text):
        raise Invalid("This may not be empty.", path=path)
    if len(text) > longest:
        raise Invalid(f"This is longer than {longest:,} characters.", path=path)
    return text


def is_seen(text: str) -> bool:
    """Neither blanks nor signs without a form count."""
    return any(unicodedata.category(sign)[0] in "LNSP" and sign not in _BLANKS for sign in text)


def clean_line(text: str, *, field: str, longest: int, may_be_empty: bool = False) -> str:
    """A name or a title: `clean`, and on one line. Raises as `clean`."""
    return clean(one_line(text), field=field, longest=longest, may_be_empty=may_be_empty)


def one_line(text: str) -> str:
    """`text` without line breaks, and never two blanks in a row: what comes after the first would stand elsewhere, as
    the first line of a mail whose subject it is in. And without signs that turn the direction: they would turn what follows."""
    return " ".join(text.translate(_TURNS).split())
