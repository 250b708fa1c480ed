"""Where the link in a statement of reasons leads: whoever has it reads why something was done about their post."""

from starlette.requests import Request
from starlette.responses import Response

from backend import statements
from backend.web.showing import page


async def show_statement(request: Request) -> Response:
    """Changes nothing, and needs no account. The same answer for a link that was made up and for what is gone."""
    statement = await statements.statement_behind(request.path_params["token"])
    if statement is None:
        return page("no_statement", status=404)
    return page("statement", statement=statement)
