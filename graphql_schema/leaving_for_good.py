"""Exports, legal holds, erasure, and clients who go: the mutations of whoever answers for data."""

from datetime import datetime

import strawberry

from backend import evidence, leaving
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.communities import Member
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.leaving import Export, ExportFormat, ExportKind, Hold
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

_GROUNDS = "Why, for the journal: at most 2,000 characters."


@strawberry.input(description="What is to be written into a file.")
class RequestExportInput:
    kind: ExportKind = strawberry.field(description="What it is of.")
    workspace_id: strawberry.ID | None = optional(
        "The client: of WORKSPACE always, of JOURNAL where it is not of the whole agency."
    )
    member_id: strawberry.ID | None = optional("The member: of MEMBER always.")
    format: ExportFormat | None = optional("ZIP when left out, NDJSON for JOURNAL.")


@strawberry.type(description="The export, which a job writes.")
class RequestExportPayload:
    export: Export | None = strawberry.field(default=None, description="What was promised; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="An export with a file.")
class LinkToExportInput:
    export_id: strawberry.ID = strawberry.field(description="The export whose file it is; CONFLICT unless it is DONE.")


@strawberry.type(description="Where the file can be fetched.")
class LinkToExportPayload:
    path: str | None = strawberry.field(
        default=None,
        description="Put it behind the address of the API and GET it, without a token: whoever has it has the file.",
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until then, ten minutes.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="What must be kept.")
class PlaceHoldInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose data may be needed as evidence.")
    member_id: strawberry.ID | None = optional("Only this member of it; all of it when left out.")
    reason: str = strawberry.field(description="Why: at most 2,000 characters.")


@strawberry.input(description="What need not be kept any longer.")
class LiftHoldInput:
    hold_id: strawberry.ID = strawberry.field(description="The hold; CONFLICT if it was lifted before.")
    grounds: str = strawberry.field(description=_GROUNDS)


@strawberry.type(description="The hold as it is now.")
class HoldPayload:
    hold: Hold | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A member who is to be forgotten.")
class EraseMemberInput:
    member_id: strawberry.ID = strawberry.field(
        description="Who it is, in one community; ON_HOLD while a legal hold is on them or on the client."
    )
    grounds: str = strawberry.field(description="Why, for the proof: at most 2,000 characters, and not their name.")


@strawberry.type(description="The member, whom a job will forget.")
class EraseMemberPayload:
    member: Member | None = strawberry.field(default=None, description="As they are until then; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A client who goes.")
class CloseWorkspaceInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client; CONFLICT if it is closed already.")
    grounds: str = strawberry.field(description=_GROUNDS)


@strawberry.input(description="A client who stays after all.")
class ReopenWorkspaceInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client; CONFLICT if it is not closed.")


@strawberry.type(description="The client as it is now.")
class WorkspacePayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class LeavingForGood:
    @verb(
        RequestExportPayload,
        "Have everything of the agency, a client, a member or a journal written into a file, with what you may see then.",
        needs=Right.EXPORT,
    )
    async def request_export(self, info: Info, input: Input[RequestExportInput]) -> RequestExportPayload:
        export_id = await leaving.request_export(
            actor_of(info.context),
            what=input.kind.value,
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
            format=input.format.value if input.format else None,
        )
        return RequestExportPayload(export=ref(Export, export_id))

    @verb(LinkToExportPayload, "Get a link to the file of an export, open for ten minutes.", needs=Right.EXPORT)
    async def link_to_export(self, info: Info, input: Input[LinkToExportInput]) -> LinkToExportPayload:
        link = await leaving.link_to_export(
            actor_of(info.context), uuid_of("export", input.export_id, field="exportId")
        )
        return LinkToExportPayload(path=link.path, expires_at=link.expires_at)

    @verb(HoldPayload, "Keep a member or a client from being erased, as evidence.", needs=Right.HOLD)
    async def place_hold(self, info: Info, input: Input[PlaceHoldInput]) -> HoldPayload:
        hold_id = await evidence.place_hold(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
            reason=input.reason,
        )
        return HoldPayload(hold=ref(Hold, hold_id))

    @verb(HoldPayload, "Let erasure go on where a hold stood in its way.", needs=Right.HOLD)
    async def lift_hold(self, info: Info, input: Input[LiftHoldInput]) -> HoldPayload:
        hold_id = await evidence.lift_hold(
            actor_of(info.context), uuid_of("hold", input.hold_id, field="holdId"), grounds=input.grounds
        )
        return HoldPayload(hold=ref(Hold, hold_id))

    @verb(
        EraseMemberPayload,
        "Forget a member: their words, names and files are gone for good, and they cannot be imported again.",
        needs=Right.ERASE,
    )
    async def erase_member(self, info: Info, input: Input[EraseMemberInput]) -> EraseMemberPayload:
        member_id = await leaving.erase_member(
            actor_of(info.context), uuid_of("member", input.member_id, field="memberId"), grounds=input.grounds
        )
        return EraseMemberPayload(member=ref(Member, member_id))

    @verb(
        WorkspacePayload,
        "Close a client, for everybody but who manages clients; after thirty days all of it is deleted.",
        needs=Right.MANAGE_WORKSPACES,
    )
    async def close_workspace(self, info: Info, input: Input[CloseWorkspaceInput]) -> WorkspacePayload:
        workspace = await leaving.close_workspace(
            actor_of(info.context), uuid_of("workspace", input.workspace_id, field="workspaceId"), grounds=input.grounds
        )
        return WorkspacePayload(workspace=ref(Workspace, workspace.id))

    @verb(WorkspacePayload, "Open a client again before it is deleted.", needs=Right.MANAGE_WORKSPACES)
    async def reopen_workspace(self, info: Info, input: Input[ReopenWorkspaceInput]) -> WorkspacePayload:
        workspace = await leaving.reopen_workspace(
            actor_of(info.context), uuid_of("workspace", input.workspace_id, field="workspaceId")
        )
        return WorkspacePayload(workspace=ref(Workspace, workspace.id))
