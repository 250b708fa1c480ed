import re
import unicodedata
from typing import Final

LONGEST_WORD_CHARACTERS: Final = 64  # what is longer is cut: an index entry has its limit
MOST_WORDS_OF_A_POST: Final = 2_000  # different ones
MOST_WORDS_OF_A_SEARCH: Final = 16

_WORD: Final = re.compile(r"[^\W_]+")
# Scripts that write words without spaces: every character, so that a search finds them wherever they stand.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def words_of(text: str) -> list[str]:
    """The different words of a text as they are searched for: without regard to case, accents kept, in no language's
    grammar. Between letters of scripts without spaces every character is a word."""
    plain = _UNSPACED.sub(r" \g<0> ", unicodedata.normalize("NFKC", text).casefold())
    words = dict.fromkeys(word[:LONGEST_WORD_CHARACTERS] for word in _WORD.findall(plain))
    return list(words)[:MOST_WORDS_OF_A_POST]


def searched_words(text: str) -> list[str]:
    """The words a post must have all of: the longest of them, where there are too many."""
    return sorted(words_of(text), key=len, reverse=True)[:MOST_WORDS_OF_A_SEARCH]
