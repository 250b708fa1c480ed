from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from backend import directory
from graphql_schema.orders import CreationOrder
from graphql_schema.projection import Connection, Node, column, count, many, one, publish
from graphql_schema.staff import MembershipRole
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@publish(directory.DirectoryGroupWorkspace, kind="groupworkspace", needs=Right.MANAGE_SIGN_IN)
class DirectoryGroupWorkspace(Node):
    """The people of a group work for this client."""

    id: strawberry.ID
    created_at: datetime = column(description="Since when they do.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client; null where you do not see it."
    )


@publish(directory.DirectoryGroup, kind="directorygroup", needs=Right.MANAGE_SIGN_IN)
class DirectoryGroup(Node):
    """A group of the agency's directory, and what its people are here."""

    id: strawberry.ID
    display_name: str = column(description="Its name in the directory, unique in the agency in any case.")
    external_id: str | None = column(description="What the directory knows it by; null if it has not said.")
    role: MembershipRole | None = column(
        description="What its people are here; null while nobody has said so, and then it gives nothing."
    )
    sees_all: bool = column(description="Whether its people work for all clients, also those to come.")
    workspaces: Connection[DirectoryGroupWorkspace] = many(
        "group_id", order=CreationOrder, description="The clients its people work for one by one; none where `seesAll`."
    )
    member_count: int = count(directory.DirectoryGroupMember, "group_id", description="How many people are in it.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When the directory first sent it.")
