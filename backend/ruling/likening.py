"""Which texts are nearly the same: MinHash of their shingles, in bands, so that an index finds what may be alike.

Source: Broder 1997, On the resemblance and containment of documents; Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, chapter 3.
"""

import random
import re
import zlib
from typing import Final

from backend.ruling.thresholds import BANDS, LEAST_CHARACTERS, ROWS_PER_BAND, SHINGLE_CHARACTERS

_BLANKS: Final = re.compile(r"\s+")
_DIGITS: Final = re.compile(r"\d+")
_LONGEST_READ: Final = 2_000  # characters
_PRIME: Final = (1 << 61) - 1
_seeds = random.Random(1997)  # noqa: S311 - the same in every process, and secret from nobody
_HASHES: Final = [(_seeds.randrange(1, _PRIME), _seeds.randrange(_PRIME)) for _ in range(BANDS * ROWS_PER_BAND)]
_MIXERS: Final = [_seeds.randrange(1, 1 << 63, 2) for _ in range(ROWS_PER_BAND)]


def shingles(text: str) -> frozenset[int]:
    """Of every few letters in a row, in any case, a number, whatever numbers stand in the text; none for a text too short to
    be called a copy."""
    plain = _DIGITS.sub("0", _BLANKS.sub(" ", text[:_LONGEST_READ]).strip().casefold())
    if len(plain) < LEAST_CHARACTERS:
        return frozenset()
    pieces = {plain[at : at + SHINGLE_CHARACTERS] for at in range(len(plain) - SHINGLE_CHARACTERS + 1)}
    return frozenset(zlib.crc32(piece.encode()) for piece in pieces)


def sketch(pieces: frozenset[int]) -> list[int]:
    """One number for each band, of 63 bits; empty for no shingles."""
    if not pieces:
        return []
    least = [min((a * piece + b) % _PRIME for piece in pieces) for a, b in _HASHES]
    return [
        sum(value * mixer for value, mixer in zip(least[start : start + ROWS_PER_BAND], _MIXERS, strict=True))
        & ((1 << 63) - 1)
        for start in range(0, len(least), ROWS_PER_BAND)
    ]


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of all shingles of the two that both have."""
    return len(one & other) / len(one | other) if one or other else 0.0
