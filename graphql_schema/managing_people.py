"""Invitations and memberships: the mutations of whoever hires, promotes and lets go."""

from datetime import datetime
from uuid import UUID

import strawberry

from backend import people
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import MembershipRole, Staff
from tenants.rights import Right, Role

_WORKSPACES = "The clients they work for; none where `seesAll`."
_SEES_ALL = "All clients, also those to come: always for owners, never for somebody of a client."
_STARTS = "Nothing is theirs before; at once when left out."
_ENDS = "Nothing is theirs from then on, to the second; required for contractors."
_GROUNDS = "Why, for the journal: at most 2,000 characters."


@strawberry.input(description="Somebody to be asked to join the agency, or to join as somebody of a client.")
class InvitePersonInput:
    email: str = strawberry.field(
        description="Where the invitation is mailed; ALREADY_MEMBER if somebody with it belongs to the agency."
    )
    name: str = strawberry.field(description="The name they will go by here, at most 200 characters.")
    role: MembershipRole = strawberry.field(description="What they will be: nothing that may do more than you.")
    sees_all: bool = strawberry.field(default=False, description=_SEES_ALL)
    workspace_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description=_WORKSPACES)
    starts_at: datetime | None = optional(_STARTS)
    ends_at: datetime | None = optional(_ENDS)


@strawberry.input(description="All of what a membership is from now on.")
class ChangeMembershipInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose membership it is: nobody who may do more than you.")
    role: MembershipRole = strawberry.field(description="What they are: nothing that may do more than you.")
    sees_all: bool = strawberry.field(default=False, description=_SEES_ALL)
    workspace_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description=_WORKSPACES)
    starts_at: datetime | None = optional(_STARTS)
    ends_at: datetime | None = optional(_ENDS)
    expected_version: int | None = optional("The version you read; refused with CONFLICT if it has changed.")


@strawberry.input(description="Somebody whose membership is interrupted.")
class SuspendMembershipInput:
    staff_id: strawberry.ID = strawberry.field(description="Who it is: nobody who may do more than you.")
    grounds: str = strawberry.field(default="", description=_GROUNDS)


@strawberry.input(description="Somebody who leaves for good.")
class EndMembershipInput:
    staff_id: strawberry.ID = strawberry.field(description="Who leaves: yourself, or nobody who may do more than you.")
    grounds: str = strawberry.field(default="", description=_GROUNDS)


@strawberry.input(description="Somebody of the agency, with nothing to add.")
class StaffInput:
    staff_id: strawberry.ID = strawberry.field(description="Who it is: nobody who may do more than you.")


@strawberry.type(description="The membership as it is now.")
class StaffPayload:
    staff: Staff | None = strawberry.field(default=None, description="Whose it is; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ManagingPeople:
    @verb(
        StaffPayload,
        "Ask somebody to join: a link is mailed that is open for seven days. Who has left comes back this way.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def invite_person(self, info: Info, input: Input[InvitePersonInput]) -> StaffPayload:
        staff_id = await people.invite(
            actor_of(info.context),
            email=input.email,
            name=input.name,
            role=Role(input.role.value),
            sees_all=input.sees_all,
            workspaces=_workspaces(input.workspace_ids),
            starts_at=input.starts_at or None,
            ends_at=input.ends_at or None,
        )
        return _staff(staff_id)

    @verb(
        StaffPayload,
        "Mail an invitation that nobody has accepted once more; the link of the one before opens nothing any longer.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def invite_person_again(self, info: Info, input: Input[StaffInput]) -> StaffPayload:
        staff_id = _id(input.staff_id)
        await people.invite_again(actor_of(info.context), staff_id)
        return _staff(staff_id)

    @verb(
        StaffPayload,
        "Give a membership another role, other clients or another time. Who may do more than before signs in anew first; "
        "what they hold in clients that are taken away goes back to its queue.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def change_membership(self, info: Info, input: Input[ChangeMembershipInput]) -> StaffPayload:
        staff_id = _id(input.staff_id)
        await people.change_membership(
            actor_of(info.context),
            staff_id,
            role=Role(input.role.value),
            sees_all=input.sees_all,
            workspaces=_workspaces(input.workspace_ids),
            starts_at=input.starts_at or None,
            ends_at=input.ends_at or None,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return _staff(staff_id)

    @verb(
        StaffPayload,
        "Interrupt a membership: from the next request on nothing is theirs, and what they hold goes back to its queue.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def suspend_membership(self, info: Info, input: Input[SuspendMembershipInput]) -> StaffPayload:
        staff_id = _id(input.staff_id)
        await people.suspend(actor_of(info.context), staff_id, grounds=input.grounds)
        return _staff(staff_id)

    @verb(StaffPayload, "Give back what a suspension has taken.", needs=Right.MANAGE_PEOPLE)
    async def reinstate_membership(self, info: Info, input: Input[StaffInput]) -> StaffPayload:
        staff_id = _id(input.staff_id)
        await people.reinstate(actor_of(info.context), staff_id)
        return _staff(staff_id)

    @verb(
        StaffPayload,
        "End a membership, or withdraw an invitation, for good; LAST_OWNER if nobody else could do everything. Your own "
        "you may always end.",
        needs=Right.MANAGE_PEOPLE,
        or_on_oneself=True,
    )
    async def end_membership(self, info: Info, input: Input[EndMembershipInput]) -> StaffPayload:
        staff_id = _id(input.staff_id)
        await people.end(actor_of(info.context), staff_id, grounds=input.grounds)
        return _staff(staff_id)


def _id(staff_id: str) -> UUID:
    return uuid_of("staff", staff_id, field="staffId")


def _workspaces(ids: list[strawberry.ID]) -> list[UUID]:
    return [uuid_of("workspace", each, field="workspaceIds") for each in ids]


def _staff(id: UUID) -> StaffPayload:
    return StaffPayload(staff=ref(Staff, id))
