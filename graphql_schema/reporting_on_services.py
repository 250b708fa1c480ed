"""The harmonised transparency report: what people say in it, its versions, and its publication."""

import strawberry

from backend import filing
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.filing import ServicePayload
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.services import Service, TransparencyReport
from tenants.rights import Right


@strawberry.input(description="What stands in a cell of a transparency report that Tend does not count.")
class EnteredCellInput:
    part: int = strawberry.field(description="Which part of the report, 2 to 11.")
    line: str = strawberry.field(
        description="Which line: `STATEMENT_CATEGORY_X / KEYWORD_Y` in Parts 3 to 6 (in Part 3 after `DE: ` for a Member State), "
        "`Indicator / Scope` in Parts 7 to 10, the label in Part 2, the indicator in Part 11."
    )
    field: str = strawberry.field(description="The header of the column, without blanks around it; `Value` for a text.")
    value: str = strawberry.field(description="At most 5,000 characters; empty to take back what was said.")


@strawberry.input(description="What people say in the reports about a period.")
class EnterInReportInput:
    service_id: strawberry.ID = strawberry.field(description="Which service it is.")
    period_start: str = strawberry.field(description="The first day of the period, YYYY-MM-DD.")
    period_end: str = strawberry.field(description="The last day: a calendar year; half of one for a VLOP.")
    cells: list[EnteredCellInput] = strawberry.field(description="At most 500.")


@strawberry.input(description="A period to report about.")
class DrawUpReportInput:
    service_id: strawberry.ID = strawberry.field(description="The service; CONFLICT for one of somebody else.")
    period_start: str = strawberry.field(description="The first day of the period, YYYY-MM-DD.")
    period_end: str = strawberry.field(description="The last day: a calendar year; half of one for a VLOP.")


@strawberry.input(description="A version that everybody is to read.")
class PublishReportInput:
    transparency_report_id: strawberry.ID = strawberry.field(
        description="Which version; CONFLICT unless it is DONE, adds up and its period is over."
    )
    reason: str = strawberry.field(
        default="", description="Why and how it differs from the version published before; required where there is one."
    )


@strawberry.type(description="The version as it is now.")
class TransparencyReportPayload:
    report: TransparencyReport | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ReportingOnServices:
    @verb(ServicePayload, "Say what stands in cells of reports that Tend does not count.", needs=Right.LEAD_QUEUE)
    async def enter_in_report(self, info: Info, input: Input[EnterInReportInput]) -> ServicePayload:
        service = await filing.enter_in_report(
            actor_of(info.context),
            uuid_of("service", input.service_id, field="serviceId"),
            period_start=input.period_start,
            period_end=input.period_end,
            cells=[filing.EnteredCell(cell.part, cell.line, cell.field, cell.value) for cell in input.cells],
        )
        return ServicePayload(service=ref(Service, service.id))

    @verb(
        TransparencyReportPayload,
        "Have the next version of the transparency report about a period written: a job does it.",
        needs=Right.LEAD_QUEUE,
    )
    async def draw_up_report(self, info: Info, input: Input[DrawUpReportInput]) -> TransparencyReportPayload:
        report = await filing.draw_up_report(
            actor_of(info.context),
            uuid_of("service", input.service_id, field="serviceId"),
            period_start=input.period_start,
            period_end=input.period_end,
        )
        return TransparencyReportPayload(report=ref(TransparencyReport, report.id))

    @verb(
        TransparencyReportPayload,
        "Publish a version at `Service.publicPath`, for good.",
        needs=Right.LEAD_QUEUE,
    )
    async def publish_report(self, info: Info, input: Input[PublishReportInput]) -> TransparencyReportPayload:
        report = await filing.publish_report(
            actor_of(info.context),
            uuid_of("transparencyreport", input.transparency_report_id, field="transparencyReportId"),
            reason=input.reason,
        )
        return TransparencyReportPayload(report=ref(TransparencyReport, report.id))
