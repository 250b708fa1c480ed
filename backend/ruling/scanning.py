"""Which of many conditions on words, patterns and links hold of a text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import re2

from backend.ruling.conditions import Leaf, Links, Pattern, Words
from backend.ruling.disguises import unfolded
from backend.ruling.links import SHORTENERS, hosts_of, is_below
from backend.ruling.matching import compile_pattern, compile_words, loose, options
from backend.ruling.thresholds import WORDS_PER_FILTER


class Texts:
    """Which of many words and patterns a text has: what a filter thinks possible is looked at closely."""

    def __init__(self, leaves_: Iterable[Leaf], numbers: Mapping[Leaf, int]) -> None:
        self._leaves = [leaf for leaf in leaves_ if isinstance(leaf, (Words, Pattern))]
        self._numbers = [numbers[leaf] for leaf in self._leaves]
        self._exact: list[Any] = [None] * len(self._leaves)
        self._filters: list[tuple[list[int], Any]] = []
        piece: list[int] = []
        size = 0
        for place, leaf in enumerate(self._leaves):
            weight = len(leaf.words) if isinstance(leaf, Words) else 20
            if piece and size + weight > WORDS_PER_FILTER:
                self._add_filter(piece)
                piece, size = [], 0
            piece.append(place)
            size += weight
        if piece:
            self._add_filter(piece)

    def __bool__(self) -> bool:
        return bool(self._leaves)

    def in_text(self, text: str) -> set[int]:
        return {
            self._numbers[place]
            for places, filter_ in self._filters
            for candidate in filter_.Match(text, True) or ()
            if self._matcher(place := places[candidate]).search(text) is not None
        }

    def _add_filter(self, places: list[int]) -> None:
        """RE2 compiles no filter beyond a size: two smaller ones do the same."""
        filter_ = re2.Filter()
        for place in places:
            leaf = self._leaves[place]
            filter_.Add(loose(_spelt(leaf)) if isinstance(leaf, Words) else leaf.pattern, options())
        try:
            filter_.Compile()
        except re2.error:
            if len(places) == 1:
                raise
            middle = len(places) // 2
            self._add_filter(places[:middle])
            self._add_filter(places[middle:])
        else:
            self._filters.append((places, filter_))

    def _matcher(self, place: int) -> Any:
        """Compiled when it is first needed: most of a thousand never are."""
        found = self._exact[place]
        if found is None:
            leaf = self._leaves[place]
            found = compile_words(_spelt(leaf)) if isinstance(leaf, Words) else compile_pattern(leaf.pattern)
            self._exact[place] = found
        return found


def _spelt(leaf: Words) -> Sequence[str]:
    return unfolded(leaf.words) if leaf.disguised else leaf.words


class LinksOf:
    """Which of many conditions on links hold of a text."""

    def __init__(self, leaves_: Iterable[Leaf], numbers: Mapping[Leaf, int]) -> None:
        self._least: dict[int, int] = {}
        self._any: list[int] = []
        self._short: list[int] = []
        self._hosts: dict[str, list[int]] = {}
        for leaf in leaves_:
            assert isinstance(leaf, Links)
            number = numbers[leaf]
            self._least[number] = leaf.at_least
            if leaf.shorteners:
                self._short.append(number)
            for host in leaf.hosts:
                self._hosts.setdefault(host, []).append(number)
            if not leaf.shorteners and not leaf.hosts:
                self._any.append(number)

    def __bool__(self) -> bool:
        return bool(self._least)

    def in_text(self, text: str) -> set[int]:
        counts: dict[int, int] = {}
        for host in hosts_of(text):
            fitting = {*self._any, *(self._short if self._short and is_below(host, SHORTENERS) else ())}
            place: str = host
            while place:
                fitting.update(self._hosts.get(place, ()))
                place = place.partition(".")[2]
            for number in fitting:
                counts[number] = counts.get(number, 0) + 1
        return {number for number, count in counts.items() if count >= self._least[number]}
