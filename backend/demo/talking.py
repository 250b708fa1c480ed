"""Invented talk: what members of a forum, a chat room, a shop, a game or a help desk might write to each other."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backend.communities.taking_in import IncomingPost
from backend.demo.phrases import ANY_TALK, FIRST_NAMES, HANDLE_TAILS, OFFENCES, SCENES, SURNAMES, Scene

PERIOD: Final = timedelta(days=60)
PROBLEM_SHARE: Final = 0.06  # posts that really break a typical policy
BOT_SHARE: Final = 0.03
OPEN_THREADS: Final = 12  # talk goes on in the newest threads only
# How busy each hour of the day is, midnight first, as a share of the busiest.
HOURS: Final = (
    *(0.15, 0.08, 0.05, 0.04, 0.05, 0.10, 0.25, 0.45, 0.60, 0.70, 0.75, 0.80),
    *(0.85, 0.75, 0.70, 0.70, 0.75, 0.85, 0.95, 1.00, 1.00, 0.90, 0.60, 0.35),
)
_SLOT: Final = re.compile(r"\{(\w+)\}")


@dataclass(slots=True)
class _Thread:
    subject: str
    posts: list[IncomingPost]


@dataclass(frozen=True, slots=True)
class _Author:
    external_id: str
    handle: str
    is_bot: bool = False


def chatter(seed: int, kind: str, *, posts: int, members: int, until: datetime) -> list[IncomingPost]:
    """`posts` posts of the PERIOD before `until`, oldest first, by at most `members` people and a bot.

    `kind` is one of SCENES. The same arguments give the same talk. Every reply answers an earlier post of the list.
    `members` is at least 1.
    """
    scene = SCENES[kind]
    chance = random.Random(f"{seed} {kind}")  # noqa: S311 - the same demo everywhere
    people = _people(chance, members, prefix=f"{kind}-{seed}")
    bot = _Author(f"{kind}-{seed}-bot", scene.bot, is_bot=True)
    busy = [1 / (rank + 1) ** 0.8 for rank in range(len(people))]  # few write much, many write little
    problems = set(chance.sample(range(posts), round(posts * PROBLEM_SHARE)))
    texts = _Texts(chance, scene)
    threads: list[_Thread] = []
    talk: list[IncomingPost] = []
    for number, posted_at in enumerate(_moments(chance, posts, until)):
        author = chance.choices(people, busy)[0]
        parent: IncomingPost | None = None
        opens = not threads or chance.random() < scene.opening_share
        thread = _Thread(chance.choice(scene.subjects), []) if opens else chance.choice(threads[-OPEN_THREADS:])
        if not opens:
            parent = chance.choice(thread.posts[-4:])
        if number in problems:
            text = texts.offence(thread.subject)
        elif opens and chance.random() < BOT_SHARE / scene.opening_share:
            author, text = bot, texts.announcement(thread.subject)
        elif opens:
            text = texts.opening(thread.subject)
        else:
            author = _somebody_else(chance, people, busy, author, parent)
            text = texts.answer(thread.subject)
        post = IncomingPost(
            external_id=f"{kind}-{seed}-{number:05d}",
            author_external_id=author.external_id,
            author_handle=author.handle,
            author_kind="bot" if author.is_bot else "person",
            identity_key=author.handle,
            text=text,
            posted_at=posted_at,
            reply_to_external_id=parent.external_id if parent else None,
        )
        if opens:
            threads.append(thread)
        thread.posts.append(post)
        talk.append(post)
    return talk


class _Texts:
    """Sentences of one scene, none twice as long as there are enough of them."""

    def __init__(self, chance: random.Random, scene: Scene) -> None:
        self._chance = chance
        self._scene = scene
        self._pools: Mapping[str, Sequence[str]] = {**ANY_TALK, **scene.words}
        self._said: set[str] = set()

    def opening(self, subject: str) -> str:
        return self._fresh(self._scene.openings, subject, tails="tail", tail_share=0.5)

    def answer(self, subject: str) -> str:
        return self._fresh(self._pools["answer"], subject, tails="more", tail_share=0.6)

    def announcement(self, subject: str) -> str:
        return self._fresh(self._scene.announcements, subject)

    def offence(self, subject: str) -> str:
        return self._fresh(self._chance.choice(tuple(OFFENCES.values())), subject)

    def _fresh(
        self, templates: Sequence[str], subject: str, *, tails: str | None = None, tail_share: float = 0.0
    ) -> str:
        for _ in range(20):
            text = self._filled(self._chance.choice(templates), subject)
            if tails is not None and self._chance.random() < tail_share:
                text += " " + self._filled(self._chance.choice(self._pools[tails]), subject)
            if text not in self._said:
                break
        self._said.add(text)
        return text

    def _filled(self, template: str, subject: str) -> str:
        def word(slot: re.Match[str]) -> str:
            name = slot.group(1)
            if name == "subject":
                return subject
            if name == "number":
                return str(self._chance.randint(2, 40))
            return self._filled(self._chance.choice(self._pools[name]), subject)

        text = _SLOT.sub(word, template)
        return text[:1].upper() + text[1:]  if template[:1] == "{" and not _is_inner(template) else text


def _is_inner(template: str) -> bool:
    return _SLOT.fullmatch(template) is not None
