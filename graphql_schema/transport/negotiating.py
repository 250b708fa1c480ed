"""Which media type an answer gets: RFC 9110, section 12.5.1."""

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
HTML: Final = "text/html"

# What each range that a client may name stands for. A range of everything means plain JSON, which all clients read.
_MEANS: Final = {
    GRAPHQL: GRAPHQL,
    JSON: JSON,
    "application/*": JSON,
    "*/*": JSON,
    EVENT_STREAM: EVENT_STREAM,
    "text/*": EVENT_STREAM,
    HTML: HTML,
}


@lru_cache(maxsize=256)
def accepted(header: str) -> tuple[str, ...]:
    """Media types that can be sent, the most wanted first: by q, then by their order. Empty when nothing will do."""
    if not header.strip():
        return (JSON,)
    ranges: list[tuple[float, str]] = []
    excluded = set()
    for part in header[:1_000].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        media_type = _MEANS.get(name)
        if media_type is None or not _is_utf_8(parameters):
            continue
        if quality == 0 and name == media_type:
            excluded.add(media_type)
        elif quality > 0:
            ranges.append((quality, media_type))
    ranges.sort(key=lambda each: -each[0])
    return tuple(dict.fromkeys(media_type for _, media_type in ranges if media_type not in excluded))


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0


def _is_utf_8(parameters: list[str]) -> bool:
    return all(p in ("charset=utf-8", 'charset="utf-8"') for p in parameters if p.startswith("charset="))
