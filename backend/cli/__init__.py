"""The command line: `tend --help`. One module per group of commands; what they need is imported when they run."""

import typer

from backend.cli.agencies import agencies
from backend.cli.backups import backups
from backend.cli.building import building, documents
from backend.cli.connecting import connecting
from backend.cli.importing import importing
from backend.cli.jobs import jobs
from backend.cli.journal import journal
from backend.cli.reports import reports
from backend.cli.running import running
from backend.cli.secrets import secrets
from backend.cli.telling import fail
from backend.cli.webhooks import webhooks
from backend.embedded import AlreadyRunning, EmbeddedServerFailed
from backend.kit.errors import Refusal
from backend.settings import NotConfigured
from tenants.database import TooMuchPower, is_outage

cli = typer.Typer(help="Tend: the backend of agencies that run many client communities.", no_args_is_help=True)
for group in (running, backups, building):
    cli.add_typer(group)
cli.add_typer(agencies, name="agency")
cli.add_typer(connecting, name="connect")
cli.add_typer(importing, name="import")
cli.add_typer(jobs, name="jobs")
cli.add_typer(reports, name="report")
cli.add_typer(webhooks, name="webhooks")
cli.add_typer(journal, name="journal")
cli.add_typer(secrets, name="secrets")
cli.add_typer(documents, name="documents")


def main() -> None:
    """Failures of the installation end in one plain sentence and a non-zero exit; only bugs show a trace."""
    try:
        cli()
    except (AlreadyRunning, EmbeddedServerFailed, NotConfigured, TooMuchPower, Refusal) as refusal:
        fail(str(refusal))
    except Exception as problem:
        if not is_outage(problem):
            raise
        fail(f"The database could not be used: {problem}")
