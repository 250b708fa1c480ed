"""Tend itself, in one process or in several."""

import asyncio

import typer
from rich.markup import escape

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import out, say
from backend.settings import Settings

running = typer.Typer()


@running.command()
def up() -> None:
    """Everything on this machine: PostgreSQL and Redis (unless configured), migrations, API and worker."""
    from backend.running_here import run_here

    run_here(Settings(), say=say)


@running.command()
def demo() -> None:
    """`up`, with two agencies at work in it; tokens are written to .tend/demo.json."""
    from backend.running_here import run_here

    run_here(Settings(development=True), say=say, with_demo=True)


@running.command()
def serve() -> None:
    """The API alone, against a database that is there."""
    from backend.serving import serve_until_stopped

    settings = Settings()
    connected_to(settings, _nothing)  # refuses a role with too much power with a sentence instead of a trace
    serve_until_stopped(settings)


@running.command()
def work() -> None:
    """A worker alone: relay, calendar and jobs."""
    import uvloop

    from workers.main import work as work_until_stopped

    uvloop.run(work_until_stopped(Settings()))


@running.command()
def restart() -> None:
    """The API and the worker of the `tend up` in this folder anew, with the code and the migrations that are here now. No
    request fails: who connects meanwhile waits."""
    from backend.restarting import restart_here

    for line in restart_here(where_it_runs(Settings())):
        say(line)


@running.command()
def migrate() -> None:
    """Bring the database to this version."""
    from backend.installing import bring_up_to_date

    applied = asyncio.run(bring_up_to_date(Settings()))
    out.print("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@running.command()
def doctor() -> None:
    """What is wrong with this installation, in plain words."""
    from backend.examining import examine

    findings = asyncio.run(examine(where_it_runs(Settings())))
    for finding in findings:
        mark = "[green]ok[/]    " if finding.is_fine else "[red]wrong[/] "
        out.print(mark + escape(finding.sentence), highlight=False, soft_wrap=True)
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)


async def _nothing() -> None:
    return None
