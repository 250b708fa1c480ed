"""Links by which others read a report, and addresses of its files."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import client_reports
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.client_reports import ClientReportLink
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.making_reports import report_named
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="What can be taken along and opened elsewhere.")
class ReportFileForm(Enum):
    PDF = value("pdf", "A tagged PDF.")
    CSV = value("csv", "Every number, a line each.")
    JSON = value("json", "The whole document, for programs.")


@strawberry.input(description="A link for somebody without an account.")
class ShareClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which report; CONFLICT unless it is published.")
    label: str = strawberry.field(description="For whom, at most 200 characters; they do not see it.")
    password: str | None = optional("10 characters or more; none when left out.")
    expires_at: datetime | None = optional("When it ends, within a year; in 30 days when left out.")
    shows_staff: bool = strawberry.field(default=False, description="Whether names of staff are shown.")
    shows_words: bool = strawberry.field(default=True, description="Whether the lead's words are shown.")
    hidden_sections: list[str] = strawberry.field(
        default_factory=list, description="Sections that are not shown, with goals and changes in them; not all."
    )


@strawberry.input(description="A link that is to open nothing any more.")
class RevokeClientReportLinkInput:
    link_id: strawberry.ID = strawberry.field(description="Which link; CONFLICT where it was taken back before.")


@strawberry.input(description="A file of a report.")
class LinkToClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which report is wanted.")
    form: ReportFileForm = strawberry.field(default=ReportFileForm.PDF, description="Which of its files.")


@strawberry.type(description="The link as it is now.")
class ClientReportLinkPayload:
    link: ClientReportLink | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    url: str | None = strawberry.field(
        default=None, description="Its address, told once: when it is made. Null otherwise."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where the file is.")
class LinkToClientReportPayload:
    path: str | None = strawberry.field(
        default=None, description="Below the address of the API; it opens for ten minutes. Null when refused."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SharingReports:
    @verb(ClientReportLinkPayload, "Make a link for somebody without an account.", needs=Right.LEAD_QUEUE)
    async def share_client_report(self, info: Info, input: Input[ShareClientReportInput]) -> ClientReportLinkPayload:
        link, url = await client_reports.share_client_report(
            actor_of(info.context),
            report_named(input.client_report_id),
            label=input.label,
            password=input.password or None,
            expires_at=input.expires_at or None,
            shows_staff=input.shows_staff,
            shows_words=input.shows_words,
            hidden_sections=input.hidden_sections,
        )
        return ClientReportLinkPayload(link=ref(ClientReportLink, link.id), url=url)

    @verb(ClientReportLinkPayload, "Take a link back: it opens nothing from now on.", needs=Right.LEAD_QUEUE)
    async def revoke_client_report_link(
        self, info: Info, input: Input[RevokeClientReportLinkInput]
    ) -> ClientReportLinkPayload:
        link = await client_reports.revoke_client_report_link(
            actor_of(info.context), uuid_of("clientreportlink", input.link_id, field="linkId")
        )
        return ClientReportLinkPayload(link=ref(ClientReportLink, link.id))

    @verb(LinkToClientReportPayload, "Get an address at which a file of a report opens.", needs=Right.READ_WORKSPACE)
    async def link_to_client_report(
        self, info: Info, input: Input[LinkToClientReportInput]
    ) -> LinkToClientReportPayload:
        link = await client_reports.link_to_client_report(
            actor_of(info.context), report_named(input.client_report_id), form=input.form.value
        )
        return LinkToClientReportPayload(path=link.path, expires_at=link.expires_at)
