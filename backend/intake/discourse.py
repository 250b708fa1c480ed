"""Discourse's webhooks: `{"post": {...}}`, `{"reviewable": {...}}`; the name of the event stands in a header only.

The payload of a removal is made before it (`lib/post_destroyer.rb`): nothing in it says that the post is gone, or when.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from backend.communities import STAFF_TRUST, IncomingPost
from backend.intake.picturing import pictures_in
from backend.intake.things import (
    Envelope,
    MemberChanged,
    Recovered,
    Removed,
    Reported,
    Thing,
    ThreadRecovered,
    ThreadRemoved,
    Unreadable,
    Written,
    at,
    handle_of,
    id_at,
    id_or_nothing,
    moment_at,
    name_at,
    picked,
    plain,
    reason_of,
    storable,
)

_POST_EVENTS: Final = frozenset({"post_created", "post_edited", "post_destroyed", "post_recovered"})
_FLAG_EVENTS: Final = frozenset({"reviewable_created", "reviewable_score_updated"})
_TOPIC_EVENTS: Final = frozenset({"topic_destroyed", "topic_recovered"})
_USER_EVENTS: Final = frozenset({"user_updated", "user_promoted"})
_OPPOSITE: Final = {
    "post_destroyed": "post_recovered",
    "post_recovered": "post_destroyed",
    "topic_destroyed": "topic_recovered",
    "topic_recovered": "topic_destroyed",
}
# Everything that is kept of a payload until it is taken in.
_POST: Final = (
    *("id", "user_id", "username", "raw", "cooked", "created_at", "updated_at"),
    *("topic_id", "trust_level", "staff", "admin", "moderator"),
)
_TOPIC: Final = ("id",)
_MEMBER: Final = ("id", "username", "trust_level", "staff", "admin", "moderator")
_USER: Final = ("id", "username")
_REGULAR: Final = (1, 2)  # the others are notes of the forum itself, and whispers of its staff


def envelope(headers: Mapping[str, str], document: Any) -> Envelope:
    """A retry has another event id and the same body, so the object and its version are what identifies it."""
    event = headers.get("x-discourse-event", "")
    if at(document, "ping") is not None or event == "ping":
        return Envelope("ping", "", answer="")
    if event in _POST_EVENTS:
        id, since = name_at(document, "post.id"), name_at(document, "post.updated_at")
        key = f"{event} {id} {since or name_at(document, 'post.version')}" if id else ""
        undone_by = f"{_OPPOSITE[event]} {id} " if id and event in _OPPOSITE else None
        return Envelope(event, key, undone_by, _not_for_us(at(document, "post")))
    if event in _TOPIC_EVENTS:
        id = name_at(document, "topic.id")
        return Envelope(event, f"{event} {id} " if id else "", f"{_OPPOSITE[event]} {id} " if id else None)
    if event in _USER_EVENTS:
        told = [name_at(document, f"user.{name}") for name in _MEMBER]
        return Envelope(event, f"{event} {' '.join(told)}" if told[0] else "")
    if event in _FLAG_EVENTS:
        id, *state = (name_at(document, f"reviewable.{name}") for name in ("id", "version", "score"))
        key = f"{event} {id} {' '.join(state)}" if id else ""
        is_post = at(document, "reviewable.type") == "ReviewableFlaggedPost"
        return Envelope(event, key, ignored=None if is_post else "What waits for review there is no flagged post.")
    return Envelope(event or "unknown", "", ignored="Tend takes nothing in from events of this kind.")


def _not_for_us(post: Any) -> str | None:
    if at(post, "topic_archetype") == "private_message":
        return "It is a private message, and no post of the community."
    if at(post, "post_type") not in (None, *_REGULAR):
        return "It is a note of the forum or a whisper of its staff."
    return None


def stored(document: Any) -> Any:
    """Only what is read from it: of a flag not the words, which may be of a private message that nobody told."""
    for name, kept in (("topic", _TOPIC), ("user", _MEMBER), ("post", _POST)):
        if at(document, name) is not None:
            return {name: picked(at(document, name), kept)}
    flagged = at(document, "reviewable")
    scores = at(flagged, "reviewable_scores")
    return {
        "reviewable": {
            **picked(flagged, ("id", "post_id", "created_by_id")),
            "created_by": picked(at(flagged, "created_by"), _USER),
            "reviewable_scores": [_score(each) for each in scores] if isinstance(scores, list) else None,
        }
    }


def things(kind: str, document: Any, received_at: datetime) -> Iterable[Thing]:
    """Raises Unreadable."""
    if kind in _FLAG_EVENTS:
        yield from _flags(at(document, "reviewable"))
        return
    if kind in _TOPIC_EVENTS:
        gone = kind == "topic_destroyed"
        yield (ThreadRemoved if gone else ThreadRecovered)(id_at(document, "topic.id"), received_at)
        return
    if kind in _USER_EVENTS:
        user, member = at(document, "user"), id_at(document, "user.id")
        yield MemberChanged(member, handle_of(at(user, "username"), f"user {member}"), _trust_level(user))
        return
    post = _post(document, received_at)
    yield Written(post)
    if kind == "post_destroyed":
        yield Removed(post.external_id, received_at)
    elif kind == "post_recovered":
        yield Recovered(post.external_id, received_at)


def _post(document: Any, received_at: datetime) -> IncomingPost:
    author = id_at(document, "post.user_id")
    raw, cooked = at(document, "post.raw"), at(document, "post.cooked")
    if not isinstance(raw, str) and not isinstance(cooked, str):
        raise Unreadable("post.raw is missing.")
    text = storable(raw if isinstance(raw, str) else plain(cooked), "post.raw")
    posted_at = moment_at(document, "post.created_at")
    has_time = at(document, "post.updated_at") is not None
    return IncomingPost(
        external_id=id_at(document, "post.id"),
        author_external_id=author,
        author_handle=handle_of(at(document, "post.username"), f"user {author}"),
        author_kind="bot" if author.startswith("-") else "person",  # `system` is -1, discobot -2
        identity_key=None,
        text=text,
        posted_at=posted_at,
        revised_at=moment_at(document, "post.updated_at") if has_time else received_at,
        thread=id_or_nothing(document, "post.topic_id"),
        author_trust_level=_trust_level(at(document, "post")),
        attachments=pictures_in(cooked) if isinstance(cooked, str) else (),
    )


def _trust_level(of: Any) -> int | None:
    """Of what is said of a user, or of a post's."""
    if any(at(of, name) is True for name in ("staff", "admin", "moderator")):
        return STAFF_TRUST
    told = at(of, "trust_level")
    return told if type(told) is int and 0 <= told < STAFF_TRUST else None


