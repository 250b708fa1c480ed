"""Traces go to a collector (OTLP over HTTP) where the environment names one, and are not made anywhere else.

The variables are OpenTelemetry's own: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog

from backend.kit import spans

FLUSH_SECONDS: Final = 3.0  # for what is not sent when the process stops
QUIET_SECONDS: Final = 300.0  # a collector that is down is down for every batch

log = structlog.get_logger()


def trace_as(service: str) -> Callable[[], Awaitable[None]]:
    """Call before anything works and before the database is connected; the answer sends what is left and ends it.
    OTEL_SERVICE_NAME comes before `service`."""
    if not _is_wanted():
        return _nothing_to_stop
    # Nothing of it is loaded where it is not used.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    said = logging.getLogger("opentelemetry")
    said.handlers, said.propagate = [_Seldom()], False
    resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    spans.make_with(provider.get_tracer("tend"))

    async def stop() -> None:
        spans.make_with(None)
        # It would wait half a minute for a collector that is down; a daemon dies with the process.
        sending = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, FLUSH_SECONDS)

    return stop


def _is_wanted() -> bool:
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT", "").strip() for kind in ("", "TRACES_"))
    return named and os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"


async def _nothing_to_stop() -> None:
    return None


class _Seldom(logging.Handler):
    """What OpenTelemetry has to say, as a line of ours."""

    _quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING and monotonic() >= self._quiet_until:
            self._quiet_until = monotonic() + QUIET_SECONDS
            log.warning("traces.trouble", problem=record.getMessage())
