import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.communities.creating import find_workspace
from backend.communities.taking_in import IncomingPost, take_in
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import agency_scope, current

BATCH_POSTS: Final = 1_000  # one transaction
BATCH_CHARACTERS: Final = 4_000_000  # or fewer posts: a thousand of the longest would fill the memory
# Another import may be at the same rooms. Waiting for its batches is normal and costs nobody an answer.
LOCK_PATIENCE_MILLISECONDS: Final = 14_000
LONGEST_LINE_BYTES: Final = 1_000_000
LONGEST_TEXT_CHARACTERS: Final = 100_000
LONGEST_NAME_CHARACTERS: Final = 200
CHUNK_BYTES: Final = 16_384  # unpacked; damage in a gzip file costs at most the chunk it is found in

_GZIP: Final = b"\x1f\x8b"
_OBJECT_LINE: Final = re.compile(rb'^\s*\{\s*"', re.MULTILINE)
_CONTROL_CHARACTER: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class ImportCount:
    """`lines` without the empty ones: each is one of the other four."""

    lines: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    malformed: int = 0

    def __add__(self, other: "ImportCount") -> "ImportCount":
        return ImportCount(
            lines=self.lines + other.lines,
            new=self.new + other.new,
            known=self.known + other.known,
            changed=self.changed + other.changed,
            malformed=self.malformed + other.malformed,
        )


@dataclass(slots=True)
class _Batch:
    lines: int = 0
    malformed: int = 0
    posts: int = 0
    characters: int = 0
    rooms: dict[str, tuple[str, list[IncomingPost]]] = field(default_factory=dict)  # by slug: name and posts

    def add(self, room: str, post: IncomingPost) -> None:
        self.rooms.setdefault(slug_of(room), (room.strip(), []))[1].append(post)
        self.posts += 1
        self.characters += len(post.text)

    def is_full(self) -> bool:
        return self.posts >= BATCH_POSTS or self.characters >= BATCH_CHARACTERS


class _Malformed(Exception):
    """The line cannot be taken in; the message says why."""


async def import_chat(
    actor: Actor,
    workspace_id: UUID,
    path: Path,
    *,
    bots: frozenset[str] = frozenset(),
    on_bytes: Callable[[int], object],
    on_bad_line: Callable[[int, str], object],
) -> ImportCount:
    """Take in a chat archive: JSON lines `{"id", "room", "sent_at", "author", "text"}`, plain or packed with gzip.

    Every room becomes a community. Each batch is a transaction of its own, so call outside any scope; after a crash,
    the same call goes on where it stopped. `on_bytes` hears how many bytes of the file have been read, `on_bad_line`
    the number and the fault of each line left out. Raises NotAllowed, NotFound, and Invalid for a file that cannot be
    read or is damaged: what was read before the damage stays imported.
    """
    actor.must_hold(Right.IMPORT)
    async with agency_scope(actor, read_only=True):
        await find_workspace(workspace_id)
    count = ImportCount()
    with _opened(path) as (file, source):
        chunks = _chunks(path, file, source, on_bytes)
        for batch in _batches(_lines(chunks), bots, on_bad_line):
            count += await _take_in_batch(actor, workspace_id, batch)
    return count


def is_bot(handle: str, bots: frozenset[str]) -> bool:
    """Whether the handle is one of `bots` or ends as bots' handles do. `member-...` is a pseudonym of a person."""
    return handle in bots or (handle.lower().endswith("bot") and not handle.startswith("member-"))


@lru_cache(maxsize=1_000)
def slug_of(room: str) -> str:
    """The short name of the community for a room: the same for names that differ in case and separators only.

    A name that loses more than that gets a mark of its own, so that C, C++ and C# stay three communities.
    """
    plain = room.strip().lower()
    slug = re.sub(r"[\s_./-]+", "-", plain).strip("-")
    if _SLUG.fullmatch(slug) is not None:
        return slug
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-") or "room"
    return f"{stem}-{sha256(plain.encode()).hexdigest()[:10]}"


async def _take_in_batch(actor: Actor, workspace_id: UUID, batch: _Batch) -> ImportCount:
    count = ImportCount(lines=batch.lines, malformed=batch.malformed)
    if not batch.rooms:
        return count
    async with agency_scope(actor) as scope:
        await scope.execute(f"set local lock_timeout = {LOCK_PATIENCE_MILLISECONDS}")
        # In order: two imports that lock the same communities never wait for each other in a circle.
        for slug, (name, posts) in sorted(batch.rooms.items()):
            community_id = await _community_of_room(workspace_id, slug, name)
            taken = await take_in(workspace_id, community_id, posts)
            count += ImportCount(new=taken.new, known=taken.known, changed=taken.changed)
            if taken.new or taken.changed:
                await journal.record(
                    "posts.imported",
                    subject_kind="community",
                    subject_id=community_id,
                    workspace_id=workspace_id,
                    new=taken.new,
                    changed=taken.changed,
                )
    return count


