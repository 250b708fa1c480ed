"""Spans of OpenTelemetry around what is done, and nothing at all where nobody collects them.

Nothing that people write goes into one: no value, no address of a page or a person, no message of an error.
"""

from collections.abc import Mapping
from contextvars import Token
from types import TracebackType
from typing import TypeAlias

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

__all__ = [
    "Facts",
    "SpanKind",
    "are_made",
    "continued",
    "describe",
    "fail",
    "is_open",
    "link",
    "make_with",
    "names",
    "rename",
    "span",
    "traceparent",
]

Fact: TypeAlias = str | int
Facts: TypeAlias = Mapping[str, Fact]

_W3C = TraceContextTextMapPropagator()
_tracer: Tracer | None = None


def make_with(tracer: Tracer | None) -> None:
    """The roof says it, before anything works; None where nobody collects traces."""
    global _tracer  # noqa: PLW0603
    _tracer = tracer


def are_made() -> bool:
    return _tracer is not None


class span:  # noqa: N801 - a context manager, and a generator would cost more where no spans are made
    """What is done inside is told as one span, below the open one, or `within` another place.

    An exception that leaves it makes it one that failed.
    """

    __slots__ = ("_entered", "_facts", "_kind", "_links", "_name", "_span", "_within")

    _entered: "Token[Context]"

    def __init__(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        facts: Facts | None = None,
        *,
        within: Context | None = None,
        links: list[Link] | None = None,
    ) -> None:
        self._name, self._kind, self._facts, self._within, self._links = name, kind, facts, within, links
        self._span: Span | None = None

    def __enter__(self) -> None:
        if _tracer is not None:
            self._span = _tracer.start_span(self._name, self._within, self._kind, self._facts, self._links)
            self._entered = context.attach(set_span_in_context(self._span))

    def __exit__(
        self, _kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._span is not None:
            if problem is not None:
                fail(problem)
            context.detach(self._entered)
            self._span.end()


def is_open() -> bool:
    """Whether what is told here reaches anybody: false as well for a trace that is not sampled."""
    return _tracer is not None and get_current_span().is_recording()


def describe(facts: Mapping[str, Fact | None]) -> None:
    """Of the open span. What is None is left out."""
    if _tracer is not None:
        get_current_span().set_attributes({name: fact for name, fact in facts.items() if fact is not None})


def rename(name: str) -> None:
    if _tracer is not None:
        get_current_span().update_name(name)


def fail(problem: BaseException | None = None) -> None:
    """The open span tells of a failure by the type of the exception: its message may hold what somebody wrote."""
    if _tracer is not None:
        failed = get_current_span()
        failed.set_status(Status(StatusCode.ERROR))
        if problem is not None:
            failed.set_attribute("error.type", f"{type(problem).__module__}.{type(problem).__qualname__}")


def continued(traceparent: str | None) -> Context:
    """The place in a trace that a W3C `traceparent` names; a trace of its own where there is none, or none that can be
    read. Other parts of the standard (tracestate, baggage) hold what anybody writes, and go nowhere."""
    return _W3C.extract({} if traceparent is None else {"traceparent": traceparent}, Context())


def traceparent() -> str | None:
    """The open span, for whoever goes on with its trace later."""
    if _tracer is None:
        return None
    written: dict[str, str] = {}
    _W3C.inject(written)
    return written.get("traceparent")


def link() -> list[Link]:
    """To the open span, from one of another trace."""
    return [] if _tracer is None else [Link(get_current_span().get_span_context())]


def names() -> dict[str, str]:
    """Under which a collector knows the open span; empty where none is."""
    if not is_open():
        return {}
    found = get_current_span().get_span_context()
    return {"trace_id": format_trace_id(found.trace_id), "span_id": format_span_id(found.span_id)}
