"""Agencies, their clients, and who works for whom."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.manager import Manager
from tortoise.models import Model

from backend.kit.ids import new_id
from tenants.tables import AgencyModel, Reach, SealedField, TenantModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep


class Agency(TenantModel):
    forgetting = {
        "slug": OF_THE_AGENCY,
        "name": OF_THE_AGENCY,
    }
    reach = Reach.ROOT
    slug = fields.CharField(max_length=63)
    name = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    closings = fields.IntField(default=0)

    class Meta:
        table = "agencies"


class Workspace(AgencyModel):
    """One client of the agency."""

    forgetting = {
        "slug": OF_THE_AGENCY,
        "name": OF_THE_AGENCY,
        "time_zone": OF_THE_AGENCY,
        **dict.fromkeys(("brand_name", "brand_colour", "brand_sender", "brand_reply_to"), OF_THE_AGENCY),
    }
    reach = Reach.ITSELF
    workspace_column = "id"
    put_out = (
        "slug = 'deleted-' || id, name = '', time_zone = 'UTC', brand_name = null, brand_colour = null, "
        "brand_sender = null, brand_reply_to = null, deletes_at = coalesce(deletes_at, now()), deleted_at = now()"
    )
    slug = fields.CharField(max_length=63)
    name = fields.CharField(max_length=200)
    time_zone = fields.CharField(max_length=64, default="UTC")
    # How its own people are written to.
    brand_name = fields.CharField(max_length=100, null=True)
    brand_colour = fields.CharField(max_length=7, null=True)
    brand_sender = fields.CharField(max_length=100, null=True)
    brand_reply_to = fields.CharField(max_length=320, null=True)
    evidence_days = fields.IntField(default=365)  # backend/evidence: after a case is closed
    deletes_at: datetime | None = fields.DatetimeField(null=True)
    deleted_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "workspaces"


class Membership(AgencyModel):
    """A person's place in one agency. `name` and `email` are the agency's own copy: nothing of a person's other
    agencies can be read through it.

    Without a person nobody has accepted it yet. `sees_all`: it reaches all clients, also those to come; otherwise those
    of its assignments. Sessions older than `grown_at` have less than its rights, so they must be renewed.
    """

    forgetting = {
        "role": OUR_WORDS,
        "name": OF_THE_AGENCY,
        "email": OF_THE_AGENCY,
        "external_id": OF_THE_AGENCY,
        "invitation_problem": Keep("a sentence of our own"),
    }
    inside = {"person_id": "the same in the person's other agencies"}
    put_out = (
        "person_id = null, external_id = null, email = 'membership-' || id, starts_at = null, ends_at = now(), "
        "invited_until = null"
    )
    person_id: UUID | None = fields.UUIDField(null=True)
    role = fields.CharField(max_length=20)
    sees_all = fields.BooleanField(default=False)
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=320)
    external_id = fields.CharField(max_length=200, null=True)
    invited_until: datetime | None = fields.DatetimeField(null=True)
    invitation_problem: str | None = fields.TextField(null=True)
    starts_at: datetime | None = fields.DatetimeField(null=True)
    ends_at: datetime | None = fields.DatetimeField(null=True)
    suspended_at: datetime | None = fields.DatetimeField(null=True)
    suspended_by_directory = fields.BooleanField(default=False)
    grown_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "memberships"


class Assignment(AgencyModel):
    """This membership works for (or is a stakeholder of) this workspace."""

    membership_id: UUID = fields.UUIDField()
    workspace_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "assignments"


class SignInProvider(AgencyModel):
    """The OpenID provider that signs the agency's people in. `is_required`: no other way in. `first_role`: what
    somebody becomes who signs in without a membership; null lets nobody in who was not invited."""

    forgetting = {
        "issuer": OF_THE_AGENCY,
        "client_id": OF_THE_AGENCY,
        "client_secret": OF_THE_AGENCY,
        "domains": OF_THE_AGENCY,
        "first_role": OUR_WORDS,
    }
    inside = {"client_secret": "a secret"}
    issuer = fields.CharField(max_length=500)
    client_id = fields.CharField(max_length=500)
    client_secret: bytes | None = SealedField(null=True)
    domains: list[str] = ArrayField("text")
    is_required = fields.BooleanField(default=False)
    first_role = fields.CharField(max_length=20, null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "sign_in_providers"


class Identity(AgencyModel):
    """Who a membership's person is to the agency's provider: issuer and subject, never an address alone."""

    forgetting = {
        "issuer": OF_THE_AGENCY,
        "subject": OF_THE_AGENCY,
    }
    inside = {"subject": "may be the same in the person's other agencies"}
    membership_id: UUID = fields.UUIDField()
    issuer = fields.CharField(max_length=500)
    subject = fields.CharField(max_length=500)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "identities"


class ApiClient(AgencyModel):
    """A machine: bound to the agency and perhaps to one workspace, with the rights its scopes name."""

    forgetting = {
        "name": OF_THE_AGENCY,
        "scopes": OUR_WORDS,
    }
    outlives_workspace = "the journal names it; it ends instead"
    put_out = "ends_at = now()"
    name = fields.CharField(max_length=200)
    scopes: list[str] = ArrayField("text")
    workspace_id: UUID | None = fields.UUIDField(null=True)
    ends_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "api_clients"


class Credential(AgencyModel):
    """What a machine shows: an API key, a client secret, or an access token bought with one (its parent). The secret
    itself is kept nowhere; its hash is a door. `scopes`: fewer than its API client's; null for all of them."""

    forgetting = {
        "kind": OUR_WORDS,
        "hint": Keep("four characters of a token"),
        "scopes": OUR_WORDS,
    }
    stays_inside = "of use to nobody but whoever holds the secret"
    stays_today = "what was revoked since stays revoked, and what was replaced stays replaced"
    api_client_id: UUID = fields.UUIDField()
    parent_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=20)
    scopes: list[str] | None = ArrayField("text", null=True)
    hint = fields.CharField(max_length=4)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    last_used_at: datetime | None = fields.DatetimeField(null=True)
    replaced_at: datetime | None = fields.DatetimeField(null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "credentials"


class GlobalModel(Model):
    """A row of the installation. Carries no tenant data; read through `tenants.doors` only."""

    class Meta:
        abstract = True
        manager = Manager()


class Person(GlobalModel):
    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    email = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "persons"


class Session(GlobalModel):
    """`agency_id`: opened through this agency's provider or invitation, so it opens no other."""

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    person_id: UUID = fields.UUIDField()
    agency_id: UUID | None = fields.UUIDField(null=True)
    method = fields.CharField(max_length=20)
    device = fields.CharField(max_length=200, default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    idle_until: datetime = fields.DatetimeField()
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "sessions"


class MailLink(GlobalModel):
    """A link that was mailed to somebody who wants to sign in: once, and in the browser that asked for it."""

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    key_hash: bytes = fields.BinaryField()
    browser_hash: bytes = fields.BinaryField()
    person_id: UUID = fields.UUIDField()
    expires_at: datetime = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "mail_links"


class Door(GlobalModel):
    """A hash in, an agency and an id out."""

    id: int = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=20)
    key_hash: bytes = fields.BinaryField()
    agency_id: UUID | None = fields.UUIDField(null=True)
    target_id: UUID = fields.UUIDField()

    class Meta:
        table = "doors"


class PersonAgency(GlobalModel):
    """Which agencies a person may try to enter; the membership inside decides."""

    id: int = fields.BigIntField(primary_key=True)
    person_id: UUID = fields.UUIDField()
    agency_id: UUID = fields.UUIDField()
    agency_slug = fields.CharField(max_length=63)

    class Meta:
        table = "person_agency"
