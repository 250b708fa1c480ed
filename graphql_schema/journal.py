from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from backend.journal import JournalEntry as JournalRow
from graphql_schema.describing import value
from graphql_schema.projection import Node, column, one, one_of, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What kind of actor did it.")
class ActorKind(Enum):
    STAFF = value("staff", "Somebody at the agency, by hand.")
    API_CLIENT = value("api_client", "A machine, by its API key.")
    SYSTEM = value("system", "Tend by itself: a job or a rule.")


@publish(JournalRow, kind="entry", needs=Right.READ_JOURNAL)
class JournalEntry(Node):
    """Who did what, when, to what."""

    id: strawberry.ID
    at: datetime = column(description="When it was done.")
    action: str = column(description="Subject and verb, such as case.decided or policy.revised; new ones may come.")
    actor_kind: ActorKind = column(description="Tells who did it, also where `staff` is null.")
    staff: Staff | None = one("membership_id", description="Who did it; null unless STAFF.")
    subject_id: strawberry.ID = sql(
        "{row}.subject_kind || '_' || {row}.subject_id",
        description="The id of what it was done to, for `node`; here even where `subject` is null.",
    )
    subject: Node | None = one_of(
        dict.fromkeys(("Case", "Rule", "Policy", "Community", "Workspace", "ApiClient"), "subject_id"),
        kind="subject_kind",
        description="What it was done to; null where you may not see it.",
    )
    detail: JSON = column(description="What else is known about the deed, an object; its keys depend on `action`.")
