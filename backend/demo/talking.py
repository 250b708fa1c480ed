"""Invented talk: what members of a forum, a chat room, a shop, a game or a help desk might write to each other."""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backend.communities import IncomingPost

PERIOD: Final = timedelta(days=60)
PROBLEM_SHARE: Final = 0.06  # of all posts: those that really break a typical policy
BOT_SHARE: Final = 0.03  # of all posts
OPEN_THREADS: Final = 12  # talk goes on in the newest threads only
# How busy each hour of the day is, midnight first, as a share of the busiest.
HOURS: Final = (
    *(0.15, 0.08, 0.05, 0.04, 0.05, 0.10, 0.25, 0.45, 0.60, 0.70, 0.75, 0.80),
    *(0.85, 0.75, 0.70, 0.70, 0.75, 0.85, 0.95, 1.00, 1.00, 0.90, 0.60, 0.35),
)
_SLOT: Final = re.compile(r"\{(\w+)\}")
_SENTENCE_START: Final = re.compile(r"^[a-z]|(?<=[.!?] )[a-z]")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is talked about in one kind of community. `opening_share` of the posts open a thread."""

    bot: str
    opening_share: float
    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    answers: tuple[str, ...]
    announcements: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    is_written: bool = True  # sentences begin with a capital


def _fixed(value: Any) -> Any:
    """The same with tuples for lists."""
    if isinstance(value, dict):
        return {name: _fixed(inner) for name, inner in value.items()}
    return tuple(value) if isinstance(value, list) else value


_TEXTS: Final[Mapping[str, Any]] = _fixed(tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")))
WORDS: Final[Mapping[str, tuple[str, ...]]] = _TEXTS["words"]
OFFENCES: Final[Mapping[str, tuple[str, ...]]] = _TEXTS["offences"]
SCENES: Final = {kind: Scene(**scene) for kind, scene in _TEXTS["scenes"].items()}


@dataclass(frozen=True, slots=True)
class _Author:
    external_id: str
    handle: str


@dataclass(slots=True)
class _Thread:
    subject: str
    posts: list[IncomingPost]


def chatter(seed: int, kind: str, *, posts: int, members: int, until: datetime) -> list[IncomingPost]:
    """`posts` posts of the PERIOD before `until`, oldest first, by at most `members` people and a bot.

    `kind` is a key of SCENES. The same arguments give the same talk. A reply answers an earlier post of the list.
    """
    scene = SCENES[kind]
    chance = random.Random(f"{seed} {kind}")  # noqa: S311 - the same demo everywhere
    people = [_Author(f"{kind}-{seed}-u{n:04d}", handle) for n, handle in enumerate(_handles(chance, members))]
    bot = _Author(f"{kind}-{seed}-bot", scene.bot)
    busy = [1 / (rank + 1) ** 0.8 for rank in range(members)]  # few write much, most write little
    problems = set(chance.sample(range(posts), round(posts * PROBLEM_SHARE)))
    texts = _Texts(chance, scene)
    threads: list[_Thread] = []
    talk: list[IncomingPost] = []
    for number, posted_at in enumerate(_moments(chance, posts, until)):
        author, parent = chance.choices(people, busy)[0], None
        if not threads or chance.random() < scene.opening_share:
            threads.append(thread := _Thread(chance.choice(scene.subjects), []))
        else:
            thread = chance.choice(threads[-OPEN_THREADS:])
            parent = chance.choice(thread.posts[-4:])
            if author.external_id == parent.author_external_id:  # few answer themselves
                author = chance.choices(people, busy)[0]
        if number in problems:
            text = texts.offence(thread.subject)
        elif parent is not None:
            text = texts.answer(thread.subject)
        elif chance.random() < BOT_SHARE / scene.opening_share:
            author, text = bot, texts.announcement(thread.subject)
        else:
            text = texts.opening(thread.subject)
        post = IncomingPost(
            external_id=f"{kind}-{seed}-{number:05d}",
            author_external_id=author.external_id,
            author_handle=author.handle,
            author_kind="bot" if author is bot else "person",
            identity_key=author.handle,
            text=text,
            posted_at=posted_at,
            reply_to_external_id=None if parent is None else parent.external_id,
        )
        thread.posts.append(post)
        talk.append(post)
    return talk


def _handles(chance: random.Random, count: int) -> list[str]:
    handles: dict[str, None] = {}
    while len(handles) < count:
        first, last = chance.choice(_TEXTS["first_names"]), chance.choice(_TEXTS["last_names"])
        year = chance.randint(71, 109) % 100
        styles = (f"{first}{last[0]}", f"{first}.{last}", f"{first.lower()}{year:02d}", f"{last}_{first[0]}", first)
        handle = chance.choice(styles)
        # A long list runs out of short names.
        handles[handle if handle not in handles else f"{first}_{last}{chance.randint(1, 9999)}"] = None
    return list(handles)


def _moments(chance: random.Random, count: int, until: datetime) -> Iterator[datetime]:
    """`count` times of the PERIOD, in order and on whole seconds; more of them when people are awake where `until` is."""
    found: list[datetime] = []
    while len(found) < count:
        moment = until - timedelta(seconds=chance.randint(1, int(PERIOD.total_seconds())))
        if chance.random() < HOURS[moment.hour]:
            found.append(moment.replace(microsecond=0))
    return iter(sorted(found))


class _Texts:
    """Sentences of one scene, none of them twice while there are fresh ones."""

    def __init__(self, chance: random.Random, scene: Scene) -> None:
        self._chance = chance
        self._scene = scene
        self._words: Mapping[str, Sequence[str]] = {**WORDS, **scene.words}
        self._said: set[str] = set()

    def opening(self, subject: str) -> str:
        return self._fresh(self._scene.openings, subject, tails=self._words["question_tail"])

    def answer(self, subject: str) -> str:
        return self._fresh((*_TEXTS["answers"], *self._scene.answers), subject, tails=self._words["answer_tail"])

    def announcement(self, subject: str) -> str:
        return self._fresh(self._scene.announcements, subject)

    def offence(self, subject: str) -> str:
        return self._fresh(self._chance.choice(list(OFFENCES.values())), subject)

    def _fresh(self, templates: Sequence[str], subject: str, *, tails: Sequence[str] = ("",)) -> str:
        text = ""
        for _ in range(30):
            template = f"{self._chance.choice(templates)} {self._chance.choice(tails)}".strip()
            text = self._filled(template, subject)
            if self._scene.is_written:
                text = _SENTENCE_START.sub(lambda start: start.group().upper(), text)
            if text not in self._said:
                break
        self._said.add(text)
        return text

    def _filled(self, template: str, subject: str) -> str:
        used: set[str] = set()

        def word(slot: re.Match[str]) -> str:
            name = slot.group(1)
            if name == "subject":
                return subject
            if name == "n":
                return str(self._chance.randint(2, 40))
            chosen = self._chance.choice([words for words in self._words[name] if words not in used])
            used.add(chosen)
            return self._filled(chosen, subject)

        return _SLOT.sub(word, template)
