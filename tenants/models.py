"""Agencies, their clients, and who works for whom."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.manager import Manager
from tortoise.models import Model

from backend.kit.ids import new_id
from tenants.tables import AgencyModel, Reach, ScopedManager, TenantModel


class Agency(TenantModel):
    reach = Reach.ROOT
    slug = fields.CharField(max_length=63)
    name = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "agencies"
        manager = ScopedManager()


class Workspace(AgencyModel):
    """One client of the agency."""

    reach = Reach.ITSELF
    workspace_column = "id"
    slug = fields.CharField(max_length=63)
    name = fields.CharField(max_length=200)
    time_zone = fields.CharField(max_length=64, default="UTC")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "workspaces"
        manager = ScopedManager()


class Membership(AgencyModel):
    """A person's place in one agency. `name` and `email` are the agency's own copy: nothing of a person's other
    agencies can be read through it."""

    person_id: UUID = fields.UUIDField()
    role = fields.CharField(max_length=20)
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=320)
    ends_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "memberships"
        manager = ScopedManager()


class Assignment(AgencyModel):
    """This membership works for (or is a stakeholder of) this workspace."""

    membership_id: UUID = fields.UUIDField()
    workspace_id: UUID = fields.UUIDField()

    class Meta:
        table = "assignments"
        manager = ScopedManager()


class ApiKey(AgencyModel):
    """A machine's way in, bound to the agency and perhaps to one workspace."""

    name = fields.CharField(max_length=200)
    workspace_id: UUID | None = fields.UUIDField(null=True)
    ends_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "api_keys"
        manager = ScopedManager()


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
    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    person_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "sessions"


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
