"""What bytes are, whatever somebody says they are; what a picture looks like, without believing what it says of its size."""

import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import ExifTags, Image

from backend.kit.pdq import pdq_of

# Drawn by nothing but Pillow's own decoders of these; the first bytes tell which.
_FORMATS: Final = {"image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MOST_PIXELS: Final = 40_000_000  # 160 MB unpacked; ours
_LONGEST_SIDE: Final = 30_000
# Source: DOWNSAMPLE_DIMS of Meta's PDQ, pdqio.cpp: beyond that its filter costs too much.
_HASHED_SIDE: Final = 512
_HEAD: Final = 4_096  # bytes in which a text says what it is
_WEB_PAGE: Final = re.compile(rb"<(!doctype html|html|head|body|script|iframe)\b")
# What decoders raise for damaged files; Pillow names no class for it.
_DAMAGED: Final = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError, MemoryError, KeyError, AttributeError,
    struct.error,
)  # fmt: skip
# EXIF's Orientation, and what undoes it.
_TURNED: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BRIGHTNESS: Final = np.array([0.299, 0.587, 0.114], np.float32)
# A picture of MOST_PIXELS fills as much memory as a process has to spare: one of them at a time.
TURN: Final = threading.Lock()


class Unfit(Exception):
    """`code`: too_many_pixels, broken_picture, svg, web_page, lying_type, no_picture, moving."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Drawn:
    """`width` and `height` in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Looked:
    """`content_type` of the bytes; PDQ in hexadecimal with its quality, None of what is no picture."""

    content_type: str
    pdq: str | None = None
    pdq_quality: int | None = None


def look_at(data: bytes, *, declared: str | None) -> Looked:
    """`declared` is what somebody says they are; one kind of picture for another is believed to be a mistake. Raises Unfit.
    Takes up to seconds: call it in a thread."""
    said = "" if declared is None else declared.partition(";")[0].strip().lower()
    kind = kind_of(data)
    if kind in ("image/svg+xml", "text/html"):
        raise Unfit("svg" if kind == "image/svg+xml" else "web_page")
    if kind in _FORMATS:
        if said not in ("", "application/octet-stream", "binary/octet-stream") and not said.startswith("image/"):
            raise Unfit("lying_type")
        with TURN:
            return Looked(kind, *_hashed(opened(data, kind)))
    if said in _FORMATS or said == "image/svg+xml" or (kind is not None and said not in ("", kind) and "/" in said
                                                       and not said.endswith("/octet-stream")):  # fmt: skip
        raise Unfit("lying_type")
    return Looked(kind or said or "application/octet-stream")


def drawn_anew(data: bytes, *, longest_side: int) -> Drawn:
    """What is seen of a picture, upright, and nothing else that is in its file: no comment, no place, no second file. A moving
    one is `moving`, what is none `no_picture`. Raises Unfit. Takes up to seconds: call it in a thread."""
    kind = kind_of(data)
    if kind not in _FORMATS:
        raise Unfit("no_picture")
    with TURN, _decoding():
        picture = opened(data, kind, longest_side=longest_side)
        # The further pictures of a JPEG are of the same moment: depth, brightness, a smaller one.
        if kind != "image/jpeg" and getattr(picture, "is_animated", False):
            raise Unfit("moving")
        kind = "image/png" if kind == "image/gif" else kind
        mode = "RGBA" if kind != "image/jpeg" and picture.has_transparency_data else "RGB"
        # Smaller first, and no copy that is not needed: one of MOST_PIXELS fills 160 MB.
        picture = picture if picture.mode == mode else picture.convert(mode)
        picture.thumbnail((longest_side, longest_side))
        picture, out = upright(picture), io.BytesIO()
        # From its pixels: what else Pillow has read of the file would be written along.
        Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(out, _FORMATS[kind], quality=85)
    return Drawn(out.getvalue(), kind, *picture.size)


def kind_of(data: bytes) -> str | None:
    """By the first bytes; None for what is not told by them."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    head = data[:_HEAD].replace(b"\x00", b"").lower()  # also in UTF-16
    if b"<svg" in head:
        return "image/svg+xml"
    return "text/html" if _WEB_PAGE.search(head) else None


def opened(data: bytes, kind: str, *, longest_side: int = _HASHED_SIDE) -> Image.Image:
    """The first frame, unpacked; of a JPEG perhaps smaller than in the file, but no side below `longest_side`. Raises Unfit."""
    with _decoding():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # counted here, and lower
            picture = Image.open(io.BytesIO(data), formats=[_FORMATS[kind]])
        width, height = picture.size
        if width * height > MOST_PIXELS or max(width, height) > _LONGEST_SIDE:
            raise Unfit("too_many_pixels")
        if kind == "image/jpeg":
            picture.draft("RGB", (2 * longest_side, 2 * longest_side))
        picture.load()
    return picture


def upright(picture: Image.Image) -> Image.Image:
    """As its camera was held; as it is where the file says nothing of that that can be read: browsers show it so. Pillow's
    `exif_transpose` fails for what cameras write beside it."""
    try:
        how = _TURNED.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except _DAMAGED:
        return picture
    return picture if how is None else picture.transpose(how)


@contextmanager
def _decoding() -> Iterator[None]:
    """Raises Unfit for whatever the decoders raise."""
    try:
        yield
    except Image.DecompressionBombError:
        raise Unfit("too_many_pixels") from None
    except _DAMAGED:
        raise Unfit("broken_picture") from None


def _hashed(picture: Image.Image) -> tuple[str, int]:
    picture = picture.convert("RGB")
    picture.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
    return pdq_of(np.asarray(picture, np.float32) @ _BRIGHTNESS)
