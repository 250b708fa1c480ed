from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from backend.journal import JournalEntry as JournalRow
from graphql_schema.projection import Node, one, one_of, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What kind of actor did it.")
class ActorKind(Enum):
    STAFF = "staff"
    API_CLIENT = "api_client"
    SYSTEM = "system"


@publish(JournalRow, kind="entry", needs=Right.READ_JOURNAL)
class JournalEntry(Node):
    """Who did what, when, to what."""

    id: strawberry.ID
    at: datetime
    action: str
    actor_kind: ActorKind
    staff: Staff | None = one("membership_id")
    subject_id: strawberry.ID = sql("{row}.subject_kind || '_' || {row}.subject_id")
    subject: Node | None = one_of(
        dict.fromkeys(("Case", "Rule", "Policy", "Community", "Workspace"), "subject_id"),
        kind="subject_kind",
        description="What it was done to.",
    )
    detail: JSON
