from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any, Final

from backend.evidence import IncomingAttachment

# What a forum draws by itself: smileys, faces, the icons of sites that are linked.
_DRAWN: Final = frozenset({"emoji", "avatar", "site-icon", "thumbnail--favicon"})


def pictures_in(cooked: str) -> tuple[IncomingAttachment, ...]:
    """Of a post as Discourse shows it: pictures, in full size where a smaller one leads there, and files. Addresses may be
    relative to the forum's."""
    reader = _Reader()
    reader.feed(cooked)
    reader.close()
    return tuple(IncomingAttachment(url, name) for url, name in reader.found.items())


class _Reader(HTMLParser):
    """`found`: names by address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._is_in_lightbox = False

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        told: dict[str, Any] = {name: value or "" for name, value in attrs}
        classes = set(told.get("class", "").split())
        if tag == "a" and classes & {"lightbox", "attachment"}:
            self._note(told.get("href", ""), told.get("title") or told.get("download", ""))
            self._is_in_lightbox = "lightbox" in classes
        elif tag in ("img", "source", "video", "audio") and not self._is_in_lightbox and not classes & _DRAWN:
            self._note(told.get("src", ""), told.get("alt", ""))

    def handle_endtag(self, tag: str) -> None:
        self._is_in_lightbox = self._is_in_lightbox and tag != "a"

    def _note(self, url: str, name: str) -> None:
        url = url.strip().replace("\x00", "")
        if url and not url.startswith("data:"):
            self.found.setdefault(url, name.replace("\x00", ""))
