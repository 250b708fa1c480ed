"""`/graphql` over HTTP: POST for everything, GET for queries, event streams for subscriptions; and its sockets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from backend.kit import spans
from backend.live import Live
from graphql_schema.context import Refused
from graphql_schema.error_codes import status_of
from graphql_schema.transport.admitting import Credentials, Visitor, credentials_of, stay
from graphql_schema.transport.asking import Asked, asked_by_address, asked_of, parse_json
from graphql_schema.transport.disconnecting import ClientLeft, unless_left
from graphql_schema.transport.event_streams import EventStream, answered
from graphql_schema.transport.executing import ASKING_PRICE, Answer, Mistakes, Prepared, prepare, run, subscribe
from graphql_schema.transport.graphiql import page
from graphql_schema.transport.masking import masked
from graphql_schema.transport.negotiating import EVENT_STREAM, GRAPHQL, HTML, JSON, accepted
from graphql_schema.transport.rates import Rates
from graphql_schema.transport.sockets import serve_socket
from graphql_schema.transport.trusting import Documents
from tenants.presenting import is_from_here

LARGEST_BODY: Final = 1 << 20  # bytes
# Their presence shows that a browser has asked this site first: no page elsewhere can send them unasked.
PREFLIGHT_HEADERS: Final = ("graphql-require-preflight", "apollo-require-preflight", "x-requested-with")
# For pages of other origins: what they may send, and what they may read.
ALLOWED_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "X-Agency-Id",
    "X-Request-Id",
    "X-Workspace-Id",
    *(name.title() for name in PREFLIGHT_HEADERS),
)
EXPOSED_HEADERS: Final = ("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Authorization, Cookie, X-Agency-Id, X-Workspace-Id"),
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`origins`: pages of these may open sockets, besides pages of this very site. `cookie` is the name of the one that
    signs pages of this site in. In `development` GraphiQL is here."""

    rates: Rates
    documents: Documents
    live: Live
    cookie: str
    origins: Sequence[str] = ()
    development: bool = False

    def visitor(self, credentials: Credentials, request_id: str) -> Visitor:
        return Visitor(credentials, rates=self.rates, live=self.live, request_id=request_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await serve_socket(self, scope, receive, send)
            return
        exchange = _Exchange(self, Request(scope, _limited(receive)))
        spans.describe({"tend.request_id": exchange.request_id})  # of those as well who are not let in
        try:
            response = await exchange.answer()
        except ClientLeft:
            log.info("request.left", request_id=exchange.request_id)
            return
        response.raw_headers += [(b"x-request-id", exchange.request_id.encode()), *_ALWAYS]
        if exchange.visitor is not None and exchange.visitor.payer is not None:
            response.raw_headers += exchange.visitor.payer.headers()
        await response(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_endpoint", "_media_type", "_request", "request_id", "visitor")

    def __init__(self, endpoint: Endpoint, request: Request) -> None:
        self._endpoint = endpoint
        self._request = request
        self._media_type = JSON
        given = request.headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        self.visitor: Visitor | None = None

    async def answer(self) -> Response:
        """Whatever arrives. Raises ClientLeft."""
        try:
            return await self._answer()
        except Mistakes as mistakes:
            return self._send(mistakes.answer)
        except Refused as refusal:
            return self._problem(refusal)
        except ClientLeft:
            raise
        except Exception as failure:  # noqa: BLE001 - nothing that arrives may end without an answer
            return self._send(Answer(None, [masked(GraphQLError(str(failure), original_error=failure))]))

    async def _answer(self) -> Response:
        request = self._request
        if request.method not in ("GET", "POST"):
            raise _not_allowed("POST works for all operations, GET for queries.", allow="GET, POST")
        wanted = accepted(request.headers.get("accept", ""))
        if request.method == "GET" and self._endpoint.development and wanted and wanted[0] == HTML:
            await self._visitor().enter()
            return HTMLResponse(page())
        self._media_type = next((each for each in wanted if each in (JSON, GRAPHQL, EVENT_STREAM)), "")
        if not self._media_type:
            self._media_type = JSON
            raise Refused("NOT_ACCEPTABLE", f"Accept {GRAPHQL} or {JSON}; for subscriptions {EVENT_STREAM}.")
        if request.method == "GET":
            self._refuse_unasked()
        else:
            _refuse_other_types(request)
        self.visitor = self._visitor()
        await self.visitor.enter()
        await self.visitor.pay(ASKING_PRICE)
        asked = await self._asked()
        try:
            prepared = await prepare(asked, self._endpoint.documents)
            return await self._carried_out(prepared, self.visitor, can_stream=EVENT_STREAM in wanted)
        except Mistakes as mistakes:
            if self._media_type != EVENT_STREAM:
                raise
            return EventStream(answered(mistakes.answer))  # the protocol wants them in the stream

    async def _carried_out(self, prepared: Prepared, visitor: Visitor, *, can_stream: bool) -> Response:
        if prepared.kind is not OperationType.QUERY and self._request.method == "GET":
            raise _not_allowed("Send this by POST: a GET changes nothing.", allow="POST")
        await self._endpoint.documents.remember(prepared.asked)
        if prepared.kind is OperationType.SUBSCRIPTION:
            if not can_stream:
                how = f"Subscribe over WebSocket (graphql-transport-ws), or accept {EVENT_STREAM}."
                raise Refused("BAD_REQUEST", how)
            self._media_type = EVENT_STREAM  # wanted or only possible: nothing else can tell it
            staying = stay(visitor.credentials.token)
            try:
                return EventStream(await subscribe(prepared, visitor.enter), visitor, staying)
            except BaseException:
                staying.close()
                raise
        answer = await unless_left(
            run(prepared, visitor.enter),
            self._request.receive,
            may_stop=lambda: visitor.context is not None and visitor.context.only_reads,
        )
        return EventStream(answered(answer)) if self._media_type == EVENT_STREAM else self._send(answer)

    def _visitor(self) -> Visitor:
        """Raises Refused. A cookie has authority for pages of this very site, and over a GET only to see GraphiQL."""
        request, cookie = self._request, None
        if is_from_here(request.headers) and (request.method == "POST" or self._endpoint.development):
            cookie = request.cookies.get(self._endpoint.cookie)
        return self._endpoint.visitor(credentials_of(request.headers, cookie=cookie), self.request_id)

    async def _asked(self) -> Asked:
        """Raises Refused."""
        if self._request.method == "GET":
            return asked_by_address(self._request.query_params)
        return asked_of(
            parse_json(await self._request.body()), idempotency_key=self._request.headers.get("idempotency-key")
        )

    def _send(self, answer: Answer) -> Response:
        status = 200
        if answer.is_request_error:
            status = status_of(code_of(answer.errors[0]), is_plain_json=self._media_type == JSON)
        return self._json(orjson.dumps(answer.members), status)

    def _problem(self, refusal: Refused) -> Response:
        body = {"errors": [{"message": refusal.message, "extensions": refusal.extensions}]}
        response = self._json(orjson.dumps(body), status_of(refusal.code, is_plain_json=self._media_type == JSON))
        response.headers.update(refusal.headers)
        return response

    def _json(self, body: bytes, status: int) -> Response:
        media_type = GRAPHQL if self._media_type == GRAPHQL else JSON
        response = Response(body, status, media_type=f"{media_type}; charset=utf-8")
        if status == 503:
            response.headers["Retry-After"] = "5"
        elif status == 415:
            response.headers["Accept-Post"] = JSON
        return response

    def _refuse_unasked(self) -> None:
        """Raises Refused for a GET that any page could have made a browser send."""
        headers = self._request.headers
        if "authorization" not in headers and not any(name in headers for name in PREFLIGHT_HEADERS):
            raise Refused("CSRF_PREVENTION", "Send an Authorization header, or GraphQL-Require-Preflight: 1.")


def code_of(error: GraphQLError) -> str:
    code: Any = (error.extensions or {}).get("code")
    return code if isinstance(code, str) else "BAD_REQUEST"


def _not_allowed(message: str, *, allow: str) -> Refused:
    return Refused("METHOD_NOT_ALLOWED", message, headers={"Allow": allow})


def _refuse_other_types(request: Request) -> None:
    """Raises Refused."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if media_type.strip().lower() != JSON or ("charset=" in charset and "charset=utf-8" not in charset):
        raise Refused("UNSUPPORTED_MEDIA_TYPE", "Send application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", "Send the body without Content-Encoding.")


def _limited(receive: Receive) -> Receive:
    """Raises Refused as soon as more than LARGEST_BODY bytes have arrived, whatever Content-Length said."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise Refused("PAYLOAD_TOO_LARGE", "A request has at most 1 MB.")
        return message

    return counted