def _flags(flagged: Any) -> Iterable[Thing]:
    """One report for each who flagged, or one of whoever did first where the scores are only named by their ids."""
    if not isinstance(flagged, dict):
        raise Unreadable("reviewable is missing.")
    post = id_at({"reviewable": flagged}, "reviewable.post_id")
    scores = flagged.get("reviewable_scores")
    told = [score for score in scores if isinstance(score, dict)] if isinstance(scores, list) else []
    reporters: dict[str, Reported] = {}
    for score in told:
        reporter = id_or_nothing(score, "user.id") or id_or_nothing(score, "user_id")
        if reporter is not None:
            handle = handle_of(at(score, "user.username"), f"user {reporter}")
            reason = reason_of(at(score, "reason"), at(score, "score_type.title"), "Flagged on Discourse.")
            reporters[reporter] = Reported(post, reporter, handle, plain(reason) or reason)
    if not reporters:
        reporter = id_or_nothing(flagged, "created_by.id") or id_or_nothing(flagged, "created_by_id")
        if reporter is None:
            raise Unreadable("reviewable.created_by is missing.")
        handle = handle_of(at(flagged, "created_by.username"), f"user {reporter}")
        reporters[reporter] = Reported(post, reporter, handle, "Flagged on Discourse.")
    yield from reporters.values()


def _score(told: Any) -> Any:
    return {
        **picked(told, ("reason", "user_id")),
        "user": picked(at(told, "user"), _USER),
        "score_type": picked(at(told, "score_type"), ("title",)),
    }
