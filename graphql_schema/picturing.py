"""Pictures of articles and lessons. Their files come and go over plain HTTP, by links that these hand out."""

from datetime import datetime

import strawberry

from backend import education
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.teaching import ContentPicture
from tenants.rights import Right


@strawberry.input(description="A picture that is to come.")
class AddPictureInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose texts may show it.")


@strawberry.input(description="A picture that somebody wants to see.")
class LinkToPictureInput:
    picture_id: strawberry.ID = strawberry.field(description="Which one; its file has to have come.")


@strawberry.input(description="A picture that is to go.")
class DeletePictureInput:
    picture_id: strawberry.ID = strawberry.field(description="Which one; readers may not see it, and no draft name it.")


@strawberry.type(description="A place for a picture, and where its file is sent.")
class AddPicturePayload:
    picture: ContentPicture | None = strawberry.field(default=None, description="Null when refused.")
    upload_path: str | None = strawberry.field(
        default=None,
        description="Below the API's address, for one file: POST it as the body, or as `file` of a form. Null when refused.",
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it can be sent.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where whoever writes sees a picture.")
class LinkToPicturePayload:
    url: str | None = strawberry.field(
        default=None,
        description="Whoever has it sees the picture: for a page of staff, and for no text. Null when refused.",
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it opens; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where it was.")
class DeletePicturePayload:
    workspace: Workspace | None = strawberry.field(default=None, description="Whose picture it was; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Picturing:
    @verb(AddPicturePayload, "Make a place for a picture of articles and lessons.", needs=Right.TEACH)
    async def add_picture(self, info: Info, input: Input[AddPictureInput]) -> AddPicturePayload:
        upload = await education.add_picture(
            actor_of(info.context), uuid_of("workspace", input.workspace_id, field="workspaceId")
        )
        return AddPicturePayload(
            picture=ref(ContentPicture, upload.picture_id), upload_path=upload.path, expires_at=upload.expires_at
        )

    @verb(LinkToPicturePayload, "Ask for a link to see a picture by, for ten minutes.", needs=Right.TEACH)
    async def link_to_picture(self, info: Info, input: Input[LinkToPictureInput]) -> LinkToPicturePayload:
        link = await education.link_to_picture(
            actor_of(info.context), uuid_of("picture", input.picture_id, field="pictureId")
        )
        return LinkToPicturePayload(url=link.url, expires_at=link.expires_at)

    @verb(
        DeletePicturePayload,
        "Delete a picture that readers do not see and no draft names, with its file.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def delete_picture(self, info: Info, input: Input[DeletePictureInput]) -> DeletePicturePayload:
        client = await education.delete_picture(
            actor_of(info.context), uuid_of("picture", input.picture_id, field="pictureId")
        )
        return DeletePicturePayload(workspace=ref(Workspace, client))
