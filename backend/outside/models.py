from datetime import datetime

from tortoise import fields

from tenants.tables import AgencyModel
from tenants.treating import Keep


class AgencyKey(AgencyModel):
    """What an agency's secrets are sealed with, wrapped by the installation's key. One at a time is current; a retired
    one still opens what was sealed with it."""

    forgetting = {
        "wrapped": Keep("a key"),
    }
    stays_inside = "a key"
    stays_today = "a retired key opens what was sealed then"
    wrapped: bytes = fields.BinaryField()
    made_at: datetime = fields.DatetimeField(auto_now_add=True)
    retired_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "agency_keys"
