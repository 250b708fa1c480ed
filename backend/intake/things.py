"""What a payload comes down to, whichever platform it is of; and how values are found in one."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.communities import IncomingPost
from backend.evidence import IncomingAttachment
from backend.intake.thresholds import LONGEST_HANDLE, LONGEST_ID, LONGEST_REASON, LONGEST_TEXT


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a delivery before it is stored. `key` identifies it. Where two kinds undo each other (gone and
    back), the key counts only until the other one comes: `undone_by` is how the keys of that one begin."""

    kind: str
    key: str
    undone_by: str | None = None
    ignored: str | None = None  # why nothing is to be done
    answer: str | None = None  # it only asks whether somebody is there, and wants to hear this


@dataclass(frozen=True, slots=True)
class Written:
    """A post as it stands there now."""

    post: IncomingPost


@dataclass(frozen=True, slots=True)
class Removed:
    post: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recovered:
    post: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ThreadRemoved:
    thread: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ThreadRecovered:
    thread: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """Somebody is called otherwise, or trusted otherwise; `trust_level` as of IncomingPost."""

    member: str
    handle: str
    trust_level: int | None


@dataclass(frozen=True, slots=True)
class Reported:
    """Somebody of the community complains about a post."""

    post: str
    reporter: str
    handle: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The site has done what it was asked, or says why not."""

    action_id: UUID
    problem: str | None


Thing = Written | Removed | Recovered | ThreadRemoved | ThreadRecovered | MemberChanged | Reported | Settled


class Unreadable(Exception):
    """The payload lacks something; the message says what, and never quotes it."""


def at(document: Any, path: str) -> Any:
    """The value at `a.b`; None where there is none."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def name_at(document: Any, path: str) -> str:
    """A short text or a number, for what identifies a delivery; empty for anything else."""
    found = at(document, path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    text = str(found)
    return text if len(text) <= LONGEST_ID else ""


def picked(document: Any, names: Iterable[str]) -> dict[str, Any]:
    """Only these of its values; empty for what is no object."""
    return {name: document[name] for name in names if name in document} if isinstance(document, dict) else {}


def text_at(document: Any, path: str) -> str:
    """Raises Unreadable."""
    found = at(document, path)
    if found is None:
        raise Unreadable(f"{path} is missing.")
    if not isinstance(found, str):
        raise Unreadable(f"{path} is no text.")
    return storable(found, path)


def storable(text: str, path: str) -> str:
    """PostgreSQL stores no NUL. Raises Unreadable for what is too long."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"{path} is longer than {LONGEST_TEXT:,} characters.")
    return text.replace("\x00", "\ufffd")


def id_at(document: Any, path: str) -> str:
    """Texts and numbers are ids. Raises Unreadable."""
    found = at(document, path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    text = text_at(document, path).strip()
    if not text:
        raise Unreadable(f"{path} is empty.")
    if len(text) > LONGEST_ID:
        raise Unreadable(f"{path} is longer than {LONGEST_ID} characters.")
    return text


def id_or_nothing(document: Any, path: str) -> str | None:
    return None if at(document, path) is None else id_at(document, path)


def moment_at(document: Any, path: str) -> datetime:
    """ISO 8601 with a zone. Raises Unreadable."""
    try:
        moment = datetime.fromisoformat(text_at(document, path))
        if moment.tzinfo is None:
            raise Unreadable(f"{path} has no time zone.")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{path} is no date and time.") from None


def attachments_at(
    document: Any, path: str, *, url: str, name: str | None = None, content_type: str | None = None
) -> tuple[IncomingAttachment, ...]:
    """Those of a list of objects that have an address: a platform that tells one badly still tells a post."""

    def word(told: Any, key: str | None) -> str | None:
        found = told.get(key) if key is not None else None
        return found.replace("\x00", "\ufffd") if isinstance(found, str) else None

    told = at(document, path)
    return tuple(
        IncomingAttachment(word(each, url) or "", word(each, name) or "", word(each, content_type))
        for each in (told if isinstance(told, list) else ())
        if isinstance(each, dict) and word(each, url)
    )


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP: Final = re.compile(r"(\d{1,11})\.(\d{1,6})")


def stamp_at(document: Any, path: str) -> datetime:
    """Slack's times, which are ids as well: seconds, a dot, six digits. Raises Unreadable."""
    found = _STAMP.fullmatch(text_at(document, path))
    if found is None:
        raise Unreadable(f"{path} is no time as Slack writes it.")
    return _EPOCH + timedelta(seconds=int(found[1]), microseconds=int(found[2].ljust(6, "0")))


def handle_of(*candidates: Any) -> str:
    """The first that is a name."""
    for text in candidates:
        if isinstance(text, str) and text.strip():
            return text.replace("\x00", "\ufffd").strip()[:LONGEST_HANDLE]
    return "unknown"


def reason_of(*candidates: Any) -> str:
    for text in candidates:
        if isinstance(text, str) and text.strip():
            return text.replace("\x00", "\ufffd").strip()[:LONGEST_REASON]
    return "No reason was given."


_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH: Final = re.compile(r"</p>\s*", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")


def plain(markup: str) -> str:
    """The words of HTML that a platform has cleaned already."""
    return html.unescape(_TAG.sub("", _PARAGRAPH.sub("\n\n", _BREAK.sub("\n", markup)))).strip()
