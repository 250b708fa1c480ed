"""What platforms tell of their communities: verified, stored, then taken in."""

from backend.intake.connecting import (
    CONNECTABLE,
    Connected,
    connect_community,
    disconnect_community,
    rotate_connection_secret,
)
from backend.intake.forgetting import forget_deliveries
from backend.intake.models import PlatformDelivery
from backend.intake.receiving import Door, NotConnected, NotSigned, Receipt, find_door, receive
from backend.intake.replaying import replay_platform_delivery
from backend.intake.storing import find_attachment_again, give_up_attachment, store_attachment
from backend.intake.taking_in import give_up_delivery, take_in_delivery
from backend.intake.thresholds import LARGEST_BODY

__all__ = [
    "CONNECTABLE",
    "LARGEST_BODY",
    "Connected",
    "Door",
    "NotConnected",
    "NotSigned",
    "PlatformDelivery",
    "Receipt",
    "connect_community",
    "disconnect_community",
    "find_attachment_again",
    "find_door",
    "forget_deliveries",
    "give_up_attachment",
    "give_up_delivery",
    "receive",
    "replay_platform_delivery",
    "rotate_connection_secret",
    "store_attachment",
    "take_in_delivery",
]
