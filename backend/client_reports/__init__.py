"""What stakeholders read: reports that are defined once, made by jobs, published by people, and never changed afterwards."""

from backend.client_reports.commenting import SUMMARY, comment_on_client_report
from backend.client_reports.composing import compose, hash_of
from backend.client_reports.correcting import correct_client_report
from backend.client_reports.defining import (
    SECTIONS,
    Goal,
    WantedReport,
    archive_client_report_definition,
    define_client_report,
)
from backend.client_reports.handing_out import (
    FORMS,
    ReportFile,
    ReportFileLink,
    file_of,
    link_to_client_report,
    open_client_report_file,
    typeset_client_report,
)
from backend.client_reports.making import (
    count_next_section,
    discard_client_report,
    give_up_report,
    make_client_report,
    make_report_again,
)
from backend.client_reports.models import (
    ClientReport,
    ClientReportDefinition,
    ClientReportLink,
    ClientReportSection,
    ClientReportSnapshot,
    ClientReportView,
)
from backend.client_reports.presenting import present
from backend.client_reports.publishing import publish_client_report, return_client_report, submit_client_report
from backend.client_reports.scheduling import make_due_reports
from backend.client_reports.sharing import revoke_client_report_link, share_client_report
from backend.client_reports.thresholds import PASSED_FOR
from backend.client_reports.viewing import (
    Listed,
    SharedLink,
    Shown,
    TooManyTries,
    WrongPassword,
    clients_of,
    document_behind,
    document_of,
    link_behind,
    note_view,
    reports_of,
    try_password,
)
from backend.client_reports.wording import LANGUAGES, Wording

__all__ = [
    "FORMS",
    "LANGUAGES",
    "PASSED_FOR",
    "SECTIONS",
    "SUMMARY",
    "ClientReport",
    "ClientReportDefinition",
    "ClientReportLink",
    "ClientReportSection",
    "ClientReportSnapshot",
    "ClientReportView",
    "Goal",
    "Listed",
    "ReportFile",
    "ReportFileLink",
    "SharedLink",
    "Shown",
    "TooManyTries",
    "WantedReport",
    "Wording",
    "WrongPassword",
    "archive_client_report_definition",
    "clients_of",
    "comment_on_client_report",
    "compose",
    "correct_client_report",
    "count_next_section",
    "define_client_report",
    "discard_client_report",
    "document_behind",
    "document_of",
    "file_of",
    "give_up_report",
    "hash_of",
    "link_behind",
    "link_to_client_report",
    "make_client_report",
    "make_due_reports",
    "make_report_again",
    "note_view",
    "open_client_report_file",
    "present",
    "publish_client_report",
    "reports_of",
    "return_client_report",
    "revoke_client_report_link",
    "share_client_report",
    "submit_client_report",
    "try_password",
    "typeset_client_report",
]
