"""A chat archive, read line by line; whatever is wrong with it is said without reading the whole."""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import orjson

from backend.communities.taking_in import IncomingPost
from backend.evidence import IncomingAttachment
from backend.kit.errors import Invalid

LONGEST_LINE_BYTES: Final = 1_000_000
LONGEST_TEXT_CHARACTERS: Final = 100_000
LONGEST_NAME_CHARACTERS: Final = 200
LONGEST_URL_CHARACTERS: Final = 10_000
CHUNK_BYTES: Final = 16_384  # unpacked; damage in a gzip file costs at most the chunk it is found in

_GZIP: Final = b"\x1f\x8b"
_OBJECT_LINE: Final = re.compile(rb'^\s*\{\s*"', re.MULTILINE)
_CONTROL_CHARACTER: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Malformed(Exception):
    """The line cannot be taken in; the message says why."""


@contextmanager
def lines_of(path: Path, on_bytes: Callable[[int], object]) -> Iterator[Iterator[tuple[int, bytes | None]]]:
    """The lines of the file, unpacked if it is packed: its first bytes decide, not its name. `on_bytes` hears how many
    of its bytes have been read. Raises Invalid for what cannot be read, here or on the way."""
    try:
        file = path.open("rb")
        is_packed = file.peek(2)[:2] == _GZIP
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror or error}.") from None
    with file:
        yield _lines(_chunks(path, file, gzip.GzipFile(fileobj=file) if is_packed else file, on_bytes))


def read_line(line: bytes | None, bots: frozenset[str]) -> tuple[str, IncomingPost]:
    """The room and the post. Raises Malformed."""
    if line is None or len(line) > LONGEST_LINE_BYTES:
        raise Malformed(f"longer than {LONGEST_LINE_BYTES:,} bytes")
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"no valid JSON: {error.msg}, column {error.colno}") from None
    if type(entry) is not dict:
        raise Malformed("no JSON object")
    author = _name(entry, "author")
    return _name(entry, "room"), IncomingPost(
        external_id=_name(entry, "id"),
        author_external_id=author,
        author_handle=author,
        author_kind="bot" if is_bot(author, bots) else "person",
        identity_key=author,
        text=_text(entry, "text", longest=LONGEST_TEXT_CHARACTERS),
        posted_at=_moment(entry, "sent_at"),
        attachments=_attachments(entry),
    )


def is_bot(handle: str, bots: frozenset[str]) -> bool:
    """Whether the handle is one of `bots` or ends as bots' handles do. `member-...` is a pseudonym of a person."""
    return handle in bots or (handle.lower().endswith("bot") and not handle.startswith("member-"))


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


def _name(entry: dict[str, Any], key: str, *, longest: int = LONGEST_NAME_CHARACTERS) -> str:
    name = _text(entry, key, longest=longest)
    if not name or name.isspace():
        raise Malformed(f"{key} is empty")
    return name


def _moment(entry: dict[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(entry, key, longest=LONGEST_NAME_CHARACTERS))
        if moment.tzinfo is None:
            raise Malformed(f"{key} has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(f"{key} is no date and time") from None


def _attachments(entry: dict[str, Any]) -> tuple[IncomingAttachment, ...]:
    """Of each its address, perhaps a name and a type; there need be none."""
    told = entry.get("attachments") or []
    if type(told) is not list or not all(type(each) is dict for each in told):
        raise Malformed("attachments is no list of objects")
    return tuple(
        IncomingAttachment(
            _name(each, "url", longest=LONGEST_URL_CHARACTERS),
            _name(each, "name") if "name" in each else "",
            _name(each, "content_type") if "content_type" in each else None,
        )
        for each in told
    )


def _text(entry: dict[str, Any], key: str, *, longest: int) -> str:
    """orjson has refused lone surrogates and bytes that are not UTF-8 already."""
    if key not in entry:
        raise Malformed(f"{key} is missing")
    text = entry[key]
    if type(text) is not str:
        raise Malformed(f"{key} is no text")
    if len(text) > longest:
        raise Malformed(f"{key} is longer than {longest:,} characters")
    if "\x00" in text:
        raise Malformed(f"{key} contains a NUL character")
    return text
