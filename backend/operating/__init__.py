"""What people do about work in the background: look at it, try it again, call it off."""

from backend.operating.cancelling import cancel_job
from backend.operating.looking import look_at_job, look_at_jobs
from backend.operating.replaying import replay_job

__all__ = ["cancel_job", "look_at_job", "look_at_jobs", "replay_job"]
