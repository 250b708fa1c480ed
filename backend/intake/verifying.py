"""Whether a platform said it: each signs the bytes in its own way. Compared in constant time, before anything parses."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.intake.thresholds import TOLERANCE


def is_signed(platform: str, secret: str, *, headers: Mapping[str, str], body: bytes, moment: datetime) -> bool:
    """`headers` are asked in lower case. False for a platform that signs nothing."""
    if platform == "discourse":
        return _is_hmac(secret, body, headers.get("x-discourse-event-signature"), prefix="sha256=")
    if platform == "mastodon":
        return _is_hmac(secret, body, headers.get("x-hub-signature"), prefix="sha256=")
    if platform == "slack":
        return _is_signed_by_slack(secret, headers, body, moment)
    if platform == "webhook":
        return _is_standard(secret, headers, body)
    return False


def _is_signed_by_slack(secret: str, headers: Mapping[str, str], body: bytes, moment: datetime) -> bool:
    said = headers.get("x-slack-request-timestamp", "")
    if not (said.isascii() and said.isdigit() and len(said) < 12):
        return False
    if abs(moment.timestamp() - int(said)) > TOLERANCE.total_seconds():
        return False
    return _is_hmac(secret, b"v0:" + said.encode() + b":" + body, headers.get("x-slack-signature"), prefix="v0=")


def _is_standard(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """The library has the tolerance; it raises ValueError for what is no signature, or no text."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    try:
        Webhook(secret).verify(body, {name: headers.get(name, "") for name in names}, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def _is_hmac(secret: str, signed: bytes, given: str | None, *, prefix: str) -> bool:
    expected = prefix + hmac.digest(secret.encode(), signed, "sha256").hex()
    # In bytes: texts with other characters than ASCII cannot be compared in constant time.
    return given is not None and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
