"""Whose a client's services are, what was filed for them, and their transparency reports."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend import filing
from graphql_schema.communities import Community
from graphql_schema.describing import optional, value
from graphql_schema.orders import BatchOrder, CreationOrder, EntryOrder, FilingOrder, PartOrder, TransparencyReportOrder
from graphql_schema.projection import Connection, Filters, Node, column, many, one, publish
from graphql_schema.staff import Staff
from graphql_schema.statements import StatementOfReasons
from tenants.rights import Right


@strawberry.enum(description="How large a provider is, as Recommendation 2003/361/EC counts.")
class SizeClass(Enum):
    MICRO = value("micro", "Fewer than 10 people, and 2 million euros a year at most.")
    SMALL = value("small", "Fewer than 50 people, and 10 million euros a year at most.")
    MEDIUM = value("medium", "Fewer than 250 people, and 50 million euros a year at most.")
    LARGE = value("large", "Larger than that.")


@strawberry.enum(description="What a service is by the Digital Services Act.")
class ServiceKind(Enum):
    INTERMEDIARY = value("intermediary", "It passes on or caches what others say.")
    HOSTING = value("hosting", "It stores what its users say, and shows it to a closed circle.")
    ONLINE_PLATFORM = value("online_platform", "It stores what its users say, and disseminates it to the public.")
    VLOP = value("vlop", "A very large online platform, designated by the Commission.")


@strawberry.enum(description="What the agency is by the General Data Protection Regulation.")
class AgencyRole(Enum):
    PROCESSOR = value("processor", "It does as the client has documented.")
    JOINT = value("joint", "It decides with the client what for and how.")
    CONTROLLER = value("controller", "It decides that itself.")


@strawberry.enum(description="Where a batch of statements is.")
class FilingBatchState(Enum):
    READY = value("ready", "It can be submitted, by Tend or by hand; `problem` says what stood in the way.")
    ACCEPTED = value("accepted", "The database has every statement of it.")
    REFUSED = value("refused", "The database refused some; the rest waits for the next batch.")


@strawberry.enum(description="Where the filing of a statement is.")
class FilingState(Enum):
    WAITING = value("waiting", "It will be in the next batch.")
    EXEMPT = value("exempt", "It need not be filed: `because` says why.")
    BLOCKED = value("blocked", "It cannot be filed as it is: `problems` name the fields.")
    READY = value("ready", "It is in a batch.")
    ACCEPTED = value("accepted", "The database has it.")
    REFUSED = value("refused", "The database refused it: `problems` name the fields.")


@strawberry.enum(description="Why a statement need not be filed.")
class Exemption(Enum):
    WARNING = value("warning", "A warning restricts nobody.")
    ORDER = value("order", "An authority ordered it: Article 17(5).")
    DECEPTIVE_COMMERCIAL = value("deceptive_commercial", "Deceptive commercial content in high volume: Article 17(2).")
    CLOSED_SPACE = value("closed_space", "It was said in a closed space, not to the public.")
    NO_DUTY = value("no_duty", "On that day the provider was free of it: Article 19(1).")


@strawberry.enum(description="Where a version of a transparency report is.")
class TransparencyReportState(Enum):
    QUEUED = value("queued", "It will be written.")
    DONE = value("done", "Its parts are written, and never change.")
    FAILED = value("failed", "It could not be written: `problem` says why.")


@strawberry.input(description="Which filings; a field that is left out or null asks for nothing.")
class FilingFilter:
    state: FilingState | None = optional("Only those that are there.")


FILING_FILTERS: Final = Filters(FilingFilter, {"state": "{row}.state = {value}::text"})


@publish(filing.ProviderEntity, kind="provider", needs=Right.READ_WORKSPACE)
class ProviderEntity(Node):
    """Whose a service is, by law. Days are YYYY-MM-DD, countries two capitals."""

    id: strawberry.ID
    statutory_name: str = column(description="Its name in the register of companies.")
    is_client: bool = column(
        description="Whether it is the client; else a platform of somebody else, which files itself."
    )
    establishment_country: str = column(description="Where it is established.")
    size_class: SizeClass = column(description="How large it is.")
    size_class_since: str = column(description="Since which day it is.")
    size_class_lost_on: str | None = column(description="When it ceased to be micro or small; null where it has not.")
    coordinator_country: str | None = column(description="Whose Digital Services Coordinator is competent.")
    legal_representative: str = column(
        description="Name, postal address, mail and telephone; empty where there is none."
    )
    authority_contact: str = column(description="Where authorities reach it, and in which languages: Article 11.")
    recipient_contact: str = column(description="Where users reach it: Article 12.")
    created_at: datetime = column(description="When it was described first.")


@publish(filing.ServiceCommunity, kind="servicecommunity", needs=Right.READ_WORKSPACE)
class ServiceCommunity(Node):
    """A community is part of a service."""

    id: strawberry.ID
    community: Community | None = one("community_id", description="The community that is part of it.")
    service: "Service | None" = one("service_id", description="Which service; each community is of one.")
    is_public: bool = column(description="Whether everybody reads it; a closed space of the service otherwise.")
    created_at: datetime = column(description="Since when it has been part of it.")


@publish(filing.Filing, kind="filing", needs=Right.READ_CASES)
class Filing(Node):
    """What became of a statement of reasons on its way to the transparency database."""

    id: strawberry.ID
    statement: StatementOfReasons | None = one("statement_id", description="What is filed; its decision is `decision`.")
    state: FilingState = column(description="Where it is.")
    because: Exemption | None = column(description="Why it need not be filed; null unless it is EXEMPT.")
    problems: JSON = column(
        description="A list with `field`, as the database calls it, and `message` for each problem."
    )
    explanation: str | None = column(description="What is filed in the place of the statement's own; null for that.")
    permalink: str | None = column(description="Where the database shows it; null where it has not said.")
    settled_at: datetime = column(description="Since when it is there.")


@publish(filing.FilingBatch, kind="filingbatch", needs=Right.READ_CASES)
class FilingBatch(Node):
    """A file of at most a hundred statements, as the database takes them; `linkToBatch` gives it."""

    id: strawberry.ID
    state: FilingBatchState = column(description="Where it is.")
    statement_count: int = column(description="How many statements are in it.")
    byte_count: int = column(description="The size of the file.")
    problem: str | None = column(description="What stood in the way, for people; null otherwise.")
    made_at: datetime = column(description="When it was written.")
    settled_at: datetime | None = column(description="When the database answered for good; null until then.")
    filings: Connection[Filing] = many("batch_id", order=FilingOrder, description="The statements that are in it.")


@publish(filing.ReportEntry, kind="reportentry", needs=Right.READ_WORKSPACE)
class ReportEntry(Node):
    """What somebody says in a transparency report: a cell that Tend does not count."""

    id: strawberry.ID
    period_start: str = column(description="The first day of the period, YYYY-MM-DD.")
    period_end: str = column(description="Its last day.")
    part: int = column(description="Which part of the report, 2 to 11.")
    line: str = column(description="Which line of it, such as `TOTAL`.")
    field: str = column(description="Which column, as its header says.")
    value: str = column(description="What stands there.")
    entered_by: Staff | None = one("entered_by_id", description="Who said it; null where you may not see staff.")
    entered_at: datetime = column(description="When it was said last.")


@publish(filing.TransparencyPart, kind="transparencypart", needs=Right.READ_WORKSPACE)
class TransparencyPart(Node):
    """One of the eleven files of a transparency report; Part 1 comes with its publication, whose date it says."""

    id: strawberry.ID
    part: int = column(description="Its number, 1 to 11.")
    name: str = column(description="What the template calls it, such as own_initiative_illegal.")
    row_count: int = column(description="Its lines, without the header.")
    content: str = column(description="The CSV: UTF-8, lines end in CR LF.")


@publish(filing.TransparencyReport, kind="transparencyreport", needs=Right.READ_WORKSPACE)
class TransparencyReport(Node):
    """A version of the harmonised transparency report of a service about a period."""

    id: strawberry.ID
    period_start: str = column(description="The first day of the period, YYYY-MM-DD.")
    period_end: str = column(description="Its last day.")
    version: int = column(description="1 for the first about the period, one more with every other.")
    state: TransparencyReportState = column(description="Where it is.")
    problem: str | None = column(description="Why it has failed, for people; null otherwise.")
    checks: JSON = column(
        description="A list with `part`, `line`, `message` and `isError` for what does not add up or is missing; with an "
        "error it cannot be published."
    )
    changes: JSON = column(
        description="A list with `part`, `line`, `field`, `before` and `after` for each cell that differs from the version "
        "published before; empty until it is published."
    )
    reason: str = column(description="Why it differs from the version published before; empty for the first.")
    asked_by: Staff | None = one("asked_by_id", description="Who asked for it; null where you may not see staff.")
    asked_at: datetime = column(description="When it was asked for.")
    finished_at: datetime | None = column(description="When it was written or given up; null until then.")
    published_at: datetime | None = column(description="Since when everybody reads it; null for a draft.")
    parts: Connection[TransparencyPart] = many(
        "report_id", order=PartOrder, description="Its files; none until it is written."
    )


@publish(filing.Service, kind="service", needs=Right.READ_WORKSPACE)
class Service(Node):
    """What a provider offers, and what has to be filed for it (`serviceDuties`)."""

    id: strawberry.ID
    name: str = column(description="Unique within the client, at most 200 characters; the report calls it so.")
    provider: ProviderEntity | None = one("provider_id", description="Whose it is.")
    kind: ServiceKind = column(description="What it is by law.")
    is_public: bool = column(description="Whether what is said there is disseminated to the public: Article 3(k).")
    agency_role: AgencyRole = column(description="What the agency is for the personal data in it.")
    sor_platform_name: str | None = column(description="What the transparency database calls it.")
    can_restrict_money: bool = column(description="Whether there is money in it that could be withheld.")
    spam_is_commercial: bool = column(
        description="Whether what breaks rules about spam (RU-SPAM) is deceptive commercial content in high volume, for "
        "which nothing is filed: Article 17(2)."
    )
    terms_url: str | None = column(description="Where its terms are.")
    complaints_url: str | None = column(description="Where its complaint procedure is described.")
    misuse_url: str | None = column(description="Where its policy on misuse is: Article 23(4).")
    files_itself: bool = column(description="Whether Tend has a token to send its statements with.")
    public_path: str | None = column(
        description="Where everybody reads its published reports, behind the address of the API; null before the first.",
    )
    created_at: datetime = column(description="When it was described first.")
    communities: Connection[ServiceCommunity] = many(
        "service_id", order=CreationOrder, description="Which communities are part of it."
    )
    filings: Connection[Filing] = many(
        "service_id",
        order=FilingOrder,
        filters=FILING_FILTERS,
        description="What became of its statements; those that nobody has prepared yet are missing.",
    )
    batches: Connection[FilingBatch] = many("service_id", order=BatchOrder, description="Files of its statements.")
    report_entries: Connection[ReportEntry] = many(
        "service_id", order=EntryOrder, description="What people say in its reports."
    )
    transparency_reports: Connection[TransparencyReport] = many(
        "service_id", order=TransparencyReportOrder, description="Versions of its reports, drafts included."
    )
