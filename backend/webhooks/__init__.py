"""What happens, told to other people's servers: signed, tried again, never in the way of anybody else."""

from backend.webhooks.delivering import deliver_webhooks, give_up_turn
from backend.webhooks.disabling import disable_endpoint, enable_endpoint
from backend.webhooks.forgetting import forget_webhooks
from backend.webhooks.kinds import KINDS
from backend.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from backend.webhooks.queueing import queue_webhooks
from backend.webhooks.replaying import replay_deliveries, replay_delivery, send_test
from backend.webhooks.rotating import rotate_secret
from backend.webhooks.shaping import shape_with
from backend.webhooks.signing import new_secret, signed
from backend.webhooks.subscribing import Issued, Wanted, change_endpoint, create_endpoint, remove_endpoint

__all__ = [
    "KINDS",
    "Issued",
    "Wanted",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "change_endpoint",
    "create_endpoint",
    "deliver_webhooks",
    "disable_endpoint",
    "enable_endpoint",
    "forget_webhooks",
    "give_up_turn",
    "new_secret",
    "queue_webhooks",
    "remove_endpoint",
    "replay_deliveries",
    "replay_delivery",
    "rotate_secret",
    "send_test",
    "shape_with",
    "signed",
]
