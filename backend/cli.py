"""The command line: `tend --help`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from backend.embedded import AlreadyRunning, EmbeddedServerFailed
from backend.kit.errors import Refusal
from backend.settings import NotConfigured, Settings
from tenants.database import TooMuchPower, is_outage

if TYPE_CHECKING:
    from tenants.actor import Actor

T = TypeVar("T")

cli = typer.Typer(help="Tend: the backend of agencies that run many client communities.", no_args_is_help=True)
importing = typer.Typer(help="Bring content in.", no_args_is_help=True)
cli.add_typer(importing, name="import")
agencies = typer.Typer(help="The agencies of this installation.", no_args_is_help=True)
cli.add_typer(agencies, name="agency")
documents = typer.Typer(help="Documents that frontends have been built with.", no_args_is_help=True)
cli.add_typer(documents, name="documents")
secrets = typer.Typer(help="Secrets at rest.", no_args_is_help=True)
cli.add_typer(secrets, name="secrets")
hooks = typer.Typer(help="What other servers are told.", no_args_is_help=True)
cli.add_typer(hooks, name="webhooks")
keeping = typer.Typer(help="The journal of who did what.", no_args_is_help=True)
cli.add_typer(keeping, name="journal")
jobs = typer.Typer(help="Work in the background.", no_args_is_help=True)
cli.add_typer(jobs, name="jobs")
out, err = Console(), Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> None:
    """Failures of the installation end in one plain sentence and a non-zero exit; only bugs show a trace."""
    try:
        cli()
    except (AlreadyRunning, EmbeddedServerFailed, NotConfigured, TooMuchPower, Refusal) as refusal:
        _fail(str(refusal))
    except Exception as problem:
        if not is_outage(problem):
            raise
        _fail(f"The database could not be used: {problem}")


def _fail(sentence: str) -> None:
    err.print(f"tend: {sentence}", markup=False)
    sys.exit(1)


@cli.command()
def up() -> None:
    """Everything on this machine: PostgreSQL and Redis (unless configured), migrations, API and worker."""
    from backend.running_here import run_here

    run_here(Settings(), say=_say)


@cli.command()
def demo() -> None:
    """`up`, with two agencies at work in it; tokens are written to .tend/demo.json."""
    from backend.running_here import run_here

    run_here(Settings(development=True), say=_say, with_demo=True)


@cli.command()
def serve() -> None:
    """The API alone, against a database that is there."""
    import uvicorn

    from backend.asgi import app

    settings = Settings()
    # uvicorn stops gracefully and then raises the signal again: a stop that was asked for is no failure.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    _connected(settings, _nothing)  # refuses a role with too much power with a sentence instead of a trace
    uvicorn.run(
        app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=100_000,
        ws_ping_interval=20,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
    )


@cli.command()
def work() -> None:
    """A worker alone: relay, calendar and jobs."""
    import uvloop

    from workers.main import work as work_until_stopped

    uvloop.run(work_until_stopped(Settings()))


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    from backend.installing import bring_up_to_date

    applied = asyncio.run(bring_up_to_date(Settings()))
    out.print("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@cli.command()
def doctor() -> None:
    """What is wrong with this installation, in plain words."""
    from backend.examining import examine

    findings = asyncio.run(examine(_where_it_runs(Settings())))
    for finding in findings:
        mark = "[green]ok[/]    " if finding.is_fine else "[red]wrong[/] "
        out.print(mark + escape(finding.sentence), highlight=False, soft_wrap=True)
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)


@cli.command()
def schema(
    *,
    check: Annotated[bool, typer.Option(help="Only compare with the committed file.")] = False,
    committed: Annotated[Path | None, typer.Option(help="Instead of graphql_schema/schema.graphql.")] = None,
    listed: Annotated[Path | None, typer.Option(help="Instead of graphql_schema/breaking_changes.toml.")] = None,
) -> None:
    """Write graphql_schema/schema.graphql, or check that it is the code's; refuse to break clients unless that is listed."""
    from backend import models

    models.load()
    from graphql_schema.compatibility import LISTED, changes, listed_changes
    from graphql_schema.schema import COMMITTED
    from graphql_schema.schema import schema as current

    file, text = committed or COMMITTED, current.as_str() + "\n"
    before = file.read_text() if file.exists() else None
    found = changes(old=before or text, new=text)
    problems = [
        f"This would break clients: {description} Deprecate it first, or list it in "
        "graphql_schema/breaking_changes.toml with a reason."
        for description in found.not_in(listed_changes(listed or LISTED))
    ]
    if check and before != text:
        problems.append("graphql_schema/schema.graphql is not what the code says; run `tend schema` and commit it.")
    if problems:
        _fail("\n".join(problems))
    if not check:
        file.write_text(text)
    for description in found.dangerous:
        _say(f"Clients may notice: {description}")


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

    settings = _where_it_runs(Settings())
    equip(settings)
    _say(_connected(settings, lambda: open_it(slug=slug, name=name, owner=owner, owner_name=owner_name)))


