"""What is done on a platform: ordered, carried out, read back."""

from backend.acting.carrying_out import carry_out_actions, give_up_action, queue_again
from backend.acting.checking import check_connection
from backend.acting.confirming import confirm_action
from backend.acting.fetching_files import headers_for
from backend.acting.letting import drop_key, let_tend_act, stop_acting
from backend.acting.models import ActingKey, Action
from backend.acting.ordering import can_order, order_action
from backend.acting.platforms import KINDS, REVERSALS, Finding
from backend.acting.reversing import lift_precautions, reverse_actions
from backend.acting.settling import retry_action, settle_action

__all__ = [
    "KINDS",
    "REVERSALS",
    "ActingKey",
    "Action",
    "Finding",
    "can_order",
    "carry_out_actions",
    "check_connection",
    "confirm_action",
    "drop_key",
    "give_up_action",
    "headers_for",
    "let_tend_act",
    "lift_precautions",
    "order_action",
    "queue_again",
    "retry_action",
    "reverse_actions",
    "settle_action",
    "stop_acting",
]
