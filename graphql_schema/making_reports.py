"""Agreeing on reports, having them made, writing in them, publishing and correcting them."""

from enum import Enum
from uuid import UUID

import strawberry

from backend import client_reports
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.client_reports import (
    ClientReport,
    ClientReportDefinition,
    ReportComparison,
    ReportLanguage,
    ReportPeriod,
)
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="Which side of a goal is the right one.")
class GoalDirection(Enum):
    AT_LEAST = value("at_least", "The value is to be the target or more.")
    AT_MOST = value("at_most", "The value is to be the target or less.")


@strawberry.input(description="A goal agreed with the client.")
class ReportGoalInput:
    metric: str = strawberry.field(description="A name of `metricCatalogue`, of a section of the report.")
    of: str | None = optional("A part of it, such as a tier; the whole client when left out.")
    direction: GoalDirection = strawberry.field(description="Which side of the target is the right one.")
    target: float = strawberry.field(description="In the metric's unit: shares from 0 to 1, times in seconds.")
    since: str = strawberry.field(description="The first day on which it counts, YYYY-MM-DD.")


@strawberry.input(description="Which report a client gets.")
class DefineClientReportInput:
    workspace_id: strawberry.ID = strawberry.field(description="Which client gets it.")
    definition_id: strawberry.ID | None = optional("One to say anew; a new one when left out.")
    expected_version: int | None = optional("CONFLICT where it has another version by now.")
    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    sections: list[str] | None = optional("Sections of `metricCatalogue`; all of them when left out or empty.")
    period: ReportPeriod = strawberry.field(default=ReportPeriod.MONTH, description="What each is about.")
    comparison: ReportComparison = strawberry.field(
        default=ReportComparison.PERIOD_BEFORE, description="What its numbers are compared with."
    )
    goals: list[ReportGoalInput] = strawberry.field(default_factory=list, description="At most 20.")
    language: ReportLanguage = strawberry.field(
        default=ReportLanguage.EN, description="The language in which it is written."
    )
    shows_staff: bool = strawberry.field(default=False, description="Whether it names who wrote and published it.")
    is_scheduled: bool = strawberry.field(
        default=True, description="Whether a draft is made on the first working day after each period."
    )
    logo: str | None = optional("A PNG or JPEG in base64, at most 225,000 bytes; none when left out.")


@strawberry.input(description="A definition that is not used any more.")
class ArchiveClientReportDefinitionInput:
    definition_id: strawberry.ID = strawberry.field(description="Which definition it is.")


@strawberry.input(description="A report to be made.")
class MakeClientReportInput:
    definition_id: strawberry.ID = strawberry.field(description="What it is made of.")
    period_start: str | None = optional(
        "The first day of its period, YYYY-MM-DD; of the latest that is over, if left out."
    )


@strawberry.input(description="Words on a draft.")
class CommentOnClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which draft; CONFLICT unless it is a DRAFT.")
    section: str = strawberry.field(default="summary", description="A section of it, or `summary` for above all.")
    text: str = strawberry.field(
        description="Markdown without HTML, pictures and tables, at most 5,000 characters; empty to take back what stood "
        "there. It names no member: INVALID says which handles it has."
    )
    not_members: list[str] = strawberry.field(
        default_factory=list, description="Words in it that are handles as well, and mean nobody."
    )
    expected_version: int | None = optional("Of the words that it replaces, 0 for none; CONFLICT if they have another.")


@strawberry.input(description="A draft for whoever publishes it.")
class SubmitClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which draft; CONFLICT unless it is a DRAFT.")


@strawberry.input(description="A report that is to be worked on again.")
class ReturnClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which report; CONFLICT unless it is IN_REVIEW.")
    reason: str = strawberry.field(description="What is to be done, at most 1,000 characters.")


@strawberry.input(description="A report that the client is to read.")
class PublishClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(
        description="Which report; CONFLICT unless it is IN_REVIEW, and where all of it is yours and somebody else leads there."
    )


@strawberry.input(description="A published report that is wrong.")
class CorrectClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which report; CONFLICT unless it is PUBLISHED.")
    correction: str = strawberry.field(
        description="What is otherwise and why, for the client; at most 2,000 characters."
    )
    not_members: list[str] = strawberry.field(
        default_factory=list, description="Words in it that are handles as well, and mean nobody."
    )


@strawberry.input(description="A report that nobody is to read.")
class DiscardClientReportInput:
    client_report_id: strawberry.ID = strawberry.field(description="Which report; CONFLICT for what is published.")


