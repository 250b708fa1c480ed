from datetime import datetime
from enum import Enum
from typing import Final

import strawberry

from backend import notices
from graphql_schema.describing import optional, value
from graphql_schema.projection import Either, Filters, Node, column, one, one_of, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right

_OWN: Final = "{row}.membership_id = {membership}"

_READABLE: Final = notices.readable("{row}", agency="{agency}", membership="{membership}")


@strawberry.enum(description="How grave it is.")
class NoticeUrgency(Enum):
    DANGER = value("danger", "Told at once, whatever the hour; cannot be switched off.")
    NORMAL = value("normal", "Told as you want to be.")


@strawberry.enum(description="Where you are told besides Tend itself.")
class NoticeChannel(Enum):
    MAIL = value("mail", "At the address of your membership.")
    CHAT = value("chat", "In the chat that you named in your settings, as Slack and Mattermost take it.")


@strawberry.enum(description="When you are told.")
class NoticeTiming(Enum):
    AT_ONCE = value("at_once", "When it happens; what follows within five minutes comes as one message.")
    HOURLY = value("hourly", "In one message for each hour in which something happened.")
    DAILY = value("daily", "In one message a day, at `digestHour`.")
    NEVER = value("never", "Not at all, but in Tend itself.")


@strawberry.enum(description="The language of mails and chat messages.")
class NoticeLanguage(Enum):
    EN = value("en", "English, also where another language lacks a text.")
    DE = value("de", "German, with the formal address.")


@publish(notices.Notice, kind="notice", needs=Right.READ_WORKSPACE, row=_READABLE)
class Notice(Node):
    """Something that happened and concerns you. What needs a right that you have no longer is not there."""

    id: strawberry.ID
    kind: str = column(
        description="What happened: report_decided is the answer to a report of yours; new ones may come."
    )
    urgency: NoticeUrgency = column(description="How grave it is.")
    text: str = column(description="A sentence or two for you to read.")
    subject_id: strawberry.ID = sql(
        "{row}.subject_kind || '_' || {row}.subject_id",
        description="The id of what it is about, for `node`; here even where `subject` is null.",
    )
    subject: Node | None = one_of(
        dict.fromkeys(
            (
                "Action",
                "Appeal",
                "Case",
                "Enrolment",
                "Escalation",
                "Export",
                "InvestigationResult",
                "Member",
                "Staff",
                "WebhookEndpoint",
            ),
            "subject_id",
        ),
        kind="subject_kind",
        description="What it is about; null where you may not see it.",
    )
    created_at: datetime = column(description="When it happened.")
    delivered_at: datetime | None = column(description="When it was put where you look; null until then.")
    read_at: datetime | None = column(description="When you read it; null until you say so with markNoticesRead.")


@strawberry.input(description="Which notices; a field that is left out or null asks for nothing.")
class NoticeFilter:
    is_unread: bool | None = optional("Those you have not read, or those you have.")


NOTICE_FILTERS: Final = Filters(
    NoticeFilter, {"is_unread": Either("{row}.read_at is null", "{row}.read_at is not null")}
)


@publish(notices.NoticePreference, kind="noticepreference", needs=Right.READ_WORKSPACE, row=_OWN)
class NoticePreference(Node):
    """How you want to be told of one kind of thing by one channel. Where you have said nothing, you are told at once."""

    id: strawberry.ID
    kind: str = column(description="What happened, as `Notice.kind`.")
    channel: NoticeChannel = column(description="The channel by which you are told.")
    how: NoticeTiming = column(description="When you are told of it.")
    workspace_id: strawberry.ID | None = sql(
        "'workspace_' || {row}.workspace_id",
        description="The client for which it is so; null for all about which nothing else is said.",
    )
    created_at: datetime = column(description="When you first said so.")


@publish(notices.NoticeSettings, kind="noticesettings", needs=Right.READ_WORKSPACE, row=_OWN)
class NoticeSettings(Node):
    """When, where and in which language you are told, at this agency."""

    id: strawberry.ID
    time_zone: str = column(description="IANA name of where you are, such as Europe/Paris: hours are hours there.")
    language: NoticeLanguage = column(description="The language of mails and chat messages.")
    digest_hour: int = column(description="The hour of daily messages, 0 to 23.")
    quiet_from: int | None = column(
        description="The hour from which nothing comes but danger, 0 to 23; null without quiet hours."
    )
    quiet_until: int | None = column(
        description="The hour at which what was held back comes; null without quiet hours."
    )
    has_chat: bool = column(description="Whether you named a chat; its address is shown to nobody.")


@strawberry.enum(description="What became of a message.")
class NoticeDeliveryState(Enum):
    WAITING = value("waiting", "It will be sent at `dueAt`, or is being tried: `problem` says what came between.")
    SENT = value("sent", "The server it was handed to has taken it.")
    FAILED = value("failed", "It was refused, tried too often or called off: `problem` says why. It can be replayed.")
    DROPPED = value("dropped", "Whom it was for had read it already, or may not or does not want to be told any more.")


@publish(notices.NoticeDelivery, kind="noticedelivery", needs=Right.MANAGE_PEOPLE)
class NoticeDelivery(Node):
    """One notice on its way to somebody outside Tend."""

    id: strawberry.ID
    kind: str = column(description="What happened, as `Notice.kind`.")
    channel: NoticeChannel = column(description="The channel by which it goes.")
    state: NoticeDeliveryState = column(description="What became of it.")
    recipient: Staff | None = one("membership_id", description="Whom it is for.")
    due_at: datetime = column(description="When it is due, by the wishes of whom it is for.")
    attempt: int = column(description="How often it was tried.")
    problem: str | None = column(description="Why it has not gone, for people; null where nothing came between.")
    created_at: datetime = column(description="When it happened.")
    ended_at: datetime | None = column(description="When it was sent, failed or was dropped; null until then.")


@strawberry.input(description="Which deliveries; a field that is left out or null asks for nothing.")
class NoticeDeliveryFilter:
    state: NoticeDeliveryState | None = optional("Of which this became.")
    staff_id: strawberry.ID | None = optional("To this person; an id that is not there matches nothing.")


DELIVERY_FILTERS: Final = Filters(
    NoticeDeliveryFilter,
    {"state": "{row}.state = {value}::text", "staff_id": "{row}.membership_id = {value}::uuid"},
)
