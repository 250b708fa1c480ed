"""What must be kept: legal holds, and what cases were decided upon."""

from backend.evidence.capturing import INTACT, Checked, capture, verify_snapshots
from backend.evidence.holding import OnHold, is_held, lift_hold, lock_workspace, place_hold
from backend.evidence.models import EvidenceSnapshot, Hold
from backend.evidence.purging import purge_evidence, set_evidence_days

__all__ = [
    "INTACT",
    "Checked",
    "EvidenceSnapshot",
    "Hold",
    "OnHold",
    "capture",
    "is_held",
    "lift_hold",
    "lock_workspace",
    "place_hold",
    "purge_evidence",
    "set_evidence_days",
    "verify_snapshots",
]
