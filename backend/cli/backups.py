"""Backups, and the way back."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from backend.cli.reaching import where_it_runs
from backend.cli.telling import say
from backend.kit.errors import Refusal
from backend.settings import NotConfigured, Settings

backups = typer.Typer()


@backups.command()
def backup(
    keep: Annotated[int, typer.Option(min=1, help="How many whole copies stay, and all that was written since.")] = 7,
) -> None:
    """A whole copy of the database of the `tend up` that runs in this folder; once there is one, all that is written since
    is kept as well, so that any later moment can be had. Run it daily."""
    from backend.backups import Archive, take_backup
    from backend.embedded import EmbeddedPostgres

    settings = Settings()
    if settings.database_url is not None:
        raise NotConfigured(
            "The database is somebody else's server: whoever runs it backs it up (pgBackRest, WAL-G, the provider's own), "
            "and `tend restore --from` takes a copy of it that stands at a moment."
        )
    where_it_runs(settings)
    archive, server = Archive(settings.backups), EmbeddedPostgres(settings.home, settings.postgres_major)
    base = take_backup(server, archive)
    gone = archive.prune(server, keep=keep)
    say(f"{base.folder}: every moment from {base.at:%Y-%m-%dT%H:%M:%SZ} on can be had. {gone} older ones removed.")
    say("The key for secrets is not in it: keep TEND_INSTALLATION_KEY (or installation.key) somewhere else.")


@backups.command()
def restore(
    at: Annotated[
        str | None, typer.Option(help="When, such as 2026-11-25T14:00:00Z; UTC where no zone is named.")
    ] = None,
    agency: Annotated[str | None, typer.Option(help="Short name of the agency to take back, and nobody else.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="The whole database; Tend must not run.")] = False,
    copy: Annotated[
        str | None, typer.Option("--from", help="As tend_owner: a copy of the database that stands at the moment.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """An agency as it was at a moment, while it and all others work on; or, with --everything, the whole installation."""
    moment = None if at is None else _moment(at)
    if everything == (agency is not None) or (everything and copy is not None):
        raise Refusal("Say either --agency, or --everything.")
    if everything:
        _restore_everything(moment)
    else:
        assert agency is not None
        _restore_agency(agency, moment, copy, dry_run=dry_run)


def _restore_everything(moment: datetime | None) -> None:
    from backend.backups import Archive, everything_at
    from backend.embedded import EmbeddedPostgres, home_lock

    settings = Settings()
    home = settings.home.resolve()
    with home_lock(home):
        server = EmbeddedPostgres(home, settings.postgres_major, archive=settings.backups / "wal")
        kept = everything_at(moment, Archive(settings.backups), server=server)
    say(f"All is as it was. What was there until now is in {kept}: delete it when you are sure.")


def _restore_agency(agency: str, moment: datetime | None, copy: str | None, *, dry_run: bool) -> None:
    from backend import restoring

    if moment is None:
        raise Refusal("Say when: --at 2026-11-25T14:00:00Z.")
    for line in restoring.restore_agency(where_it_runs(Settings()), agency, moment, copy_url=copy, dry=dry_run):
        say(line)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{text!r} is no moment, such as 2026-11-25T14:00:00Z.") from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise Refusal(f"{moment:%Y-%m-%dT%H:%M:%SZ} has not come yet.")
    return moment
