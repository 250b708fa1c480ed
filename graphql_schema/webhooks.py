"""Webhooks: who hears of what happens, what was sent to them, and what became of it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from strawberry.scalars import JSON

from backend import webhooks
from graphql_schema.describing import optional, value
from graphql_schema.orders import CreationOrder
from graphql_schema.projection import Connection, Filters, Node, column, many, one, publish, sql
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace
    from graphql_schema.staff import Staff

_OF_MY_CLIENTS: Final = "(app.sees_all() or {row}.workspace_id = any(app.workspaces()))"
_OF_MY_ENDPOINTS: Final = (
    "exists (select from webhook_endpoints e where e.agency_id = {agency} and e.id = {row}.endpoint_id "
    "and (app.sees_all() or e.workspace_id = any(app.workspaces())))"
)


def _kind(name: str) -> Any:
    kind = webhooks.KINDS[name]
    subject = f"The subject is a {kind.subject}." if kind.subject else "No type shows the subject."
    return value(name, f"{kind.description} {subject} Type `{kind.type}`.")


@strawberry.enum(description="What an endpoint can hear of: a value's description has the `type` of its payloads.")
class WebhookEventKind(Enum):
    CASE_REPORTED = _kind("case_reported")
    CASE_CLAIMED = _kind("case_claimed")
    CASE_RETURNED = _kind("case_returned")
    CASE_DECIDED = _kind("case_decided")
    CASE_HELD = _kind("case_held")
    CASE_REOPENED = _kind("case_reopened")
    APPEAL_FILED = _kind("appeal_filed")
    APPEAL_DECIDED = _kind("appeal_decided")
    ACTION_CONFIRMED = _kind("action_confirmed")
    ACTION_FAILED = _kind("action_failed")
    COMMUNITY_CREATED = _kind("community_created")
    POSTS_IMPORTED = _kind("posts_imported")
    POLICY_CREATED = _kind("policy_created")
    POLICY_REVISED = _kind("policy_revised")
    RULE_CREATED = _kind("rule_created")
    HOLD_PLACED = _kind("hold_placed")
    HOLD_LIFTED = _kind("hold_lifted")
    LEARNING_STATEMENT = _kind("learning_statement")
    VERIFICATION_CHANGED = _kind("verification_changed")
    CERTIFICATE_EXPIRING = _kind("certificate_expiring")
    STORY_PUBLISHED = _kind("story_published")
    STORY_TAKEN_DOWN = _kind("story_taken_down")
    PRACTICE_PUBLISHED = _kind("practice_published")
    PRACTICE_TAKEN_DOWN = _kind("practice_taken_down")
    EXPORT_REQUESTED = _kind("export_requested")
    EXPORT_DONE = _kind("export_done")
    MEMBER_ERASED = _kind("member_erased")
    WORKSPACE_CREATED = _kind("workspace_created")
    WORKSPACE_CLOSED = _kind("workspace_closed")
    WORKSPACE_REOPENED = _kind("workspace_reopened")
    WORKSPACE_ERASED = _kind("workspace_erased")


@strawberry.enum(description="Where a delivery is.")
class WebhookDeliveryState(Enum):
    WAITING = value("waiting", "It will be tried, or tried again, at `nextAt`.")
    DELIVERED = value("delivered", "The endpoint answered with a status of 200 to 299.")
    FAILED = value(
        "failed", "It is tried no more: too often in vain, or the endpoint was disabled. It can be replayed."
    )


@strawberry.enum(description="Why an endpoint is sent nothing.")
class WebhookDisabledReason(Enum):
    BY_HAND = value("by_hand", "Somebody disabled it.")
    GONE = value("gone", "It answered 410.")
    FAILING = value("failing", "It took nothing for five days.")


@strawberry.input(description="Which deliveries; a field that is left out or null asks for nothing.")
class WebhookDeliveryFilter:
    state: WebhookDeliveryState | None = optional("Only those that are there.")


DELIVERY_FILTERS: Final = Filters(WebhookDeliveryFilter, {"state": "{row}.state = {value}::text"})


@publish(webhooks.WebhookAttempt, needs=Right.MANAGE_MACHINES)
class WebhookAttempt:
    """One try to deliver. What the endpoint answered, apart from the status, is not kept."""

    status: int | None = column(description="The HTTP status; null where there was no answer.")
    milliseconds: int = column(description="How long it took, from the look-up of the name to the end of the answer.")
    problem: str | None = column(description="Why it failed, for people; null where it did not.")
    created_at: datetime = column(description="When it ended.")


@publish(webhooks.WebhookEvent, needs=Right.MANAGE_MACHINES)
class WebhookEvent:
    """Something that happened, as deliveries tell it."""

    kind: str = column(description="As in `type` of the payload: case.decided; webhook.test for a test.")
    subject_id: strawberry.ID = sql(
        "{row}.subject_kind || '_' || {row}.subject_id",
        description="What it happened to: `orderingKey` of the payload.",
    )
    sequence: float = sql(
        "{row}.sequence::float8", description="It grows with each event of a subject, though not by one."
    )
    occurred_at: datetime = column(description="When it happened.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client it is about; null for the agency as a whole."
    )


@publish(webhooks.WebhookDelivery, kind="webhookdelivery", needs=Right.MANAGE_MACHINES, row=_OF_MY_ENDPOINTS)
class WebhookDelivery(Node):
    """An event on its way to an endpoint. Its `id` is the header webhook-id, the same with every try and replay."""

    id: strawberry.ID
    state: WebhookDeliveryState = column(description="Where it is.")
    attempt: int = column(description="How often it was tried since it was promised or replayed.")
    next_at: datetime = column(description="When it is tried next; past for one that is not WAITING.")
    created_at: datetime = column(description="When it was promised.")
    ended_at: datetime | None = column(description="When it was delivered or given up; null while it is WAITING.")
    event: WebhookEvent | None = one("event_id", description="What it tells.")
    attempts: Connection[WebhookAttempt] = many(
        "delivery_id", order=CreationOrder, description="Every try, those before a replay included."
    )


@publish(webhooks.WebhookEndpoint, kind="webhookendpoint", needs=Right.MANAGE_MACHINES, row=_OF_MY_CLIENTS)
class WebhookEndpoint(Node):
    """A server that hears of what happens."""

    id: strawberry.ID
    url: str = column(description="Where deliveries are sent.")
    description: str = column(description="What people call it, at most 200 characters.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The only client it hears of; null for the whole agency."
    )
    kinds: list[WebhookEventKind] = column(description="What it hears of.")
    conditions: JSON = column(
        description="Only events that meet all of these: `workspaces`, ids without their prefix, and `by`, who did it; "
        "an object."
    )
    selection: str | None = column(
        description="The GraphQL selection that `data` of its payloads answers; null for ids alone."
    )
    previous_until: datetime | None = column(
        description="Until then deliveries are signed with the secret before the last rotation as well."
    )
    disabled_at: datetime | None = column(description="Since when it is sent nothing; null while it is.")
    disabled_because: WebhookDisabledReason | None = column(description="Why; null while it is sent something.")
    failing_since: datetime | None = column(
        description="Since when every try has failed; null after a success. After five days it is disabled."
    )
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When somebody created it.")
    created_by: Annotated["Staff", strawberry.lazy("graphql_schema.staff")] | None = one(
        "made_by_id",
        description="Who created it, or changed it last: its selection reads no more than they may read by then. Null for "
        "one of Tend's own.",
    )
    deliveries: Connection[WebhookDelivery] = many(
        "endpoint_id",
        order=CreationOrder,
        filters=DELIVERY_FILTERS,
        description="What was promised to it in the last thirty days.",
    )
