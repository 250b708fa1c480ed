"""Who am I, and where may I go: answered in Python, since it spans agencies."""

from datetime import datetime

import strawberry

from graphql_schema.context import Info
from graphql_schema.staff import MembershipRole
from tenants.entering import OwnMembership


@strawberry.type(description="You, whichever agency you work for.")
class Person:
    id: strawberry.ID = strawberry.field(description="Opaque.")
    name: str = strawberry.field(description="Your name.")
    email: str = strawberry.field(description="Your address.")


@strawberry.type(description="A client you may work for, or whose reports you read.")
class ViewerWorkspace:
    id: strawberry.ID = strawberry.field(description="For the header X-Workspace-Id.")
    slug: str = strawberry.field(description="Short name; also fits X-Workspace-Id.")
    name: str = strawberry.field(description="Name of the client.")


@strawberry.type(description="Your place in one agency.")
class Membership:
    id: strawberry.ID = strawberry.field(description="Opaque.")
    agency_id: strawberry.ID = strawberry.field(description="For the header X-Agency-Id.")
    agency_slug: str = strawberry.field(description="Short name; also fits X-Agency-Id.")
    agency_name: str = strawberry.field(description="Name of the agency.")
    role: MembershipRole = strawberry.field(description="What you are there.")
    ends_at: datetime | None = strawberry.field(description="When it ends; null if it does not.")
    workspaces: list[ViewerWorkspace] = strawberry.field(description="The clients you see there.")


@strawberry.type(description="The caller.")
class Viewer:
    @strawberry.field(description="You; null for a machine.")
    def person(self, info: Info) -> Person | None:
        caller = info.context.caller
        if caller is None or caller.person_id is None:
            return None
        return Person(
            id=strawberry.ID(f"person_{caller.person_id}"), name=caller.person_name, email=caller.person_email
        )

    @strawberry.field(description="Your memberships that have not ended, in all agencies.")
    def memberships(self, info: Info) -> list[Membership]:
        return [_membership(own) for own in info.context.memberships or ()]


def _membership(own: OwnMembership) -> Membership:
    return Membership(
        id=strawberry.ID(f"staff_{own.membership_id}"),
        agency_id=strawberry.ID(f"agency_{own.agency_id}"),
        agency_slug=own.agency_slug,
        agency_name=own.agency_name,
        role=MembershipRole(own.role.value),
        ends_at=own.ends_at,
        workspaces=[
            ViewerWorkspace(id=strawberry.ID(f"workspace_{id}"), slug=slug, name=name)
            for id, slug, name in own.workspaces
        ],
    )
