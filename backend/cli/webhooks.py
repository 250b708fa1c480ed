"""What other servers are told."""

import signal
from typing import Annotated

import typer

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import say
from backend.settings import Settings

webhooks = typer.Typer(help="What other servers are told.", no_args_is_help=True)


@webhooks.command()
def listen(agency: Annotated[str, typer.Option(help="Short name of the agency.")]) -> None:
    """Print what happens as servers are told of it, until Ctrl-C. Needs a worker in development (`tend demo`): any other
    reaches no server on this machine."""
    from backend.equipping import equip
    from backend.listening_here import listen_here

    # As for `serve`: uvicorn stops and raises the signal again, and the endpoint must still be taken away.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    settings = where_it_runs(Settings()).model_copy(update={"development": True})
    equip(settings)
    connected_to(settings, lambda: listen_here(agency, settings.webhooks_port, say))
