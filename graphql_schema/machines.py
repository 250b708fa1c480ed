"""API clients and what they show: keys, secrets, scopes."""

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import strawberry

from backend import people
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.orders import CreationOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, ref
from graphql_schema.projection.serving import actor_of
from tenants import models
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace

# Whoever works for some clients only looks after the machines of these.
_OF_MY_CLIENTS: Final = "(app.sees_all() or {row}.workspace_id = any(app.workspaces()))"


@strawberry.enum(description="What an API client may do. A token can be asked for fewer of these, in lower case.")
class MachineScope(Enum):
    READ_WORKSPACE = value("read_workspace", "Read clients, their communities, policies and counts.")
    READ_CONTENT = value("read_content", "Read members and their posts.")
    READ_CASES = value("read_cases", "Read cases, reports and decisions.")
    READ_JOURNAL = value("read_journal", "Read who did what and when.")
    READ_STAFF = value("read_staff", "Read who works at the agency, by name.")
    REPORT = value("report", "Report posts of members.")
    WRITE_POLICIES = value("write_policies", "Write down policies and make rules.")
    TEACH = value("teach", "Write articles and lessons, which a person publishes, and courses.")
    LEARN = value("learn", "On behalf of members: search, say what helped, learn.")
    MANAGE_COMMUNITIES = value("manage_communities", "Open communities of a client.")
    IMPORT = value("import", "Bring members and posts in.")
    PROVISION = value("provision", "Keep people and groups as the agency's directory has them; for no single client.")


@strawberry.enum(description="How a machine shows who it is.")
class CredentialKind(Enum):
    API_KEY = value("api_key", "Sent with each request as it is; the simplest, and the most worth stealing.")
    CLIENT_SECRET = value("client_secret", "Buys access tokens of an hour at /oauth/token; opens nothing else.")


@publish(
    models.Credential,
    kind="credential",
    needs=Right.MANAGE_MACHINES,
    row="{row}.kind <> 'access_token' and exists (select from api_clients k where k.agency_id = {agency} "
    "and k.id = {row}.api_client_id and (app.sees_all() or k.workspace_id = any(app.workspaces())))",
)
class Credential(Node):
    """A key or secret of an API client. It was told once and is kept nowhere."""

    id: strawberry.ID
    kind: CredentialKind = column(description="Whether it is sent itself, or buys what is sent.")
    hint: str = column(description="Its last four characters, for telling several apart.")
    created_at: datetime = column(description="When it was issued and told.")
    expires_at: datetime | None = column(description="From then on it opens nothing; null if it has no end.")
    last_used_at: datetime | None = column(description="About when it was shown last, to a minute; null if never.")
    revoked_at: datetime | None = column(description="Since when it opens nothing because somebody took it back.")


@publish(models.ApiClient, kind="apiclient", needs=Right.MANAGE_MACHINES, row=_OF_MY_CLIENTS)
class ApiClient(Node):
    """A machine that the agency lets in. Its `id` is what OAuth calls client_id."""

    id: strawberry.ID
    name: str = column(description="What people call the machine, at most 200 characters.")
    scopes: list[MachineScope] = column(description="The most that any of its credentials opens.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The only client it may work for; null for the whole agency."
    )
    ends_at: datetime | None = column(description="From then on none of its credentials opens anything; null if never.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When somebody registered it.")
    credentials: Connection[Credential] = many(
        "api_client_id", order=CreationOrder, description="Its keys and secrets, those that ended included."
    )


@strawberry.input(description="A new machine, which has no credential yet.")
class CreateApiClientInput:
    name: str = strawberry.field(description="What people will call the machine, at most 200 characters.")
    scopes: list[MachineScope] = strawberry.field(
        description="All it may do; at least one, and nothing you may not do."
    )
    workspace_id: strawberry.ID | None = optional(
        "The only client it will work for. Required where you do not see the whole agency."
    )
    ends_at: datetime | None = optional("From then on it is not let in; in the future.")


@strawberry.input(description="All of what a machine may do from its next request on.")
class ChangeApiClientInput:
    api_client_id: strawberry.ID = strawberry.field(description="The machine; it keeps its client and its name.")
    scopes: list[MachineScope] = strawberry.field(
        description="All it may do; at least one, and nothing you may not do."
    )
    ends_at: datetime | None = optional("From then on it is not let in; without an end when left out.")
    expected_version: int | None = optional("The version you read; refused with CONFLICT if it has changed.")


@strawberry.input(description="A machine that is not to be let in any more.")
class EndApiClientInput:
    api_client_id: strawberry.ID = strawberry.field(description="The machine that loses all it has.")


