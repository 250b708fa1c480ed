"""How the agency's people sign in: its own OpenID provider."""

from datetime import datetime

import strawberry

from backend import people
from graphql_schema.answering import UserError, user_errors, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import Node, column, publish, ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import MembershipRole
from tenants import models
from tenants.rights import Right, Role


@publish(models.SignInProvider, kind="signinprovider", needs=Right.MANAGE_SIGN_IN)
class SignInProvider(Node):
    """The OpenID provider that signs people of the agency in, and into this agency alone."""

    id: strawberry.ID
    issuer: str = column(description="Who it is: compared letter by letter with what it says of itself.")
    client_id: str = column(description="What it calls this installation.")
    domains: list[str] = column(description="Of the e-mail addresses that it may speak for.")
    is_required: bool = column(description="Whether sessions opened any other way open this agency no more.")
    first_role: MembershipRole | None = column(
        description="What somebody becomes, for no client yet, who signs in without a membership; null lets in nobody."
    )
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was set up.")


@strawberry.input(description="All of how the agency's people sign in from now on.")
class SetSignInProviderInput:
    issuer: str = strawberry.field(description="An https address, exactly as the provider's metadata has it.")
    client_id: str = strawberry.field(description="What the provider calls this installation.")
    client_secret: str | None = optional(
        "Kept sealed and never shown. Left out, the one that is kept stays, or the client is a public one."
    )
    domains: list[str] = strawberry.field(description="1 to 50 domains of e-mail addresses, such as example.com.")
    is_required: bool = strawberry.field(
        default=False,
        description="Nobody gets in any other way: PROVIDER_UNPROVEN until you have signed in with it yourself.",
    )
    first_role: MembershipRole | None = optional(
        "What somebody becomes who signs in without a membership: LEAD, MODERATOR, SAFETY_RESPONDER, SUPPORT or EDUCATOR."
    )
    expected_version: int | None = optional(
        "The version you read, 0 for none; refused with CONFLICT if it has changed."
    )


@strawberry.input(description="The agency has one provider at most, so there is nothing to choose.")
class RemoveSignInProviderInput:
    reason: str = strawberry.field(default="", description="For the journal, at most 2,000 characters.")


@strawberry.type(description="How the agency's people sign in now.")
class SignInProviderPayload:
    sign_in_provider: SignInProvider | None = strawberry.field(
        default=None, description="As it is kept; null when refused, and when there is none any more."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingSignIn:
    @verb(
        SignInProviderPayload,
        "Let the agency's own OpenID provider say who people are. Its redirect address here is "
        "/sign-in/<short name of the agency>/callback.",
        needs=Right.OWN,
    )
    async def set_sign_in_provider(self, info: Info, input: Input[SetSignInProviderInput]) -> SignInProviderPayload:
        id = await people.set_provider(
            actor_of(info.context),
            issuer=input.issuer,
            client_id=input.client_id,
            client_secret=input.client_secret or None,
            domains=input.domains,
            is_required=input.is_required,
            first_role=Role(input.first_role.value) if input.first_role else None,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return SignInProviderPayload(sign_in_provider=ref(SignInProvider, id))

    @verb(
        SignInProviderPayload,
        "Ask the agency's provider no more: people sign in by mail again.",
        needs=Right.MANAGE_SIGN_IN,
    )
    async def remove_sign_in_provider(
        self, info: Info, input: Input[RemoveSignInProviderInput]
    ) -> SignInProviderPayload:
        await people.remove_provider(actor_of(info.context), grounds=input.reason)
        return SignInProviderPayload()
