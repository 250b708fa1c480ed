"""What leaves only after the commit: jobs, inserted in the transaction that promises them, and events."""

from backend.outbox.absorbing import absorb
from backend.outbox.announcing import Event, announce, publish_with
from backend.outbox.asking import enqueue, enqueue_beside
from backend.outbox.beating import BEAT_SECONDS, SILENT_AFTER, beat, count_workers, leave
from backend.outbox.forgetting import remove_ended_jobs
from backend.outbox.models import Job, Slot, WorkspaceSlot
from backend.outbox.progressing import job_underway, report_progress
from backend.outbox.ranking import Priority, rank_kinds

__all__ = [
    "BEAT_SECONDS",
    "SILENT_AFTER",
    "Event",
    "Job",
    "Priority",
    "Slot",
    "WorkspaceSlot",
    "absorb",
    "announce",
    "beat",
    "count_workers",
    "enqueue",
    "enqueue_beside",
    "job_underway",
    "leave",
    "publish_with",
    "rank_kinds",
    "remove_ended_jobs",
    "report_progress",
]
