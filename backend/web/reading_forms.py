from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from backend.kit.errors import Invalid

USUAL_FORM: Final = 20_000  # bytes


async def read_form(request: Request, *, largest: int = USUAL_FORM) -> dict[str, str]:
    """`largest` in bytes, beyond which nothing is read. Raises Invalid."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise Invalid("This form is too large.")
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=50))
    except ValueError:
        raise Invalid("This form cannot be read.") from None
