"""In which language a text is written, where it is long enough to tell (decision 0025)."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

LEAST_LETTERS: Final = 20  # of a text whose language is told: below that every second answer is wrong (decision 0025)
LEAST_LIKELY: Final = 0.9  # of what the detector says of its own answer
# By ISO 639-1. The detector knows more; these are told apart well in a sentence or two.
LANGUAGES: Final = frozenset(
    """ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sv ta th tr uk ur vi
    zh""".split()
)
# What is written in no language: code, addresses, names of members.
_NO_WORDS: Final = re.compile(r"```.*?(?:```|$)|`[^`]*`|(?:https?://|www\.)\S+|@[\w-]+", re.DOTALL)
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST_READ: Final = 2_000  # characters: more of a text says nothing new


def spoken(tags: Iterable[str]) -> list[str]:
    """As a browser tells them (BCP 47, `de-AT`), by ISO 639-1: each once, the best first."""
    return list(dict.fromkeys(tag.partition("-")[0].lower() for tag in tags))


def language_of(text: str) -> str | None:
    """By ISO 639-1; None for a text that is too short to tell, or in none that is surely known."""
    words = _NO_WORDS.sub(" ", text)[:_LONGEST_READ]
    # A letter of a script without blanks is worth several of the others.
    letters = sum(map(str.isalpha, words)) + 2 * len(_UNSPACED.findall(words))
    if letters < LEAST_LETTERS:
        return None
    language, likely = _detector().classify(words)
    language = {"nb": "no", "nn": "no"}.get(language, language)
    return language if likely >= LEAST_LIKELY and language in LANGUAGES else None


@cache
def _detector() -> Any:
    """Half a second and 100 MB, once for each process that has a rule about languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
