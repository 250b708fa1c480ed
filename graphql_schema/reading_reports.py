"""What a report says: its goals, what changed, its numbers and pictures. Worked out in Python of what was published."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from backend import client_reports
from backend.client_metrics import Value
from backend.kit.ids import parse_published
from graphql_schema.client_metrics import MetricValue, shown_value
from graphql_schema.context import Info
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

Json = Mapping[str, Any]


@strawberry.type(description="A number as the report told it.")
class ReportNumber:
    title: str = strawberry.field(description="What it is called, in the report's language.")
    of_name: str | None = strawberry.field(
        description="What the part is called that it is of; null for all of the client."
    )
    text: str = strawberry.field(description="The number in words, or why there is none.")
    sure: str = strawberry.field(description="From how much and how surely, in words; may be empty.")
    value: MetricValue = strawberry.field(description="The number itself. Show its `sentence` wherever you show it.")


@strawberry.type(description="A number, and the one it is compared with.")
class ReportRow:
    now: ReportNumber = strawberry.field(description="Of the period.")
    before: ReportNumber | None = strawberry.field(description="Of the period it is compared with; null for none.")


@strawberry.type(description="A goal, and whether it was met.")
class ReportGoal:
    title: str = strawberry.field(description="What it is about, in the report's language.")
    metric: str = strawberry.field(description="A name of `metricCatalogue`.")
    of: str | None = strawberry.field(description="The part that it is about; null for all of the client.")
    direction: str = strawberry.field(description="One of at_least and at_most.")
    target: float = strawberry.field(description="In the metric's unit.")
    status: str = strawberry.field(description="One of met, missed, and unknown where there is no number.")
    is_close: bool = strawberry.field(description="Whether the interval reaches across it: chance could have decided.")
    value: ReportNumber | None = strawberry.field(description="What came of it; null where nothing was counted.")


@strawberry.type(description="What changed by more than chance explains.")
class ReportChange:
    metric: str = strawberry.field(description="A name of `metricCatalogue`.")
    title: str = strawberry.field(description="What it is called, in the report's language.")
    before: float = strawberry.field(description="In the period it is compared with.")
    now: float = strawberry.field(description="In the period.")
    unit: str = strawberry.field(description="The unit of both numbers.")
    verdict: str = strawberry.field(description="One of better, worse, and neither.")
    text: str = strawberry.field(description="The same in words.")


@strawberry.type(description="How a number went.")
class ReportChart:
    metric: str = strawberry.field(description="A name of `metricCatalogue`.")
    title: str = strawberry.field(description="What it is called, in the report's language.")
    points: JSON = strawberry.field(description="A list with `day`, `value` (null without data), `low` and `high`.")
    specification: JSON = strawberry.field(description="Vega-Lite 5, its data included.")
    svg: str = strawberry.field(description="The same drawn; its ink is `currentColor`.")


@strawberry.type(description="Numbers of one kind, with what the lead wrote about them.")
class ReportSection:
    name: str = strawberry.field(description="A section of `metricCatalogue`.")
    heading: str = strawberry.field(description="In the report's language.")
    words: str | None = strawberry.field(description="What the lead wrote, in Markdown; null for nothing.")
    rows: list[ReportRow] = strawberry.field(description="Its numbers: each of the whole client, then of its parts.")
    charts: list[ReportChart] = strawberry.field(description="Its pictures; may be empty.")


@strawberry.type(description="What a report says.")
class ClientReportContent:
    title: str = strawberry.field(description="Client and period, in the report's language.")
    in_short: str = strawberry.field(description="What matters in a few sentences, as the mail says it.")
    words: str | None = strawberry.field(description="What the lead wrote above all, in Markdown; null for nothing.")
    goals: list[ReportGoal] = strawberry.field(description="What was agreed, and what came of it.")
    compared_start: str | None = strawberry.field(
        description="The first day of what it is compared with, YYYY-MM-DD; null where it was agreed to compare with nothing."
    )
    compared_end: str | None = strawberry.field(description="The last day of that.")
    known_since: str | None = strawberry.field(
        description="Why nothing is compared although it was agreed: the first day that Tend knows of the client, which lies "
        "after `comparedStart`. Null otherwise."
    )
    changes: list[ReportChange] = strawberry.field(
        description="What changed beyond chance, what is worse first; none where nothing is compared."
    )
    risks: list[str] = strawberry.field(description="What is at risk, in sentences.")
    sections: list[ReportSection] = strawberry.field(description="All its numbers.")
    input_hash: str = strawberry.field(description="SHA-256 of what was counted and agreed.")


_REPORT = Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `ClientReport.id`.")]


@strawberry.type
class ReadingReports:
    @strawberry.field(
        description="What a report says, as it was published, and of a draft as it is now; null for one that is not there for "
        "you. One query draws all of it.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def client_report_content(self, info: Info, id: _REPORT) -> ClientReportContent | None:
        parsed = parse_published(id)
        if parsed is None or parsed[0] != "clientreport":
            return None
        shown = await client_reports.document_of(actor_of(info.context), parsed[1])
        return None if shown is None else _content(shown.document)


def _content(document: Json) -> ClientReportContent:
    told, judged = client_reports.Wording(document["language"]), document["judged"]
    compared: Json = document["compared"] or dict.fromkeys(("start", "end"))
    names = {of: name for section in document["sections"] for of, name in section["names"].items()}
    return ClientReportContent(
        title=client_reports.present(document)["title"],
        in_short=told.in_short(document),
        words=None if document["words"] is None else document["words"]["text"],
        goals=[
            ReportGoal(
                title=told.metric(goal["metric"])[0],
                metric=goal["metric"],
                of=goal["of"],
                direction=goal["direction"],
                target=goal["target"],
                status=goal["status"],
                is_close=goal["is_close"],
                value=_number(goal["value"], told, names) if "window" in goal["value"] else None,
            )
            for goal in judged["goals"]
        ],
        changes=[
            ReportChange(
                metric=each["metric"],
                title=told.metric(each["metric"])[0],
                before=each["before"],
                now=each["now"],
                unit=each["unit"],
                verdict=each["verdict"],
                text=told.change(each),
            )
            for each in judged["changes"]
        ],
        compared_start=compared["start"],
        compared_end=compared["end"],
        known_since=document["knownSince"],
        risks=[told.risk(risk) for risk in judged["risks"]],
        sections=[_section(section, told, names) for section in document["sections"]],
        input_hash=document["inputHash"],
    )


def _section(section: Json, told: client_reports.Wording, names: Mapping[str, str]) -> ReportSection:
    before = {(each["metric"], each["of"]): each for each in section["before"]}
    return ReportSection(
        name=section["name"],
        heading=told.words["sections"][section["name"]],
        words=None if section["words"] is None else section["words"]["text"],
        rows=[
            ReportRow(
                now=_number(value, told, names),
                before=None
                if (was := before.get((value["metric"], value["of"]))) is None
                else _number(was, told, names),
            )
            for value in section["values"]
        ],
        charts=[
            ReportChart(
                metric=chart["name"],
                title=chart["title"],
                points=chart["points"],
                specification=chart["specification"],
                svg=chart["svg"],
            )
            for chart in section["charts"]
        ],
    )


def _number(told_value: Json, told: client_reports.Wording, names: Mapping[str, str]) -> ReportNumber:
    value = Value.from_json(told_value)
    return ReportNumber(
        title=told.metric(value.metric)[0],
        of_name=None if value.of is None else told.part(value.metric, value.of, names),
        text=told.value(told_value),
        sure=told.sure(told_value),
        value=shown_value(value),
    )
