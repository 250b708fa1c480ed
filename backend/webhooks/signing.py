"""Standard Webhooks: each delivery is signed, during a rotation with both secrets."""

import base64
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from backend.outside import open_sealed
from backend.webhooks.models import WebhookEndpoint
from backend.webhooks.thresholds import SECRET_BYTES

TABLE: Final = "webhook_endpoints"


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


async def secrets_of(endpoint: WebhookEndpoint, moment: datetime) -> list[str]:
    """All that sign at this moment, the newest first. Call in the agency's scope."""
    found = [await opened(endpoint.secret, "secret", endpoint.id)]
    if (
        endpoint.previous_secret is not None
        and endpoint.previous_until is not None
        and endpoint.previous_until > moment
    ):
        found.append(await opened(endpoint.previous_secret, "previous_secret", endpoint.id))
    return found


def signed(keys: list[str], *, id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The headers."""
    text = body.decode()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(id, moment, text) for key in keys),
    }


async def opened(value: bytes, column: str, id: UUID) -> str:
    return await open_sealed(value, table=TABLE, column=column, row_id=id)
