"""Slack's Events API: an envelope with one event; messages are named by their channel and their time."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from backend.communities import IncomingPost
from backend.intake.things import (
    Envelope,
    Removed,
    Thing,
    Written,
    at,
    attachments_at,
    handle_of,
    id_at,
    name_at,
    stamp_at,
    text_at,
)

# Of messages: those that somebody wrote. The others say that somebody joined, or that a topic was set.
_WRITTEN: Final = frozenset({"", "bot_message", "file_share", "me_message", "thread_broadcast"})
_OPEN: Final = frozenset({"", "channel", "group"})  # the others are messages from one to another


def envelope(_headers: Mapping[str, str], document: Any) -> Envelope:
    """Slack tries again under the same event_id."""
    if at(document, "type") == "url_verification":
        return Envelope("url_verification", "", answer=name_at(document, "challenge"))
    names = (name_at(document, path) for path in ("event.type", "event.subtype"))
    kind = ".".join(filter(None, names)) or name_at(document, "type") or "unknown"
    return Envelope(kind, name_at(document, "event_id"), ignored=_not_for_us(document))


def _not_for_us(document: Any) -> str | None:
    if at(document, "type") != "event_callback" or at(document, "event.type") != "message":
        return "Tend takes nothing in from events of this kind."
    if name_at(document, "event.channel_type") not in _OPEN:
        return "It is a private message, and no post of the community."
    subtype = name_at(document, "event.subtype")
    written = name_at(document, "event.message.subtype") if subtype == "message_changed" else subtype
    if subtype == "message_deleted" or written in _WRITTEN:
        return None
    if written == "tombstone":  # what is left of a message that had answers
        return None
    return "Nobody wrote it: Slack says what happened in the channel."


def stored(document: Any) -> Any:
    """Without the old verification token, which opens something elsewhere, and without who installed the app."""
    return {"event": at(document, "event")}


def things(_kind: str, document: Any, _received_at: datetime) -> Iterable[Thing]:
    """Raises Unreadable."""
    channel = id_at(document, "event.channel")
    subtype = at(document, "event.subtype")
    if subtype == "message_deleted":
        yield Removed(f"{channel}/{id_at(document, 'event.deleted_ts')}", stamp_at(document, "event.event_ts"))
    elif subtype == "message_changed" and at(document, "event.message.subtype") == "tombstone":
        yield Removed(f"{channel}/{id_at(document, 'event.message.ts')}", stamp_at(document, "event.event_ts"))
    elif subtype == "message_changed":
        yield Written(_post(document, "event.message", channel))
    else:
        yield Written(_post(document, "event", channel))


def _post(document: Any, path: str, channel: str) -> IncomingPost:
    message = at(document, path)
    is_bot = at(message, "bot_id") is not None
    author = id_at(document, f"{path}.bot_id" if is_bot and at(message, "user") is None else f"{path}.user")
    time, thread = id_at(document, f"{path}.ts"), at(message, "thread_ts")
    profile = at(message, "user_profile")
    return IncomingPost(
        external_id=f"{channel}/{time}",
        author_external_id=author,
        author_handle=handle_of(
            *(at(profile, name) for name in ("display_name", "real_name")),
            *(at(message, name) for name in ("username", "bot_profile.name")),
            author,
        ),
        author_kind="bot" if is_bot else "person",
        identity_key=None,
        text=text_at(document, f"{path}.text"),
        posted_at=stamp_at(document, f"{path}.ts"),
        reply_to_external_id=f"{channel}/{thread}" if isinstance(thread, str) and thread != time else None,
        thread=f"{channel}/{thread if isinstance(thread, str) else time}",
        revised_at=stamp_at(document, "event.event_ts"),
        attachments=attachments_at(message, "files", url="url_private", name="name", content_type="mimetype"),
    )
