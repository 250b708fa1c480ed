from datetime import datetime

import strawberry

from backend.moderation import Case as CaseRow
from graphql_schema.cases import CASE_FILTERS, Case, CaseCounts, CaseGroup, CaseGrouping
from graphql_schema.communities import MEMBER_FILTERS, POST_FILTERS, Community, Member, Post
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
from graphql_schema.projection import Connection, Node, count, groups, many, publish, same_row
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
    members: Connection[Member] = many("workspace_id", order=MemberOrder, filters=MEMBER_FILTERS)
    posts: Connection[Post] = many("workspace_id", order=PostOrder, filters=POST_FILTERS)
    cases: Connection[Case] = many("workspace_id", order=CaseOrder, filters=CASE_FILTERS)
    case_groups: list[CaseGroup] = groups(
        "workspace_id", by=CaseGrouping, filters=CASE_FILTERS, description="Cases counted by what they are."
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