@strawberry.type(description="The definition as it is now.")
class ClientReportDefinitionPayload:
    definition: ClientReportDefinition | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The report as it is now.")
class ClientReportPayload:
    client_report: ClientReport | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class MakingReports:
    @verb(ClientReportDefinitionPayload, "Say which report a client gets.", needs=Right.LEAD_QUEUE)
    async def define_client_report(
        self, info: Info, input: Input[DefineClientReportInput]
    ) -> ClientReportDefinitionPayload:
        definition = await client_reports.define_client_report(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            client_reports.WantedReport(
                name=input.name,
                sections=input.sections or (),
                period=input.period.value,
                comparison=input.comparison.value,
                goals=[
                    client_reports.Goal(goal.metric, goal.direction.value, goal.target, goal.since, goal.of or None)
                    for goal in input.goals
                ],
                language=input.language.value,
                shows_staff=input.shows_staff,
                is_scheduled=input.is_scheduled,
                logo=input.logo or None,
            ),
            definition_id=optional_uuid_of("clientreportdefinition", input.definition_id, field="definitionId"),
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return ClientReportDefinitionPayload(definition=ref(ClientReportDefinition, definition.id))

    @verb(ClientReportDefinitionPayload, "Make nothing more of a definition.", needs=Right.LEAD_QUEUE)
    async def archive_client_report_definition(
        self, info: Info, input: Input[ArchiveClientReportDefinitionInput]
    ) -> ClientReportDefinitionPayload:
        definition = await client_reports.archive_client_report_definition(
            actor_of(info.context), uuid_of("clientreportdefinition", input.definition_id, field="definitionId")
        )
        return ClientReportDefinitionPayload(definition=ref(ClientReportDefinition, definition.id))

    @verb(ClientReportPayload, "Have a report made: a job counts, and leads are told.", needs=Right.LEAD_QUEUE)
    async def make_client_report(self, info: Info, input: Input[MakeClientReportInput]) -> ClientReportPayload:
        report = await client_reports.make_client_report(
            actor_of(info.context),
            uuid_of("clientreportdefinition", input.definition_id, field="definitionId"),
            period_start=input.period_start or None,
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(ClientReportPayload, "Write what a draft means.", needs=Right.LEAD_QUEUE)
    async def comment_on_client_report(
        self, info: Info, input: Input[CommentOnClientReportInput]
    ) -> ClientReportPayload:
        report = await client_reports.comment_on_client_report(
            actor_of(info.context),
            report_named(input.client_report_id),
            section=input.section,
            text=input.text,
            not_members=input.not_members,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(ClientReportPayload, "Give a draft to whoever publishes it.", needs=Right.LEAD_QUEUE)
    async def submit_client_report(self, info: Info, input: Input[SubmitClientReportInput]) -> ClientReportPayload:
        report = await client_reports.submit_client_report(actor_of(info.context), report_named(input.client_report_id))
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(ClientReportPayload, "Give a report back to whoever writes it.", needs=Right.LEAD_QUEUE)
    async def return_client_report(self, info: Info, input: Input[ReturnClientReportInput]) -> ClientReportPayload:
        report = await client_reports.return_client_report(
            actor_of(info.context), report_named(input.client_report_id), reason=input.reason
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(ClientReportPayload, "Publish a report, for good; the client's people are told.", needs=Right.LEAD_QUEUE)
    async def publish_client_report(self, info: Info, input: Input[PublishClientReportInput]) -> ClientReportPayload:
        report = await client_reports.publish_client_report(
            actor_of(info.context), report_named(input.client_report_id)
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(
        ClientReportPayload,
        "Have the next version made of a published report; the old one stays readable.",
        needs=Right.LEAD_QUEUE,
    )
    async def correct_client_report(self, info: Info, input: Input[CorrectClientReportInput]) -> ClientReportPayload:
        report = await client_reports.correct_client_report(
            actor_of(info.context),
            report_named(input.client_report_id),
            correction=input.correction,
            not_members=input.not_members,
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))

    @verb(ClientReportPayload, "Discard a report that is not published.", needs=Right.LEAD_QUEUE)
    async def discard_client_report(self, info: Info, input: Input[DiscardClientReportInput]) -> ClientReportPayload:
        report = await client_reports.discard_client_report(
            actor_of(info.context), report_named(input.client_report_id)
        )
        return ClientReportPayload(client_report=ref(ClientReport, report.id))


def report_named(text: str) -> UUID:
    return uuid_of("clientreport", text, field="clientReportId")
