"""Reports of people without an account, whom to trust among reporters, misuse, orders of authorities, disputes."""

from backend.reporting.areas import AREAS
from backend.reporting.attaching import attach_notice, reject_notice
from backend.reporting.explaining import Cluster, Reason, clusters_of_case, standing_of
from backend.reporting.following import follow_decision
from backend.reporting.mailing import mail_notifier
from backend.reporting.minding import lift_suspension, mark_unfounded, suspend_reporter, warn_reporter
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
from backend.reporting.opening_pages import PageShown, close_report_page, open_report_page, page_behind
from backend.reporting.receiving import Missing, Said, file_notice, hear_notice
from backend.reporting.recording_disputes import Settled, record_dispute, settle_dispute
from backend.reporting.recording_orders import Followed, Ordered, follow_order, record_order
from backend.reporting.settling import settle_notices
from backend.reporting.showing import NoticeShown, notice_behind
from backend.reporting.thresholds import LONGEST_LOCATION, LONGEST_NAME, LONGEST_REASON
from backend.reporting.trusting import name_trusted_flagger, set_trusted_flagger_state

__all__ = [
    "AREAS",
    "LONGEST_LOCATION",
    "LONGEST_NAME",
    "LONGEST_REASON",
    "Cluster",
    "Dispute",
    "Followed",
    "LegalOrder",
    "Missing",
    "MisuseMeasure",
    "NoticeShown",
    "Ordered",
    "PageShown",
    "PublicNotice",
    "Reason",
    "ReportPage",
    "Said",
    "Settled",
    "TrustedFlagger",
    "TrustedFlaggerState",
    "UnfoundedMark",
    "attach_notice",
    "close_report_page",
    "clusters_of_case",
    "file_notice",
    "follow_decision",
    "follow_order",
    "hear_notice",
    "lift_suspension",
    "mail_notifier",
    "mark_unfounded",
    "name_trusted_flagger",
    "notice_behind",
    "open_report_page",
    "page_behind",
    "record_dispute",
    "record_order",
    "reject_notice",
    "set_trusted_flagger_state",
    "settle_dispute",
    "settle_notices",
    "standing_of",
    "suspend_reporter",
    "warn_reporter",
]
