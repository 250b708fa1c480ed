"""What reaches outside: files, mail, other people's servers, and the secrets for them."""

from backend.outside.addressing import public_address, served_at
from backend.outside.fetching import (
    GuardedTransport,
    TooLarge,
    Unreachable,
    allow_origins,
    asked_host,
    fetch,
    guarded_client,
    is_askable,
)
from backend.outside.filing import file_of_member, files_of_client, files_of_member, keep_files_in, stored_files
from backend.outside.mailing import FolderSender, Mail, MessageDelayed, MessageRefused, SmtpSender
from backend.outside.mailing import send as send_mail
from backend.outside.mailing import send_with as send_mail_with
from backend.outside.models import AgencyKey
from backend.outside.sealing import open_sealed, rotate_secrets, seal
from backend.outside.wrapping import (
    NoInstallationKey,
    SealBroken,
    is_signed,
    open_from_browser,
    seal_for_browser,
    sign,
    use_installation_keys,
)

__all__ = [
    "AgencyKey",
    "FolderSender",
    "GuardedTransport",
    "Mail",
    "MessageDelayed",
    "MessageRefused",
    "NoInstallationKey",
    "SealBroken",
    "SmtpSender",
    "TooLarge",
    "Unreachable",
    "allow_origins",
    "asked_host",
    "fetch",
    "file_of_member",
    "files_of_client",
    "files_of_member",
    "guarded_client",
    "is_askable",
    "is_signed",
    "keep_files_in",
    "open_from_browser",
    "open_sealed",
    "public_address",
    "rotate_secrets",
    "seal",
    "seal_for_browser",
    "send_mail",
    "send_mail_with",
    "served_at",
    "sign",
    "stored_files",
    "use_installation_keys",
]
