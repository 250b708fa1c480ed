"""What Tend keeps of a user and a group, and what this server can do. Published by the discovery endpoints."""

from typing import Annotated, Any, Final

from pydantic import Field
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    External,
    Filter,
    Mutability,
    Pagination,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models.urn import URN

LARGEST_PAGE: Final = 200
USUAL_PAGE: Final = 100

# What Entra and Okta send beside the specification: attributes that nobody keeps, members to remove in `value`, and
# paths such as emails[type eq "work"].value for an entry that is not there yet.
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    given_name: str | None = None
    """The given name."""

    family_name: str | None = None
    """The family name."""


class Email(ComplexAttribute):
    value: Annotated[str | None, Required.true] = None
    """Where mail to this person goes, in lower case; whoever signs in with it through the agency's provider is them."""

    type: str | None = Field(None, examples=["work"])
    """Always "work": of several addresses the first of that type is kept, else the first."""


class GroupMembership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only] = None
    """The id of the group."""

    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the group."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The name of the group."""


class User(Resource[Any]):
    """Somebody of the agency. What is not named here is accepted and not kept."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """What the directory knows them by, unique in the agency in any case."""

    display_name: str | None = None
    """The name they go by. Without it they go by given and family name, and without those by their user name."""

    name: Name | None = None
    """The parts of their name."""

    active: bool | None = None
    """False: nothing of the agency opens to them, and what was open has closed."""

    emails: Annotated[list[Email] | None, Required.true] = None
    """Exactly one is kept. May be left out where the user name is an e-mail address."""

    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The groups they are in."""


class GroupMember(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the user."""

    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the user."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always "User": a group holds no groups."""


class Group(Resource[Any]):
    """A group of the directory. What its members may do is said in Tend."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """Its name, unique in the agency in any case."""

    members: list[GroupMember] | None = None
    """The users in it."""


CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=LARGEST_PAGE),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API key",
            description="An API key of the agency with the scope `provision`, as Bearer token.",
            spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
            primary=True,
        )
    ],
    pagination=Pagination(cursor=False, index=True, default_page_size=USUAL_PAGE, max_page_size=LARGEST_PAGE),
)
PROVIDER: Final = ScimProvider(models=[User, Group], config=CONFIG, policy=POLICY)
SCHEMAS: Final = (
    *PROVIDER.schemas,
    *(model.to_schema() for model in (ServiceProviderConfig, ResourceType, Schema)),
)
