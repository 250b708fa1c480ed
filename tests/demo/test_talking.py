"""Demonstrations talk like people, the same way each time, and sometimes out of line."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from backend.communities import IncomingPost, is_bot
from backend.demo.talking import OFFENCES, PERIOD, PROBLEM_SHARE, SCENES, chatter

UNTIL = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)
# "idiot" or "his address is {n} Sample Street" as a pattern: slots match anything.
OFFENCE = re.compile(
    "|".join(
        r".+?".join(re.escape(piece) for piece in re.split(r"\{\w+\}", template))
        for templates in OFFENCES.values()
        for template in templates
    ),
    re.IGNORECASE,
)

kinds = pytest.mark.parametrize("kind", list(SCENES))


def talk(kind: str, *, seed: int = 7, posts: int = 400, members: int = 60) -> list[IncomingPost]:
    return chatter(seed, kind, posts=posts, members=members, until=UNTIL)


@kinds
def test_the_same_seed_gives_the_same_talk_and_another_seed_another(kind: str) -> None:
    assert talk(kind) == talk(kind)
    assert {post.text for post in talk(kind)} != {post.text for post in talk(kind, seed=8)}


@kinds
def test_there_are_as_many_posts_as_asked_for_and_no_id_twice(kind: str) -> None:
    assert len({post.external_id for post in talk(kind)}) == len(talk(kind)) == 400
    assert talk(kind, posts=0) == []


@kinds
def test_every_reply_answers_an_earlier_post_and_threads_run_on(kind: str) -> None:
    seen: dict[str, IncomingPost] = {}
    for post in talk(kind):
        if post.reply_to_external_id is not None:
            assert seen[post.reply_to_external_id].posted_at <= post.posted_at
        seen[post.external_id] = post
    replies = [post for post in talk(kind) if post.reply_to_external_id is not None]
    assert 0.3 < len(replies) / 400 < 0.85
    assert any(seen[post.reply_to_external_id or ""].reply_to_external_id is not None for post in replies)


@kinds
def test_a_small_share_of_the_posts_breaks_the_rules_and_no_other_does(kind: str) -> None:
    problems = [post for post in talk(kind) if OFFENCE.fullmatch(post.text)]
    assert len(problems) == round(400 * PROBLEM_SHARE)
    assert all(post.author_kind == "person" for post in problems)


def test_every_sort_of_offence_occurs() -> None:
    texts = " ".join(post.text for kind in SCENES for post in talk(kind))
    for phrase in ("promo code", "click here", "free crypto", "idiot", "loser", "his address is", "lives at"):
        assert phrase in texts.lower()


@kinds
def test_links_mail_and_numbers_belong_to_nobody(kind: str) -> None:
    for post in talk(kind, posts=2_000):
        for host in re.findall(r"(?:https?://|@)([\w.-]+)", post.text):
            assert host.endswith(".example")
        assert all(number.startswith("+1 555 01") for number in re.findall(r"\+\d[\d ]{3,}", post.text))


@kinds
def test_hardly_any_sentence_comes_twice_and_no_slot_is_left_open(kind: str) -> None:
    texts = Counter(post.text for post in talk(kind, posts=2_000))
    assert len(texts) > 1_960
    assert not any("{" in text or "}" in text or "  " in text or text != text.strip() for text in texts)


@kinds
def test_people_write_unevenly_and_one_bot_is_among_them(kind: str) -> None:
    posts = talk(kind, posts=2_000)
    by_author = Counter(post.author_handle for post in posts if post.author_kind == "person")
    assert 50 < len(by_author) <= 60
    assert by_author.most_common(1)[0][1] > 5 * sorted(by_author.values())[len(by_author) // 2] / 2
    [bot] = {post.author_handle for post in posts if post.author_kind == "bot"}
    assert is_bot(bot, frozenset())
    assert not any(is_bot(handle, frozenset()) for handle in by_author)
    assert len({(post.author_external_id, post.author_handle) for post in posts}) == len(by_author) + 1


def test_even_a_crowd_has_handles_of_its_own() -> None:
    posts = talk("forum", posts=4_000, members=3_000)
    assert len({p.author_external_id for p in posts}) == len({p.author_handle for p in posts}) > 1_000


@kinds
def test_talk_fills_sixty_days_and_sleeps_at_night(kind: str) -> None:
    moments = [post.posted_at for post in talk(kind, posts=2_000)]
    assert moments == sorted(moments)
    assert UNTIL - PERIOD - timedelta(seconds=1) <= moments[0] < UNTIL - timedelta(days=58)
    assert UNTIL - timedelta(days=2) < moments[-1] < UNTIL
    by_hour = Counter(moment.hour for moment in moments)
    assert sum(by_hour[hour] for hour in range(18, 22)) > 5 * sum(by_hour[hour] for hour in range(1, 5))
