from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from starlette.requests import Request

from backend.kit.errors import Invalid

_PARTS: Final = 10
_LONGEST_HEADING: Final = 2_000  # bytes
_AROUND: Final = 10_000  # bytes that are no file: headings, boundaries, other fields


def is_upload(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def read_upload(request: Request, *, field: str, largest: int) -> bytes:
    """The one file of a form (RFC 7578); `largest` in bytes, beyond which nothing is read. Raises Invalid."""
    boundary = _parsed(b"Content-Type: " + request.headers["content-type"].encode("latin-1")).get_boundary("")
    if not 1 <= len(boundary) <= 70 or not boundary.isascii():
        raise Invalid("This form cannot be read.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest + _AROUND:
            raise Invalid(f"A file has at most {largest >> 20} MB.")
    _, *parts = (b"\r\n" + bytes(body)).split(b"\r\n--" + boundary.encode(), _PARTS + 1)
    if not parts or parts[-1].strip() != b"--" or len(parts) > _PARTS:
        raise Invalid("This form cannot be read.")
    files = [data for name, data in map(_part, parts[:-1]) if name == field]
    if len(files) != 1:
        raise Invalid("Choose one file.")
    return files[0]


def _part(part: bytes) -> tuple[str, bytes]:
    """Its name and its bytes."""
    heading, end, data = part.partition(b"\r\n\r\n")
    told = _parsed(heading.strip())
    if not end or told.get_content_disposition() != "form-data":
        raise Invalid("This form cannot be read.")
    name = told.get_param("name", "", "content-disposition")
    return str(name), data


def _parsed(heading: bytes) -> Message:
    if len(heading) > _LONGEST_HEADING:  # what it says is looked through again for each sign in it
        raise Invalid("This form cannot be read.")
    # The newer parsers (policy HTTP) fail for some headings with whatever error comes: of an index, of recursion.
    return BytesHeaderParser(policy=compat32).parsebytes(heading + b"\r\n\r\n")
