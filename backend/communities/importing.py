import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from backend import journal
from backend.communities.reading_chat import Malformed, lines_of, read_line
from backend.communities.taking_in import IncomingPost, take_in
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import is_slug
from tenants.rights import Right
from tenants.scope import agency_scope, current

BATCH_POSTS: Final = 1_000  # one transaction
BATCH_CHARACTERS: Final = 4_000_000  # or fewer posts: a thousand of the longest would fill the memory
# Another import may be at the same rooms. Waiting for its batches is normal and costs nobody an answer.
LOCK_PATIENCE_MILLISECONDS: Final = 14_000


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
    with lines_of(path, on_bytes) as lines:
        for batch in _batches(lines, bots, on_bad_line):
            count += await _take_in_batch(actor, workspace_id, batch)
    return count


@lru_cache(maxsize=1_000)
def slug_of(room: str) -> str:
    """The short name of the community for a room: the same for names that differ in case and separators only.

    A name that loses more than that gets a mark of its own, so that C, C++ and C# stay three communities.
    """
    plain = room.strip().lower()
    slug = re.sub(r"[\s_./-]+", "-", plain).strip("-")
    if is_slug(slug):
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
                batch.add(*read_line(line, bots))
            except Malformed as fault:
                batch.malformed += 1
                on_bad_line(number, str(fault))
            if batch.is_full():
                yield batch
                batch = _Batch()
    except Invalid:
        yield batch
        raise
    yield batch
