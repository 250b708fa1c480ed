"""An archive of chat rooms becomes communities, members and posts, once."""

import asyncio
import gzip
import os
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from backend.communities import Community, Connection, ImportCount, Member, Post, PostVersion, import_chat, is_bot
from backend.communities.importing import slug_of
from backend.communities.taking_in import IncomingPost, TakenIn, take_in
from backend.journal import JournalEntry
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.outbox import Job
from tenants.actor import Actor, system
from tenants.provisioning import create_workspace, provision_agency
from tenants.scope import agency_scope

pytestmark = pytest.mark.asyncio(loop_scope="session")
START = datetime(2015, 10, 5, 7, 39, 31, tzinfo=UTC)
CHAT_DIR = os.environ.get("TEND_CHAT_DIR")
_numbers = count(1)


@pytest.fixture
def room() -> str:
    """A room nobody has imported yet: the agencies live as long as the session."""
    return f"Room{next(_numbers)}x{new_id().hex[-8:]}"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.jsonl"


def said(room: str, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "room": room,
        "sent_at": (START + timedelta(seconds=number)).isoformat(),
        "author": f"member-{number % 7:010x}",
        "text": f"Message {number}",
    } | changes


def packed(entries: Iterable[object]) -> bytes:
    return b"".join(orjson.dumps(entry) + b"\n" for entry in entries)


def refuse(number: int, reason: str) -> None:
    raise AssertionError(f"line {number}: {reason}")


async def bring_in(
    actor: Actor,
    workspace_id: UUID,
    path: Path,
    *,
    on_bytes: Callable[[int], object] = lambda _: None,
    on_bad_line: Callable[[int, str], object] = refuse,
) -> ImportCount:
    """Unless told otherwise, no line is bad."""
    async with asyncio.timeout(120):
        return await import_chat(actor, workspace_id, path, on_bytes=on_bytes, on_bad_line=on_bad_line)


async def posts_of(actor: Actor, workspace_id: UUID, room: str) -> list[Post]:
    async with agency_scope(actor):
        community = await Community.get_or_none(workspace_id=workspace_id, slug=slug_of(room))
        return [] if community is None else await Post.filter(community_id=community.id).order_by("posted_at", "id")


async def versions_of(actor: Actor, post: Post) -> list[tuple[int, str]]:
    async with agency_scope(actor):
        versions = await PostVersion.filter(post_id=post.id).order_by("version")
    return [(version.version, version.text) for version in versions]


async def jobs_about(actor: Actor, posts: list[Post]) -> list[Job]:
    """The jobs that apply rules to some of `posts`."""
    low, high = str(min(post.id for post in posts)), str(max(post.id for post in posts))
    async with agency_scope(actor):
        jobs = await Job.filter(kind="apply_rules").order_by("id")
    return [
        job
        for job in jobs
        if "first_id" in job.payload and low <= job.payload["first_id"] and job.payload["last_id"] <= high
    ]


async def test_a_room_becomes_a_community_with_its_members_and_posts(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed([said(room, 1, text=""), said(room, 2, author="camperbot"), said(room, 3)]))
    counted = await bring_in(acme.owner, acme.workspaces["chat"], archive)
    assert counted == ImportCount(lines=3, new=3, known=0, changed=0, malformed=0)

    posts = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert [(post.external_id, post.text, post.version) for post in posts] == [
        ("m1", "", 1),
        ("m2", "Message 2", 1),
        ("m3", "Message 3", 1),
    ]
    assert [post.posted_at for post in posts] == [START + timedelta(seconds=number) for number in (1, 2, 3)]
    assert await versions_of(acme.owner, posts[2]) == [(1, "Message 3")]
    async with agency_scope(acme.owner):
        community = await Community.get(slug=room.lower())
        assert (community.name, community.workspace_id) == (room, acme.workspaces["chat"])
        assert (await Connection.get(community_id=community.id)).platform == "built_in"
        members = {member.handle: member for member in await Member.filter(community_id=community.id)}
    assert {handle: (member.kind, member.identity_key) for handle, member in members.items()} == {
        "member-0000000001": ("person", "member-0000000001"),
        "camperbot": ("bot", "camperbot"),
        "member-0000000003": ("person", "member-0000000003"),
    }
    assert members["camperbot"].first_seen_at == START + timedelta(seconds=2)