@strawberry.input(description="A new key or secret for a machine. It has 20 at most that open something.")
class IssueCredentialInput:
    api_client_id: strawberry.ID = strawberry.field(description="The machine that will show it.")
    kind: CredentialKind = strawberry.field(description="Whether it is sent itself, or buys what is sent.")
    expires_at: datetime | None = optional("From then on it opens nothing; in the future.")


@strawberry.input(description="A key or secret to be replaced by another one of its kind.")
class RotateCredentialInput:
    credential_id: strawberry.ID = strawberry.field(description="The one that is replaced.")
    overlap_minutes: int = strawberry.field(
        default=60, description="So long both work: 0 to 10,080, which is a week. An hour when left out."
    )


@strawberry.input(description="A key or secret to be taken back, perhaps because somebody else has it.")
class RevokeCredentialInput:
    credential_id: strawberry.ID = strawberry.field(description="The one that opens nothing from now on.")


@strawberry.type(description="The machine as it is now.")
class ApiClientPayload:
    api_client: ApiClient | None = strawberry.field(default=None, description="The machine; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="What a machine is to show. Give it to the machine now: nobody can read it again.")
class IssuedCredentialPayload:
    secret: str | None = strawberry.field(
        default=None,
        description="The key or secret itself, here and nowhere else. Sent again with its Idempotency-Key, the request "
        "answers the same.",
    )
    credential: Credential | None = strawberry.field(
        default=None, description="What is known of it later; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The key or secret that was taken back.")
class RevokeCredentialPayload:
    credential: Credential | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ManagingMachines:
    @verb(ApiClientPayload, "Register a machine: it may do no more than you.", needs=Right.MANAGE_MACHINES)
    async def create_api_client(self, info: Info, input: Input[CreateApiClientInput]) -> ApiClientPayload:
        client = await people.register_api_client(
            actor_of(info.context),
            name=input.name,
            scopes=_rights(input.scopes),
            workspace_id=optional_uuid_of("workspace", input.workspace_id or None, field="workspaceId"),
            ends_at=input.ends_at or None,
        )
        return ApiClientPayload(api_client=ref(ApiClient, client.id))

    @verb(ApiClientPayload, "Give a machine other scopes, or another end.", needs=Right.MANAGE_MACHINES)
    async def change_api_client(self, info: Info, input: Input[ChangeApiClientInput]) -> ApiClientPayload:
        client = await people.change_api_client(
            actor_of(info.context),
            uuid_of("apiclient", input.api_client_id, field="apiClientId"),
            scopes=_rights(input.scopes),
            ends_at=input.ends_at or None,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return ApiClientPayload(api_client=ref(ApiClient, client.id))

    @verb(
        ApiClientPayload,
        "Let a machine in no more: all its keys, secrets and tokens end now.",
        needs=Right.MANAGE_MACHINES,
    )
    async def end_api_client(self, info: Info, input: Input[EndApiClientInput]) -> ApiClientPayload:
        client = await people.end_api_client(
            actor_of(info.context), uuid_of("apiclient", input.api_client_id, field="apiClientId")
        )
        return ApiClientPayload(api_client=ref(ApiClient, client.id))

    @verb(IssuedCredentialPayload, "Make a key or secret for a machine, told once.", needs=Right.MANAGE_MACHINES)
    async def issue_credential(self, info: Info, input: Input[IssueCredentialInput]) -> IssuedCredentialPayload:
        issued = await people.issue_credential(
            actor_of(info.context),
            uuid_of("apiclient", input.api_client_id, field="apiClientId"),
            kind=cast('Literal["api_key", "client_secret"]', input.kind.value),
            expires_at=input.expires_at or None,
        )
        return IssuedCredentialPayload(secret=issued.token, credential=ref(Credential, issued.credential.id))

    @verb(IssuedCredentialPayload, "Replace a key or secret; for a while both work.", needs=Right.MANAGE_MACHINES)
    async def rotate_credential(self, info: Info, input: Input[RotateCredentialInput]) -> IssuedCredentialPayload:
        issued = await people.rotate_credential(
            actor_of(info.context),
            uuid_of("credential", input.credential_id, field="credentialId"),
            overlap=timedelta(minutes=input.overlap_minutes),
        )
        return IssuedCredentialPayload(secret=issued.token, credential=ref(Credential, issued.credential.id))

    @verb(
        RevokeCredentialPayload,
        "Take a key or secret back: it and the tokens bought with it open nothing from now on.",
        needs=Right.MANAGE_MACHINES,
    )
    async def revoke_credential(self, info: Info, input: Input[RevokeCredentialInput]) -> RevokeCredentialPayload:
        credential = await people.revoke_credential(
            actor_of(info.context), uuid_of("credential", input.credential_id, field="credentialId")
        )
        return RevokeCredentialPayload(credential=ref(Credential, credential.id))


def _rights(scopes: list[MachineScope]) -> list[Right]:
    return [Right(scope.value) for scope in scopes]
