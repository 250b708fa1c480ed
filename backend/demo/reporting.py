"""A month told to the client: what a stakeholder of the demo reads first."""

from backend.client_reports import (
    ClientReportDefinition,
    Goal,
    WantedReport,
    comment_on_client_report,
    count_next_section,
    define_client_report,
    make_client_report,
    publish_client_report,
    submit_client_report,
)
from tenants.actor import Actor, system
from tenants.scope import agency_scope

WORDS = (
    "Riders who came new were welcomed by other riders, not by us. We looked at what broke the rules as it came in; what "
    "we ask you to decide is whether selling bikes gets a place of its own."
)
WANTED = WantedReport(
    "Monthly report",
    sections=["community", "moderation"],
    goals=[Goal("newcomers", "at_least", 20, "2026-01-01"), Goal("top_share", "at_most", 0.2, "2026-01-01")],
)


async def report_last_month(writer: Actor, publisher: Actor) -> None:
    """About the only client of both; once. Here and now, since no worker runs yet."""
    async with agency_scope(writer):
        if await ClientReportDefinition.exists(workspace_id=writer.only_workspace):
            return
        definition = await define_client_report(writer, writer.only_workspace, WANTED)
        report = await make_client_report(writer, definition.id)
    tend = system(writer.agency_id, workspace_id=writer.only_workspace)
    for _ in WANTED.sections:
        async with agency_scope(tend):
            await count_next_section(tend, {"report_id": str(report.id)})
    async with agency_scope(writer):
        await comment_on_client_report(writer, report.id, text=WORDS)
        await submit_client_report(writer, report.id)
    async with agency_scope(publisher):
        await publish_client_report(publisher, report.id)
