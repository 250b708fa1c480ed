"""Whether a text that is about to be public names a member, or says where to find one."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from backend.filing.thresholds import WORDS_OF_A_NAME
from backend.filing.validating import Problem
from backend.statements import has_personal_data, names_one_of
from tenants.scope import current

_LAW: Final = re.compile(r"\b(?:19|20)\d{2}/\d{1,4}\b|\b\d{1,4}/(?:19|20)\d{2}\b")  # 2022/2065 is no telephone
_WORD: Final = re.compile(r"\w+")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
OWN_SENTENCES: Final = frozenset({"decision_facts"})  # a member who is called Provider is not meant by them
_LONGEST_UNSPACED: Final = 10  # characters of a name in a script without blanks


async def named_in(texts: Sequence[str], *, workspace_id: UUID) -> frozenset[str]:
    """The handles of members of the client, as they are now, that stand in one of the texts. One look-up for all: every
    run of a few words is asked for, so that it costs the same however many members there are."""
    asked = sorted({run for text in texts for run in _runs(text)})
    if not asked:
        return frozenset()
    rows = await current().fetch(
        """select distinct lower(handle) as handle from members
            where agency_id = $1 and workspace_id = $2 and lower(handle) = any($3) and erased_at is null""",
        current().actor.agency_id,
        workspace_id,
        asked,
    )
    return frozenset(row["handle"] for row in rows)


def personal_data(words: Mapping[str, str], *, handles: Collection[str]) -> Sequence[Problem]:
    """By field. Call with the `handles` that `named_in` has found in them."""
    found = []
    for field, text in words.items():
        if has_personal_data(_LAW.sub(" ", text), names=()):
            found.append(Problem(field, "It holds an address, a handle, a link or a telephone number."))
        elif field not in OWN_SENTENCES and names_one_of(text, handles):
            found.append(Problem(field, "It names a member of the client."))
    return found


def _runs(text: str) -> Iterator[str]:
    words = list(_WORD.finditer(text))
    for number, first in enumerate(words):
        for last in words[number : number + WORDS_OF_A_NAME]:
            yield text[first.start() : last.end()].lower()
    for match in _UNSPACED.finditer(text):
        letters = match.group()
        for start in range(len(letters)):
            for end in range(start + 2, min(len(letters), start + _LONGEST_UNSPACED) + 1):
                yield letters[start:end]