@documents.command()
def publish(
    manifest: Annotated[Path, typer.Argument(help="A JSON object: sha256:<hex> or <hex> of each document, its text.")],
    application: Annotated[str, typer.Option(help="Whose documents these are, such as console.")],
) -> None:
    """Trusted documents of a frontend's build: the API runs them by `documentId`. Publishing again adds nothing."""
    from backend.publishing import publish_documents

    known, new = asyncio.run(publish_documents(_where_it_runs(Settings()), manifest, application=application))
    out.print(f"{new:,} new, {known:,} known")


@secrets.command()
def rotate() -> None:
    """A new key for every agency, under the installation's current one; what is sealed is sealed anew. Tend may run
    meanwhile, and running it again does no harm."""
    from backend.equipping import equip
    from backend.outside import rotate_secrets

    settings = _where_it_runs(Settings())
    if not settings.installation_keys:
        raise NotConfigured("No key for secrets is set: TEND_INSTALLATION_KEY.")
    equip(settings)
    out.print(f"{_connected(settings, rotate_secrets):,} sealed anew")


@hooks.command()
def listen(agency: Annotated[str, typer.Option(help="Short name of the agency.")]) -> None:
    """Print what happens as servers are told of it, until Ctrl-C. Needs a worker in development (`tend demo`): any other
    reaches no server on this machine."""
    from backend.equipping import equip
    from backend.listening_here import listen_here

    # As for `serve`: uvicorn stops and raises the signal again, and the endpoint must still be taken away.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    settings = _where_it_runs(Settings()).model_copy(update={"development": True})
    equip(settings)
    _connected(settings, lambda: listen_here(agency, settings.webhooks_port, _say))


@importing.command()
def chat(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, plain or .gz.")],
    agency: Annotated[str, typer.Option(help="Short name of the agency.")],
    workspace: Annotated[str, typer.Option(help="Short name of the client.")],
    bot: Annotated[list[str] | None, typer.Option(help="A handle that is no person; may be repeated.")] = None,
) -> None:
    """Chat rooms into communities. Importing again doubles nothing; after a crash it goes on where it was."""
    from backend.communities import ImportCount, import_chat
    from backend.equipping import equip
    from tenants.actor import system
    from tenants.doors import agency_by_slug
    from tenants.models import Workspace
    from tenants.scope import agency_scope

    async def run() -> ImportCount:
        agency_id = await agency_by_slug(agency)
        if agency_id is None:
            raise Refusal(f"There is no agency {agency!r}.")
        actor = system(agency_id)
        async with agency_scope(actor):
            found = await Workspace.get_or_none(slug=workspace)
        if found is None:
            raise Refusal(f"The agency has no workspace {workspace!r}.")
        total = ImportCount()
        failed: list[str] = []
        with Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn(), console=err
        ) as progress:
            for path in files:
                size = path.stat().st_size if path.is_file() else 0
                task = progress.add_task(path.name, total=size)

                def on_bytes(done: int, task: Any = task) -> None:
                    progress.update(task, completed=done)

                def on_bad_line(line: int, reason: str, path: Path = path) -> None:
                    progress.console.print(f"{path}:{line}: {reason}", markup=False)

                try:
                    total += await import_chat(
                        actor, found.id, path, bots=frozenset(bot or ()), on_bytes=on_bytes, on_bad_line=on_bad_line
                    )
                except Refusal as refusal:
                    failed.append(f"{path}: {refusal}")
        out.print(
            f"{total.lines:,} lines: {total.new:,} new, {total.known:,} known, {total.changed:,} changed, "
            f"{total.malformed:,} malformed"
        )
        if failed:
            raise Refusal("\n".join(failed))
        return total

    settings = _where_it_runs(Settings())
    equip(settings)
    if _connected(settings, run).malformed:
        raise typer.Exit(2)


