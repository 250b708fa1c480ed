"""Pages on which anybody reports what happens in a community, without an account."""

from datetime import datetime

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from graphql_schema.trusted_flaggers import TrustedFlagger
from tenants.rights import Right


@publish(reporting.ReportPage, kind="reportpage", needs=Right.READ_WORKSPACE)
class ReportPage(Node):
    """Where anybody reports what happens in a community, without an account and without a script."""

    id: strawberry.ID
    url: str | None = sql(
        "case when {row}.trusted_flagger_id is null then {row}.url end",
        description="The page's address, for the community to publish; null for a trusted flagger's own.",
    )
    embed_url: str | None = sql(
        "case when {row}.trusted_flagger_id is null and cardinality({row}.origins) > 0 then {row}.url || '/embedded' end",
        description="For an iframe on one of `origins`; null where no site may show it, and for a trusted flagger's own.",
    )
    private_url: str | None = sql(
        "case when {row}.trusted_flagger_id is not null then {row}.url end",
        needs=Right.LEAD_QUEUE,
        description="The address of a trusted flagger's own page, for nobody else; null for everybody's.",
    )
    is_open: bool = sql("{row}.closed_at is null", description="Whether the address leads anywhere.")
    allows_anonymous: bool = column(
        description="Whether what breaks the rules may be reported without an address. The law asks for one all the same."
    )
    origins: list[str] = column(description="Sites that may show it within their own pages.")
    opened_at: datetime = column(description="When it was opened first.")
    closed_at: datetime | None = column(description="When it was closed; null while it is open.")
    trusted_flagger: TrustedFlagger | None = one(
        "trusted_flagger_id", description="Whose own page it is; null for everybody's."
    )


@strawberry.input(description="How a community's page is to be.")
class OpenReportPageInput:
    community_id: strawberry.ID = strawberry.field(description="What is reported there is about this community.")
    allows_anonymous: bool = strawberry.field(
        default=True, description="Whether what breaks the rules may be reported without an address."
    )
    origins: list[str] = strawberry.field(
        default_factory=list,
        description="Sites that may show it within their own pages, such as https://forum.example; 20 at most.",
    )
    trusted_flagger_id: strawberry.ID | None = optional(
        "For a page of their own: whatever is handed in there is theirs, so give its address to nobody else."
    )


@strawberry.input(description="A page that is open.")
class CloseReportPageInput:
    page_id: strawberry.ID = strawberry.field(description="The page; CONFLICT where it is closed.")


@strawberry.type(description="The page as it is now.")
class ReportPagePayload:
    report_page: ReportPage | None = strawberry.field(default=None, description="The page; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class OpeningReportPages:
    @verb(
        ReportPagePayload,
        "Open a community's page for reports, or change the one that is open; its address stays.",
        needs=Right.LEAD_QUEUE,
    )
    async def open_report_page(self, info: Info, input: Input[OpenReportPageInput]) -> ReportPagePayload:
        page_id = await reporting.open_report_page(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            allows_anonymous=input.allows_anonymous,
            origins=input.origins,
            trusted_flagger_id=optional_uuid_of("trustedflagger", input.trusted_flagger_id, field="trustedFlaggerId"),
        )
        return ReportPagePayload(report_page=ref(ReportPage, page_id))

    @verb(
        ReportPagePayload,
        "Close a page: its address leads nowhere from now on, and what was handed in stays.",
        needs=Right.LEAD_QUEUE,
    )
    async def close_report_page(self, info: Info, input: Input[CloseReportPageInput]) -> ReportPagePayload:
        page_id = uuid_of("reportpage", input.page_id, field="pageId")
        await reporting.close_report_page(actor_of(info.context), page_id)
        return ReportPagePayload(report_page=ref(ReportPage, page_id))
