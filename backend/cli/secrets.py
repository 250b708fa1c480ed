"""Secrets at rest."""

import typer

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import out
from backend.settings import NotConfigured, Settings

secrets = typer.Typer(help="Secrets at rest.", no_args_is_help=True)


@secrets.command()
def rotate() -> None:
    """A new key for every agency, under the installation's current one; what is sealed is sealed anew. Tend may run
    meanwhile, and running it again does no harm."""
    from backend.equipping import equip
    from backend.outside import rotate_secrets

    settings = where_it_runs(Settings())
    if not settings.installation_keys:
        raise NotConfigured("No key for secrets is set: TEND_INSTALLATION_KEY.")
    equip(settings)
    out.print(f"{connected_to(settings, rotate_secrets):,} sealed anew")
