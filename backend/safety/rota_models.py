from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import AgencyModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep


class HolidayCalendar(AgencyModel):
    """Which days are holidays, for layers of rotas: those of a country or a region, and the agency's own. Walled as rotas are."""

    forgetting = {
        **dict.fromkeys(("name", "own_days"), OF_THE_AGENCY),
        **dict.fromkeys(("country", "region", "working_days"), OUR_WORDS),
    }
    workspace_id: UUID | None = fields.UUIDField(null=True)
    name = fields.CharField(max_length=200)
    country = fields.CharField(max_length=2, null=True)
    region = fields.CharField(max_length=50, default="")
    own_days: list[dict[str, str]] = fields.JSONField(default=list)
    working_days: list[str] = ArrayField("text", default=list)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "holiday_calendars"


class Rota(AgencyModel):
    """Who is on call when: of one client, or of the agency for all its clients. Everybody who raises an escalation needs
    the agency's, so the wall lets all of it read them; what the API shows of other clients' is narrowed there."""

    forgetting = {"name": OF_THE_AGENCY, "time_zone": OUR_WORDS}
    workspace_id: UUID | None = fields.UUIDField(null=True)
    name = fields.CharField(max_length=200)
    time_zone = fields.CharField(max_length=64)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "rotas"


class RotaLayer(AgencyModel):
    """People of one level who take turns in shifts; of two layers that cover the same moment the later one counts."""

    forgetting = {"turns": Keep("ids of staff"), **dict.fromkeys(("weekdays", "holidays"), OUR_WORDS)}
    rota_id: UUID = fields.UUIDField()
    level = fields.IntField()
    position = fields.IntField()
    starts_at: datetime = fields.DatetimeField()
    shift_hours = fields.IntField()
    turns: list[str] = ArrayField("text")
    weekdays: list[str] = ArrayField("text", default=list)
    from_minute = fields.IntField(default=0)
    until_minute = fields.IntField(default=1440)
    ends_at: datetime | None = fields.DatetimeField(null=True)
    holidays = fields.CharField(max_length=10, default="ignored")
    calendar_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "rota_layers"


class RotaOverride(AgencyModel):
    """Somebody stands in for a while."""

    rota_id: UUID = fields.UUIDField()
    level = fields.IntField()
    membership_id: UUID = fields.UUIDField()
    instead_of_id: UUID | None = fields.UUIDField(null=True)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()

    class Meta:
        table = "rota_overrides"
