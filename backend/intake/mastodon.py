"""Mastodon's administration webhooks: `{"event", "created_at", "object"}`. Accounts in them carry e-mail and IP addresses."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from backend.communities import IncomingPost
from backend.intake.things import (
    Envelope,
    Reported,
    Thing,
    Unreadable,
    Written,
    at,
    attachments_at,
    handle_of,
    id_at,
    id_or_nothing,
    moment_at,
    name_at,
    picked,
    plain,
    reason_of,
    storable,
    text_at,
)

_STATUS_EVENTS: Final = frozenset({"status.created", "status.updated"})
# Everything that is kept of a payload until it is taken in.
_ACCOUNT: Final = ("id", "username", "acct", "bot")
_STATUS: Final = (
    *("id", "created_at", "edited_at", "in_reply_to_id", "spoiler_text", "visibility", "content"),
    "account",
)
_REPORT: Final = ("id", "category", "comment", "created_at", "updated_at")


def envelope(_headers: Mapping[str, str], document: Any) -> Envelope:
    event = name_at(document, "event") or "unknown"
    told, id = at(document, "object"), name_at(document, "object.id")
    times = (name_at(told, name) for name in ("updated_at", "edited_at", "created_at"))
    key = f"{event} {id} {next(filter(None, times), '')}" if id else ""
    if event in _STATUS_EVENTS:
        is_direct = at(told, "visibility") == "direct"
        is_boost = at(told, "reblog") is not None
        ignored = "It is a private message, and no post of the community." if is_direct else None
        return Envelope(event, key, ignored="It repeats the post of somebody else." if is_boost else ignored)
    if event == "report.created":
        statuses = at(told, "statuses")
        return Envelope(event, key, ignored=None if statuses else "It reports an account, and no post.")
    return Envelope(event, key, ignored="Tend takes nothing in from events of this kind.")


def stored(document: Any) -> Any:
    """Only what is read from it: whoever reports keeps their address for themselves."""
    told = at(document, "object")
    if at(document, "event") != "report.created":
        return {"object": _status(told)}
    statuses = at(told, "statuses")
    return {
        "object": {
            **picked(told, _REPORT),
            "account": {"account": picked(at(told, "account.account"), _ACCOUNT)},
            "statuses": [_status(each) for each in statuses] if isinstance(statuses, list) else None,
            "rules": [picked(rule, ("text",)) for rule in at(told, "rules") or () if isinstance(rule, dict)]
            if isinstance(at(told, "rules"), list)
            else None,
        }
    }


def things(kind: str, document: Any, _received_at: datetime) -> Iterable[Thing]:
    """Raises Unreadable."""
    if kind in _STATUS_EVENTS:
        yield Written(_post(document))
        return
    report = at(document, "object")
    statuses = at(report, "statuses")
    if not isinstance(statuses, list):
        raise Unreadable("object.statuses is missing.")
    reporter = id_at(document, "object.account.account.id")
    account = at(report, "account.account")
    rules = [rule.get("text") for rule in at(report, "rules") or () if isinstance(rule, dict)]
    reason = reason_of(at(report, "comment"), *rules, at(report, "category"))
    for status in statuses:
        post = _post({"object": status})
        yield Written(post)  # it may be one that was written elsewhere, and never told
        yield Reported(
            post.external_id, reporter, handle_of(at(account, "acct"), at(account, "username"), reporter), reason
        )


def _post(document: Any) -> IncomingPost:
    author = id_at(document, "object.account.id")
    warning = at(document, "object.spoiler_text")
    words = plain(text_at(document, "object.content"))
    posted_at = moment_at(document, "object.created_at")
    is_edited = at(document, "object.edited_at") is not None
    return IncomingPost(
        external_id=id_at(document, "object.id"),
        author_external_id=author,
        author_handle=handle_of(at(document, "object.account.acct"), at(document, "object.account.username"), author),
        author_kind="bot" if at(document, "object.account.bot") is True else "person",
        identity_key=None,
        text=storable(f"{warning}\n\n{words}" if isinstance(warning, str) and warning else words, "object.content"),
        posted_at=posted_at,
        reply_to_external_id=id_or_nothing(document, "object.in_reply_to_id"),
        revised_at=moment_at(document, "object.edited_at") if is_edited else posted_at,
        attachments=attachments_at(document, "object.media_attachments", url="url"),
    )


def _status(told: Any) -> Any:
    media = at(told, "media_attachments")
    return {
        **picked(told, _STATUS),
        "account": picked(at(told, "account"), _ACCOUNT),
        "media_attachments": [picked(each, ("url",)) for each in media] if isinstance(media, list) else None,
    }
