"""Content from files."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import err, out
from backend.kit.errors import Refusal
from backend.settings import Settings

importing = typer.Typer(help="Bring content in.", no_args_is_help=True)


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

    settings = where_it_runs(Settings())
    equip(settings)
    if connected_to(settings, run).malformed:
        raise typer.Exit(2)