async def test_a_second_run_doubles_nothing(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed(said(room, number) for number in range(1, 2_501)))
    first = await bring_in(acme.owner, acme.workspaces["chat"], archive)
    before = await posts_of(acme.owner, acme.workspaces["chat"], room)
    jobs_before = await jobs_about(acme.owner, before)
    second = await bring_in(acme.owner, acme.workspaces["chat"], archive)
    after = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert first == ImportCount(lines=2_500, new=2_500)
    assert second == ImportCount(lines=2_500, known=2_500)
    assert [(post.id, post.version, post.text) for post in after] == [(p.id, p.version, p.text) for p in before]
    assert len(after) == 2_500
    async with agency_scope(acme.owner):
        community = await Community.get(slug=slug_of(room))
        assert await Member.filter(community_id=community.id).count() == 7
        assert await PostVersion.filter(post_id__in=[post.id for post in after]).count() == 2_500
        entries = await JournalEntry.filter(subject_id=community.id).order_by("at", "id")
    assert [(entry.action, entry.detail) for entry in entries] == [
        ("community.created", {"slug": slug_of(room)}),
        ("posts.imported", {"new": 1_000, "changed": 0}),
        ("posts.imported", {"new": 1_000, "changed": 0}),
        ("posts.imported", {"new": 500, "changed": 0}),
    ]
    assert [job.id for job in await jobs_about(acme.owner, after)] == [job.id for job in jobs_before]


async def test_each_batch_asks_once_for_the_rules_to_be_applied_to_its_new_posts(
    acme: Any, room: str, archive: Path
) -> None:
    archive.write_bytes(packed(said(room, number) for number in range(1, 1_201)))
    await bring_in(acme.owner, acme.workspaces["chat"], archive)
    ids = [str(post.id) for post in await posts_of(acme.owner, acme.workspaces["chat"], room)]
    jobs = await jobs_about(acme.owner, await posts_of(acme.owner, acme.workspaces["chat"], room))
    assert [job.payload for job in jobs] == [
        {"first_id": ids[0], "last_id": ids[999]},
        {"first_id": ids[1_000], "last_id": ids[1_199]},
    ]
    assert ids == sorted(ids)
    assert {job.workspace_id for job in jobs} == {acme.workspaces["chat"]}


async def test_a_message_that_stands_twice_in_the_file_comes_in_once(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed([said(room, 1), said(room, 2), said(room, 1), said(room, 2)]))
    assert await bring_in(acme.owner, acme.workspaces["chat"], archive) == ImportCount(lines=4, new=2, known=2)
    assert len(await posts_of(acme.owner, acme.workspaces["chat"], room)) == 2


