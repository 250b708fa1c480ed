from datetime import timedelta
from uuid import UUID

from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.outside import seal
from backend.webhooks.signing import TABLE, new_secret, opened
from backend.webhooks.subscribing import Issued, held_endpoint, record
from backend.webhooks.thresholds import LONGEST_OVERLAP
from tenants.actor import Actor


async def rotate_secret(actor: Actor, endpoint_id: UUID, *, overlap: timedelta) -> Issued:
    """Another secret, told here and nowhere else; for `overlap` deliveries are signed with the old one as well. Of two
    rotations within an overlap, the second ends the oldest secret. Raises NotAllowed, NotFound, Invalid."""
    endpoint = await held_endpoint(actor, endpoint_id)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"Both sign for at most {LONGEST_OVERLAP.days} days.", path=("input", "overlapMinutes"))
    old, secret = await opened(endpoint.secret, "secret", endpoint.id), new_secret()
    endpoint.previous_secret = await seal(old, table=TABLE, column="previous_secret", row_id=endpoint.id)
    endpoint.previous_until = now() + overlap
    endpoint.secret = await seal(secret, table=TABLE, column="secret", row_id=endpoint.id)
    endpoint.version += 1
    await endpoint.save(update_fields=("secret", "previous_secret", "previous_until", "version"))
    await record("secret_rotated", endpoint, previous_until=endpoint.previous_until)
    return Issued(endpoint, secret)
