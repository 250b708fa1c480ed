from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import AgencyModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS


class DirectoryPerson(AgencyModel):
    """What the directory calls a membership. `user_key` is its `user_name` in lower case: unique, and what is looked
    for. The membership has the name and the address that the rest of Tend uses."""

    forgetting = dict.fromkeys(("user_name", "user_key", "display_name", "given_name", "family_name"), OF_THE_AGENCY)
    membership_id: UUID = fields.UUIDField()
    user_name = fields.CharField(max_length=320)
    user_key = fields.CharField(max_length=320)
    display_name = fields.CharField(max_length=200, null=True)
    given_name = fields.CharField(max_length=200, null=True)
    family_name = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "directory_people"


class DirectoryGroup(AgencyModel):
    """A group of the agency's directory. Without a role it gives its people nothing."""

    forgetting = {
        "external_id": OF_THE_AGENCY,
        "display_name": OF_THE_AGENCY,
        "name_key": OF_THE_AGENCY,
        "role": OUR_WORDS,
    }
    external_id = fields.CharField(max_length=200, null=True)
    display_name = fields.CharField(max_length=200)
    name_key = fields.CharField(max_length=200)
    role = fields.CharField(max_length=20, null=True)
    sees_all = fields.BooleanField(default=False)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "directory_groups"


class DirectoryGroupWorkspace(AgencyModel):
    """The people of this group work for this client."""

    group_id: UUID = fields.UUIDField()
    workspace_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "directory_group_workspaces"


class DirectoryGroupMember(AgencyModel):
    group_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()

    class Meta:
        table = "directory_group_members"
