from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphql_schema.describing import value
from graphql_schema.orders import CertificateOrder, CreationOrder, EnrolmentOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
from tenants import models
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace
    from graphql_schema.courses import Enrolment
    from graphql_schema.training import Certificate


@strawberry.enum(description="What somebody is at the agency; it decides their rights.")
class MembershipRole(Enum):
    OWNER = value("owner", "Sees all clients and may do everything.")
    ADMIN = value("admin", "May do everything but make and unmake owners.")
    LEAD = value("lead", "A moderator who also writes policies and rules, sets up communities and imports posts.")
    MODERATOR = value("moderator", "Reads and decides cases and reads the journal.")
    SAFETY_RESPONDER = value("safety_responder", "A moderator who answers when somebody is in danger.")
    SUPPORT = value("support", "Reads and answers members; no cases.")
    EDUCATOR = value("educator", "Reads members and what they write, to teach them; no cases.")
    CONTRACTOR = value(
        "contractor", "A moderator who does not read the journal and whose membership always has an end."
    )
    STAKEHOLDER = value(
        "stakeholder", "Somebody of the client: reads its workspace, policies and counts; no posts, no cases."
    )
    CLIENT_CONTRIBUTOR = value("client_contributor", "A stakeholder who also helps with what members learn.")


@strawberry.enum(description="Whether a membership gives anything now.")
class MembershipState(Enum):
    INVITED = value("invited", "Nobody has accepted it yet.")
    UPCOMING = value("upcoming", "It begins at `startsAt`.")
    ACTIVE = value("active", "It gives what its role says.")
    SUSPENDED = value("suspended", "It gives nothing until it is reinstated.")
    ENDED = value("ended", "It gives nothing any more.")


@publish(
    models.Assignment,
    kind="assignment",
    needs=Right.READ_STAFF,
    row="({sees_all} or {row}.workspace_id = any({workspaces}))",
)
class Assignment(Node):
    """Somebody works for a client, or is somebody of it."""

    id: strawberry.ID
    created_at: datetime = column(description="Since when they do.")
    staff: Annotated["Staff", strawberry.lazy("graphql_schema.staff")] | None = one(
        "membership_id", description="Who it is."
    )
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client they work for."
    )


@publish(models.Membership, kind="staff", needs=Right.READ_STAFF)
class Staff(Node):
    """Somebody with a membership of the agency, on its side or on that of a client."""

    id: strawberry.ID
    name: str = column(description="The name they go by in this agency.")
    role: MembershipRole = column(description="What they may do here.")
    state: MembershipState = sql(
        "case when {row}.ends_at <= now() then 'ended' when {row}.suspended_at is not null then 'suspended' "
        "when {row}.person_id is null then 'invited' when {row}.starts_at > now() then 'upcoming' else 'active' end",
        description="Whether they may do it now.",
    )
    sees_all: bool = column(description="Whether they work for all clients, also those to come.")
    assignments: Connection[Assignment] = many(
        "membership_id",
        order=CreationOrder,
        description="The clients they work for one by one, as far as you see them; none where `seesAll`.",
    )
    certificates: Connection[Annotated["Certificate", strawberry.lazy("graphql_schema.training")]] = many(
        "membership_id", order=CertificateOrder, description="What they have learned, revoked and ended ones included."
    )
    enrolments: Connection[Annotated["Enrolment", strawberry.lazy("graphql_schema.courses")]] = many(
        "membership_id", order=EnrolmentOrder, description="Courses they take or took, at the clients you see."
    )
    email: str | None = column(needs=Right.MANAGE_PEOPLE, description="Where mail to them goes, in lower case.")
    starts_at: datetime | None = column(
        needs=Right.MANAGE_PEOPLE, description="When their membership begins; null if it has since they accepted."
    )
    ends_at: datetime | None = column(
        needs=Right.MANAGE_PEOPLE,
        description="When their membership ends; null if it does not, and for all but owners and admins.",
    )
    invited_until: datetime | None = column(
        needs=Right.MANAGE_PEOPLE, description="Until when the invitation can be accepted; null when none is open."
    )
    invitation_problem: str | None = sql(
        "case when {row}.invited_until is not null then {row}.invitation_problem end",
        needs=Right.MANAGE_PEOPLE,
        description="Why the open invitation could not be mailed, for people; null where nothing came between. Inviting "
        "them again tries it once more.",
    )
    suspended_at: datetime | None = column(
        needs=Right.MANAGE_PEOPLE, description="Since when they are suspended; null if they are not."
    )
    version: int | None = column(needs=Right.MANAGE_PEOPLE, description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="Since when they belong to the agency.")
