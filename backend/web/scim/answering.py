"""One request of a directory and its answer: who asks, in which agency's scope, and what went wrong in SCIM's words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import orjson
import structlog
from pydantic import ValidationError
from scim2_models import (
    ConflictException,
    Error,
    ForbiddenException,
    InvalidSyntaxException,
    InvalidValueException,
    NotFoundException,
    PayloadTooLargeException,
    PreconditionFailedException,
    SCIMException,
    UnauthorizedException,
    UniquenessException,
)
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tortoise.exceptions import IntegrityError

from backend.directory import Taken
from backend.kit import spans
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from backend.kit.ids import is_canonical
from backend.web.scim.describing import POLICY
from tenants.actor import Actor
from tenants.admitting import admit, forget
from tenants.database import is_busy, is_outage, is_too_slow
from tenants.entering import NotAdmitted
from tenants.presenting import bearer_of
from tenants.rights import Right
from tenants.scope import NoLongerAdmitted, agency_scope

LARGEST_BODY: Final = 1 << 20  # bytes
DEEPEST_BODY: Final = 16  # objects and lists in each other
MEDIA_TYPE: Final = "application/scim+json"
_MEDIA_TYPES: Final = (MEDIA_TYPE, "application/json")
_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}
_SAYINGS: Final[tuple[tuple[type[Refusal], type[SCIMException]], ...]] = (
    (Taken, UniquenessException),
    (Conflict, ConflictException),
    (NotFound, NotFoundException),
    (NotAllowed, ForbiddenException),
    (Invalid, InvalidValueException),
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, by whom; `base` is the address of this very server's SCIM."""

    actor: Actor
    base: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Headers
    body: Any = None

    def id(self) -> UUID:
        """Of the address. Raises NotFound for what no id looks like, as for one that nobody has."""
        return uuid_of(self.path["id"])

    def must_match(self, version: int) -> None:
        """Raises PreconditionFailedException where If-Match names another version."""
        wanted = self.headers.get("if-match")
        if wanted is not None and not _names(wanted, version):
            raise PreconditionFailedException(detail="It has changed since you read it: read it again.")

    def has_already(self, version: int) -> bool:
        wanted = self.headers.get("if-none-match")
        return wanted is not None and _names(wanted, version)


@dataclass(frozen=True, slots=True)
class Answer:
    """`content` is JSON's text; `version` becomes the ETag."""

    content: str | None = None
    status: int = 200
    version: int | None = None
    location: str | None = None


