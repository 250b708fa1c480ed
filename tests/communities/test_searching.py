"""Posts are found by their words: what a word is, and who finds which post."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from cast import Cast, ask
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backend.communities import IncomingPost, Post, PostWord, searched_words, take_in, write_words
from backend.communities.searching import (
    LONGEST_WORD_CHARACTERS,
    MOST_WORDS_OF_A_POST,
    MOST_WORDS_OF_A_SEARCH,
    words_of,
)
from backend.kit.ids import new_id
from backend.migrations import history
from backend.outbox import Job
from backend.settings import Settings
from tenants.models import Workspace
from tenants.scope import agency_scope

START = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("!!! ... --- ☃", []),
        ("Hello, hello HELLO!", ["hello"]),
        ("snake_case and don't", ["snake", "case", "and", "don", "t"]),
        ("Straße STRASSE", ["strasse"]),
        ("ΣΊΣΥΦΟΣ σίσυφος", ["σίσυφοσ"]),
        ("Café cafe", ["café", "cafe"]),
        ("Cafe\u0301", ["café"]),  # an accent of its own, as macOS writes it
        ("ＡＢＣ ﬁne ①", ["abc", "fine", "1"]),
        ("Привет, МИР", ["привет", "мир"]),
        ("한국어 텍스트", ["한국어", "텍스트"]),
        ("日本語のテスト", list("日本語のテスト")),
        ("go東京now", ["go", "東", "京", "now"]),
        ("ｶﾀｶﾅ", ["カ", "タ", "ナ"]),
        ("v2.0, 1,000 and 42nd", ["v2", "0", "1", "000", "and", "42nd"]),
        ("👍🏽 good 🎉", ["good"]),
        ("a\x00b\ud800c", ["a", "b", "c"]),
    ],
)
def test_what_the_words_of_a_text_are(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_very_long_word_is_found_by_itself_and_by_what_it_begins_with() -> None:
    [word] = words_of("x" * 10_000)
    assert word == "x" * LONGEST_WORD_CHARACTERS
    assert searched_words("X" * (LONGEST_WORD_CHARACTERS + 1)) == [word]


def test_a_very_long_text_keeps_its_first_words() -> None:
    words = words_of(" ".join(f"w{n}" for n in range(MOST_WORDS_OF_A_POST * 2)))
    assert words == [f"w{n}" for n in range(MOST_WORDS_OF_A_POST)]


def test_a_search_goes_along_its_longest_words() -> None:
    assert searched_words("to the lighthouse or to the sea") == ["lighthouse", "the", "sea", "to", "or"]
    words = searched_words(" ".join("x" * n for n in range(1, 31)))
    assert [len(word) for word in words] == list(range(30, 30 - MOST_WORDS_OF_A_SEARCH, -1))


@examples(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(), max_size=80))
def test_whatever_the_text_its_words_can_be_stored(text: str) -> None:
    words = words_of(text)
    assert len(words) == len(set(words))
    for word in words:
        assert 1 <= len(word) <= LONGEST_WORD_CHARACTERS
        assert "\x00" not in word
        word.encode()  # a lone surrogate would raise


@examples(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(), max_size=80))
def test_any_piece_of_a_text_finds_the_text(text: str) -> None:
    words = set(words_of(text))
    for piece in text.split():
        assert set(searched_words(piece)) <= words


@pytest.fixture
async def client(acme: Cast) -> UUID:
    """A client nobody has written to yet."""
    return await acme.empty_workspace()


async def write(cast: Cast, workspace_id: UUID, *texts: str, known_as: str = "") -> list[str]:
    """One post for each text, taken in as from a platform a minute apart; their ids as the API tells them."""
    slug = next(slug for slug, id in cast.workspaces.items() if id == workspace_id)
    names = [known_as or f"p-{new_id()}" for _ in texts]
    posts = [
        IncomingPost(name, "m1", "ann", "person", None, text, START + timedelta(minutes=n))
        for n, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    async with agency_scope(cast.system):
        await take_in(workspace_id, cast.communities[slug], posts)
        return [f"post_{(await Post.get(workspace_id=workspace_id, external_id=name)).id}" for name in names]


async def search(
    api: httpx.AsyncClient, cast: Cast, workspace_id: UUID, text: str, *, who: str = "owner", **arguments: Any
) -> Any:
    answer = await ask(
        api,
        cast.tokens[who],
        """query($w: ID!, $text: String!, $first: Int, $after: String, $last: Int, $before: String, $order: PostOrder) {
             workspace(id: $w) { posts(filter: { text: $text }, first: $first, after: $after, last: $last, before: $before,
                                       orderBy: $order) {
               totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }""",
        w=f"workspace_{workspace_id}",
        text=text,
        **arguments,
    )
    assert "errors" not in answer, answer
    return answer["data"]["workspace"] and answer["data"]["workspace"]["posts"]


async def found(api: httpx.AsyncClient, cast: Cast, workspace_id: UUID, text: str, **named: Any) -> list[str]:
    posts = await search(api, cast, workspace_id, text, **named)
    assert posts["totalCount"] == len(posts["nodes"])
    return [node["id"] for node in posts["nodes"]]


async def test_a_post_is_found_by_its_words_however_they_are_written(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    [post] = await write(acme, client, "Die Straße nach Café 東京, Nr. 42! 🎉")
    for text in ("STRASSE", "strasse die", "cafe\u0301", "京東", "nr.42", "„Straße“ (nach)", "42 🎉"):
        assert await found(api, acme, client, text) == [post], text
    for text in ("cafe", "stra", "straßen", "京都", "4", "42nd", "Die Straße nach Rom"):
        assert await found(api, acme, client, text) == [], text


async def test_two_words_need_both(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    both, one, other = await write(acme, client, "red green", "red blue", "green blue")
    assert await found(api, acme, client, "green red", order="OLDEST") == [both]
    assert await found(api, acme, client, "red", order="OLDEST") == [both, one]
    assert await found(api, acme, client, "green", order="NEWEST") == [other, both]
    assert await found(api, acme, client, "red green blue") == []


@pytest.mark.parametrize("text", ["", " ", "!!!", "🎉", "_"])
async def test_no_word_at_all_finds_nothing(api: httpx.AsyncClient, acme: Cast, client: UUID, text: str) -> None:
    await write(acme, client, "hello", "!!!", "🎉 _")
    assert await found(api, acme, client, text) == []


async def test_a_search_with_a_nul_is_refused(api: httpx.AsyncClient, acme: Cast, client: UUID) -> None:
    answer = await ask(
        api,
        acme.tokens["owner"],
        "query($w: ID!, $text: String!) { workspace(id: $w) { posts(filter: { text: $text }) { totalCount } } }",
        w=f"workspace_{client}",
        text="a\x00b",
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_after_an_edit_the_new_words_find_the_post_and_the_removed_ones_do_not(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    [post] = await write(acme, client, "the old story", known_as="p1")
    assert await write(acme, client, "the new story, twice new", known_as="p1") == [post]
    for text, expected in (("new", [post]), ("the story", [post]), ("old", []), ("old story", [])):
        assert await found(api, acme, client, text) == expected, text
    async with agency_scope(acme.system):
        words = await PostWord.filter(workspace_id=client).values_list("word", flat=True)
    assert sorted(words) == ["new", "story", "the", "twice"]


async def test_two_versions_at_once_are_found_by_the_later_one(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    first, second = await write(acme, client, "draft words", "final words", known_as="p1")
    assert first == second
    assert await found(api, acme, client, "final words") == [first]
    assert await found(api, acme, client, "draft") == []


async def test_a_post_of_very_many_very_long_words_is_taken_in_and_found(
    api: httpx.AsyncClient, acme: Cast, client: UUID
) -> None:
    # Four bytes a character: the longest entries an index can get.
    long = "𐐨" * LONGEST_WORD_CHARACTERS
    [post] = await write(acme, client, " ".join([f"{long}{long}", *(f"w{n}" for n in range(MOST_WORDS_OF_A_POST))]))
    assert await found(api, acme, client, long) == [post]
    assert await found(api, acme, client, f"w0 w{MOST_WORDS_OF_A_POST - 2} {long}") == [post]
    assert await found(api, acme, client, f"w{MOST_WORDS_OF_A_POST - 1}") == []


async def test_another_agency_and_another_client_do_not_find_it(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, client: UUID
) -> None:
    elsewhere, abroad = await acme.empty_workspace(), await globex.empty_workspace()
    [post] = await write(acme, client, "confidential")
    assert await found(api, acme, client, "confidential") == [post]
    assert await found(api, acme, elsewhere, "confidential") == []
    assert await found(api, globex, abroad, "confidential") == []
    assert await search(api, globex, client, "confidential") is None


async def test_a_contractor_finds_posts_of_their_own_clients_only(api: httpx.AsyncClient, acme: Cast) -> None:
    word = f"w{new_id().hex}"
    [forum] = await write(acme, acme.workspaces["forum"], word)
    [chat] = await write(acme, acme.workspaces["chat"], word)
    assert await found(api, acme, acme.workspaces["forum"], word, who="contractor") == [forum]
    assert await search(api, acme, acme.workspaces["chat"], word, who="contractor") is None
    assert await found(api, acme, acme.workspaces["chat"], word, who="moderator") == [chat]


@pytest.mark.parametrize("order", ["NEWEST", "OLDEST"])
@pytest.mark.parametrize("text", ["common", "common even"])
async def test_following_cursors_either_way_meets_every_post_found_once(
    api: httpx.AsyncClient, acme: Cast, client: UUID, text: str, order: str
) -> None:
    written = await write(acme, client, *(f"common {'even' if n % 2 == 0 else 'odd'} {n}" for n in range(11)), "rare")
    expected = written[:11:2] if "even" in text else written[:11]
    if order == "NEWEST":
        expected = expected[::-1]
    forwards: list[str] = []
    backwards: list[str] = []
    after = before = None
    while True:
        page = await search(api, acme, client, text, order=order, first=2, after=after)
        assert page["totalCount"] == len(expected)
        forwards += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    while True:
        page = await search(api, acme, client, text, order=order, last=2, before=before)
        backwards = [node["id"] for node in page["nodes"]] + backwards
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert forwards == expected
    assert backwards == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("தமிழ்", ["தமிழ்"]),
        ("İSTANBUL istanbul", ["istanbul"]),
        ("ΐ Ϊ́", ["ΐ"]),
        ("𠮷𠮷野", ["𠮷", "野"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_of_other_scripts_stay_whole(text: str, words: list[str]) -> None:
    assert words_of(text) == words


async def test_the_migration_asks_for_the_words_of_every_client_with_posts(
    settings: Settings, acme: Cast, globex: Cast
) -> None:
    text = (history()[1]).read_text()
    await acme.post("early")
    await globex.post("early")
    empty = await acme.empty_workspace()
    owner = await asyncpg.connect(settings.owner_url)
    try:
        async with owner.transaction():
            await owner.execute(text[text.index("do $$") :])
    finally:
        await owner.close()
    for cast in (acme, globex):
        async with agency_scope(cast.system) as scope:
            asked = [job.workspace_id for job in await Job.filter(kind="write_words")]
            assert cast.workspaces["forum"] in asked
            assert empty not in asked
            assert set(asked) <= {workspace.id for workspace in await Workspace.all()}
            await Job.filter(kind="write_words").delete()
            assert await scope.fetchval("select count(*) from jobs where kind = 'write_words'") == 0


@pytest.mark.parametrize(("limit", "pieces"), [("POSTS_PER_WORDS_JOB", 2), ("WORDS_PER_WORDS_JOB", 5)])
async def test_posts_that_were_here_before_get_their_words_piece_by_piece(
    acme: Cast, monkeypatch: pytest.MonkeyPatch, limit: str, pieces: int
) -> None:
    """As after migration 0002: no row of words, one job for each client."""
    monkeypatch.setattr(f"backend.communities.writing_words.{limit}", pieces)
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    posts = [await acme.post(f"early bird {n}", workspace=slug) for n in range(5)]
    system = acme.system.narrowed_to(client)
    async with agency_scope(system) as scope:
        before = await PostWord.filter(workspace_id=client).count()
        await scope.execute("delete from post_words where agency_id = $1 and workspace_id = $2", acme.agency_id, client)
    payload: dict[str, Any] | None = {}
    runs = 0
    while payload is not None:
        runs += 1
        async with agency_scope(system):
            await write_words(system, payload)
            job = await Job.filter(kind="write_words", workspace_id=client).first()
            payload = None if job is None else job.payload
            await Job.filter(kind="write_words", workspace_id=client).delete()
    assert runs == 3
    async with agency_scope(system):
        assert await PostWord.filter(workspace_id=client).count() == before == 3 * len(posts)