@keeping.command()
def verify(
    agency: Annotated[str | None, typer.Option(help="Short name of one agency; all of them when left out.")] = None,
) -> None:
    """Whether anything in the journal was changed, deleted or put in; exit code 1 where it was."""
    from backend.equipping import equip
    from backend.journal import Count
    from backend.journal import verify as findings_of
    from tenants.doors import agency_by_slug, every_agency

    async def run() -> int:
        agency_id = None if agency is None else await agency_by_slug(agency)
        if agency is not None and agency_id is None:
            raise Refusal(f"There is no agency {agency!r}.")
        found = 0
        for id in [agency_id] if agency_id is not None else await every_agency():
            count = Count()
            async for finding in findings_of(id, count=count):
                found += 1
                place = f" place {finding.seq:,}:" if finding.seq is not None else ""
                entry = f" entry_{finding.entry_id}:" if finding.entry_id is not None else ""
                _say(f"agency_{id}:{place}{entry} {finding.what}")
            _say(
                f"agency_{id}: {count.links:,} entries and {count.anchors:,} anchors checked, "
                f"{count.waiting:,} entries wait to be chained"
            )
        return found

    settings = _where_it_runs(Settings())
    if not settings.installation_keys:
        raise NotConfigured("No key to check the anchors with is set: TEND_INSTALLATION_KEY.")
    equip(settings)
    if _connected(settings, run):
        raise typer.Exit(1)


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

    for line in _of_agency(agency, lambda actor: showing_jobs.lines(actor, state=state, kind=kind, most=most)):
        _say(line)


@jobs.command("show")
def show_job(agency: Agency, job: JobId) -> None:
    """All of one job, except what is in it."""
    from backend import showing_jobs

    for line in _of_agency(agency, lambda actor: showing_jobs.one(actor, job)):
        _say(line)


@jobs.command()
def replay(agency: Agency, job: JobId) -> None:
    """Try a dead job again, under the same id."""
    from backend import showing_jobs

    _of_agency(agency, lambda actor: showing_jobs.replay(actor, job))
    _say(f"{job} is ready")


@jobs.command()
def cancel(agency: Agency, job: JobId) -> None:
    """Call a job off that nobody has begun."""
    from backend import showing_jobs

    _of_agency(agency, lambda actor: showing_jobs.cancel(actor, job))
    _say(f"{job} is cancelled")


def _of_agency(slug: str, run: Callable[["Actor"], Awaitable[T]]) -> T:
    """In a scope of the agency, as Tend itself."""
    from backend.equipping import equip
    from tenants.actor import system
    from tenants.doors import agency_by_slug
    from tenants.scope import agency_scope

    async def scoped() -> T:
        agency_id = await agency_by_slug(slug)
        if agency_id is None:
            raise Refusal(f"There is no agency {slug!r}.")
        async with agency_scope(system(agency_id)) as scope:
            return await run(scope.actor)

    settings = _where_it_runs(Settings())
    equip(settings)
    return _connected(settings, scoped)


def _connected(settings: Settings, run: Callable[[], Awaitable[T]]) -> T:
    from backend import models
    from tenants import database

    async def connected() -> T:
        models.load()
        await database.connect(settings.app_url, models=models.MODEL_MODULES, pool_size=2)
        try:
            return await run()
        finally:
            await database.disconnect()

    return asyncio.run(connected())


async def _nothing() -> None:
    return None


def _where_it_runs(settings: Settings) -> Settings:
    """The addresses of a `tend up` that runs in this folder, where none are configured, and its key."""
    from backend.keeping_the_key import with_the_kept_key

    if settings.database_url is not None:
        return settings
    try:
        running = json.loads((settings.home / "running.json").read_text())
        os.kill(running["pid"], 0)
        addresses = {"database_url": running["database_url"], "redis_url": running["redis_url"]}
    except (OSError, ValueError, KeyError):
        raise NotConfigured("Nothing runs in this folder: start it with `tend up`, or set TEND_DATABASE_URL.") from None
    return with_the_kept_key(settings.model_copy(update=addresses | {"development": running.get("development", False)}))


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
