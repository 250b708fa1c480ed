"""A client's customers, and studies of whether those who use the community stay."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend import customers, retention
from graphql_schema.communities import Member
from graphql_schema.describing import optional, value
from graphql_schema.orders import CreationOrder, EventOrder, StartOrder
from graphql_schema.projection import Connection, Filters, Node, column, count, many, one, publish
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="To which arm a lot put an account.")
class AssignedArm(Enum):
    OFFERED = value("offered", "It is offered the community.")
    NOT_OFFERED = value("not_offered", "It has to do without.")


@strawberry.enum(description="How a subscription ended.")
class SubscriptionEnding(Enum):
    VOLUNTARY = value("voluntary", "The customer left.")
    INVOLUNTARY = value("involuntary", "Nobody decided it: a card that failed, an invoice that was not paid.")
    OUTSIDE = value(
        "outside", "Something outside: the customer closed down. It counts as seen until then, never as churn."
    )


@strawberry.enum(description="What happens to a subscription.")
class SubscriptionChangeKind(Enum):
    STARTED = value("started", "It began on that plan.")
    RENEWED = value("renewed", "It goes on for another term.")
    CHANGED = value("changed", "It has another plan.")
    ENDED = value("ended", "It ended, as `ending` says.")
    RESUMED = value("resumed", "It had ended, and goes on after all.")


@strawberry.enum(description="What of the community an account used.")
class ExposureKind(Enum):
    POSTED = value("posted", "Somebody of it wrote.")
    ANSWERED = value("answered", "Somebody from elsewhere answered them.")
    READ = value("read", "Somebody of it read.")
    COURSE_COMPLETED = value("course_completed", "Somebody of it completed a course.")
    EVENT_ATTENDED = value("event_attended", "Somebody of it attended an event.")


@strawberry.enum(description="Who knows of a use.")
class ExposureSource(Enum):
    COMMUNITY = value("community", "Tend itself, from posts: one of a kind and a day.")
    TOLD = value("told", "Whoever told Tend of it.")


@strawberry.enum(description="How somebody was in touch with an account, one to one.")
class TouchKind(Enum):
    CALL = value("call", "They spoke on the telephone, or by video.")
    MEETING = value("meeting", "They sat together.")
    MESSAGE = value("message", "They wrote to each other.")
    VISIT = value("visit", "Somebody went to see them.")


@strawberry.enum(description="Where a study is.")
class StudyState(Enum):
    DRAFT = value("draft", "It can be changed.")
    FROZEN = value("frozen", "It never changes again, and can be run; `problem` says what stood in the way.")
    RUNNING = value("running", "It is under way.")
    DONE = value("done", "It has found something, or nothing.")
    INSUFFICIENT_DATA = value("insufficient_data", "Too few left in one of the arms: nothing is said.")


@strawberry.enum(description="What a result may be called.")
class EvidenceGrade(Enum):
    ASSOCIATION = value("association", "Use and staying go together. Whether the one makes the other nobody knows.")
    CAUSAL = value("causal", "Lots were drawn who is offered the community.")


@strawberry.input(description="Which accounts; a field that is left out or null asks for nothing.")
class AccountFilter:
    external_id: str | None = optional("The one that the client's own systems know under this id.")


ACCOUNT_FILTERS: Final = Filters(AccountFilter, {"external_id": "{row}.external_id = {value}::text"})


@publish(customers.AccountContact, kind="accountcontact", needs=Right.READ_CONTENT)
class AccountContact(Node):
    """Somebody at a customer account."""

    id: strawberry.ID
    external_id: str = column(description="What the client's own systems call them.")
    name: str = column(description="What people call them, at most 200 characters.")
    account: "CustomerAccount | None" = one("account_id", description="Where they are.")
    member: Member | None = one("member_id", description="Who they are in a community; null where nobody knows.")
    created_at: datetime = column(description="When Tend heard of them first.")


@publish(customers.SubscriptionChange, kind="subscriptionchange", needs=Right.READ_CONTENT)
class SubscriptionChange(Node):
    """Something that happened to a subscription."""

    id: strawberry.ID
    kind: SubscriptionChangeKind = column(description="What happened to it then.")
    at: datetime = column(description="When it happened.")
    plan: str = column(description="The plan since then.")
    monthly_minor: int | None = column(
        description="What it costs a month since then, in the smallest unit of `currency`; null where nobody has said."
    )
    currency: str | None = column(description="By ISO 4217, such as EUR; null where nobody has said.")
    ending: SubscriptionEnding | None = column(description="How it ended; null for what is no end.")
    reason: str = column(description="Why it ended, in the client's words; may be empty.")
    recorded_at: datetime = column(description="When Tend heard of it.")


@publish(customers.CustomerSubscription, kind="customersubscription", needs=Right.READ_CONTENT)
class CustomerSubscription(Node):
    """What an account pays for."""

    id: strawberry.ID
    external_id: str = column(description="What the client's own systems call it.")
    plan: str = column(description="What it is, at most 100 characters.")
    monthly_minor: int | None = column(
        description="What it costs a month, in the smallest unit of `currency`; null where nobody has said."
    )
    currency: str | None = column(description="By ISO 4217, such as EUR; null where nobody has said.")
    started_at: datetime = column(description="When it began.")
    ended_at: datetime | None = column(description="When it ended; null while it goes on.")
    ending: SubscriptionEnding | None = column(description="How it ended; null while it goes on.")
    reason: str = column(description="Why it ended, in the client's words; may be empty.")
    account: "CustomerAccount | None" = one("account_id", description="Whose it is.")
    changes: Connection[SubscriptionChange] = many(
        "subscription_id", order=EventOrder, description="What happened to it."
    )


@publish(customers.CustomerExposure, kind="customerexposure", needs=Right.READ_CONTENT)
class CustomerExposure(Node):
    """Something of the community that an account used."""

    id: strawberry.ID
    kind: ExposureKind = column(description="What it used.")
    at: datetime = column(description="When it did.")
    is_cancelling: bool = column(description="Whether it was part of leaving, as an answer to how to cancel.")
    source: ExposureSource = column(description="Who knows of it.")
    external_id: str = column(description="Under which it is known to them; a day for what Tend itself saw.")
    account: "CustomerAccount | None" = one("account_id", description="Whose use it was.")
    member: Member | None = one("member_id", description="Who it was; null where nobody knows.")
    recorded_at: datetime = column(description="When Tend heard of it.")


@publish(customers.AccountTouch, kind="accounttouch", needs=Right.READ_CONTENT)
class AccountTouch(Node):
    """Somebody was in touch with an account, one to one."""

    id: strawberry.ID
    kind: TouchKind = column(description="How they were in touch.")
    at: datetime = column(description="When it was.")
    external_id: str = column(description="Under which it is known to whoever told it.")
    account: "CustomerAccount | None" = one("account_id", description="Which account it was.")
    recorded_at: datetime = column(description="When Tend heard of it.")


@publish(customers.CustomerAccount, kind="customeraccount", needs=Right.READ_CONTENT)
class CustomerAccount(Node):
    """A customer of the client: a company, mostly."""

    id: strawberry.ID
    external_id: str = column(description="What the client's own systems call it, unique within the client.")
    name: str = column(description="What people call it, at most 200 characters.")
    size: int | None = column(description="How many people work there; null where nobody knows.")
    customer_since: datetime | None = column(
        description="Since when it has bought anything of the client's; null for: since its first subscription."
    )
    assigned_arm: AssignedArm | None = column(description="Where a lot put it; null where none were drawn.")
    manager: Staff | None = one("manager_id", description="Who looks after it; null for nobody.")
    touches: Connection[AccountTouch] = many(
        "account_id", order=EventOrder, description="When somebody was in touch with it one to one."
    )
    created_at: datetime = column(description="When Tend heard of it first.")
    contact_count: int = count(customers.AccountContact, "account_id", description="How many people of it are known.")
    contacts: Connection[AccountContact] = many("account_id", order=CreationOrder, description="People of it.")
    subscriptions: Connection[CustomerSubscription] = many(
        "account_id", order=StartOrder, description="What it pays for, and did."
    )
    exposures: Connection[CustomerExposure] = many(
        "account_id", order=EventOrder, description="What of the community it used."
    )


@publish(retention.StudyResult, kind="studyresult", needs=Right.READ_WORKSPACE)
class StudyResult(Node):
    """What a study found: numbers of accounts, none of any one of them. It never changes; show `sentence` beside every number of it."""

    id: strawberry.ID
    evidence_grade: EvidenceGrade = column(description="What it may be called.")
    sentence: str = column(
        description="The same in words; it stands in the CSV, in `result` and in the titles of the charts."
    )
    caveats: list[str] = column(description="What whoever reads the numbers must know, the gravest first.")
    result: JSON = column(
        description="All of it: `landmarks` (each with `curves`, `logRank`, `stratifiedLogRank`, `survivalDifference`, "
        "`restrictedMean`, `strata`, `sensitivity`), `personTime`, `naive`, `coverage`, the definition and its hashes."
    )
    csv: str = column(description="The curves point by point; the grade and the sentence stand in every line.")
    charts: JSON = column(
        description="A list with `name`, `title`, `specification` (Vega-Lite 5) and `svg` for each; empty where nothing was "
        "compared."
    )
    made_at: datetime = column(description="When it was found.")


@publish(retention.RetentionStudy, kind="retentionstudy", needs=Right.READ_WORKSPACE)
class RetentionStudy(Node):
    """Whether customers who use the community stay longer."""

    id: strawberry.ID
    name: str = column(description="What people call it, at most 200 characters.")
    definition: JSON = column(
        description="What is compared: `exposures`, `endings`, `outsideReasons`, `strata`, `landmarkDays`, `horizonDays`, "
        "`fewestEvents`, `isRandomised`, `protocolVersion`."
    )
    state: StudyState = column(description="Where it is.")
    problem: str | None = column(description="What stood in the way when it was run last, for people; null otherwise.")
    definition_hash: str | None = column(description="SHA-256 of the definition and the cut-off; null for a draft.")
    cut_off_at: datetime | None = column(description="Nothing later is looked at; null for a draft.")
    input_hash: str | None = column(description="SHA-256 of the rows that were compared; null until it has run.")
    created_by: Staff | None = one("created_by_id", description="Who defined it; null where you may not see staff.")
    created_at: datetime = column(description="When it was defined first.")
    frozen_at: datetime | None = column(description="When it was frozen; null for a draft.")
    ended_at: datetime | None = column(description="When it had run; null until then.")
    result: StudyResult | None = one("study_id", reverse=True, description="What it found; null until it has run.")
