"""Who am I, and where may I go: answered in Python, since it spans agencies."""

from datetime import datetime

import strawberry

from graphql_schema.context import Info
from graphql_schema.staff import MembershipRole
from tenants.entering import OwnMembership


@strawberry.type(description="You, whichever agency you work for.")
class Person:
    id: strawberry.ID = strawberry.field(description="Opaque; the same in all agencies, and nothing for `node`.")
    name: str = strawberry.field(description="Your own name, whatever an agency calls you.")
    email: str = strawberry.field(description="Where mail to you goes.")


@strawberry.type(description="A client you may work for, or whose reports you read.")
class ViewerWorkspace:
    id: strawberry.ID = strawberry.field(description="Opaque; for the header X-Workspace-Id, and for `node`.")
    slug: str = strawberry.field(description="Short name; also fits X-Workspace-Id.")
    name: str = strawberry.field(description="What people call the client.")


@strawberry.type(description="Your place in one agency.")
class Membership:
    id: strawberry.ID = strawberry.field(description="Opaque; you as staff of this agency, for `node`.")
    agency_id: strawberry.ID = strawberry.field(description="Opaque; for the header X-Agency-Id, and for `node`.")
    agency_slug: str = strawberry.field(description="Short name; also fits X-Agency-Id.")
    agency_name: str = strawberry.field(description="What people call the agency.")
    role: MembershipRole = strawberry.field(description="What you may do there.")
    ends_at: datetime | None = strawberry.field(description="When you lose access; null if it does not end.")
    workspaces: list[ViewerWorkspace] = strawberry.field(
        description="The clients you are assigned to there; all of them for owners and admins."
    )


@strawberry.type(description="Who asks: a person, or a machine by its API key.")
class Viewer:
    @strawberry.field(description="You; null for a machine.")
    def person(self, info: Info) -> Person | None:
        caller = info.context.caller
        if caller is None or caller.person_id is None:
            return None
        return Person(
            id=strawberry.ID(f"person_{caller.person_id}"), name=caller.person_name, email=caller.person_email
        )

    @strawberry.field(description="Your memberships that have not ended, in all agencies; none for a machine.")
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
