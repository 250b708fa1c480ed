import html
import re
from typing import Final

from backend.evidence import IncomingAttachment

# What a forum draws by itself: smileys, faces, the icons of sites that are linked.
_DRAWN: Final = frozenset({"emoji", "avatar", "site-icon", "thumbnail--favicon"})
# In the time that it takes to read it once, whatever stands there: html.parser looks through the rest of a text again for
# each tag that never ends, and half a minute for 50 kB of `<a `. Nothing here is ever given back once it was read (`*+`).
_TAG: Final = re.compile(
    r"""<!--.*?(?:-->|\Z) | <(?P<end>/?)(?P<name>a|img|source|video|audio)(?=[\s/>])
        (?P<told>(?:[^>"']|"[^"]*+"|'[^']*+')*+)(?P<is_whole>>?)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_TOLD: Final = re.compile(
    r"""(?<![^\s"'/])([a-z][a-z-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE
)


def pictures_in(cooked: str) -> tuple[IncomingAttachment, ...]:
    """Of a post as Discourse shows it: pictures, in full size where a smaller one leads there, and files. Addresses may be
    relative to the forum's."""
    found: dict[str, str] = {}  # names by address
    is_in_lightbox = False
    for tag in _TAG.finditer(cooked):
        if not tag["is_whole"]:
            continue
        name = tag["name"].lower()
        if tag["end"]:
            is_in_lightbox = is_in_lightbox and name != "a"
            continue
        told = {
            key.lower(): html.unescape(one or other or bare) for key, one, other, bare in _TOLD.findall(tag["told"])
        }
        classes = set(told.get("class", "").split())
        if name == "a":
            if classes & {"lightbox", "attachment"}:
                _note(found, told.get("href", ""), told.get("title") or told.get("download", ""))
                is_in_lightbox = "lightbox" in classes
        elif not is_in_lightbox and not classes & _DRAWN:
            _note(found, told.get("src", ""), told.get("alt", ""))
    return tuple(IncomingAttachment(url, name) for url, name in found.items())


def _note(found: dict[str, str], url: str, name: str) -> None:
    url = url.strip().replace("\x00", "")
    if url and not url.startswith("data:"):
        found.setdefault(url, name.replace("\x00", ""))
