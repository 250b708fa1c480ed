"""graphql-transport-ws: https://github.com/enisdenjo/graphql-ws, PROTOCOL.md.

Strawberry's handler keeps the protocol's state. What is added: messages are checked before they are believed, every
operation has a context of its own, and whoever is no longer admitted is shown out within seconds.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing, suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import orjson
import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.unset import UNSET

from backend.kit import spans
from graphql_schema.context import Refused
from graphql_schema.transport.admitting import SCOPE_HEADERS, Credentials, Visitor, credentials_of, stay
from graphql_schema.transport.asking import asked_of
from graphql_schema.transport.event_streams import CHECK_SECONDS, ended
from graphql_schema.transport.executing import ASKING_PRICE, Answer, Mistakes, Prepared, prepare, run, subscribe
from tenants.presenting import is_from_here

if TYPE_CHECKING:
    from graphql_schema.transport.endpoint import Endpoint

PROTOCOL: Final = "graphql-transport-ws"
INIT_TIMEOUT: Final = timedelta(seconds=10)
MOST_OPERATIONS: Final = 50  # at once, of one socket
LONGEST_ID: Final = 100
LONGEST_REASON: Final = 123  # bytes, as the protocol of sockets has it
FORBIDDEN: Final = 4403

log = structlog.get_logger()


async def serve_socket(endpoint: "Endpoint", scope: Scope, receive: Receive, send: Send) -> None:
    socket = WebSocket(scope, receive, send)
    if not _is_of_ours(socket, endpoint):
        await socket.close(1008, "This page may not open a socket here.")
        return
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await socket.accept()
        await socket.close(4406, f"Speak {PROTOCOL}.")
        return
    await socket.accept(PROTOCOL)
    await _Handler(endpoint, socket).serve()


class _Texts(ASGIWebSocketAdapter):
    """Text frames, whatever makes the JSON; and a socket that has gone is a socket that has gone."""

    async def send_json(self, message: Any) -> None:
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except (WebSocketDisconnect, RuntimeError) as gone:
            raise WebSocketDisconnected from gone

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class _Handler(BaseGraphQLTransportWSHandler[Any, None]):
    def __init__(self, endpoint: "Endpoint", socket: WebSocket) -> None:
        view = SimpleNamespace(on_ws_connect=self._admit, decode_json=orjson.loads)
        super().__init__(
            view=view,  # type: ignore[arg-type]
            websocket=_Texts(view, socket, socket),  # type: ignore[arg-type]
            context=SimpleNamespace(connection_params=None),
            root_value=None,
            schema=None,  # type: ignore[arg-type]
            connection_init_wait_timeout=INIT_TIMEOUT,
        )
        self._endpoint = endpoint
        self._cookie = socket.cookies.get(endpoint.cookie) if is_from_here(socket.headers) else None
        self._credentials: Credentials | None = None
        self._watching: asyncio.Task[None] | None = None
        self._staying = ExitStack()
        self._deeds: dict[asyncio.Task[Answer], Operation[Any, None]] = {}

    async def serve(self) -> None:
        try:
            await self.handle()
        finally:
            if self._watching is not None:
                self._watching.cancel()
                with suppress(asyncio.CancelledError):
                    await self._watching
            self._staying.close()

    async def _admit(self, greeting: Any) -> Any:
        """The first message carries what headers would: Authorization, X-Agency-Id, X-Workspace-Id."""
        payload = greeting.connection_params or {}
        headers = {name.lower(): value for name, value in payload.items()}
        try:
            if not all(isinstance(headers.get(name, ""), str) for name in ("authorization", *SCOPE_HEADERS)):
                raise Refused("BAD_REQUEST", "Token and scope are strings.")
            credentials = credentials_of(headers, cookie=self._cookie)
            await credentials.admitted()
            self._staying = stay(credentials.token)
        except Refused as refusal:
            await self.websocket.close(FORBIDDEN, refusal.code)  # before the handler does, without a reason
            raise ConnectionRejectionError from None
        self._credentials = credentials
        self._watching = asyncio.create_task(self._watch(credentials))
        return UNSET

    async def _watch(self, credentials: Credentials) -> None:
        visitor = self._endpoint.visitor(credentials, uuid4().hex)
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await visitor.is_still_welcome()
            except Refused as refusal:
                await self.websocket.close(FORBIDDEN, refusal.code)
                return
            except Exception as problem:  # noqa: BLE001 - an outage: whoever was let in stays until somebody can tell
                log.warning("socket.unchecked", problem=str(problem))

    async def handle_message(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            await self.handle_invalid_message("A message is a JSON object with a type.")
            return
        id = message.get("id")
        needs_id = message["type"] in ("subscribe", "complete")
        if needs_id and not (isinstance(id, str) and 0 < len(id) <= LONGEST_ID):
            await self.handle_invalid_message(f"`id` is a string of 1 to {LONGEST_ID} characters.")
            return
        if message["type"] == "subscribe" and not isinstance(message.get("payload"), dict):
            await self.handle_invalid_message("`payload` is an object.")
            return
        await super().handle_message(message)  # type: ignore[arg-type]

    async def handle_connection_init(self, message: Any) -> None:
        if message.get("payload") is None:
            message = {"type": message["type"]}  # null stands for left out
        await super().handle_connection_init(message)

    async def handle_subscribe(self, message: Any) -> None:
        # Deeds go on when nobody waits for them any more, and count until they end.
        left_alone = sum(self.operations.get(each.id) is not each for each in self._deeds.values())
        running = len(self.operations) + left_alone
        if running >= MOST_OPERATIONS and message["id"] not in self.operations:
            problem = Refused("RATE_LIMITED", f"A socket has at most {MOST_OPERATIONS} operations at once.")
            errors: Any = [error.formatted for error in ended(problem).errors]
            await self.send_message({"id": message["id"], "type": "error", "payload": errors})
            return
        # Strawberry reads `query` alone; what else is asked for is read when the operation runs.
        payload = message["payload"]
        operation_message = {**message, "payload": {"query": "", "variables": payload}}
        await super().handle_subscribe(operation_message)  # type: ignore[arg-type]

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        with spans.span("GraphQL Operation", spans.SpanKind.SERVER):
            await self._run_operation(operation)

    async def _run_operation(self, operation: Operation[Any, None]) -> None:
        payload: Any = operation.variables
        try:
            visitor = self._visitor()
            await visitor.enter()
            await visitor.pay(ASKING_PRICE)
            prepared = await prepare(asked_of(payload), self._endpoint.documents)
            await self._endpoint.documents.remember(prepared.asked)
            if prepared.kind is OperationType.SUBSCRIPTION:
                await self._listen(operation, await subscribe(prepared, visitor.enter))
            else:
                await self._answer(operation, prepared, visitor)
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except Mistakes as mistakes:
            await operation.send_initial_errors(mistakes.answer.errors)
        except WebSocketDisconnected:
            return
        except Exception as problem:  # noqa: BLE001 - it is answered, and logged where it is a bug
            await operation.send_initial_errors(ended(problem).errors)

    async def _listen(self, operation: Operation[Any, None], answers: AsyncGenerator[Answer, None]) -> None:
        async with aclosing(answers):
            async for answer in answers:
                await self._next(operation, answer)

    async def _answer(self, operation: Operation[Any, None], prepared: Prepared, visitor: Visitor) -> None:
        if prepared.kind is OperationType.MUTATION:
            # A deed is not stopped half-way because its client has gone: as over HTTP.
            deed = asyncio.create_task(run(prepared, visitor.enter))
            self._deeds[deed] = operation
            deed.add_done_callback(self._deeds.pop)
            answer = await asyncio.shield(deed)
        else:
            answer = await run(prepared, visitor.enter)
        if answer.is_request_error:
            await operation.send_initial_errors(answer.errors)
        else:
            await self._next(operation, answer)

    def _visitor(self) -> Visitor:
        """One for each operation."""
        assert self._credentials is not None
        return self._endpoint.visitor(self._credentials, uuid4().hex)

    async def _next(self, operation: Operation[Any, None], answer: Answer) -> None:
        message: Any = {"id": operation.id, "type": "next", "payload": answer.members}
        await operation.send_operation_message(message)


def _is_of_ours(socket: WebSocket, endpoint: "Endpoint") -> bool:
    """Browsers say which page opens a socket; programs say nothing."""
    origin = socket.headers.get("origin")
    host = origin is not None and origin.partition("://")[2]
    return origin is None or origin in endpoint.origins or host == socket.headers.get("host")
