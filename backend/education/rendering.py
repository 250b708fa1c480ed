"""Markdown as it is shown: what it may hold is listed here, and everything else does not arrive."""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from backend.education.thresholds import CHARACTERS_PER_MINUTE, WORDS_PER_MINUTE

# CommonMark with tables and struck words, without HTML.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS: Final = set(
    """h2 h3 h4 h5 h6 p br hr em strong s code pre blockquote ul ol li a img table thead tbody tr th td""".split()
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height", "loading"},
    "code": {"class"},
    "ol": {"start"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
    "th": {"style"},
    "td": {"style"},
}
_ID: Final = "section-"  # so that no id of an article is one that a page's script looks for
_ADDRESS: Final = re.compile(r"https?://|mailto:|#|/(?!/)", re.IGNORECASE)  # else a scheme may hide in it
_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Where readers find it, and its size in pixels."""

    address: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Named:
    """A picture that a text names: in which line (the first is 1), by which address, and in which words for whoever does not
    see it."""

    line: int
    address: str
    words: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`contents`: its headings in order, each with `level` (2 to 6), `title` and `anchor`, the id it has in `html`."""

    html: str
    contents: list[dict[str, Any]]
    word_count: int
    reading_seconds: int


def render(text: str, pictures: Mapping[str, Picture] = MappingProxyType({})) -> Rendered:
    """The page has the title above, so a first-level heading becomes one of the second level, and so on. `pictures` by the
    address that the text names them by; any other would tell its server who reads, and is shown as a link to it."""
    tokens = _MARKDOWN.parse(text)
    contents: list[dict[str, Any]] = []
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "heading_open":
            title = _words_in(tokens[index + 1].children or ())
            anchor = _anchor(title, taken)
            token.attrs["id"] = anchor
            contents.append({"level": int(token.tag[1]), "title": title, "anchor": anchor})
        if token.children:
            token.children = list(_pictured(token.children, pictures))
    # The renderer escapes what it writes; the cleaner is the second lock, by another hand and in another language.
    html = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=partial(_attribute, frozenset(each.address for each in pictures.values())),
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
        strip_comments=True,
    )
    words, characters = _counted(" ".join(_words_in(token.children or ()) or token.content for token in tokens))
    seconds = math.ceil(60 * (words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE))
    return Rendered(html, contents, words + characters, seconds)


def pictures_in(text: str) -> Iterator[Named]:
    """In their order; of a table, in the line of its row."""
    line = 0
    for token in _MARKDOWN.parse(text):
        line = token.map[0] + 1 if token.map else line
        for at, child in enumerate(token.children or ()):
            if child.type == "image":
                breaks = sum(each.type.endswith("break") for each in (token.children or ())[:at])
                yield Named(line + breaks, str(child.attrs["src"]), _words_in(child.children or ()))


def _pictured(tokens: Sequence[Token], pictures: Mapping[str, Picture]) -> Iterator[Token]:
    is_in_link = False
    for token in tokens:
        is_in_link = token.type == "link_open" or (is_in_link and token.type != "link_close")
        address = str(token.attrs.get("src", ""))
        if token.type != "image":
            yield token
        elif address in pictures:
            shown = pictures[address]
            token.attrs = {
                "src": shown.address, "alt": "", "width": shown.width, "height": shown.height, "loading": "lazy",
            }  # fmt: skip
            yield token
        else:
            words = Token("text", "", 0, content=_words_in(token.children or ()) or address)
            link = [Token("link_open", "a", 1, attrs={"href": address}), words, Token("link_close", "a", -1)]
            yield from [words] if is_in_link else link


def _attribute(pictures: frozenset[str], _tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if value in pictures else None
    if name == "href":
        return value if _ADDRESS.match(value) else None
    if name == "style":
        return value if re.fullmatch(r"text-align:(left|right|center)", value) else None
    if name == "class":
        return value if re.fullmatch(r"language-[\w+#.-]{1,40}", value) else None
    if name == "id":
        return value if value.startswith(_ID) else None
    return value


def _words_in(tokens: Sequence[Token]) -> str:
    """Without what is only marks."""
    return " ".join("".join(" " if each.type.endswith("break") else each.content for each in tokens).split())


def _anchor(title: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKC", title).casefold()
    base = _ID + ("-".join(_WORD.findall(plain))[:60] or "x")
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor


def _counted(text: str) -> tuple[int, int]:
    """Words between blanks, and characters of scripts that have none."""
    return len(_WORD.findall(_UNSPACED.sub(" ", text))), len(_UNSPACED.findall(text))
