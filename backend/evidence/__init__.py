"""What must be kept: legal holds, pictures and files of posts, and what cases were decided upon."""

from backend.evidence.attaching import IncomingAttachment, note_attachments, purge_attachments
from backend.evidence.capturing import INTACT, Checked, capture, verify_snapshots
from backend.evidence.holding import OnHold, is_held, lift_hold, lock_workspace, place_hold, preserve_member
from backend.evidence.models import Attachment, EvidenceSnapshot, Hold
from backend.evidence.purging import purge_evidence, set_evidence_days

__all__ = [
    "INTACT",
    "Attachment",
    "Checked",
    "EvidenceSnapshot",
    "Hold",
    "IncomingAttachment",
    "OnHold",
    "capture",
    "is_held",
    "lift_hold",
    "lock_workspace",
    "note_attachments",
    "place_hold",
    "preserve_member",
    "purge_attachments",
    "purge_evidence",
    "set_evidence_days",
    "verify_snapshots",
]