async def _community_of_room(workspace_id: UUID, slug: str, name: str) -> UUID:
    scope = current()
    agency_id = scope.actor.agency_id
    find = "select id from communities where agency_id = $1 and workspace_id = $2 and slug = $3"
    found: UUID | None = await scope.fetchval(find, agency_id, workspace_id, slug)
    if found is not None:
        return found
    # Another import may make the same room now: this waits for its commit, adds nothing, and reads what it made.
    community_id: UUID | None = await scope.fetchval(
        """insert into communities (agency_id, workspace_id, id, slug, name) values ($1, $2, $3, $4, $5)
           on conflict (agency_id, workspace_id, slug) do nothing returning id""",
        agency_id,
        workspace_id,
        new_id(),
        slug,
        name,
    )
    if community_id is None:
        return await _community_of_room(workspace_id, slug, name)
    await scope.execute(
        """insert into connections (agency_id, workspace_id, id, community_id, platform)
           values ($1, $2, $3, $4, 'built_in')""",
        agency_id,
        workspace_id,
        new_id(),
        community_id,
    )
    await journal.record(
        "community.created", subject_kind="community", subject_id=community_id, workspace_id=workspace_id, slug=slug
    )
    return community_id


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BufferedReader, BufferedReader | gzip.GzipFile]]:
    """The file, and the same unpacked if it is packed: its first bytes decide, not its name."""
    try:
        file = path.open("rb")
        is_packed = file.peek(2)[:2] == _GZIP
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror or error}.") from None
    with file:
        yield file, gzip.GzipFile(fileobj=file) if is_packed else file


def _chunks(
    path: Path, file: BufferedReader, source: BufferedReader | gzip.GzipFile, on_bytes: Callable[[int], object]
) -> Iterator[bytes]:
    """Raises Invalid where the file is damaged, and at once for what is no text."""
    is_first = True
    while True:
        try:
            # read1: what was unpacked before the damage comes out; read would lose it with the exception.
            chunk = source.read1(CHUNK_BYTES)
        except (OSError, EOFError, zlib.error):
            raise Invalid(f"{path} is damaged or cut off; what could be read of it is imported.") from None
        if is_first:
            _refuse_garbage(path, chunk, was_packed=source is not file)
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
            is_first = False
        elif not chunk:
            return
        on_bytes(file.tell())
        yield chunk


def _refuse_garbage(path: Path, head: bytes, *, was_packed: bool) -> None:
    """A few bad lines are reported one by one; a picture or an archive is refused whole."""
    if _OBJECT_LINE.search(head.removeprefix(codecs.BOM_UTF8)) is not None:
        return
    if path.suffix == ".gz" and not was_packed:
        raise Invalid(f"{path} is neither a gzip file nor JSON lines.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        raise Invalid(f"{path} does not contain text.") from None
    if _CONTROL_CHARACTER.search(head) is not None:
        raise Invalid(f"{path} does not contain text.")


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Number and bytes of each line; None for one that is too long, of which no more than a part is ever held."""
    number, rest, is_too_long = 1, b"", False
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest += first
        for piece in others:
            yield number, None if is_too_long else rest
            number, rest, is_too_long = number + 1, piece, False
        if len(rest) > LONGEST_LINE_BYTES:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield number, None if is_too_long else rest


def _batches(
    lines: Iterator[tuple[int, bytes | None]], bots: frozenset[str], on_bad_line: Callable[[int, str], object]
) -> Iterator[_Batch]:
    batch = _Batch()
    try:
        for number, line in lines:
            if line is not None and not line.strip():
                continue
            batch.lines += 1
            try:
                batch.add(*_read(line, bots))
            except _Malformed as fault:
                batch.malformed += 1
                on_bad_line(number, str(fault))
            if batch.is_full():
                yield batch
                batch = _Batch()
    except Invalid:
        yield batch
        raise
    yield batch


def _read(line: bytes | None, bots: frozenset[str]) -> tuple[str, IncomingPost]:
    """The room and the post. Raises _Malformed."""
    if line is None or len(line) > LONGEST_LINE_BYTES:
        raise _Malformed(f"longer than {LONGEST_LINE_BYTES:,} bytes")
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _Malformed(f"no valid JSON: {error.msg}, column {error.colno}") from None
    if type(entry) is not dict:
        raise _Malformed("no JSON object")
    author = _name(entry, "author")
    return _name(entry, "room"), IncomingPost(
        external_id=_name(entry, "id"),
        author_external_id=author,
        author_handle=author,
        author_kind="bot" if is_bot(author, bots) else "person",
        identity_key=author,
        text=_text(entry, "text", longest=LONGEST_TEXT_CHARACTERS),
        posted_at=_moment(entry, "sent_at"),
    )


def _name(entry: dict[str, Any], key: str) -> str:
    name = _text(entry, key, longest=LONGEST_NAME_CHARACTERS)
    if not name or name.isspace():
        raise _Malformed(f"{key} is empty")
    return name


def _moment(entry: dict[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(entry, key, longest=LONGEST_NAME_CHARACTERS))
        if moment.tzinfo is None:
            raise _Malformed(f"{key} has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Malformed(f"{key} is no date and time") from None


def _text(entry: dict[str, Any], key: str, *, longest: int) -> str:
    """orjson has refused lone surrogates and bytes that are not UTF-8 already."""
    if key not in entry:
        raise _Malformed(f"{key} is missing")
    text = entry[key]
    if type(text) is not str:
        raise _Malformed(f"{key} is no text")
    if len(text) > longest:
        raise _Malformed(f"{key} is longer than {longest:,} characters")
    if "\x00" in text:
        raise _Malformed(f"{key} contains a NUL character")
    return text
