"""Writing and deleting saved answers."""

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.decisions import Outcome
from graphql_schema.describing import Input, optional
from graphql_schema.macros import Macro
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="A saved answer, all of it.")
class WriteMacroInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose cases it is for.")
    macro_id: strawberry.ID | None = optional("The one to write anew; left out for another one.")
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")
    outcome: Outcome = strawberry.field(description="What it decides.")
    policy_id: strawberry.ID | None = optional("The policy that was broken; refused for NO_VIOLATION.")
    actions: list[ActionKind] = strawberry.field(
        default_factory=list, description="What to do in the community; refused for NO_VIOLATION."
    )
    text: str = strawberry.field(
        description="At most 5,000 characters. {{member}}, {{policy}} and {{community}} are filled in; others are refused."
    )


@strawberry.type(description="The saved answer.")
class WriteMacroPayload:
    macro: Macro | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A saved answer that nobody needs any more.")
class DeleteMacroInput:
    macro_id: strawberry.ID = strawberry.field(description="The saved answer to delete.")


@strawberry.type(description="The client without the saved answer.")
class DeleteMacroPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The client it was of; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class WritingMacros:
    @verb(WriteMacroPayload, "Save an answer, or write one anew.", needs=Right.WRITE_POLICIES)
    async def write_macro(self, info: Info, input: Input[WriteMacroInput]) -> WriteMacroPayload:
        macro = await moderation.write_macro(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            macro_id=optional_uuid_of("macro", input.macro_id, field="macroId"),
            name=input.name,
            outcome=input.outcome.value,
            policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
            actions=[kind.value for kind in input.actions],
            text=input.text,
        )
        return WriteMacroPayload(macro=ref(Macro, macro.id))

    @verb(DeleteMacroPayload, "Delete a saved answer. Decisions made with it stay.", needs=Right.WRITE_POLICIES)
    async def delete_macro(self, info: Info, input: Input[DeleteMacroInput]) -> DeleteMacroPayload:
        workspace_id = await moderation.delete_macro(
            actor_of(info.context), uuid_of("macro", input.macro_id, field="macroId")
        )
        return DeleteMacroPayload(workspace=ref(Workspace, workspace_id))
