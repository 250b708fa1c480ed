"""Ids: UUIDv7 inside, `<kind>_<uuid>` outside."""

import re
from uuid import UUID

import uuid_utils.compat

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> UUID:
    """A UUIDv7: ordered by time of creation, so that new rows land at the end of their index."""
    return uuid_utils.compat.uuid7()


def published(kind: str, id: UUID) -> str:
    return f"{kind}_{id}"


def is_canonical(text: str) -> bool:
    """Whether it is a uuid in the one spelling that counts."""
    return _CANONICAL.fullmatch(text) is not None


def split_published(text: str) -> tuple[str, str] | None:
    """The kind and the uuid's text of a published id; None for anything but its one canonical spelling.

    `UUID()` also takes braces, upper case and no hyphens: several spellings of one object would break every cache.
    """
    kind, separator, rest = text.rpartition("_")
    if not separator or _CANONICAL.fullmatch(rest) is None:
        return None
    return kind, rest


def parse_published(text: str) -> tuple[str, UUID] | None:
    """The kind and the uuid of a published id; None as `split_published`."""
    found = split_published(text)
    return None if found is None else (found[0], UUID(found[1]))
