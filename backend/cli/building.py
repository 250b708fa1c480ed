"""What belongs to building on the API."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.reaching import where_it_runs
from backend.cli.telling import fail, out, say
from backend.settings import Settings

building = typer.Typer()
documents = typer.Typer(help="Documents that frontends have been built with.", no_args_is_help=True)


@building.command()
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
        fail("\n".join(problems))
    if not check:
        file.write_text(text)
    for description in found.dangerous:
        say(f"Clients may notice: {description}")


@documents.command()
def publish(
    manifest: Annotated[Path, typer.Argument(help="A JSON object: sha256:<hex> or <hex> of each document, its text.")],
    application: Annotated[str, typer.Option(help="Whose documents these are, such as console.")],
) -> None:
    """Trusted documents of a frontend's build: the API runs them by `documentId`. Publishing again adds nothing."""
    from backend.publishing import publish_documents

    known, new = asyncio.run(publish_documents(where_it_runs(Settings()), manifest, application=application))
    out.print(f"{new:,} new, {known:,} known")