Work = Callable[[Asked], Awaitable[Answer]]
WaitOf = Callable[[str], Awaitable[str | None]]
_READING: Final = ("GET",)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is done at an address, by method. `reads_by_post`: its POST is a search."""

    wait_of: WaitOf
    verbs: Mapping[str, Work] = field(default_factory=dict)
    reads_by_post: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = uuid4().hex
        spans.describe({"tend.request_id": request_id})
        try:
            response = await self._answer(Request(scope, receive), request_id)
        except ClientDisconnect:
            log.info("scim.left", request_id=request_id)
            return
        response.headers["X-Request-Id"] = request_id
        await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        try:
            with POLICY:
                return _response(await self._done(request, request_id))
        except _MethodNotAllowed:
            return _error(
                Error(status=405, detail="This address does not take that method."), allow=", ".join(self.verbs)
            )
        except _TooMuch as problem:
            return _error(
                Error(status=429, detail=f"This directory asks too much at once. Try again in {problem.seconds} s."),
                retry_after=problem.seconds,
            )
        except UnauthorizedException as problem:
            return _error(problem.to_error(), www_authenticate="Bearer")
        except SCIMException as problem:
            return _error(problem.to_error())
        except ValidationError as problem:
            return _error(Error.from_validation_errors(problem)[0])
        except Refusal as refusal:
            said = next(said for kind, said in _SAYINGS if isinstance(refusal, kind))
            return _error(said(detail=refusal.message).to_error())
        except (asyncpg.UniqueViolationError, IntegrityError):
            return _error(UniquenessException().to_error())
        except ClientDisconnect:
            raise
        except Exception as problem:
            spans.fail(problem)
            if is_busy(problem) or is_too_slow(problem) or is_outage(problem):
                log.warning("scim.busy", request_id=request_id, problem=repr(problem))
                return _error(Error(status=503, detail="Try again in a moment."), retry_after="5")
            log.exception("scim.failed", request_id=request_id)
            return _error(Error(status=500, detail=f"Something is wrong in Tend; it is written down as {request_id}."))

    async def _done(self, request: Request, request_id: str) -> Answer:
        token, agency, workspace = (
            _token(request),
            request.headers.get("x-agency-id"),
            request.headers.get("x-workspace-id"),
        )
        actor = await _admitted(token, agency, workspace)
        spans.describe({"tend.agency_id": str(actor.agency_id)})
        if (seconds := await self.wait_of(str(actor.api_client_id))) is not None:
            raise _TooMuch(seconds)
        work = self.verbs.get(request.method)
        if work is None:
            raise _MethodNotAllowed if self.verbs else NotFoundException
        # Read before the scope opens: somebody slow holds no connection.
        body = await _body(request) if request.method in ("POST", "PUT", "PATCH") else None
        for again in (False, True):
            asked = Asked(
                actor=actor,
                base=f"{str(request.base_url).rstrip('/')}/scim/v2",
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                body=body,
            )
            reads = request.method in _READING or self.reads_by_post
            try:
                async with agency_scope(actor, read_only=reads, request_id=request_id):
                    return await work(asked)
            except NoLongerAdmitted:
                forget(token, agency=agency, workspace=workspace)
                if again:
                    raise UnauthorizedException from None
                actor = await _admitted(token, agency, workspace)
        raise UnauthorizedException


class _MethodNotAllowed(Exception):
    pass


class _TooMuch(Exception):
    def __init__(self, seconds: str) -> None:
        self.seconds = seconds


def uuid_of(text: str) -> UUID:
    """Raises NotFound for anything but the one way an id is written."""
    if not is_canonical(text):
        raise NotFound
    return UUID(text)


def etag(version: int) -> str:
    return f'W/"{version}"'


def _names(header: str, version: int) -> bool:
    return header.strip() == "*" or any(each.strip().removeprefix("W/") == f'"{version}"' for each in header.split(","))


def _token(request: Request) -> str:
    """Raises UnauthorizedException."""
    token = bearer_of(request.headers)
    if not token:
        raise UnauthorizedException
    return token


async def _admitted(token: str, agency: str | None, workspace: str | None) -> Actor:
    """A machine that provisions the whole agency. Raises UnauthorizedException, ForbiddenException."""
    for _ in ("as remembered", "as it is"):
        try:
            _caller, actor = await admit(token, agency=agency, workspace=workspace)
        except NotAdmitted as refusal:
            kind = UnauthorizedException if refusal.status == 401 else ForbiddenException
            raise kind(detail=refusal.message) from None
        if (
            actor is not None
            and actor.api_client_id is not None
            and actor.holds(Right.PROVISION)
            and actor.is_of_agency
        ):
            return actor
        forget(token, agency=agency, workspace=workspace)
    raise ForbiddenException(detail="This needs an API key of the whole agency with the scope `provision`.")


async def _body(request: Request) -> Any:
    """Raises SCIMException for what is no JSON, or too large or too deep."""
    media_type = request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES or request.headers.get("content-encoding", "identity") != "identity":
        raise _unsupported()
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > LARGEST_BODY:
            raise PayloadTooLargeException(detail=f"A request has at most {LARGEST_BODY:,} bytes.")
    try:
        body = orjson.loads(received)
    except orjson.JSONDecodeError:
        raise InvalidSyntaxException(detail="The body is no JSON.") from None
    if not isinstance(body, dict) or _is_deep(body):
        raise InvalidSyntaxException(
            detail=f"The body is an object, with at most {DEEPEST_BODY} of them in each other."
        )
    return body


def _unsupported() -> SCIMException:
    problem = SCIMException(detail=f"The body has to be {MEDIA_TYPE}, not compressed.")
    problem.status = 415
    return problem


def _is_deep(value: Any, left: int = DEEPEST_BODY) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return left == 0 or any(_is_deep(each, left - 1) for each in value)


def _response(answer: Answer) -> Response:
    headers = dict(_HEADERS)
    if answer.version is not None:
        headers["ETag"] = etag(answer.version)
    if answer.location is not None:
        headers["Location"] = answer.location
    return Response(answer.content, status_code=answer.status, headers=headers, media_type=MEDIA_TYPE)


def _error(error: Error, **headers: str) -> Response:
    return Response(
        error.model_dump_json(),
        status_code=int(error.status or 400),
        headers=_HEADERS | {name.replace("_", "-"): value for name, value in headers.items()},
        media_type=MEDIA_TYPE,
    )
