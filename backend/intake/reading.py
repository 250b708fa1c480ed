"""Whose payloads are read how."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from backend.intake import discourse, generic, mastodon, slack
from backend.intake.things import Envelope, Thing, Unreadable
from backend.intake.thresholds import LONGEST_KEY, LONGEST_KIND


@dataclass(frozen=True, slots=True)
class _Platform:
    """`stored` is what is kept of a document until it was taken in; None where that is the bytes as they came."""

    envelope: Callable[[Mapping[str, str], Any], Envelope]
    things: Callable[[str, Any, datetime], Iterable[Thing]]
    stored: Callable[[Any], Any] | None = None


_PLATFORMS: Final[Mapping[str, _Platform]] = {
    "discourse": _Platform(discourse.envelope, discourse.things, discourse.stored),
    "slack": _Platform(slack.envelope, slack.things, slack.stored),
    "mastodon": _Platform(mastodon.envelope, mastodon.things, mastodon.stored),
    "webhook": _Platform(generic.envelope, generic.things),
}


def parsed(body: bytes) -> Any:
    """Raises Unreadable."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreadable("The body is no JSON.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body is no JSON object.")
    return document


def envelope_of(platform: str, headers: Mapping[str, str], document: Any, body: bytes) -> Envelope:
    """With a key that can be stored: a body that names nothing is identified by its bytes."""
    found = _PLATFORMS[platform].envelope(headers, document)
    undone_by = None if found.undone_by is None else found.undone_by.replace("\x00", "\ufffd")
    return replace(found, kind=_name(found.kind), key=_key(found.key, body), undone_by=undone_by)


def key_of_bytes(body: bytes) -> str:
    return f"sha256 {hashlib.sha256(body).hexdigest()}"


def to_store(platform: str, document: Any, body: bytes) -> bytes:
    stored = _PLATFORMS[platform].stored
    return body if stored is None else orjson.dumps(stored(document))


def things_in(platform: str, kind: str, body: bytes, received_at: datetime) -> list[Thing]:
    """In the order in which they are to be taken in. Raises Unreadable."""
    return list(_PLATFORMS[platform].things(kind, parsed(body), received_at))


def _key(text: str, body: bytes) -> str:
    if not text:
        return key_of_bytes(body)
    text = text.replace("\x00", "\ufffd")
    return text if len(text) <= LONGEST_KEY else f"long {hashlib.sha256(text.encode()).hexdigest()}"


def _name(kind: str) -> str:
    return kind.replace("\x00", "\ufffd")[:LONGEST_KIND]
