"""Reading one's notices, and saying how one wants to be told; and what admins do about messages that did not go."""

from typing import Any

import strawberry

from backend import notices
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.notices import (
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeLanguage,
    NoticePreference,
    NoticeSettings,
    NoticeTiming,
)
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="Notices of yours.")
class MarkNoticesReadInput:
    notice_ids: list[strawberry.ID] = strawberry.field(description="Which you have read, 100 at most.")


@strawberry.type(description="The notices as they are now.")
class MarkNoticesReadPayload:
    notices: list[Notice] | None = strawberry.field(
        default=None, description="In the order given; null when refused, and then none was marked."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="How you want to be told of one kind of thing by one channel.")
class NoticePreferenceInput:
    kind: str = strawberry.field(description="What happens, as `Notice.kind`.")
    channel: NoticeChannel = strawberry.field(description="The channel by which you are told.")
    how: NoticeTiming = strawberry.field(description="When you are told of it.")
    workspace_id: strawberry.ID | None = optional("For this client alone; for all others if left out.")


@strawberry.input(description="Some of your wishes; those that are not named stay as they are.")
class SetNoticePreferencesInput:
    preferences: list[NoticePreferenceInput] = strawberry.field(description="100 at most.")


@strawberry.type(description="The wishes as they are now.")
class SetNoticePreferencesPayload:
    preferences: list[NoticePreference] | None = strawberry.field(
        default=None, description="In the order given; null when refused, and then none was changed."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="All of your settings; what is left out is as at the beginning, but for the chat.")
class SetNoticeSettingsInput:
    time_zone: str = strawberry.field(default="UTC", description="IANA name of where you are, such as Europe/Paris.")
    language: NoticeLanguage = strawberry.field(
        default=NoticeLanguage.EN, description="The language of mails and chat messages."
    )
    digest_hour: int = strawberry.field(default=8, description="The local hour of daily messages, 0 to 23.")
    quiet_from: int | None = optional("The local hour from which nothing comes but danger, 0 to 23.")
    quiet_until: int | None = optional("The local hour at which what was held back comes, 0 to 23.")
    chat_url: str | None = optional(
        "The https address of an incoming webhook of Slack or Mattermost; an empty text for none, and the one that is "
        "there stays if left out. Shown to nobody."
    )


@strawberry.type(description="The settings as they are now.")
class SetNoticeSettingsPayload:
    settings: NoticeSettings | None = strawberry.field(default=None, description="Yours; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A message that did not go.")
class ReplayNoticeDeliveryInput:
    notice_delivery_id: strawberry.ID = strawberry.field(description="Which has failed.")


@strawberry.type(description="The delivery as it is now.")
class ReplayNoticeDeliveryPayload:
    delivery: NoticeDelivery | None = strawberry.field(default=None, description="Waiting again; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="All of how a client writes to its own people; what is left out is the client's name.")
class SetWorkspaceBrandInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose people get these mails.")
    name: str | None = optional("What stands at the head of its mails, at most 100 characters.")
    colour: str | None = optional("Such as #1f2937, dark enough for white letters on it: a contrast of 4.5 at least.")
    sender: str | None = optional("Whom its mails come from, at most 100 characters; the address stays Tend's own.")
    reply_to: str | None = optional("The mail address that answers go to; nowhere if left out.")


@strawberry.type(description="The client as it is now.")
class SetWorkspaceBrandPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="The client; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class BeingTold:
    @verb(
        MarkNoticesReadPayload,
        "Say that you have read notices: what waits to be sent of them elsewhere is not sent any more.",
        needs=Right.READ_WORKSPACE,
    )
    async def mark_notices_read(self, info: Info, input: Input[MarkNoticesReadInput]) -> MarkNoticesReadPayload:
        ids = [uuid_of("notice", id, field="noticeIds") for id in input.notice_ids]
        read = await notices.mark_read(actor_of(info.context), ids)
        return MarkNoticesReadPayload(notices=[ref(Notice, id) for id in read])

    @verb(
        SetNoticePreferencesPayload,
        "Say how you want to be told. What you do not want any more is not sent, even if it waits already.",
        needs=Right.READ_WORKSPACE,
    )
    async def set_notice_preferences(
        self, info: Info, input: Input[SetNoticePreferencesInput]
    ) -> SetNoticePreferencesPayload:
        wanted = [
            notices.Preference(
                kind=each.kind,
                channel=each.channel.value,
                how=each.how.value,
                workspace_id=optional_uuid_of("workspace", _given(each.workspace_id), field="preferences"),
            )
            for each in input.preferences
        ]
        set_ = await notices.set_preferences(actor_of(info.context), wanted)
        return SetNoticePreferencesPayload(preferences=[ref(NoticePreference, id) for id in set_])

    @verb(
        SetNoticeSettingsPayload,
        "Say when, where and in which language you are told, at this agency.",
        needs=Right.READ_WORKSPACE,
    )
    async def set_notice_settings(self, info: Info, input: Input[SetNoticeSettingsInput]) -> SetNoticeSettingsPayload:
        id = await notices.set_settings(
            actor_of(info.context),
            time_zone=input.time_zone,
            language=input.language.value,
            digest_hour=input.digest_hour,
            quiet_from=_given(input.quiet_from),
            quiet_until=_given(input.quiet_until),
            chat_url=_given(input.chat_url),
        )
        return SetNoticeSettingsPayload(settings=ref(NoticeSettings, id))

    @verb(
        ReplayNoticeDeliveryPayload,
        "Send a message once more that has failed. Should it have arrived after all, mail programs show it once.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def replay_notice_delivery(
        self, info: Info, input: Input[ReplayNoticeDeliveryInput]
    ) -> ReplayNoticeDeliveryPayload:
        id = await notices.replay_delivery(
            actor_of(info.context), uuid_of("noticedelivery", input.notice_delivery_id, field="noticeDeliveryId")
        )
        return ReplayNoticeDeliveryPayload(delivery=ref(NoticeDelivery, id))

    @verb(
        SetWorkspaceBrandPayload,
        "Say how a client writes to its own people: stakeholders and contributors get mail in its name and colour.",
        needs=Right.MANAGE_WORKSPACES,
    )
    async def set_workspace_brand(self, info: Info, input: Input[SetWorkspaceBrandInput]) -> SetWorkspaceBrandPayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await notices.set_brand(
            actor_of(info.context),
            workspace_id,
            name=_given(input.name),
            colour=_given(input.colour),
            sender=_given(input.sender),
            reply_to=_given(input.reply_to),
        )
        return SetWorkspaceBrandPayload(workspace=ref(Workspace, workspace_id))


def _given(value: Any) -> Any:
    """Left out is the same as null."""
    return None if value is strawberry.UNSET else value
