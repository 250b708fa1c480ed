"""Reports that stakeholders read: what was agreed, every version, who has read which by what link."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend import client_reports
from graphql_schema.describing import value
from graphql_schema.orders import CreationOrder, EventOrder
from graphql_schema.projection import Connection, Node, column, count, many, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import RIGHTS_OF, Right

# Drafts are never there for the client's side, nor for machines: nobody has written yet what they mean.
_LEADS: Final = ",".join(sorted(role.value for role, rights in RIGHTS_OF.items() if Right.LEAD_QUEUE in rights))
READABLE: Final = (
    "({row}.published_at is not null or exists (select from memberships m where m.agency_id = {agency} "
    f"and m.id = {{membership}} and m.role = any('{{{{{_LEADS}}}}}')))"
)


@strawberry.enum(description="What a report is about.")
class ReportPeriod(Enum):
    MONTH = value("month", "A calendar month, where the client is.")
    QUARTER = value("quarter", "A calendar quarter, where the client is.")


@strawberry.enum(description="What its numbers are compared with.")
class ReportComparison(Enum):
    PERIOD_BEFORE = value("period_before", "The month or quarter before.")
    YEAR_BEFORE = value("year_before", "The same one a year before.")
    NONE = value("none", "With nothing at all.")


@strawberry.enum(description="What the texts and numbers of a document are written in.")
class ReportLanguage(Enum):
    EN = value("en", "English, as in Britain.")
    DE = value("de", "German, as in Germany.")


@strawberry.enum(description="Where a report is.")
class ClientReportState(Enum):
    MAKING = value("making", "A job counts, a section at a time.")
    FAILED = value("failed", "Counting failed each time; the job can be replayed and goes on where it was.")
    DRAFT = value("draft", "Counted; the lead writes what it means.")
    IN_REVIEW = value("in_review", "Submitted to whoever publishes it.")
    PUBLISHED = value("published", "The client reads it; it never changes.")
    SUPERSEDED = value("superseded", "Published, and a later version has taken its place; it stays readable.")
    DISCARDED = value("discarded", "Nobody reads it.")


@strawberry.enum(description="A form in which a report is read.")
class ReportForm(Enum):
    PAGE = value("page", "A page in a browser.")
    PDF = value("pdf", "A tagged PDF.")
    CSV = value("csv", "Every number, a line each.")
    JSON = value("json", "The whole document, for programs.")


@publish(client_reports.ClientReportDefinition, kind="clientreportdefinition", needs=Right.READ_WORKSPACE)
class ClientReportDefinition(Node):
    """Which report a client gets, as agreed with it."""

    id: strawberry.ID
    name: str = column(description="What the report is called, at most 200 characters.")
    sections: list[str] = column(description="What it tells of, in order: sections of `metricCatalogue`.")
    period: ReportPeriod = column(description="What each of them is about.")
    comparison: ReportComparison = column(description="What its numbers are compared with.")
    goals: JSON = column(
        description="A list with `metric`, `of` (a part of it, or null), `direction` (at_least or at_most), `target` in the "
        "metric's unit, and `since`, the first day on which it counts."
    )
    language: ReportLanguage = column(description="The language in which it is written.")
    shows_staff: bool = column(description="Whether it names who wrote and published it.")
    is_scheduled: bool = column(
        description="Whether a draft is made on the first working day after each period, where the client is."
    )
    has_logo: bool = sql("{row}.logo is not null", description="Whether it bears a logo.")
    version: int = column(description="Goes up with each change; give it as `expectedVersion`.")
    created_by: Staff | None = one("created_by_id", description="Who made it; null where you may not see staff.")
    created_at: datetime = column(description="When it was made.")
    archived_at: datetime | None = column(description="Since when nothing is made of it; null while it is in use.")


@publish(client_reports.ClientReportView, needs=Right.LEAD_QUEUE)
class ClientReportView:
    """Somebody has read a published report. Where they came from is not kept."""

    form: ReportForm = column(description="In which form.")
    at: datetime = column(description="When; the same again within a minute is one.")
    reader: Staff | None = one("membership_id", description="Who, where they were signed in; null for a link.")


@publish(client_reports.ClientReportLink, kind="clientreportlink", needs=Right.LEAD_QUEUE)
class ClientReportLink(Node):
    """Opens one published report without an account. Its address was told once, to whoever made it."""

    id: strawberry.ID
    label: str = column(description="For whom it was made, at most 200 characters.")
    has_password: bool = sql("{row}.password_hash is not null", description="Whether it asks for a password.")
    shows_staff: bool = column(description="Whether names of staff are shown, where the report has them.")
    shows_words: bool = column(description="Whether the lead's words are shown.")
    hidden_sections: list[str] = column(description="Sections that are not shown, with goals and changes in them.")
    created_by: Staff | None = one("created_by_id", description="Who made it; null where you may not see staff.")
    created_at: datetime = column(description="When it was made.")
    expires_at: datetime = column(description="When it ends by itself.")
    revoked_at: datetime | None = column(description="When it was taken back; null where it was not.")
    wrong_password_count: int = column(description="How often somebody gave a wrong password, or tried too often.")
    late_visit_count: int = column(description="How often it was opened after it had ended or was taken back.")
    last_refused_at: datetime | None = column(
        description="When somebody was last not let in, of either kind; null for never."
    )
    views: Connection[ClientReportView] = many("link_id", order=EventOrder, description="When it was read.")


@publish(client_reports.ClientReportSnapshot, needs=Right.READ_WORKSPACE)
class ClientReportSnapshot:
    """All that is shown of a published report. It never changes."""

    input_hash: str = column(description="SHA-256 of what was counted and agreed, as the report itself says.")
    document_hash: str = column(description="SHA-256 of the whole document.")
    made_at: datetime = column(description="When it was published.")


@publish(client_reports.ClientReport, kind="clientreport", needs=Right.READ_WORKSPACE, row=READABLE)
class ClientReport(Node):
    """A version of a report about one period. What is not published is there for who leads at the client, and for nobody
    else. What it says: `clientReportContent`."""

    id: strawberry.ID
    name: str = sql("{row}.definition ->> 'name'", description="What the report is called.")
    period_start: str = column(description="The first day that it is about, YYYY-MM-DD.")
    period_end: str = column(description="The last day.")
    version: int = column(description="1 for the first about its period.")
    state: ClientReportState = column(description="Where it is.")
    section_count: int = sql(
        "jsonb_array_length({row}.definition -> 'sections')", description="How many sections it has."
    )
    counted_section_count: int = count(
        client_reports.ClientReportSection, "report_id", description="How many of them are counted."
    )
    definition: ClientReportDefinition | None = one("definition_id", description="What it is made of, as it is now.")
    corrects: "ClientReport | None" = one("corrects_id", description="The version that it corrects; null for none.")
    correction: str | None = column(description="What is otherwise than in that version, and why.")
    words: JSON | None = column(
        needs=Right.LEAD_QUEUE,
        description="What was written, by section (`summary` above all): `text` in Markdown, `version`, `at`, `writers`.",
    )
    problem: str | None = column(
        needs=Right.LEAD_QUEUE, description="Why it failed, or was returned, for people; null otherwise."
    )
    asked_by: Staff | None = one("asked_by_id", description="Who asked for it; null for the calendar.")
    submitted_by: Staff | None = one("submitted_by_id", description="Who submitted it.")
    published_by: Staff | None = one("published_by_id", description="Who published it.")
    created_at: datetime = column(description="When it was asked for.")
    made_at: datetime | None = column(description="When it was counted to its end.")
    submitted_at: datetime | None = column(description="When it was submitted.")
    published_at: datetime | None = column(description="When it was published.")
    superseded_at: datetime | None = column(description="When a later version took its place.")
    snapshot: ClientReportSnapshot | None = one(
        "report_id", reverse=True, description="What was published; null until then."
    )
    links: Connection[ClientReportLink] = many(
        "report_id", order=CreationOrder, description="By which it is read without an account."
    )
    views: Connection[ClientReportView] = many(
        "report_id", order=EventOrder, description="Who has read it, by links and signed in."
    )
