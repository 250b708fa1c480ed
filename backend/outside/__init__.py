"""What reaches outside: files, mail, other people's servers, and the secrets for them."""

from backend.outside.fetching import Fetched, GuardedTransport, Unreachable, allow_origins, fetch, guarded_client
from backend.outside.filing import Files, keep_files_in, stored_files
from backend.outside.mailing import FolderSender, Mail, MailDelayed, MailRefused, Sender, SmtpSender
from backend.outside.mailing import send as send_mail
from backend.outside.mailing import send_with as send_mail_with

__all__ = [
    "Fetched",
    "Files",
    "FolderSender",
    "GuardedTransport",
    "Mail",
    "MailDelayed",
    "MailRefused",
    "Sender",
    "SmtpSender",
    "Unreachable",
    "allow_origins",
    "fetch",
    "guarded_client",
    "keep_files_in",
    "send_mail",
    "send_mail_with",
    "stored_files",
]
