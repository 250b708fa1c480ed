from datetime import datetime
from enum import Enum

import strawberry

from graphql_schema.describing import value
from graphql_schema.projection import Node, column, publish
from tenants import models
from tenants.rights import Right


@strawberry.enum(description="What somebody is at the agency; it decides their rights.")
class MembershipRole(Enum):
    OWNER = value("owner", "Sees all clients and may do everything.")
    ADMIN = value("admin", "The same as an owner.")
    LEAD = value("lead", "A moderator who also writes policies and rules, sets up communities and imports posts.")
    MODERATOR = value("moderator", "Reads and decides cases and reads the journal, of the clients assigned to them.")
    CONTRACTOR = value(
        "contractor", "A moderator who does not read the journal and whose membership always has an end."
    )
    STAKEHOLDER = value(
        "stakeholder", "Somebody of the client: reads its workspace, policies and counts; no posts, no cases."
    )


@publish(models.Membership, kind="staff", needs=Right.READ_STAFF)
class Staff(Node):
    """Somebody with a membership of the agency."""

    id: strawberry.ID
    name: str = column(description="The name they go by in this agency.")
    role: MembershipRole = column(description="What they may do here.")
    ends_at: datetime | None = column(
        needs=Right.MANAGE_WORKSPACES,
        description="When their membership ends; null if it does not, and for all but owners and admins.",
    )
    created_at: datetime = column(description="Since when they belong to the agency.")
