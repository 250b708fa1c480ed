"""Where platforms deliver: the address opens one connection, and the signature says who speaks."""

from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from backend import intake
from backend.kit.errors import NotFound
from tenants.database import is_busy, is_outage, is_too_slow

RETRY_AFTER_SECONDS: Final = 10

log = structlog.get_logger()


class _TooLarge(Exception):
    """Nothing beyond the limit was read."""


async def hear(request: Request) -> Response:
    """Answers as soon as the delivery is stored; what it says is taken in by a job."""
    try:
        door = await intake.find_door(request.path_params["token"])
        if door is None:
            return _answer(404, "There is nothing here.")
        body = await _body(request)
        receipt = await intake.receive(door, headers=request.headers, body=body)
    except _TooLarge:
        return _answer(413, f"A delivery has at most {intake.LARGEST_BODY:,} bytes.")
    except NotFound:
        return _answer(404, "There is nothing here.")
    except intake.NotConnected as refusal:
        return _answer(410, refusal.message)
    except intake.NotSigned as refusal:
        return _answer(401, refusal.message)
    except ClientDisconnect:
        return _answer(400, "The body did not come whole.")
    except Exception as problem:
        if not (is_outage(problem) or is_busy(problem) or is_too_slow(problem)):
            raise
        # Platforms that are told so try again.
        log.warning("delivery.not_stored", problem=str(problem))
        return _answer(503, "Try again in a moment.", {"Retry-After": str(RETRY_AFTER_SECONDS)})
    if receipt.problem is not None:
        return _answer(400, receipt.problem)
    return _answer(200, receipt.answer)


async def _body(request: Request) -> bytes:
    """The bytes as they come. Raises _TooLarge."""
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said[:20]) > intake.LARGEST_BODY:
        raise _TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > intake.LARGEST_BODY:
            raise _TooLarge
    return bytes(body)


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status_code=status, headers=headers)
