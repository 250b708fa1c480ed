"""Saying whose services are, filing statements, and reporting: the mutations of whoever answers for a client's duties."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import filing
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.communities import Community
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.services import (
    AgencyRole,
    Filing,
    FilingBatch,
    ProviderEntity,
    Service,
    ServiceKind,
    SizeClass,
)
from tenants.rights import Right


@strawberry.input(description="Whose services are. What is left out is empty.")
class DescribeProviderInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose services they are.")
    provider_id: strawberry.ID | None = optional("Which one is described anew; a new one when left out.")
    statutory_name: str = strawberry.field(description="Unique within the client, at most 300 characters.")
    is_client: bool = strawberry.field(description="Whether it is the client; false for a platform of somebody else.")
    establishment_country: str = strawberry.field(description="Two capitals, such as DE.")
    size_class: SizeClass = strawberry.field(description="How large it is.")
    size_class_since: str = strawberry.field(description="Since which day, YYYY-MM-DD.")
    size_class_lost_on: str | None = optional("When one that is larger by now ceased to be micro or small, YYYY-MM-DD.")
    coordinator_country: str | None = optional("Whose Digital Services Coordinator is competent.")
    legal_representative: str = strawberry.field(default="", description="At most 2,000 characters.")
    authority_contact: str = strawberry.field(default="", description="At most 2,000 characters.")
    recipient_contact: str = strawberry.field(default="", description="At most 2,000 characters.")


@strawberry.input(description="What a provider offers.")
class DescribeServiceInput:
    provider_id: strawberry.ID = strawberry.field(description="The provider whose it is.")
    service_id: strawberry.ID | None = optional("Which one is described anew; a new one when left out.")
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")
    kind: ServiceKind = strawberry.field(description="What it is by law.")
    is_public: bool = strawberry.field(description="Whether what is said there is disseminated to the public.")
    agency_role: AgencyRole = strawberry.field(
        default=AgencyRole.PROCESSOR, description="What the agency is for the personal data in it."
    )
    sor_platform_name: str | None = optional("What the transparency database calls it.")
    can_restrict_money: bool = strawberry.field(
        default=False, description="Whether there is money in it that could be withheld."
    )
    spam_is_commercial: bool = strawberry.field(
        default=True, description="Whether spam there is deceptive commercial content: then it is not filed."
    )
    terms_url: str | None = optional("Where its terms are: https.")
    complaints_url: str | None = optional("Where its complaint procedure is described: https.")
    misuse_url: str | None = optional("Where its policy on misuse is: https.")


@strawberry.input(description="Of which service a community is.")
class LinkCommunityInput:
    community_id: strawberry.ID = strawberry.field(description="Which community it is.")
    service_id: strawberry.ID | None = optional("The service; of none when left out.")
    is_public: bool = strawberry.field(default=True, description="False for a closed space of the service.")


@strawberry.input(description="Whether Tend sends the statements of a service by itself.")
class LetFileInput:
    service_id: strawberry.ID = strawberry.field(description="Which service it is.")
    token: str | None = optional("Of the transparency database, kept sealed; no more sending when left out.")
    address: str | None = optional("Of its API up to /v1, for its sandbox; the production one when left out.")


@strawberry.input(description="A service whose statements are to be filed.")
class PrepareStatementsInput:
    service_id: strawberry.ID = strawberry.field(
        description="The service; CONFLICT where none are to be: `serviceDuties` says why."
    )


@strawberry.input(description="Other words for the database.")
class CorrectStatementInput:
    statement_id: strawberry.ID = strawberry.field(
        description="Which statement of reasons; CONFLICT unless it is WAITING, BLOCKED or REFUSED."
    )
    explanation: str = strawberry.field(
        description="In the place of the statement's own: at most 2,000 characters, without personal data."
    )


@strawberry.enum(description="The form of a file of statements.")
class FilingFormat(Enum):
    JSON = value("json", "The body of `POST /statements`.")
    CSV = value("csv", "The 38 columns of the database's own files.")


@strawberry.input(description="A batch whose file is wanted.")
class LinkToBatchInput:
    batch_id: strawberry.ID = strawberry.field(description="The batch in question.")
    format: FilingFormat = strawberry.field(default=FilingFormat.JSON, description="The form of the file.")


@strawberry.input(description="A batch that Tend is to send.")
class SubmitBatchInput:
    batch_id: strawberry.ID = strawberry.field(
        description="Which batch; CONFLICT unless it is READY and Tend has a token (`letFile`)."
    )


@strawberry.input(description="What the database answered to somebody who submitted a batch by hand.")
class RecordSubmissionInput:
    batch_id: strawberry.ID = strawberry.field(description="Which batch; CONFLICT unless it is READY.")
    status: int = strawberry.field(description="201, 401, 403, 422 or 429.")
    answer: str | None = optional("The body of the answer, as it came: JSON.")


@strawberry.type(description="The provider as it is now.")
class ProviderPayload:
    provider: ProviderEntity | None = strawberry.field(
        default=None, description="The one in question; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The service as it is now.")
class ServicePayload:
    service: Service | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The community as it is now.")
class LinkCommunityPayload:
    community: Community | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The batch as it is now.")
class FilingBatchPayload:
    batch: FilingBatch | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The filing as it is now.")
class FilingPayload:
    filing: Filing | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where the file can be fetched.")
class LinkToBatchPayload:
    path: str | None = strawberry.field(
        default=None,
        description="Put it behind the address of the API and GET it, without a token: whoever has it has the file.",
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until then, ten minutes.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class FilingVerbs:
    @verb(ProviderPayload, "Say whose services are.", needs=Right.MANAGE_COMMUNITIES)
    async def describe_provider(self, info: Info, input: Input[DescribeProviderInput]) -> ProviderPayload:
        provider = await filing.describe_provider(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            filing.AboutProvider(
                statutory_name=input.statutory_name,
                is_client=input.is_client,
                establishment_country=input.establishment_country,
                size_class=input.size_class.value,
                size_class_since=input.size_class_since,
                size_class_lost_on=input.size_class_lost_on or None,
                coordinator_country=input.coordinator_country or None,
                legal_representative=input.legal_representative,
                authority_contact=input.authority_contact,
                recipient_contact=input.recipient_contact,
            ),
            provider_id=optional_uuid_of("provider", input.provider_id, field="providerId"),
        )
        return ProviderPayload(provider=ref(ProviderEntity, provider.id))

    @verb(ServicePayload, "Say what a provider offers.", needs=Right.MANAGE_COMMUNITIES)
    async def describe_service(self, info: Info, input: Input[DescribeServiceInput]) -> ServicePayload:
        service = await filing.describe_service(
            actor_of(info.context),
            uuid_of("provider", input.provider_id, field="providerId"),
            filing.AboutService(
                name=input.name,
                kind=input.kind.value,
                is_public=input.is_public,
                agency_role=input.agency_role.value,
                sor_platform_name=input.sor_platform_name or None,
                can_restrict_money=input.can_restrict_money,
                spam_is_commercial=input.spam_is_commercial,
                terms_url=input.terms_url or None,
                complaints_url=input.complaints_url or None,
                misuse_url=input.misuse_url or None,
            ),
            service_id=optional_uuid_of("service", input.service_id, field="serviceId"),
        )
        return ServicePayload(service=ref(Service, service.id))

    @verb(LinkCommunityPayload, "Say of which service a community is.", needs=Right.MANAGE_COMMUNITIES)
    async def link_community(self, info: Info, input: Input[LinkCommunityInput]) -> LinkCommunityPayload:
        community = await filing.link_community(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            service_id=optional_uuid_of("service", input.service_id, field="serviceId"),
            is_public=input.is_public,
        )
        return LinkCommunityPayload(community=ref(Community, community.id))

    @verb(ServicePayload, "Give Tend the token that statements are sent with.", needs=Right.MANAGE_COMMUNITIES)
    async def let_file(self, info: Info, input: Input[LetFileInput]) -> ServicePayload:
        service = await filing.let_file(
            actor_of(info.context),
            uuid_of("service", input.service_id, field="serviceId"),
            token=input.token or None,
            address=input.address or None,
        )
        return ServicePayload(service=ref(Service, service.id))

    @verb(
        ServicePayload,
        "Have files written of all statements of a service that are in none yet: a job does it.",
        needs=Right.LEAD_QUEUE,
    )
    async def prepare_statements(self, info: Info, input: Input[PrepareStatementsInput]) -> ServicePayload:
        service = await filing.prepare_statements(
            actor_of(info.context), uuid_of("service", input.service_id, field="serviceId")
        )
        return ServicePayload(service=ref(Service, service.id))

    @verb(FilingPayload, "Write other words for the database; the member is told nothing new.", needs=Right.LEAD_QUEUE)
    async def correct_statement(self, info: Info, input: Input[CorrectStatementInput]) -> FilingPayload:
        corrected = await filing.correct_statement(
            actor_of(info.context),
            uuid_of("statement", input.statement_id, field="statementId"),
            explanation=input.explanation,
        )
        return FilingPayload(filing=ref(Filing, corrected.id))

    @verb(LinkToBatchPayload, "Get a link to the file of a batch, open for ten minutes.", needs=Right.LEAD_QUEUE)
    async def link_to_batch(self, info: Info, input: Input[LinkToBatchInput]) -> LinkToBatchPayload:
        link = await filing.link_to_batch(
            actor_of(info.context),
            uuid_of("filingbatch", input.batch_id, field="batchId"),
            format=input.format.value,
        )
        return LinkToBatchPayload(path=link.path, expires_at=link.expires_at)

    @verb(FilingBatchPayload, "Have Tend send a batch to the database: a job does it.", needs=Right.LEAD_QUEUE)
    async def submit_batch(self, info: Info, input: Input[SubmitBatchInput]) -> FilingBatchPayload:
        batch = await filing.submit_batch(
            actor_of(info.context), uuid_of("filingbatch", input.batch_id, field="batchId")
        )
        return FilingBatchPayload(batch=ref(FilingBatch, batch.id))

    @verb(FilingBatchPayload, "Say what the database answered to a batch sent by hand.", needs=Right.LEAD_QUEUE)
    async def record_submission(self, info: Info, input: Input[RecordSubmissionInput]) -> FilingBatchPayload:
        batch = await filing.record_submission(
            actor_of(info.context),
            uuid_of("filingbatch", input.batch_id, field="batchId"),
            status=input.status,
            answer=input.answer or None,
        )
        return FilingBatchPayload(batch=ref(FilingBatch, batch.id))
