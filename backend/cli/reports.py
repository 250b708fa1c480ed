"""Reports that stakeholders read."""

from typing import Annotated

import typer

from backend.cli.reaching import in_agency
from backend.cli.telling import out
from backend.kit.errors import Refusal

reports = typer.Typer(help="Reports that clients read.", no_args_is_help=True)


@reports.command()
def make(
    agency: Annotated[str, typer.Option(help="Short name of the agency.")],
    workspace: Annotated[str | None, typer.Option(help="Short name of the client; every client without it.")] = None,
    period: Annotated[
        str | None, typer.Option(help="Its first day, as 2026-10-01; the latest that is over without it.")
    ] = None,
) -> None:
    """Promise a draft of each report that is agreed and not made yet. The workers count; leads are told."""
    from backend.client_reports import ClientReportDefinition, make_client_report
    from backend.kit.errors import Conflict
    from tenants.actor import Actor
    from tenants.models import Workspace
    from tenants.scope import current

    async def run(actor: Actor) -> tuple[int, list[str]]:
        clients = {each.id: each.slug for each in await Workspace.filter(deletes_at=None)}
        if workspace is not None:
            clients = {id: slug for id, slug in clients.items() if slug == workspace}
            if not clients:
                raise Refusal(f"The agency has no workspace {workspace!r}.")
        promised, left = 0, []
        agreed = ClientReportDefinition.filter(archived_at=None, workspace_id__in=list(clients))
        for each in await agreed.order_by("workspace_id", "created_at", "id"):
            try:
                async with current().part():
                    await make_client_report(actor, each.id, period_start=period)
            except Conflict as refusal:
                left.append(f"{clients[each.workspace_id]}, {each.name}: {refusal}")
            else:
                promised += 1
        return promised, left

    promised, left = in_agency(agency, run)
    for line in left:
        out.print(line, markup=False)
    out.print(f"{promised:,} promised, {len(left):,} left alone")
