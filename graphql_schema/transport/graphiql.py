"""GraphiQL with the scope of a request as fields: a page for development."""

from functools import cache
from pathlib import Path


@cache
def page() -> str:
    return (Path(__file__).parent / "graphiql.html").read_text()
