"""Platforms of communities."""

from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli.reaching import in_agency
from backend.cli.telling import fail, say

if TYPE_CHECKING:
    from backend.acting import Finding
    from tenants.actor import Actor

connecting = typer.Typer(help="Platforms of communities.", no_args_is_help=True)


@connecting.callback()
def _group() -> None:
    """A group with one command is still a group."""


@connecting.command()
def check(
    agency: Annotated[str, typer.Option(help="Short name of the agency.")],
    workspace: Annotated[str, typer.Option(help="Short name of the client.")],
    community: Annotated[str, typer.Option(help="Short name of the community.")],
) -> None:
    """Try the way to the platform, and say what is missing and where to mend it."""

    async def look(actor: "Actor") -> "list[Finding]":
        from backend.acting import check_connection
        from backend.communities import Community
        from backend.kit.errors import Refusal
        from tenants.models import Workspace

        client = await Workspace.get_or_none(slug=workspace)
        if client is None:
            raise Refusal(f"The agency has no workspace {workspace!r}.")
        where = await Community.get_or_none(workspace_id=client.id, slug=community)
        if where is None:
            raise Refusal(f"The workspace has no community {community!r}.")
        return await check_connection(actor, where.id)

    found = in_agency(agency, look)
    for each in found:
        say(f"{'ok     ' if each.is_fine else 'missing'} {each.text}")
    if not all(each.is_fine for each in found):
        fail("Tend cannot act there yet.")
