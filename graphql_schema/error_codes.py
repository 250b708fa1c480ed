"""Every code an error may carry, published in the schema, and the HTTP status of a request that ends with it."""

from enum import Enum
from typing import Any, Final

import strawberry

_CODES: Final[dict[str, tuple[int, str]]] = {
    "BAD_REQUEST": (400, "This is no GraphQL request, or it names no agency where one is needed."),
    "GRAPHQL_PARSE_FAILED": (400, "The document is not GraphQL."),
    "GRAPHQL_VALIDATION_FAILED": (400, "The document does not fit the schema."),
    "OPERATION_RESOLUTION_FAILURE": (400, "Several operations and no name, or a name that none of them has."),
    "QUERY_TOO_COMPLEX": (400, "More than one operation may ask for; ask for smaller pages or less."),
    "BAD_USER_INPUT": (400, "A variable or an argument cannot be used; the message says which."),
    "PERSISTED_QUERY_NOT_FOUND": (
        200,
        "Send the hash again, together with the document.",
    ),  # the clients of Apollo and urql read the body at this status
    "DOCUMENT_NOT_FOUND": (400, "No trusted document with this id has been published."),
    "DOCUMENT_NOT_TRUSTED": (400, "This installation runs published documents only."),
    "UNAUTHENTICATED": (401, "Sign in: the token is missing, unknown, revoked or expired."),
    "SESSION_OUTDATED": (
        401,
        "You may do more than before: renew the session (POST /session/renew), or sign in again.",
    ),
    "SSO_REQUIRED": (403, "The agency lets in only who signs in with its own provider, at `extensions.signInUrl`."),
    "FORBIDDEN": (403, "You are no member of the agency or workspace the request names, or none exists."),
    "WORKSPACE_MISMATCH": (403, "The request names another scope than its credentials allow."),
    "CSRF_PREVENTION": (400, "A GET needs an Authorization header or GraphQL-Require-Preflight."),
    "METHOD_NOT_ALLOWED": (405, "POST works for all operations, GET for queries."),
    "NOT_ACCEPTABLE": (406, "The Accept header admits nothing that can be sent."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Send application/json without Content-Encoding."),
    "PAYLOAD_TOO_LARGE": (413, "A request has at most 1 MB."),
    "IDEMPOTENCY_CONFLICT": (409, "A request with this Idempotency-Key is running right now."),
    "IDEMPOTENCY_KEY_REUSED": (422, "This Idempotency-Key was used for another request."),
    "RATE_LIMITED": (429, "Too much in a minute: try again after Retry-After seconds."),
    "NOT_ALLOWED": (400, "Your role does not have the right this needs."),
    "BUSY": (503, "Somebody else is working on this right now; try again."),
    "TIMEOUT": (503, "The database took too long for this; ask for less."),
    "SERVICE_UNAVAILABLE": (503, "Tend cannot reach its database; try again soon."),
    "INTERNAL_SERVER_ERROR": (500, "A bug in Tend; the log knows it by `extensions.errorId`."),
}
# What is wrong with the document or its variables: GraphQL over HTTP wants 200 where the answer is application/json.
_OF_THE_DOCUMENT: Final = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "OPERATION_RESOLUTION_FAILURE",
        "QUERY_TOO_COMPLEX",
        "BAD_USER_INPUT",
    }
)

_values: Any = {name: strawberry.enum_value(name, description=text) for name, (_status, text) in _CODES.items()}
_ErrorCode: Any = Enum("ErrorCode", _values)  # type: ignore[misc]
ErrorCode: Final[Any] = strawberry.enum(
    _ErrorCode, description="Every value of `extensions.code` in `errors`. Stable; rely on it, not on the message."
)


def status_of(code: str, *, is_plain_json: bool) -> int:
    """For a request that has no data at all."""
    if is_plain_json and code in _OF_THE_DOCUMENT:
        return 200
    return _CODES[code][0]
