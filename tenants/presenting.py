"""How whoever asks shows who they are: a token in a header, or a session's cookie, which only pages of our own may use."""

from collections.abc import Mapping


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The token of `Authorization: Bearer`, perhaps empty; None without one. `headers` with names in lower case."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a page of this very site asks, or a program that is no browser. What a page of another site makes a
    browser send has no authority of a cookie. `headers` with names in lower case."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")
