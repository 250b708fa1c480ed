"""A mutation that is sent again under the same key answers what it has answered, and is done once."""

from backend.idempotency.keeping import IdempotencyConflict, IdempotencyKeyReused, Kept, forget_answers
from backend.idempotency.models import KeptAnswer

__all__ = ["IdempotencyConflict", "IdempotencyKeyReused", "Kept", "KeptAnswer", "forget_answers"]