async def test_an_edited_text_becomes_version_2_and_running_again_leaves_it(
    acme: Any, room: str, archive: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.jsonl"
    archive.write_bytes(packed([said(room, 1, text="Frist!"), said(room, 2)]))
    edited.write_bytes(packed([said(room, 1, text="First!"), said(room, 2)]))
    workspace_id = acme.workspaces["chat"]
    await bring_in(acme.owner, workspace_id, archive)
    assert await bring_in(acme.owner, workspace_id, edited) == ImportCount(lines=2, known=1, changed=1)

    # The older file again: its words are those of version 1, so they change nothing.
    for path in (edited, archive, edited):
        assert await bring_in(acme.owner, workspace_id, path) == ImportCount(lines=2, known=2)
    posts = await posts_of(acme.owner, workspace_id, room)
    assert [(post.text, post.version) for post in posts] == [("First!", 2), ("Message 2", 1)]
    assert await versions_of(acme.owner, posts[0]) == [(1, "Frist!"), (2, "First!")]
    assert [job.payload for job in await jobs_about(acme.owner, posts)] == [
        {"first_id": str(posts[0].id), "last_id": str(posts[1].id)},
        {"first_id": str(posts[0].id), "last_id": str(posts[0].id)},
    ]

    edited.write_bytes(packed([said(room, 1, text="First of all!"), said(room, 1, text="First, I said!")]))
    assert await bring_in(acme.owner, workspace_id, edited) == ImportCount(lines=2, changed=2)
    assert [version for version, _ in await versions_of(acme.owner, posts[0])] == [1, 2, 3, 4]
    [post, _] = await posts_of(acme.owner, workspace_id, room)
    assert (post.text, post.version) == ("First, I said!", 4)


async def test_an_edit_within_one_file_is_version_2_at_once(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed([said(room, 1, text="a"), said(room, 1, text="b"), said(room, 1, text="a")]))
    counted = await bring_in(acme.owner, acme.workspaces["chat"], archive)
    assert counted == ImportCount(lines=3, new=1, known=1, changed=1)
    [post] = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert (post.text, post.version) == ("b", 2)
    assert await versions_of(acme.owner, post) == [(1, "a"), (2, "b")]
    assert len(await jobs_about(acme.owner, [post])) == 1


async def test_malformed_lines_are_told_by_number_and_the_rest_comes_in(acme: Any, room: str, archive: Path) -> None:
    whole = said(room, 1)
    faults: list[tuple[bytes, str]] = [
        (b'{"id": "m1", "room":', "no valid JSON: unexpected end of data"),
        (b'["m1"]', "no JSON object"),
        (orjson.dumps({key: whole[key] for key in whole if key != "text"}), "text is missing"),
        (orjson.dumps(whole | {"text": 17}), "text is no text"),
        (orjson.dumps(whole | {"id": None}), "id is no text"),
        (orjson.dumps(whole | {"author": " "}), "author is empty"),
        (orjson.dumps(whole | {"id": "i" * 201}), "id is longer than 200 characters"),
        (orjson.dumps(whole | {"author": "a" * 201}), "author is longer than 200 characters"),
        (orjson.dumps(whole | {"room": "r" * 201}), "room is longer than 200 characters"),
        (orjson.dumps(whole | {"text": "t" * 100_001}), "text is longer than 100,000 characters"),
        (orjson.dumps(whole | {"text": "nul\x00"}), "text contains a NUL character"),
        (orjson.dumps(whole).replace(b"Message", rb"\ud800"), "no valid JSON: no low surrogate in string"),
        (
            orjson.dumps(whole).replace(b"Message", b"\xff\xfe"),
            "no valid JSON: str is not valid UTF-8: surrogates not allowed",
        ),
        (orjson.dumps(whole | {"sent_at": "2015-10-05T07:39:31"}), "sent_at has no time zone"),
        (orjson.dumps(whole | {"sent_at": "yesterday"}), "sent_at is no date and time"),
        (orjson.dumps(whole | {"sent_at": "0001-01-01T00:00:00+14:00"}), "sent_at is no date and time"),
        (b'{"id": "' + b"x" * 1_000_000, "longer than 1,000,000 bytes"),
    ]
    lines = [orjson.dumps(said(room, 100)), b"", *(fault for fault, _ in faults), b"  ", orjson.dumps(said(room, 101))]
    archive.write_bytes(b"\r\n".join(lines))
    told: list[tuple[int, str]] = []
    counted = await bring_in(
        acme.owner,
        acme.workspaces["chat"],
        archive,
        on_bad_line=lambda number, why: told.append((number, why.split(", column")[0])),
    )
    assert told == [(number, reason) for number, (_, reason) in enumerate(faults, start=3)]
    assert counted == ImportCount(lines=19, new=2, malformed=17)
    posts = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert [post.external_id for post in posts] == ["m100", "m101"]


async def test_the_longest_allowed_comes_in_whole(acme: Any, room: str, archive: Path) -> None:
    entry = said(room, 1, id="i" * 200, author="ä" * 200, text="\N{PARTY POPPER}" * 100_000)
    archive.write_bytes(b"\xef\xbb\xbf" + packed([entry]))
    assert await bring_in(acme.owner, acme.workspaces["chat"], archive) == ImportCount(lines=1, new=1)
    [post] = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert (post.external_id, post.text) == (entry["id"], entry["text"])


@pytest.mark.parametrize("name", ["plain.jsonl", "plain.jsonl.gz", "packed.jsonl", "packed.jsonl.gz"])
async def test_plain_or_packed_is_decided_by_the_first_bytes_and_not_by_the_name(
    acme: Any, room: str, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    content = packed(said(room, number) for number in range(1, 1_501))
    path.write_bytes(gzip.compress(content) if name.startswith("packed") else content)
    heard: list[int] = []
    counted = await bring_in(acme.owner, acme.workspaces["chat"], path, on_bytes=heard.append)
    assert counted == ImportCount(lines=1_500, new=1_500)
    assert heard == sorted(heard)
    assert heard[-1] == path.stat().st_size


@pytest.mark.parametrize("damage", ["cut off", "overwritten", "wrong checksum"])
async def test_a_damaged_gzip_file_is_refused_in_a_sentence_and_what_came_before_stays(
    acme: Any, room: str, archive: Path, damage: str
) -> None:
    whole = gzip.compress(packed(said(room, number) for number in range(1, 5_001)), mtime=0)
    archive.write_bytes(
        {
            "cut off": whole[: len(whole) // 2],
            "overwritten": whole[: len(whole) // 2] + bytes(200) + whole[len(whole) // 2 + 200 :],
            "wrong checksum": whole[:-8] + bytes(4) + whole[-4:],
        }[damage]
    )
    with pytest.raises(Invalid) as refusal:
        await bring_in(acme.owner, acme.workspaces["chat"], archive, on_bad_line=lambda *_: None)
    assert refusal.value.message == f"{archive} is damaged or cut off; what could be read of it is imported."
    kept = await posts_of(acme.owner, acme.workspaces["chat"], room)
    assert len(kept) == 5_000 if damage == "wrong checksum" else 1_500 < len(kept) < 4_000

    archive.write_bytes(whole)
    healed = await bring_in(acme.owner, acme.workspaces["chat"], archive)
    assert healed.new + healed.known + healed.changed == 5_000
    assert len(await posts_of(acme.owner, acme.workspaces["chat"], room)) >= 5_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl.gz", b"this was never packed\n", "is neither a gzip file nor JSON lines."),
        ("x.jsonl.gz", b"", "is neither a gzip file nor JSON lines."),
        ("x.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "does not contain text."),
        ("x.jsonl", bytes(1_000), "does not contain text."),
        ("x.jsonl", '{"id": "m1"}\n'.encode("utf-16"), "does not contain text."),
        ("x.jsonl", gzip.compress(bytes(1_000), mtime=0), "does not contain text."),
        ("x.jsonl", b"\x1f\x8b\x08", "is damaged or cut off; what could be read of it is imported."),
    ],
)
async def test_what_is_no_archive_is_refused_in_a_sentence(
    acme: Any, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid) as refusal:
        await bring_in(acme.owner, acme.workspaces["chat"], path)
    assert refusal.value.message == f"{path} {message}"


async def test_a_folder_or_a_missing_file_is_refused_in_a_sentence(acme: Any, tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file or directory")):
        with pytest.raises(Invalid) as refusal:
            await bring_in(acme.owner, acme.workspaces["chat"], path)
        assert refusal.value.message == f"{path} cannot be read: {reason}."


async def test_an_empty_file_brings_nothing(acme: Any, archive: Path) -> None:
    archive.write_bytes(b"")
    assert await bring_in(acme.owner, acme.workspaces["chat"], archive) == ImportCount()


async def test_a_reply_finds_its_parent_in_the_same_batch_or_an_earlier_one_and_else_stands_alone(
    acme: Any, room: str, archive: Path
) -> None:
    archive.write_bytes(packed([said(room, 1)]))
    workspace_id = acme.workspaces["chat"]
    await bring_in(acme.owner, workspace_id, archive)

    def reply(name: str, to: str | None) -> IncomingPost:
        return IncomingPost(name, "u1", "Ann", "person", None, name, START + timedelta(hours=1), to)

    posts = [reply("a", "m1"), reply("b", "a"), reply("c", "d"), reply("d", "d"), reply("e", "nowhere")]
    async with agency_scope(acme.owner):
        community = await Community.get(slug=slug_of(room))
        assert await take_in(workspace_id, community.id, posts) == TakenIn(new=5, known=0, changed=0)
    ids = {post.external_id: post.id for post in await posts_of(acme.owner, workspace_id, room)}
    parents = {post.external_id: post.reply_to_id for post in await posts_of(acme.owner, workspace_id, room)}
    assert parents == {"m1": None, "a": ids["m1"], "b": ids["a"], "c": None, "d": None, "e": None}

    async with agency_scope(acme.owner):
        again = [*posts, replace(posts[0], text="a, edited"), reply("f", "e")]
        assert await take_in(workspace_id, community.id, again) == TakenIn(new=1, known=5, changed=1)


async def test_a_member_with_a_new_handle_stays_the_same_member(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed([said(room, 1)]))
    workspace_id = acme.workspaces["chat"]
    await bring_in(acme.owner, workspace_id, archive)
    async with agency_scope(acme.owner):
        community = await Community.get(slug=slug_of(room))
        before = await Member.get(community_id=community.id)
        earlier = START - timedelta(days=1)
        renamed = IncomingPost("x", before.external_id, "Ann", "person", None, "I am Ann now", earlier)
        await take_in(workspace_id, community.id, [renamed])
        after = await Member.get(community_id=community.id)
    assert (after.id, after.handle, after.first_seen_at) == (before.id, "Ann", earlier)
    assert after.identity_key == before.identity_key == "member-0000000001"


async def test_the_same_author_in_two_rooms_is_two_members_joined_by_one_identity_key(
    acme: Any, room: str, archive: Path
) -> None:
    author = f"member-{new_id().hex[-10:]}"
    archive.write_bytes(packed([said(room, 1, author=author), said(f"{room}-b", 1, author=author)]))
    assert await bring_in(acme.owner, acme.workspaces["chat"], archive) == ImportCount(lines=2, new=2)
    async with agency_scope(acme.owner):
        members = await Member.filter(workspace_id=acme.workspaces["chat"], identity_key=author)
    assert len({member.id for member in members}) == len({member.community_id for member in members}) == 2


async def test_another_agency_sees_nothing_of_it_and_cannot_import_into_it(
    acme: Any, globex: Any, room: str, archive: Path
) -> None:
    archive.write_bytes(packed([said(room, 1, text=f"Only for {room}")]))
    workspace_id = acme.workspaces["chat"]
    with pytest.raises(NotFound):
        await bring_in(globex.owner, workspace_id, archive)
    assert await posts_of(acme.owner, workspace_id, room) == []
    await bring_in(acme.owner, workspace_id, archive)
    seen = """select (select count(*) from communities where slug = $1), (select count(*) from posts where text = $2),
                     (select count(*) from post_versions where text = $2)"""
    for actor, expected in ((acme.owner, (1, 1, 1)), (globex.owner, (0, 0, 0))):
        async with agency_scope(actor) as scope:
            assert tuple(await scope.fetchrow(seen, slug_of(room), f"Only for {room}")) == expected
    async with agency_scope(acme.owner):
        community = await Community.get(slug=slug_of(room))
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await take_in(workspace_id, community.id, [])


async def test_without_the_right_nothing_comes_in(acme: Any, room: str, archive: Path) -> None:
    archive.write_bytes(packed([said(room, 1)]))
    with pytest.raises(NotAllowed):
        await bring_in(acme.moderator, acme.workspaces["chat"], archive)
    assert await posts_of(acme.owner, acme.workspaces["chat"], room) == []
    assert (await bring_in(acme.owner, acme.workspaces["chat"], archive)).new == 1


async def test_an_import_that_is_stopped_in_the_middle_leaves_whole_batches_and_goes_on_when_run_again(
    acme: Any, room: str, archive: Path
) -> None:
    archive.write_bytes(packed(said(room, number) for number in range(1, 5_501)))
    workspace_id, half = acme.workspaces["chat"], archive.stat().st_size // 2
    stopped = asyncio.create_task(
        bring_in(acme.owner, workspace_id, archive, on_bytes=lambda n: stopped.cancel() if n > half else None)
    )
    with pytest.raises(asyncio.CancelledError):
        await stopped
    kept = len(await posts_of(acme.owner, workspace_id, room))
    assert kept in (2_000, 3_000)

    assert await bring_in(acme.owner, workspace_id, archive) == ImportCount(lines=5_500, new=5_500 - kept, known=kept)
    posts = await posts_of(acme.owner, workspace_id, room)
    assert [post.external_id for post in posts] == [f"m{number}" for number in range(1, 5_501)]


async def test_two_imports_of_the_same_rooms_at_once_bring_everything_in_once(
    acme: Any, room: str, archive: Path
) -> None:
    rooms = [f"{room}-{letter}" for letter in "cab"]
    archive.write_bytes(packed(said(rooms[number % 3], number) for number in range(1, 4_501)))
    counts = await asyncio.gather(*(bring_in(acme.owner, acme.workspaces["chat"], archive) for _ in range(3)))
    assert sum(count.new for count in counts) == 4_500
    assert sum(count.known for count in counts) == 9_000
    for name in rooms:
        assert len(await posts_of(acme.owner, acme.workspaces["chat"], name)) == 1_500


async def test_two_imports_of_the_same_edits_at_once_make_one_version_of_each(
    acme: Any, room: str, archive: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.jsonl"
    archive.write_bytes(packed(said(room, number) for number in range(1, 301)))
    edited.write_bytes(packed(said(room, number, text=f"Edited {number}") for number in range(1, 301)))
    await bring_in(acme.owner, acme.workspaces["chat"], archive)
    counts = await asyncio.gather(*(bring_in(acme.owner, acme.workspaces["chat"], edited) for _ in range(3)))
    assert sorted(count.changed for count in counts) == [0, 0, 300]
    assert {post.version for post in await posts_of(acme.owner, acme.workspaces["chat"], room)} == {2}


async def test_memory_stays_bounded_however_long_the_file_or_a_line(acme: Any, room: str, archive: Path) -> None:
    with gzip.open(archive, "wb", compresslevel=1) as file:
        for number in range(1, 50_001):
            file.write(packed([said(room, number, text=f"Message {number} " + "la " * 60)]))
        for _ in range(100):
            file.write(b'{"id": "' + b"x" * 1_000_000)
        file.write(b"\n" + packed([said(room, 50_001)]))
    told: list[tuple[int, str]] = []
    tracemalloc.start()
    try:
        counted = await bring_in(
            acme.owner, acme.workspaces["chat"], archive, on_bad_line=lambda *bad: told.append(bad)
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counted == ImportCount(lines=50_002, new=50_001, malformed=1)
    assert told == [(50_001, "longer than 1,000,000 bytes")]
    assert peak < 60_000_000


@pytest.mark.skipif(CHAT_DIR is None, reason="TEND_CHAT_DIR is not set: the ten real rooms are not there")
async def test_ten_real_rooms_come_in_whole() -> None:
    agency_id = await provision_agency(slug=f"real-{new_id().hex[-12:]}", name="Real rooms")
    actor = system(agency_id)
    async with agency_scope(actor):
        workspace_id = (await create_workspace(actor, slug="chat", name="Chat")).id
    counted = ImportCount()
    for path in sorted(Path(CHAT_DIR or "").glob("*.jsonl.gz")):
        counted += await bring_in(actor, workspace_id, path)
    assert counted == ImportCount(lines=55_097, new=54_881, known=216)
    async with agency_scope(actor):
        assert await Post.all().count() == 54_881
        assert await PostVersion.all().count() == 54_881
        assert await Community.all().count() == 10
        assert {(m.handle, m.kind) for m in await Member.filter(kind="bot")} == {("camperbot", "bot")}
        assert (await Community.get(slug="datascience")).name == "DataScience"


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("camperbot", True),
        ("HelperBot", True),
        ("ann", True),
        ("bob", False),
        ("botany", False),
        ("member-0bot", False),
    ],
)
async def test_bots_are_told_by_name_or_by_list(handle: str, expected: bool) -> None:
    assert is_bot(handle, frozenset({"ann"})) is expected


async def test_rooms_keep_apart_unless_only_case_or_separators_differ() -> None:
    assert slug_of("DataScience") == "datascience"
    assert slug_of(" data science ") == slug_of("Data_Science") == slug_of("data/science") == "data-science"
    names = ["C", "C++", "C#", "\N{PARTY POPPER}", "Zoë", "x" * 64, "x" * 65]
    assert len({slug_of(name) for name in names}) == len(names)
