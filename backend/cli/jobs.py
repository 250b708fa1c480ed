"""Work in the background."""

from typing import Annotated

import typer

from backend.cli.reaching import in_agency
from backend.cli.telling import say

jobs = typer.Typer(help="Work in the background.", no_args_is_help=True)


Agency = Annotated[str, typer.Option(help="Short name of the agency.")]
JobId = Annotated[str, typer.Argument(help="As `tend jobs list` shows it.")]


@jobs.command("list")
def list_jobs(
    agency: Agency,
    state: Annotated[str | None, typer.Option(help="ready, sent, running, done, dead or cancelled.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as write_export.")] = None,
    most: Annotated[int, typer.Option(help="How many, the latest first.")] = 50,
) -> None:
    """Jobs of an agency."""
    from backend import showing_jobs

    for line in in_agency(agency, lambda actor: showing_jobs.lines(actor, state=state, kind=kind, most=most)):
        say(line)


@jobs.command("show")
def show_job(agency: Agency, job: JobId) -> None:
    """All of one job, except what is in it."""
    from backend import showing_jobs

    for line in in_agency(agency, lambda actor: showing_jobs.one(actor, job)):
        say(line)


@jobs.command()
def replay(agency: Agency, job: JobId) -> None:
    """Try a dead job again, under the same id."""
    from backend import showing_jobs

    in_agency(agency, lambda actor: showing_jobs.replay(actor, job))
    say(f"{job} is ready")


@jobs.command()
def cancel(agency: Agency, job: JobId) -> None:
    """Call a job off that nobody has begun."""
    from backend import showing_jobs

    in_agency(agency, lambda actor: showing_jobs.cancel(actor, job))
    say(f"{job} is cancelled")
