"""What a client may read of an error: deliberate ones as they are, bugs as an id that the log knows."""

from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError

from backend.kit import spans
from backend.kit.errors import Refusal
from tenants.database import is_busy, is_outage, is_too_slow

log = structlog.get_logger()


def masked(error: GraphQLError) -> GraphQLError:
    """The phase decides the code: an error with a foreign origin is a bug, one without a code was made by graphql-core
    from what the client sent."""
    origin = error.original_error
    while isinstance(origin, GraphQLError) and origin.original_error is not None:
        origin = origin.original_error
    if isinstance(origin, Refusal):
        return _with(error, origin.message, {"code": origin.code})
    if origin is None or isinstance(origin, GraphQLError):
        extensions: dict[str, Any] = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
        return _with(error, error.message, extensions)
    spans.fail(_cause(origin))
    if is_busy(_cause(origin)):
        return _with(error, "Somebody else is working on this right now. Please try again.", {"code": "BUSY"})
    if is_too_slow(_cause(origin)):
        log.warning("database.too_slow", path=error.path)
        return _with(error, "This took too long. Please ask for less.", {"code": "TIMEOUT"})
    if is_outage(_cause(origin)):
        log.warning("database.unreachable", path=error.path, problem=str(origin))
        return _with(error, "Tend cannot reach its database. Please try again soon.", {"code": "SERVICE_UNAVAILABLE"})
    error_id = uuid4().hex
    spans.describe({"tend.error_id": error_id})
    log.error("graphql.bug", error_id=error_id, path=error.path, exc_info=origin)
    return _with(error, "Internal server error.", {"code": "INTERNAL_SERVER_ERROR", "errorId": error_id})


def _cause(problem: BaseException) -> BaseException:
    """Tortoise wraps what the server said."""
    return problem.__cause__ if isinstance(problem.__cause__, Exception) else problem


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
