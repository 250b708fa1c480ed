"""Who is on call, and who is paged in which order."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry
from strawberry.scalars import JSON

from backend import safety
from graphql_schema.describing import value
from graphql_schema.orders import LayerOrder, OverrideOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right

_OF_MY_CLIENTS: Final = "({row}.workspace_id is null or {sees_all} or {row}.workspace_id = any({workspaces}))"


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    MON = value("mon", "Monday, where the rota is.")
    TUE = value("tue", "Tuesday, where the rota is.")
    WED = value("wed", "Wednesday, where the rota is.")
    THU = value("thu", "Thursday, where the rota is.")
    FRI = value("fri", "Friday, where the rota is.")
    SAT = value("sat", "Saturday, where the rota is.")
    SUN = value("sun", "Sunday, where the rota is.")


@strawberry.enum(description="What danger it is.")
class DangerKind(Enum):
    SELF_HARM = value("self_harm", "Somebody may hurt or kill themselves.")
    THREAT_TO_LIFE = value("threat_to_life", "Somebody may kill somebody.")
    CHILD_SAFETY = value("child_safety", "A child may be abused, or is.")
    VIOLENCE = value("violence", "Somebody may hurt somebody.")
    TERRORISM = value("terrorism", "An attack, or content that calls for one.")
    EXTORTION = value("extortion", "Somebody is threatened for money or pictures.")
    DOXXING = value("doxxing", "Where somebody lives or works is told against their will.")
    STALKING = value("stalking", "Somebody is followed.")
    INTIMATE_IMAGES = value("intimate_images", "Pictures that somebody never agreed to be shown.")
    MEDICAL = value("medical", "Somebody needs a doctor.")
    OTHER = value("other", "Another danger; the summary says which.")


@strawberry.enum(description="What happens when nobody has taken it after every repeat.")
class WhenExhausted(Enum):
    PAGE_OWNERS = value("page_owners", "The agency's owners are paged, and again every hour.")
    KEEP_LOOPING = value("keep_looping", "It begins anew, for ever.")


@strawberry.enum(description="What holidays mean to a layer of a rota.")
class LayerHolidays(Enum):
    IGNORED = value("ignored", "Nothing: they are days as any other.")
    NOT_ON = value("not_on", "It does not cover them.")
    ONLY_ON = value("only_on", "It covers nothing else.")


@publish(safety.HolidayCalendar, kind="holidaycalendar", needs=Right.READ_STAFF, row=_OF_MY_CLIENTS)
class HolidayCalendar(Node):
    """Which days are holidays. `holidays` has those of a year."""

    id: strawberry.ID
    name: str = column(description="What people call it.")
    country: str | None = column(description="Whose public holidays they are, ISO 3166-1; null for none's.")
    region: str = column(description="Of which region, ISO 3166-2 without the country; empty for the whole country.")
    own_days: JSON = column(description="Holidays besides, in the shape of HolidayInput.")
    working_days: list[str] = column(description="Public holidays that are none here, ISO 8601.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was made.")


@publish(safety.RotaLayer, needs=Right.READ_STAFF)
class RotaLayer:
    """People of one level who take turns. Of two layers that cover the same moment the one that is listed later counts."""

    level: int = column(description="1 is paged first; 5 at most.")
    position: int = column(description="Its place among the layers of the rota.")
    starts_at: datetime = column(description="When the first of `staffIds` begins.")
    shift_hours: int = column(description="How long each has, by the clock where the rota is.")
    staff_ids: list[strawberry.ID] = sql(
        "array(select 'staff_' || u.id from unnest({row}.turns) with ordinality u (id, place) order by u.place)",
        description="Who takes turns, in this order.",
    )
    weekdays: list[Weekday] = column(description="On which days; empty for all.")
    from_minute: int = column(description="From which minute of the day: 540 is 9:00.")
    until_minute: int = column(
        description="Until which minute; 1440 is the end of the day, one before `fromMinute` is of the next day."
    )
    ends_at: datetime | None = column(description="When the layer ends; null if it does not.")
    holidays: LayerHolidays = column(description="What holidays of `calendar` mean to it.")
    calendar: HolidayCalendar | None = one("calendar_id", description="Which holidays; null where they are ignored.")


@publish(safety.RotaOverride, needs=Right.READ_STAFF)
class RotaOverride:
    """Somebody stands in for a while."""

    level: int = column(description="On which level they stand in.")
    starts_at: datetime = column(description="From when they do.")
    ends_at: datetime = column(description="Until when they do.")
    staff: Staff | None = one("membership_id", description="Who stands in.")
    instead_of: Staff | None = one("instead_of_id", description="For whom alone; null for whoever is on call.")


@publish(safety.Rota, kind="rota", needs=Right.READ_STAFF, row=_OF_MY_CLIENTS)
class Rota(Node):
    """Who is on call when. Whoever is suspended, has left or lacks a certificate that a client asks for is passed over."""

    id: strawberry.ID
    name: str = column(description="What people call it.")
    time_zone: str = column(description="IANA name of where its hours are, such as Europe/Paris.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was made.")
    layers: Connection[RotaLayer] = many("rota_id", order=LayerOrder, description="Who takes turns, 30 at most.")
    overrides: Connection[RotaOverride] = many(
        "rota_id", order=OverrideOrder, description="Who stands in, 200 at most."
    )


@publish(
    safety.EscalationPolicy,
    kind="escalationpolicy",
    needs=Right.READ_STAFF,
    row=f"{_OF_MY_CLIENTS} and "
    "{row}.version = (select max(v.version) from escalation_policies v where v.agency_id = {agency} "
    "and v.workspace_id is not distinct from {row}.workspace_id)",
)
class EscalationPolicy(Node):
    """Who is paged in which order. Of a client's list the first that fits decides, then of the agency's, then the usual one:
    who is on call, then leads and the client, then owners."""

    id: strawberry.ID
    position: int = column(description="In which place it is tried, from 1.")
    version: int = column(description="Of the list in force; for `expectedVersion`.")
    max_severity: int = column(description="For what is at least as grave: 1 is the gravest, 5 for all.")
    kinds: list[DangerKind] = column(description="For one of these dangers; empty for any.")
    levels: JSON = column(description="Its levels, in the shape of PolicyLevelInput; none: the next list decides.")
    repeats: int = column(description="How often it begins anew, 0 to 9.")
    repeat_after_minutes: int = column(description="How long it rests before that.")
    on_exhausted: WhenExhausted = column(description="What happens after the last repeat.")
    created_at: datetime = column(description="When this version of the list was set.")


@publish(safety.SafetyContact, kind="safetycontact", needs=Right.LEAD_QUEUE)
class SafetyContact(Node):
    """Whom policies reach besides colleagues."""

    id: strawberry.ID
    email: str | None = column(description="Of the client's own people; null for none.")
    telephony_url: str | None = column(
        description="What calls people by telephone; it is told by signed webhooks, `/docs/safety`. Null for nothing."
    )
    no_authorities: str | None = column(
        description="The client's instruction not to contact authorities, in its words; null for none."
    )
    updated_at: datetime = column(description="When it was last said.")


@publish(safety.SafetySettings, kind="safetysettings", needs=Right.READ_STAFF)
class SafetySettings(Node):
    """What the agency promises about escalations."""

    id: strawberry.ID
    has_monthly_drills: bool = column(description="Whether a drill starts by itself every four weeks.")
    acknowledge_within: list[int] | None = column(
        description="Seconds until somebody takes it, by severity, the gravest first; null for Tend's own: 5 and 15 minutes, "
        "2 hours, 1 and 5 days."
    )
    most_grave_a_day: int | None = column(
        description="Of how many of severity 1 or 2 somebody has had enough in 24 hours; null for no such number."
    )
    most_grave_a_week: int | None = column(description="The same, of how many in 7 days.")
    most_grave_hours_a_day: int | None = column(description="The same, of how many hours of them in 24 hours.")
    most_grave_hours_a_week: int | None = column(description="The same, of how many hours of them in 7 days.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    updated_at: datetime = column(description="When they were last set.")
