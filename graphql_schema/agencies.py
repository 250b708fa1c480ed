from datetime import datetime

import strawberry

from backend.moderation import Case as CaseRow
from graphql_schema.cases import Case, CaseCounts, CaseFilter
from graphql_schema.communities import Community, Member, MemberFilter, Post, PostFilter
from graphql_schema.journal import JournalEntry
from graphql_schema.orders import (
    CaseOrder,
    CommunityOrder,
    CreationOrder,
    JournalOrder,
    MemberOrder,
    PolicyOrder,
    PostOrder,
    StaffOrder,
    WorkspaceOrder,
)
from graphql_schema.policies import Policy, Queue, Rule
from graphql_schema.projection import Connection, Filters, Node, count, many, publish, same_row
from graphql_schema.staff import Staff
from tenants import models
from tenants.rights import Right


@publish(models.Workspace, kind="workspace", needs=Right.READ_WORKSPACE)
class Workspace(Node):
    """One client of the agency."""

    id: strawberry.ID
    slug: str
    name: str
    time_zone: str
    created_at: datetime
    communities: Connection[Community] = many("workspace_id", order=CommunityOrder)
    members: Connection[Member] = many(
        "workspace_id",
        order=MemberOrder,
        filters=Filters(
            MemberFilter,
            {
                "community_id": "{row}.community_id = {value}::uuid",
                "kind": "{row}.kind = {value}::text",
                "handle": "{row}.handle = {value}::text",
            },
        ),
    )
    posts: Connection[Post] = many(
        "workspace_id",
        order=PostOrder,
        filters=Filters(
            PostFilter,
            {
                "community_id": "{row}.community_id = {value}::uuid",
                "member_id": "{row}.member_id = {value}::uuid",
                "is_hidden": "({row}.hidden_at is not null) = {value}::boolean",
            },
        ),
    )
    cases: Connection[Case] = many(
        "workspace_id",
        order=CaseOrder,
        filters=Filters(
            CaseFilter,
            {
                "state": "{row}.state = any({value}::text[])",
                "tier": "{row}.tier = any({value}::text[])",
                "queue_id": "{row}.queue_id = {value}::uuid",
                "is_mine": "coalesce({row}.claimed_by_id = {membership}, false) = {value}::boolean",
                "is_overdue": "({row}.state <> 'closed' and {row}.due_at < now()) = {value}::boolean",
            },
        ),
    )
    case_counts: CaseCounts = same_row(description="How much waits, by state.")
    open_case_count: int = count(CaseRow, "workspace_id", where="{row}.state <> 'closed'")
    queues: Connection[Queue] = many("workspace_id", order=CreationOrder)
    policies: Connection[Policy] = many("workspace_id", order=PolicyOrder)
    rules: Connection[Rule] = many("workspace_id", order=CreationOrder)
    journal: Connection[JournalEntry] = many("workspace_id", order=JournalOrder)


@publish(models.Agency, kind="agency", needs=Right.READ_WORKSPACE)
class Agency(Node):
    """The agency this request is about."""

    id: strawberry.ID
    slug: str
    name: str
    created_at: datetime
    workspaces: Connection[Workspace] = many("agency_id", order=WorkspaceOrder)
    staff: Connection[Staff] = many("agency_id", order=StaffOrder, where="{row}.role <> 'stakeholder'")
