"""Reports of people without an account, whom to trust among reporters, misuse, orders of authorities, disputes."""

from backend.reporting.models import (
    Dispute,
    LegalOrder,
    MisuseMeasure,
    PublicNotice,
    ReportPage,
    TrustedFlagger,
    TrustedFlaggerState,
    UnfoundedMark,
)

__all__ = [
    "Dispute",
    "LegalOrder",
    "MisuseMeasure",
    "PublicNotice",
    "ReportPage",
    "TrustedFlagger",
    "TrustedFlaggerState",
    "UnfoundedMark",
]
