"""Verification programmes: what members claim is made sure of, with evidence that does not stay."""

from backend.verification.checking import check_link, give_up_link
from backend.verification.deciding import close_task, decide_evidence, vouch
from backend.verification.designing import (
    KINDS,
    Design,
    archive_programme,
    create_programme,
    revise_programme,
)
from backend.verification.expiring import expire_verifications, purge_receipts
from backend.verification.giving import (
    Letter,
    Shown,
    ask_for_mail,
    show_booking,
    show_link,
    show_mailed_code,
    show_receipt,
    show_site_code,
)
from backend.verification.inviting import Invited, invite
from backend.verification.measuring import IS_VERIFIED, Verified, Week, verified_by_week, verified_in
from backend.verification.models import (
    VerificationDesign,
    VerificationEvidence,
    VerificationProgramme,
    VerificationReference,
    VerificationTask,
    VerificationUse,
)
from backend.verification.noting import BadLine, Booking, Noted, import_bookings, issue_site_codes, note_bookings
from backend.verification.opening import Badge, Opened, open_badge, open_page
from backend.verification.seeing_receipts import Receipt, link_to_receipt, open_receipt
from backend.verification.thresholds import LARGEST_RECEIPT

__all__ = [
    "IS_VERIFIED",
    "KINDS",
    "LARGEST_RECEIPT",
    "BadLine",
    "Badge",
    "Booking",
    "Design",
    "Invited",
    "Letter",
    "Noted",
    "Opened",
    "Receipt",
    "Shown",
    "VerificationDesign",
    "VerificationEvidence",
    "VerificationProgramme",
    "VerificationReference",
    "VerificationTask",
    "VerificationUse",
    "Verified",
    "Week",
    "archive_programme",
    "ask_for_mail",
    "check_link",
    "close_task",
    "create_programme",
    "decide_evidence",
    "expire_verifications",
    "give_up_link",
    "import_bookings",
    "invite",
    "issue_site_codes",
    "link_to_receipt",
    "note_bookings",
    "open_badge",
    "open_page",
    "open_receipt",
    "purge_receipts",
    "revise_programme",
    "show_booking",
    "show_link",
    "show_mailed_code",
    "show_receipt",
    "show_site_code",
    "verified_by_week",
    "verified_in",
    "vouch",
]
