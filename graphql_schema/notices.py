from datetime import datetime

import strawberry

from backend import notices
from graphql_schema.projection import Node, publish
from tenants.rights import Right


@publish(notices.Notice, kind="notice", needs=Right.READ_WORKSPACE, row="{row}.membership_id = {membership}")
class Notice(Node):
    """Something that happened and concerns you."""

    id: strawberry.ID
    kind: str
    text: str
    created_at: datetime
    delivered_at: datetime | None
