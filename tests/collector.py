"""A real collector of traces (OTLP over HTTP), and what it was sent."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Told:
    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    failed: bool
    message: str
    links: tuple[str, ...]
    events: int
    facts: dict[str, Any]


@dataclass
class Collector:
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def told(self) -> list[Told]:
        return [span for body in list(self.bodies) for span in _read(body)]

    @property
    def written(self) -> bytes:
        return b"\n".join(self.bodies)

    async def until(self, there: Callable[[list[Told]], Any], *, seconds: float = 30) -> Any:
        """What `there` finds, as soon as it finds something."""
        async with asyncio.timeout(seconds):
            while not (found := there(self.told)):
                await asyncio.sleep(0.05)
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read(body: bytes) -> Iterator[Told]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _facts(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Told(
                    service,
                    span.name,
                    Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.status.code == Status.STATUS_CODE_ERROR,
                    span.status.message,
                    tuple(link.span_id.hex() for link in span.links),
                    len(span.events),
                    _facts(span.attributes),
                )


def _facts(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
