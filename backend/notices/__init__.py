"""One thing that happened, told to the people it concerns."""

from backend.notices.delivering import deliver_notices
from backend.notices.models import Notice
from backend.notices.telling import Recipient, tell, told_since

__all__ = ["Notice", "Recipient", "deliver_notices", "tell", "told_since"]
