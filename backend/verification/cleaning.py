"""A receipt as it is kept: what is seen of it, and nothing that hides in the file."""

import asyncio
import hashlib
import io
import re
from dataclasses import dataclass
from typing import Final

from PIL import Image

from backend.kit.errors import Invalid
from backend.kit.pictures import TURN, Unfit, kind_of, opened, upright

_LONGEST_SIDE: Final = 3_000  # of what is kept: a sheet of paper can be read at it
# Of what a reader of PDF may run. Nothing is shown in a browser, but whoever looks opens it somewhere.
_RUNS: Final = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|OpenAction|AA|XFA)\b")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`sha256` of the file as it came. `content_hash` tells the same receipt again: of a picture, of what is seen, so that
    another comment or name in the file makes no other receipt of it."""

    data: bytes
    content_type: str
    sha256: str
    content_hash: str


def _plainly_named(data: bytes) -> bytes:
    """Any sign of a name may be written as its number: /J#61vaScript (ISO 32000-1, 7.3.5)."""
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), data)


async def cleaned(data: bytes) -> Cleaned:
    """Raises Invalid."""
    return await asyncio.to_thread(_cleaned, data)


def _cleaned(data: bytes) -> Cleaned:
    kind = kind_of(data)
    if kind == "application/pdf":
        # What comes after the end is for another program: an archive, a page.
        _, end, rest = data.rpartition(b"%%EOF")
        if not end or rest.strip(b"\r\n\t \x00") or _RUNS.search(_plainly_named(data)):
            raise Invalid("This PDF holds more than a document. Take a picture of it.")
        return Cleaned(data, kind, *(hashlib.sha256(data).hexdigest(),) * 2)
    if kind is None or kind not in ("image/jpeg", "image/png", "image/webp"):
        raise Invalid("Only pictures (JPEG, PNG, WebP) and PDF are taken.")
    with TURN:
        try:
            picture = opened(data, kind, longest_side=_LONGEST_SIDE)
        except Unfit:
            raise Invalid("This picture is damaged, or too large.") from None
        picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        picture = upright(picture).convert("RGB")
        pixels, drawn = picture.tobytes(), io.BytesIO()
        Image.frombytes("RGB", picture.size, pixels).save(drawn, "JPEG", quality=85)
    seen = hashlib.sha256(repr(picture.size).encode() + pixels).hexdigest()
    return Cleaned(drawn.getvalue(), "image/jpeg", hashlib.sha256(data).hexdigest(), seen)
