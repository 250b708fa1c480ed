import re
import unicodedata
from typing import Final

LONGEST_WORD_CHARACTERS: Final = 64  # what is longer is cut: an index entry has its limit
MOST_WORDS_OF_A_POST: Final = 2_000  # different ones
MOST_WORDS_OF_A_SEARCH: Final = 16

# Letters and digits with the marks on them: Python's \w leaves out the vowel signs of Indic scripts.
_MARKS: Final = "".join(chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_WORD: Final = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
# Scripts that write words without spaces: every character, so that a search finds them wherever they stand.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def words_of(text: str) -> list[str]:
    """The different words of a text as they are searched for: without regard to case, accents kept, in no language's
    grammar. Between letters of scripts without spaces every character is a word."""
    plain = text.lower() if text.isascii() else _UNSPACED.sub(r" \g<0> ", _folded(text))
    words = dict.fromkeys(word[:LONGEST_WORD_CHARACTERS] for word in _WORD.findall(plain))
    return list(words)[:MOST_WORDS_OF_A_POST]


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.replace("i\u0307", "i")  # what a Turkish capital leaves behind


def searched_words(text: str) -> list[str]:
    """The words a post must have all of: the longest of them, where there are too many."""
    return sorted(words_of(text), key=len, reverse=True)[:MOST_WORDS_OF_A_SEARCH]
