"""Saved answers of a client."""

from datetime import datetime

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.decisions import Outcome
from graphql_schema.policies import Policy
from graphql_schema.projection import Node, column, one, publish
from tenants.rights import Right


@publish(moderation.Macro, kind="macro", needs=Right.READ_CASES)
class Macro(Node):
    """A saved answer: what is often decided, with words that are filled in."""

    id: strawberry.ID
    name: str = column(description="Unique within the client, at most 200 characters.")
    outcome: Outcome = column(description="What it decides.")
    policy: Policy | None = one("policy_id", description="The policy that it names; null for none.")
    actions: list[ActionKind] = column(description="What it does in the community.")
    text: str = column(description="With {{member}}, {{policy}} and {{community}}, which `macroText` fills in.")
    created_at: datetime = column(description="When it was first written.")
