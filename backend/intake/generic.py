"""The signed webhook that any site can send: Standard Webhooks, with fields named as in GraphQL (docs/intake.md)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from backend.communities import IncomingPost
from backend.intake.things import (
    Envelope,
    Recovered,
    Removed,
    Reported,
    Settled,
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
    reason_of,
    text_at,
)
from backend.kit.ids import parse_published

KINDS: Final = (
    *("post.created", "post.edited", "post.removed", "post.recovered", "post.reported"),
    *("action.confirmed", "action.failed"),
)
_MEMBER_KINDS: Final[Mapping[Any, Literal["person", "bot"]]] = {None: "person", "PERSON": "person", "BOT": "bot"}


def envelope(headers: Mapping[str, str], document: Any) -> Envelope:
    kind = name_at(document, "type") or "unknown"
    is_known = kind in KINDS
    return Envelope(
        kind, headers.get("webhook-id", ""), ignored=None if is_known else "Tend takes nothing in from this type."
    )


def things(kind: str, document: Any, _received_at: datetime) -> Iterable[Thing]:
    """Raises Unreadable."""
    moment = moment_at(document, "timestamp")
    if kind in ("post.created", "post.edited"):
        yield Written(_post(document, moment))
        return
    if kind in ("action.confirmed", "action.failed"):
        problem = reason_of(at(document, "data.reason")) if kind == "action.failed" else None
        yield Settled(_action(id_at(document, "data.action.id")), problem)
        return
    post = id_at(document, "data.post.id")
    if kind == "post.removed":
        yield Removed(post, moment)
    elif kind == "post.recovered":
        yield Recovered(post, moment)
    else:
        reporter = id_at(document, "data.member.id")
        handle = handle_of(at(document, "data.member.handle"), reporter)
        yield Reported(post, reporter, handle, reason_of(at(document, "data.reason")))


def _action(text: str) -> UUID:
    parsed = parse_published(text)
    if parsed is None or parsed[0] != "action":
        raise Unreadable("data.action.id is no id of an action.")
    return parsed[1]


def _post(document: Any, moment: datetime) -> IncomingPost:
    author = id_at(document, "data.post.member.id")
    kind = at(document, "data.post.member.kind")
    if kind not in (None, "PERSON", "BOT"):
        raise Unreadable("data.post.member.kind is neither PERSON nor BOT.")
    return IncomingPost(
        external_id=id_at(document, "data.post.id"),
        author_external_id=author,
        author_handle=handle_of(at(document, "data.post.member.handle"), author),
        author_kind=_MEMBER_KINDS[kind],
        identity_key=None,
        text=text_at(document, "data.post.text"),
        posted_at=moment_at(document, "data.post.postedAt"),
        reply_to_external_id=id_or_nothing(document, "data.post.replyTo.id"),
        revised_at=moment,
        attachments=attachments_at(
            document, "data.post.attachments", url="url", name="name", content_type="contentType"
        ),
    )
