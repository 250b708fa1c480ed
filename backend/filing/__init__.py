"""Who has to file what for a client's services; statements for the EU's transparency database, and the harmonised report."""

from backend.filing.downloading import BatchFile, BatchLink, link_to_batch, open_batch
from backend.filing.drawing_up import (
    draw_up_report,
    fail_transparency_report,
    write_report_again,
    write_transparency_report,
)
from backend.filing.entering import EnteredCell, enter_in_report
from backend.filing.finding_names import named_in
from backend.filing.models import (
    Filing,
    FilingBatch,
    ProviderEntity,
    ReportEntry,
    Service,
    ServiceCommunity,
    TransparencyPart,
    TransparencyReport,
)
from backend.filing.owing import DUTIES, Duty, duties_of
from backend.filing.preparing import Checked, NotOwed, check_statements, prepare_files, prepare_statements
from backend.filing.providing import (
    AboutProvider,
    AboutService,
    describe_provider,
    describe_service,
    duties,
    let_file,
    link_community,
)
from backend.filing.publishing import PublicPage, PublishedReport, page_behind, part_behind, publish_report
from backend.filing.submitting import correct_statement, give_up_batch, record_submission, send_batch, submit_batch

__all__ = [
    "DUTIES",
    "AboutProvider",
    "AboutService",
    "BatchFile",
    "BatchLink",
    "Checked",
    "Duty",
    "EnteredCell",
    "Filing",
    "FilingBatch",
    "NotOwed",
    "ProviderEntity",
    "PublicPage",
    "PublishedReport",
    "ReportEntry",
    "Service",
    "ServiceCommunity",
    "TransparencyPart",
    "TransparencyReport",
    "check_statements",
    "correct_statement",
    "describe_provider",
    "describe_service",
    "draw_up_report",
    "duties",
    "duties_of",
    "enter_in_report",
    "fail_transparency_report",
    "give_up_batch",
    "let_file",
    "link_community",
    "link_to_batch",
    "named_in",
    "open_batch",
    "page_behind",
    "part_behind",
    "prepare_files",
    "prepare_statements",
    "publish_report",
    "record_submission",
    "send_batch",
    "submit_batch",
    "write_report_again",
    "write_transparency_report",
]
