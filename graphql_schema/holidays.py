"""Holidays for rotas: calendars, and what is known of countries."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry

from backend import safety
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.on_call import HolidayCalendar
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.type(description="A day that is a holiday.")
class Holiday:
    day: str = strawberry.field(description="A date where the rota is, ISO 8601: 2026-12-25.")
    name: str = strawberry.field(description="What it is called: in English where it is a public one.")


@strawberry.input(description="A day that is a holiday.")
class HolidayInput:
    day: str = strawberry.field(description="A date where the rota is, ISO 8601: 2026-12-25.")
    name: str = strawberry.field(description="What it is called, at most 200 characters.")


@strawberry.input(description="The whole of a calendar.")
class SetHolidayCalendarInput:
    calendar_id: strawberry.ID | None = optional("The calendar to be changed; a new one where it is left out.")
    workspace_id: strawberry.ID | None = optional("The client; the agency, for all its clients, where it is left out.")
    name: str = strawberry.field(description="At most 200 characters; another one has another.")
    country: str | None = optional(
        "Whose public holidays they are, ISO 3166-1 such as DE; none's where it is left out."
    )
    region: str = strawberry.field(
        default="", description="One of `holidayRegions`, such as BY; empty for what the whole country has."
    )
    own_days: list[HolidayInput] = strawberry.field(default_factory=list, description="Holidays besides, 400 at most.")
    working_days: list[str] = strawberry.field(
        default_factory=list, description="Public holidays that are none here, ISO 8601, 400 at most."
    )
    expected_version: int | None = optional("Refused with CONFLICT where it is not the version any more.")


@strawberry.type(description="The calendar, as it is now.")
class SetHolidayCalendarPayload:
    calendar: HolidayCalendar | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingHolidays:
    @verb(
        SetHolidayCalendarPayload,
        "Say which days are holidays: the whole calendar anew. Rotas that name it follow at once.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_holiday_calendar(
        self, info: Info, input: Input[SetHolidayCalendarInput]
    ) -> SetHolidayCalendarPayload:
        calendar = safety.Calendar(
            country=input.country or None,
            region=input.region,
            own=dict(
                zip(
                    _dates([each.day for each in input.own_days], field="ownDays"),
                    (each.name for each in input.own_days),
                    strict=True,
                )
            ),
            working=frozenset(_dates(input.working_days, field="workingDays")),
        )
        calendar_id = await safety.set_holiday_calendar(
            actor_of(info.context),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            calendar_id=optional_uuid_of("holidaycalendar", input.calendar_id, field="calendarId"),
            name=input.name,
            calendar=calendar,
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return SetHolidayCalendarPayload(calendar=ref(HolidayCalendar, calendar_id))


@strawberry.type
class Holidays:
    @strawberry.field(
        description="The holidays of a calendar in a year, the earliest first; null for none that you see. Public ones are known "
        "from 2025 to 2035, Sri Lanka's to 2026, those of the moon as they are reckoned beforehand.",
        metadata={NEEDS: Right.READ_STAFF},
    )
    async def holidays(
        self,
        info: Info,
        calendar_id: Annotated[strawberry.ID, strawberry.argument(description="The calendar it is about.")],
        year: Annotated[int, strawberry.argument(description="Which year, 2025 to 2035.")],
    ) -> list[Holiday] | None:
        parsed = parse_published(calendar_id)
        if parsed is None or parsed[0] != "holidaycalendar":
            return None
        try:
            days = await safety.holidays_in(actor_of(info.context), parsed[1], year=year)
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return [Holiday(day=day.isoformat(), name=name) for day, name in days.items()]

    @strawberry.field(
        description="Regions of a country that have holidays of their own, for `SetHolidayCalendarInput.region`; null for what is "
        "no country that Tend knows.",
        metadata={NEEDS: Right.READ_STAFF},
    )
    async def holiday_regions(
        self, info: Info, country: Annotated[str, strawberry.argument(description="ISO 3166-1, two letters.")]
    ) -> list[str] | None:
        if Right.READ_STAFF not in actor_of(info.context).rights:
            return None
        return safety.regions_of(country)


def _dates(texts: Sequence[str], *, field: str) -> list[date]:
    """Raises Invalid."""
    try:
        return [date.fromisoformat(text) for text in texts]
    except ValueError:
        raise Invalid("A day is a date such as 2026-12-25.", path=("input", field)) from None
