"""Whether a text has certain words, or matches a pattern: RE2, so that no rule can hold up a worker."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import re2

from backend.kit.errors import Invalid
from backend.kit.texts import clean
from backend.ruling.thresholds import PATTERN_CHARACTERS, RULE_MEMORY_BYTES

_UNSPACED = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def options() -> Any:
    chosen = re2.Options()
    chosen.max_mem = RULE_MEMORY_BYTES
    chosen.log_errors = False
    return chosen


def distinct(words: Iterable[str]) -> list[str]:
    """One of each spelling that only differs in case, as it was written: RE2 folds case by itself."""
    return sorted({word.casefold(): word for word in words}.values())


def compile_words(words: Sequence[str], *, field: str = "words") -> Any:
    """For whole words in any case. Raises Invalid."""
    # The edges stand once around all words that have the same ones: two thousand pairs of edges are too large for RE2.
    groups: dict[tuple[str, str], list[str]] = {}
    for word in words:
        groups.setdefault(_edges(word), []).append(re2.escape(word))
    either = "|".join(f"{before}(?:{'|'.join(group)}){after}" for (before, after), group in groups.items())
    return _compile(f"(?i)(?:{either})", field=field)


def compile_pattern(pattern: str, *, field: str = "pattern") -> Any:
    """Raises Invalid for what RE2 does not take: look-around, back-references, repetition over 1,000, too much memory."""
    clean(pattern, field=field, longest=PATTERN_CHARACTERS)
    return _compile(pattern, field=field)


def loose(words: Sequence[str]) -> str:
    """A pattern without edges that every text with one of the words matches: what a filter asks first."""
    return f"(?i)(?:{'|'.join(re2.escape(word) for word in words)})"


def _edges(word: str) -> tuple[str, str]:
    """RE2 knows \\b for ASCII only: a word ends where no letter, mark or digit follows. Scripts that write without
    spaces have no such place, so an edge in one of them may stand anywhere."""
    before = "" if _UNSPACED.search(word[0]) else r"(?:^|[^\pL\pM\pN_])"
    after = "" if _UNSPACED.search(word[-1]) else r"(?:$|[^\pL\pM\pN_])"
    return before, after


def _compile(pattern: str, *, field: str) -> Any:
    try:
        return re2.compile(pattern, options())
    except re2.error as problem:
        reason = problem.args[0] if problem.args else "it cannot be compiled"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise Invalid(
            f"This is no RE2 pattern: {re.sub(r'[^ -~]', '?', text)[:200]}. Look-around and back-references do not exist "
            "there.",
            path=("input", field),
        ) from None
