"""Who am I, and where may I go: answered in Python, since it spans agencies."""

from datetime import datetime
from enum import Enum

import strawberry

from graphql_schema.context import Info
from graphql_schema.describing import value
from graphql_schema.staff import MembershipRole
from tenants.belonging import OwnMembership, own_name


@strawberry.type(description="You, whichever agency you work for.")
class Person:
    id: strawberry.ID = strawberry.field(description="Opaque; the same in all agencies, and nothing for `node`.")
    name: str = strawberry.field(
        description="Your own name, whatever an agency calls you; what it calls you where your session opens it alone."
    )
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
    sees_all: bool = strawberry.field(description="Whether you work for all its clients, also those to come.")
    ends_at: datetime | None = strawberry.field(description="When you lose access; null if it does not end.")
    sign_in_url: str | None = strawberry.field(
        description="Where to sign in with the agency's own provider first; null where this session opens it."
    )
    workspaces: list[ViewerWorkspace] = strawberry.field(
        description="The clients you work for there; all of them where `seesAll`, none where `signInUrl`."
    )


@strawberry.enum(description="How somebody has proved who they are.")
class SignInMethod(Enum):
    PROVIDER = value("provider", "By an agency's own provider; opens this agency alone.")
    MAIL = value("mail", "By a link that was mailed to them.")
    INVITATION = value("invitation", "By the link of an invitation; opens the agency that invites alone.")
    DEMO = value("demo", "As one of the people of the demo.")
    CONSOLE = value("console", "By somebody at the installation's own command line.")


@strawberry.type(description="A session of yours that opens something.")
class OwnSession:
    id: strawberry.ID = strawberry.field(description="Opaque; for `revokeSessions`, and nothing for `node`.")
    method: SignInMethod = strawberry.field(description="How you have proved who you are.")
    agency_id: strawberry.ID | None = strawberry.field(description="The only agency it opens; null for all of yours.")
    device: str = strawberry.field(description="What the browser called itself then; may be empty.")
    is_current: bool = strawberry.field(description="Whether it is the one you ask with.")
    created_at: datetime = strawberry.field(description="When it was opened, or last renewed.")
    idle_until: datetime = strawberry.field(description="When it ends if nobody uses it.")
    expires_at: datetime = strawberry.field(description="When it ends in any case.")


@strawberry.type(description="Who asks: a person, or a machine by its API key.")
class Viewer:
    @strawberry.field(description="You; null for a machine.")
    def person(self, info: Info) -> Person | None:
        caller = info.context.caller
        if caller is None or caller.person_id is None:
            return None
        return Person(
            id=strawberry.ID(f"person_{caller.person_id}"),
            name=own_name(caller, info.context.memberships or ()),
            email=caller.person_email,
        )

    @strawberry.field(description="Your memberships that have not ended, in all agencies; none for a machine.")
    def memberships(self, info: Info) -> list[Membership]:
        return [_membership(own) for own in info.context.memberships or ()]

    @strawberry.field(
        description="Your sessions, the latest first; those of one agency where yours opens only that one."
    )
    def sessions(self, info: Info) -> list[OwnSession]:
        caller = info.context.caller
        return [
            OwnSession(
                id=strawberry.ID(f"session_{own.id}"),
                method=SignInMethod(own.method),
                agency_id=None if own.agency_id is None else strawberry.ID(f"agency_{own.agency_id}"),
                device=own.device,
                is_current=caller is not None and own.id == caller.target_id,
                created_at=own.created_at,
                idle_until=own.idle_until,
                expires_at=own.expires_at,
            )
            for own in info.context.sessions or ()
        ]


def _membership(own: OwnMembership) -> Membership:
    return Membership(
        id=strawberry.ID(f"staff_{own.membership_id}"),
        agency_id=strawberry.ID(f"agency_{own.agency_id}"),
        agency_slug=own.agency_slug,
        agency_name=own.agency_name,
        role=MembershipRole(own.role.value),
        sees_all=own.sees_all,
        ends_at=own.ends_at,
        sign_in_url=own.sign_in_url,
        workspaces=[
            ViewerWorkspace(id=strawberry.ID(f"workspace_{id}"), slug=slug, name=name)
            for id, slug, name in own.workspaces
        ],
    )
