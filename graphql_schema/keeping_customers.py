"""Telling Tend of customers, and studying whether those who use the community stay."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import customers, retention
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.customers import (
    AccountContact,
    CustomerExposure,
    CustomerSubscription,
    ExposureKind,
    RetentionStudy,
    SubscriptionChangeKind,
    SubscriptionEnding,
)
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="What a list of customers holds. Fields marked * are needed.")
class CustomerList(Enum):
    ACCOUNTS = value(
        "accounts",
        "Fields: external_id*, name*, size, customer_since, assigned_arm, manager (a colleague's mail address).",
    )
    CONTACTS = value(
        "contacts",
        "Fields: external_id*, account* (its external id), name*, member (the id that a community gives them, or their identity key).",
    )
    SUBSCRIPTIONS = value(
        "subscriptions",
        "Fields: external_id*, account*, plan*, started_at*, ended_at and ending together, reason, monthly_minor (cents, not euros) "
        "and currency together.",
    )
    TOUCHES = value("touches", "Fields: external_id*, account*, kind* (call, meeting, message or visit), at*.")
    EXPOSURES = value(
        "exposures", "Fields: external_id*, account*, kind*, at*, is_cancelling, contact (their external id)."
    )


@strawberry.enum(description="By what accounts are held equal.")
class Stratum(Enum):
    PLAN = value("plan", "The plan of the first subscription.")
    SIZE = value("size", "How many people work there.")
    TENURE = value("tenure", "How long it had been a customer before the subscription.")
    ACTIVITY = value("activity", "On how many days its people wrote until the landmark; not with the exposure POSTED.")


@strawberry.enum(description="Which ends are churn.")
class ChurnKind(Enum):
    VOLUNTARY = value("voluntary", "The customer left.")
    INVOLUNTARY = value("involuntary", "Nobody decided it.")


@strawberry.input(description="Which column of a list is which field.")
class ColumnMapping:
    column: str = strawberry.field(description="As the first line calls it.")
    field: str = strawberry.field(description="One of the fields of `CustomerList`.")


@strawberry.input(description="A list of customers.")
class ImportCustomersInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose customers they are.")
    what: CustomerList = strawberry.field(description="What it holds.")
    csv: str = strawberry.field(
        description="With commas, semicolons or tabs, the columns named in the first line, 5,000 lines at most. Days as 2026-11-25, "
        "moments as 2026-11-25T10:00:00Z."
    )
    mapping: list[ColumnMapping] = strawberry.field(
        default_factory=list, description="For columns that are not called like their field."
    )
    is_dry_run: bool = strawberry.field(default=False, description="Only say what would come of it.")


@strawberry.input(description="Something that happened to a subscription.")
class RecordSubscriptionChangeInput:
    account_id: strawberry.ID = strawberry.field(description="Whose subscription it is.")
    external_id: str = strawberry.field(description="What the client's own systems call the subscription.")
    kind: SubscriptionChangeKind = strawberry.field(description="What happened; the same told again changes nothing.")
    at: datetime = strawberry.field(description="When it happened.")
    plan: str | None = optional("Needed for STARTED, and for CHANGED unless the amount has.")
    monthly_minor: int | None = optional("What it costs a month from then on, in the smallest unit of `currency`.")
    currency: str | None = optional("By ISO 4217; together with `monthlyMinor`.")
    ending: SubscriptionEnding | None = optional("Needed for ENDED.")
    reason: str = strawberry.field(default="", description="Why it ended: 200 characters at most, nobody's name.")


@strawberry.input(description="Something of the community that an account used.")
class RecordExposureInput:
    account_id: strawberry.ID = strawberry.field(description="Which account used it.")
    kind: ExposureKind = strawberry.field(description="What it used.")
    at: datetime = strawberry.field(description="When it did.")
    external_id: str = strawberry.field(description="Yours: told again under the same one nothing changes.")
    contact_id: strawberry.ID | None = optional("Who it was.")
    is_cancelling: bool = strawberry.field(
        default=False, description="Whether it was part of leaving, as an answer to how to cancel."
    )


@strawberry.input(description="Who a contact is in a community.")
class LinkContactInput:
    contact_id: strawberry.ID = strawberry.field(description="Which contact it is.")
    member_id: strawberry.ID | None = optional("A member of the same client; nobody when left out.")


@strawberry.input(description="What a study compares. What is left out is as usual.")
class StudyDefinitionInput:
    exposures: list[ExposureKind] = strawberry.field(
        description="Exposed is an account that used one of these by the landmark."
    )
    endings: list[ChurnKind] | None = optional("Both, unless it says otherwise; the other is censored.")
    outside_reasons: list[str] | None = optional(
        "Reasons of ends that count as seen until then, in any case; 50 at most."
    )
    strata: list[Stratum] | None = optional("All four, unless it says otherwise.")
    horizon_days: int = strawberry.field(default=365, description="How far each landmark is followed: 90 to 1,825.")
    fewest_events: int = strawberry.field(
        default=10, description="How many of each arm must have left for anything to be said: 10 at least."
    )
    is_randomised: bool = strawberry.field(
        default=False,
        description="Compare by `assignedArm`, of the accounts that have one: only true lots make an effect.",
    )


@strawberry.input(description="A study, or a draft that is written anew.")
class CreateRetentionStudyInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose customers are compared.")
    study_id: strawberry.ID | None = optional("A draft of the client's to write anew; CONFLICT once it is frozen.")
    name: str = strawberry.field(description="What people call it, at most 200 characters.")
    definition: StudyDefinitionInput = strawberry.field(description="What is compared.")


@strawberry.input(description="A study that is to stay as it is.")
class FreezeRetentionStudyInput:
    study_id: strawberry.ID = strawberry.field(description="The study; CONFLICT unless it is a DRAFT.")


@strawberry.input(description="A frozen study whose arms are to be compared.")
class RunRetentionStudyInput:
    study_id: strawberry.ID = strawberry.field(description="Which study; CONFLICT unless it is FROZEN.")


@strawberry.type(description="A cell, or a line, that could not be taken in.")
class ListProblem:
    line: int = strawberry.field(description="Counted from 1; the first is the heading.")
    column: str | None = strawberry.field(description="As the list calls it; null for the whole line.")
    problem: str = strawberry.field(description="What is wrong, without repeating it: for people.")


@strawberry.type(description="What became of the list. Every line is one of the four counts.")
class ImportCustomersPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The client; null when refused.")
    new_count: int | None = strawberry.field(default=None, description="How many were new; null when refused.")
    changed_count: int | None = strawberry.field(
        default=None, description="How many are otherwise than before; null when refused."
    )
    known_count: int | None = strawberry.field(default=None, description="How many change nothing; null when refused.")
    bad_count: int | None = strawberry.field(default=None, description="How many are left out; null when refused.")
    problems: list[ListProblem] | None = strawberry.field(
        default=None, description="Why they are left out, the first 500; null when refused."
    )
    ignored_columns: list[str] | None = strawberry.field(
        default=None, description="Columns that are no field, and no mapping names; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The subscription as it is now.")
class SubscriptionChangePayload:
    subscription: CustomerSubscription | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The use as it is known.")
class RecordExposurePayload:
    exposure: CustomerExposure | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The contact as it is now.")
class LinkContactPayload:
    contact: AccountContact | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The study as it is now.")
class RetentionStudyPayload:
    study: RetentionStudy | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class KeepingCustomers:
    @verb(ImportCustomersPayload, "Take in a list of customers, or try it.", needs=Right.IMPORT)
    async def import_customers(self, info: Info, input: Input[ImportCustomersInput]) -> ImportCustomersPayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        imported = await customers.import_customers(
            actor_of(info.context),
            workspace_id,
            what=input.what.value,
            text=input.csv,
            mapping={each.column: each.field for each in input.mapping},
            is_dry_run=input.is_dry_run,
        )
        return ImportCustomersPayload(
            workspace=ref(Workspace, workspace_id),
            new_count=imported.new,
            changed_count=imported.changed,
            known_count=imported.known,
            bad_count=imported.bad,
            problems=[
                ListProblem(line=each.line, column=each.column, problem=each.problem) for each in imported.problems
            ],
            ignored_columns=[*imported.ignored],
        )

    @verb(SubscriptionChangePayload, "Tell of something that happened to a subscription.", needs=Right.IMPORT)
    async def record_subscription_change(
        self, info: Info, input: Input[RecordSubscriptionChangeInput]
    ) -> SubscriptionChangePayload:
        subscription = await customers.record_subscription_change(
            actor_of(info.context),
            uuid_of("customeraccount", input.account_id, field="accountId"),
            external_id=input.external_id,
            kind=input.kind.value,
            at=input.at,
            plan=input.plan or None,
            monthly_minor=input.monthly_minor if isinstance(input.monthly_minor, int) else None,
            currency=input.currency or None,
            ending=input.ending.value if input.ending else None,
            reason=input.reason,
        )
        return SubscriptionChangePayload(subscription=ref(CustomerSubscription, subscription.id))

    @verb(RecordExposurePayload, "Tell of something that an account used.", needs=Right.IMPORT)
    async def record_exposure(self, info: Info, input: Input[RecordExposureInput]) -> RecordExposurePayload:
        exposure = await customers.record_exposure(
            actor_of(info.context),
            uuid_of("customeraccount", input.account_id, field="accountId"),
            kind=input.kind.value,
            at=input.at,
            external_id=input.external_id,
            contact_id=optional_uuid_of("accountcontact", input.contact_id, field="contactId"),
            is_cancelling=input.is_cancelling,
        )
        return RecordExposurePayload(exposure=ref(CustomerExposure, exposure.id))

    @verb(LinkContactPayload, "Say who a contact is in a community.", needs=Right.IMPORT)
    async def link_contact(self, info: Info, input: Input[LinkContactInput]) -> LinkContactPayload:
        contact = await customers.link_contact(
            actor_of(info.context),
            uuid_of("accountcontact", input.contact_id, field="contactId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return LinkContactPayload(contact=ref(AccountContact, contact.id))

    @verb(RetentionStudyPayload, "Define a study, or write a draft anew.", needs=Right.WRITE_POLICIES)
    async def create_retention_study(
        self, info: Info, input: Input[CreateRetentionStudyInput]
    ) -> RetentionStudyPayload:
        study = await retention.create_study(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            study_id=optional_uuid_of("retentionstudy", input.study_id, field="studyId"),
            name=input.name,
            definition=_defined(input.definition),
        )
        return RetentionStudyPayload(study=ref(RetentionStudy, study.id))

    @verb(RetentionStudyPayload, "Freeze a study: it never changes again.", needs=Right.WRITE_POLICIES)
    async def freeze_retention_study(
        self, info: Info, input: Input[FreezeRetentionStudyInput]
    ) -> RetentionStudyPayload:
        study = await retention.freeze_study(
            actor_of(info.context), uuid_of("retentionstudy", input.study_id, field="studyId")
        )
        return RetentionStudyPayload(study=ref(RetentionStudy, study.id))

    @verb(RetentionStudyPayload, "Run a study that is frozen: a job does it.", needs=Right.WRITE_POLICIES)
    async def run_retention_study(self, info: Info, input: Input[RunRetentionStudyInput]) -> RetentionStudyPayload:
        study = await retention.run_study(
            actor_of(info.context), uuid_of("retentionstudy", input.study_id, field="studyId")
        )
        return RetentionStudyPayload(study=ref(RetentionStudy, study.id))


def _defined(told: StudyDefinitionInput) -> retention.Definition:
    usual = retention.Definition([])
    return retention.Definition(
        exposures=[each.value for each in told.exposures],
        endings=[each.value for each in told.endings] if told.endings else usual.endings,
        outside_reasons=told.outside_reasons or (),
        strata=usual.strata if not isinstance(told.strata, list) else [each.value for each in told.strata],
        horizon_days=told.horizon_days,
        fewest_events=told.fewest_events,
        is_randomised=told.is_randomised,
    )
