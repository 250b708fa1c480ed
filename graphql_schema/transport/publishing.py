"""What frontend teams read without a token: the schema's text."""

from starlette.requests import Request
from starlette.responses import Response

from graphql_schema.schema import COMMITTED


async def schema_text(_request: Request) -> Response:
    """For code generators."""
    return Response(COMMITTED.read_text(), media_type="application/graphql; charset=utf-8")
