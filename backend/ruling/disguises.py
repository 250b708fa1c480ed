"""Words as they look, however they are spelt: letters of other alphabets, digits for letters, marks, blanks between letters.

Both a rule's words and the text are folded, and two spellings that look the same become one. It is for finding, not for
reading: 2024 becomes zoza, and only a word that is folded likewise finds it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# Letters that look like Latin ones, as each is written after folding case. Source: Unicode's confusables.txt, those of
# Cyrillic, Greek and Armenian that are in use; and what people put in the place of letters.
_LOOKALIKES: Final = str.maketrans(
    dict(
        pair.split(":")
        for pair in """
        а:a в:b е:e к:k м:m н:h о:o р:p с:c т:t у:y х:x і:i ј:j ѕ:s ԁ:d ԛ:q ԝ:w һ:h ґ:r г:r п:n и:n й:n ё:e є:e ѵ:v ь:b
        α:a β:b ε:e η:n ι:i κ:k ν:v ο:o ρ:p σ:o ς:c τ:t υ:u χ:x γ:y ω:w μ:u
        օ:o ս:u ո:n հ:h ց:g զ:q յ:j ѐ:e
        ı:i ł:l ø:o đ:d ħ:h ŧ:t æ:ae œ:oe ß:ss
        0:o 1:i 3:e 4:a 5:s 6:b 7:t 8:b 9:g 2:z @:a $:s €:e !:i |:i £:l
        """.split()
    )
)
_SAME: Final = str.maketrans("l", "i")  # 1, I and l are one stroke
# Single letters with one and the same kind of gap between them; longer gaps are between words.
_SPACED: Final = re.compile(r"(?<![^\W_])[^\W_](?:[ .\-_*·,/\\][^\W_]){2,}(?![^\W_])")
_GAPS: Final = re.compile(r"[ .\-_*·,/\\]")


def unfold(text: str) -> str:
    """What is left when nothing is disguised any more."""
    text = unicodedata.normalize("NFKD", text)
    if not text.isascii():
        text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Me", "Cf"))
    text = text.casefold().translate(_LOOKALIKES).translate(_SAME)
    return " ".join(_SPACED.sub(lambda found: _GAPS.sub("", found[0]), text).split())


def unfolded(words: Iterable[str]) -> list[str]:
    """Each word; one of several also without its blanks, since letters with blanks between them lose all of them."""
    plain = {unfold(word) for word in words}
    return sorted((plain | {word.replace(" ", "") for word in plain}) - {""})
