"""How operations arrive and answers leave: one pipeline for POST, GET, event streams and sockets."""

from graphql_schema.transport.endpoint import ALLOWED_HEADERS, EXPOSED_HEADERS, Endpoint
from graphql_schema.transport.publishing import docs_page, docs_style, schema_text
from graphql_schema.transport.rates import Rates
from graphql_schema.transport.trusting import Documents

__all__ = [
    "ALLOWED_HEADERS",
    "EXPOSED_HEADERS",
    "Documents",
    "Endpoint",
    "Rates",
    "docs_page",
    "docs_style",
    "schema_text",
]
