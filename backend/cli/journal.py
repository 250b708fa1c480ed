"""The journal of who did what."""

from typing import Annotated

import typer

from backend.cli.reaching import connected_to, where_it_runs
from backend.cli.telling import say
from backend.kit.errors import Refusal
from backend.settings import NotConfigured, Settings

journal = typer.Typer(help="The journal of who did what.", no_args_is_help=True)


@journal.command()
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
                say(f"agency_{id}:{place}{entry} {finding.what}")
            say(
                f"agency_{id}: {count.links:,} entries and {count.anchors:,} anchors checked, "
                f"{count.waiting:,} entries wait to be chained"
            )
        return found

    settings = where_it_runs(Settings())
    if not settings.installation_keys:
        raise NotConfigured("No key to check the anchors with is set: TEND_INSTALLATION_KEY.")
    equip(settings)
    if connected_to(settings, run):
        raise typer.Exit(1)
