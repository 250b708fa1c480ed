from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend.journal import JournalEntry as JournalRow
from graphql_schema.describing import optional, value
from graphql_schema.projection import Filters, Node, column, one, one_of, publish, sql
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
    api_client_id: strawberry.ID | None = sql(
        "'apiclient_' || {row}.api_client_id", description="Which machine did it; null unless API_CLIENT."
    )
    on_behalf_of: Staff | None = one(
        "on_behalf_of_id", description="Who asked for the job that did it, and lent it their rights; null otherwise."
    )
    request_id: str | None = column(
        description="The header X-Request-Id of the request, or job_<uuid> of the job; null where neither did it."
    )
    subject_id: strawberry.ID = sql(
        "{row}.subject_kind || '_' || {row}.subject_id",
        description="The id of what it was done to, for `node`; here even where `subject` is null.",
    )
    subject: Node | None = one_of(
        dict.fromkeys(
            (
                "Case",
                "Rule",
                "Policy",
                "Community",
                "Workspace",
                "Staff",
                "ApiClient",
                "DirectoryGroup",
                "Agency",
                "WebhookEndpoint",
            ),
            "subject_id",
        ),
        kind="subject_kind",
        description="What it was done to; null where you may not see it.",
    )
    grounds: str | None = column(description="Why, in the words of whoever did it; null where none were asked for.")
    changes: JSON = column(description="What changed: an object of [before, after] by field; empty for most deeds.")
    detail: JSON = column(description="What else is known about the deed, an object; its keys depend on `action`.")


@strawberry.input(description="Which entries; a field that is left out or null asks for nothing.")
class JournalFilter:
    staff_id: strawberry.ID | None = optional("By this person, by hand; an id that is not there matches nothing.")
    action: str | None = optional("Of exactly this action, such as case.decided.")
    subject_id: strawberry.ID | None = optional("About exactly this; an id that is not there matches nothing.")
    since: datetime | None = optional("Of this moment or later.")
    until: datetime | None = optional("Before this moment.")


JOURNAL_FILTERS: Final = Filters(
    JournalFilter,
    {
        "staff_id": "{row}.membership_id = {value}::uuid",
        "action": "{row}.action = {value}::text",
        "subject_id": "{row}.subject_id = {value}::uuid",
        "since": "{row}.at >= {value}::timestamptz",
        "until": "{row}.at < {value}::timestamptz",
    },
)
