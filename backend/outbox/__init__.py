"""Work for later: a job is inserted in the transaction that promises it, and leaves only after its commit."""

from backend.outbox.asking import enqueue
from backend.outbox.forgetting import remove_ended_jobs
from backend.outbox.models import Job, Slot

__all__ = ["Job", "Slot", "enqueue", "remove_ended_jobs"]
