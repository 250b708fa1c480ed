from datetime import datetime

import strawberry

from backend import notices
from graphql_schema.projection import Node, column, publish
from tenants.rights import Right


@publish(notices.Notice, kind="notice", needs=Right.READ_WORKSPACE, row="{row}.membership_id = {membership}")
class Notice(Node):
    """Something that happened and concerns you."""

    id: strawberry.ID
    kind: str = column(
        description="What happened: report_decided is the answer to a report of yours; new ones may come."
    )
    text: str = column(description="A sentence or two for you to read.")
    created_at: datetime = column(description="When it happened.")
    delivered_at: datetime | None = column(description="When it was put where you look; null until then.")
