"""What is looked at on the way to any platform."""

from email.utils import parsedate_to_datetime

from backend.acting.asking import Answer
from backend.acting.platforms import Finding
from backend.acting.thresholds import CLOCK_MAY_DIFFER
from backend.kit.clock import now


def clock_finding(answer: Answer) -> Finding:
    """By the `Date` of the answer."""
    try:
        ahead = parsedate_to_datetime(answer.headers.get("date", "")) - now()
    except (ValueError, TypeError):
        return Finding(True, "The platform does not tell the time.")
    if abs(ahead) <= CLOCK_MAY_DIFFER:
        return Finding(True, "Its clock agrees with ours.")
    minutes = round(abs(ahead).total_seconds() / 60)
    return Finding(False, f"Its clock and ours differ by {minutes} minutes: what is signed is refused from five on.")
