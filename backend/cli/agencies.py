"""The agencies of this installation."""

from typing import Annotated

import typer

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import say
from backend.settings import Settings

agencies = typer.Typer(help="The agencies of this installation.", no_args_is_help=True)


@agencies.command("open")
def open_agency(
    slug: Annotated[str, typer.Argument(help="Short name: small letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="What people call the agency.")],
    owner: Annotated[str, typer.Option(help="E-mail address of its first owner.")],
    owner_name: Annotated[str, typer.Option(help="The name they go by.")],
) -> None:
    """A new agency, and an invitation for its first owner: the link is shown here and nowhere else."""
    from backend.equipping import equip
    from backend.opening_agencies import open_agency as open_it

    settings = where_it_runs(Settings())
    equip(settings)
    say(connected_to(settings, lambda: open_it(slug=slug, name=name, owner=owner, owner_name=owner_name)))
