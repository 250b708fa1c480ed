from datetime import datetime

from tortoise import fields

from tenants.tables import AgencyModel
from tenants.treating import A_HASH, Keep


class KeptAnswer(AgencyModel):
    """What one mutation field answered. `lookup` is a hash of who asked, for which scope, with which key, and where in
    the operation; `answer` can be read with that key only."""

    forgetting = {
        "lookup": A_HASH,
        "fingerprint": A_HASH,
        "answer": Keep("encrypted for a day, with a key that is kept nowhere"),
    }
    stays_inside = "can be read by whoever has asked only"
    lookup: bytes = fields.BinaryField()
    fingerprint: bytes = fields.BinaryField()
    answer: bytes = fields.BinaryField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "kept_answers"
