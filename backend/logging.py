"""Logs: one JSON object a line, on standard error. Traces carry no local variables: those hold texts and tokens."""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

import structlog

from backend.kit import spans

REMOVED: Final = "[removed]"
# What is named like a secret never reaches a log, and neither does what looks like one inside any other text.
_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:secret|token|password|passphrase|authorization|cookie|credential|api[_-]?key|private[_-]?key|installation[_-]?key)s?$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"tend_[a-z]+_[A-Za-z0-9_-]{20,}"  # a token of Tend
    r"|whsec_[A-Za-z0-9+/=]{20,}"  # of a webhook
    r"|(?<=://)[^/\s:@\"\\]*:[^@\s/\"\\]+(?=@)"  # name and password in an address
    r"|(?<=token=)[A-Za-z0-9_-]{20,}"  # in the address of a link
    r"|(?<=bearer )[A-Za-z0-9._~+/=-]+",
    re.IGNORECASE,
)


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,  # request_id and agency_id
            with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            without_secrets,
            structlog.processors.JSONRenderer(serializer=_dumps, default=str),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def with_trace(_logger: Any, _method: str, event: Any) -> Any:
    """Found from the span that is open, and the other way round."""
    event.update(spans.names())
    return event


def without_secrets(_logger: Any, _method: str, event: Any) -> Any:
    """Values under names of secrets are taken out, however deep they lie."""
    return _without(event)


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: REMOVED if isinstance(key, str) and _SECRET_NAME.search(key) else _without(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(inner) for inner in value]
    return value


def _dumps(event: Any, **options: Any) -> str:
    """Looks through the finished line, so that no object's own text escapes."""
    return _SECRET_TEXT.sub(REMOVED, json.dumps(event, **options))
