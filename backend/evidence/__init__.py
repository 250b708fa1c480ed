"""What must be kept: legal holds."""

from backend.evidence.holding import OnHold, is_held, lift_hold, lock_workspace, place_hold
from backend.evidence.models import Hold

__all__ = ["Hold", "OnHold", "is_held", "lift_hold", "lock_workspace", "place_hold"]
