"""`/graphql`: who asks, for which scope, and an answer in JSON whatever arrives."""

from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from graphql_schema.context import RequestContext
from graphql_schema.leaving import ClientLeft, unless_left
from graphql_schema.schema import schema
from tenants.database import is_outage
from tenants.doors import COOKIE
from tenants.entering import NotAdmitted, admit, forbidden, forget
from tenants.scope import NoLongerAdmitted

LARGEST_BODY: Final = 1 << 20  # bytes
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Authorization, Cookie, X-Agency-Id, X-Workspace-Id"),
)

log = structlog.get_logger()


class Endpoint(GraphQL[RequestContext, None]):
    """POST with `application/json`; GraphiQL by GET for signed-in people in development."""

    def __init__(self, *, development: bool) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if development else None,
            allow_queries_via_get=False,
            subscription_protocols=(),
        )
        self._development = development

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": "Subscriptions are not served yet."})
            return
        request = Request(scope, _limited(receive))
        request_id = uuid4().hex
        try:
            response = await self._answer(request, request_id)
        except NotAdmitted as refusal:
            response = problem(refusal.status, refusal.code, refusal.message)
        except ClientLeft:
            log.info("request.left", request_id=request_id)
            return
        except HTTPException as refusal:
            response = problem(refusal.status_code, "BAD_REQUEST", refusal.reason)
        except Exception as failure:
            if not is_outage(failure):
                raise
            log.warning("database.unreachable", request_id=request_id, problem=str(failure))
            response = problem(503, "SERVICE_UNAVAILABLE", "Tend cannot reach its database. Please try again soon.")
            response.headers["Retry-After"] = "5"
        response.raw_headers += [(b"x-request-id", request_id.encode()), *_ALWAYS]
        await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if request.method not in ("GET", "POST") or (request.method == "GET" and not wants_page):
            response = problem(405, "METHOD_NOT_ALLOWED", "Send operations by POST.")
            response.headers["Allow"] = "POST"
            return response
        if wants_page:
            return await self.run(request, context=await self._admit(request, request_id))
        _refuse_other_types(request)
        context = await self._admit(request, request_id)
        data = _request_data(await request.body())
        try:
            result = await self._execute(request, data, context)
        except NoLongerAdmitted:
            forget(self._token(request) or "", **_scope_of(request))
            context = await self._admit(request, request_id)
            try:
                result = await self._execute(request, data, context)
            except NoLongerAdmitted:  # gone while we asked, or by the database's clock and not yet by ours
                raise forbidden() from None
        return Response(orjson.dumps(_answer_of(result)), media_type="application/json")

    async def _admit(self, request: Request, request_id: str) -> RequestContext:
        """Raises NotAdmitted."""
        token = self._token(request)
        if token is None:
            raise NotAdmitted("UNAUTHENTICATED", "Sign in: this needs a valid token.", status=401)
        caller, actor = await admit(token, **_scope_of(request))
        return RequestContext(caller=caller, actor=actor, request_id=request_id)

    def _token(self, request: Request) -> str | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return token.strip()
        # A cookie has authority only in development, and only for pages of this very site: nothing else can send it on.
        if self._development and request.headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
            return request.cookies.get(COOKIE)
        return None

    async def _execute(self, request: Request, data: GraphQLRequestData, context: RequestContext) -> ExecutionResult:
        execution = schema.execute(
            data.query,
            variable_values=data.variables,
            context_value=context,
            operation_name=data.operation_name,
            allowed_operation_types={OperationType.QUERY, OperationType.MUTATION},
        )
        try:
            return await unless_left(execution, request.receive, may_stop=lambda: context.only_reads)
        except InvalidOperationTypeError:
            raise NotAdmitted("BAD_REQUEST", "Subscriptions are not served by POST.", status=400) from None
        except CannotGetOperationTypeError:
            raise NotAdmitted(
                "OPERATION_RESOLUTION_FAILURE", "The document has no operation of that name.", status=400
            ) from None


def _answer_of(result: ExecutionResult) -> dict[str, Any]:
    """A request error has no `data` at all; `data: null` is a field error."""
    answer: dict[str, Any] = {}
    if not result.errors or result.data is not None or any(error.path for error in result.errors):
        answer["data"] = result.data
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return answer


def _refuse_other_types(request: Request) -> None:
    """Raises NotAdmitted."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotAdmitted("UNSUPPORTED_MEDIA_TYPE", "Send application/json.", status=415)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise NotAdmitted("UNSUPPORTED_MEDIA_TYPE", "Send the body without Content-Encoding.", status=415)


def problem(status: int, code: str, message: str) -> Response:
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _scope_of(request: Request) -> dict[str, str | None]:
    """Raises NotAdmitted."""
    return {
        "agency": _scope_header(request, "x-agency-id"),
        "workspace": _scope_header(request, "x-workspace-id"),
    }


def _scope_header(request: Request, name: str) -> str | None:
    """Raises NotAdmitted for a value that cannot be an id or a short name."""
    value = request.headers.get(name)
    if value is None or value == "":
        return None
    if len(value) > 100 or not value.isascii() or not value.replace("_", "-").replace("-", "a").isalnum():
        raise NotAdmitted("BAD_REQUEST", f"{name} is an id or a short name.", status=400)
    return value


def _limited(receive: Receive) -> Receive:
    """Raises NotAdmitted as soon as more than LARGEST_BODY bytes have arrived, whatever Content-Length said."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise NotAdmitted("PAYLOAD_TOO_LARGE", "A request has at most 1 MB.", status=413)
        return message

    return counted


def _request_data(body: bytes) -> GraphQLRequestData:
    def bad(message: str) -> NotAdmitted:
        return NotAdmitted("BAD_REQUEST", message, status=400)

    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("The body is not valid JSON in UTF-8.") from None
    if not isinstance(data, dict):
        raise bad("The body must be a JSON object.")
    query, variables, name = data.get("query"), data.get("variables"), data.get("operationName") or None
    if not isinstance(query, str) or not query.strip():
        raise bad("`query` must be a document.")
    if variables is not None and not isinstance(variables, dict):
        raise bad("`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        raise bad("`operationName` must be a string.")
    return GraphQLRequestData(query=query, variables=variables, operation_name=name, extensions=None)
