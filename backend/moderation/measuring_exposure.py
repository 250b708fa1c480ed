"""What reviewers had before their eyes: seconds in sight, weighted by severity, over a shift (F11 of the reference).

It caps what somebody is offered and is shown to them and to who plans their shifts. It is no measure of work.
"""

from typing import Final

from backend.moderation.thresholds import EXPOSURE_WEIGHT

_WEIGHT: Final = " ".join(f"when '{severity}' then {weight}" for severity, weight in EXPOSURE_WEIGHT.items())
# Of a row `k` of claims. Where the screen has told nothing, all of the time it was claimed counts.
CLAIMED_SECONDS: Final = (
    "coalesce(k.visible_seconds, extract(epoch from coalesce(k.ended_at, least(now(), k.expires_at)) - k.claimed_at))"
)
WEIGHTED_SECONDS: Final = f"{CLAIMED_SECONDS} * case k.severity {_WEIGHT} else 0 end"
