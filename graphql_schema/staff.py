from datetime import datetime
from enum import Enum

import strawberry

from graphql_schema.projection import Node, column, publish
from tenants import models
from tenants.rights import Right


@strawberry.enum(description="What somebody is at the agency; it decides their rights.")
class MembershipRole(Enum):
    OWNER = "owner"
    ADMIN = "admin"
    LEAD = "lead"
    MODERATOR = "moderator"
    CONTRACTOR = "contractor"
    STAKEHOLDER = "stakeholder"


@publish(models.Membership, kind="staff", needs=Right.READ_STAFF)
class Staff(Node):
    """Somebody with a membership of the agency."""

    id: strawberry.ID
    name: str
    role: MembershipRole
    ends_at: datetime | None = column(
        needs=Right.MANAGE_WORKSPACES, description="When they leave; told to those who run the agency."
    )
    created_at: datetime
